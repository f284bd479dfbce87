from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EquipmentConfig(AppConfig):
    name = "equipment"
    verbose_name = _("设备")

    def ready(self):
        from portal import clauses, history, menu

        from . import alerts, checks, events, finders, panels, registers  # noqa: F401
        from .checking import cards as cards_checking  # noqa: F401
        from .checking import gates as gates_intermediate
        from .checking import handlers as handlers_checking
        from .clocks import cards as cards_clocks  # noqa: F401
        from .clocks import handlers as handlers_clocks
        from .codes import following
        from .codes import gates as code_gates
        from .labels import cards as cards_labels  # noqa: F401
        from .labels import drawing  # noqa: F401
        from .labels import gates as label_gates
        from .life import cards as cards_device  # noqa: F401
        from .life import gates as gates_states
        from .plans import gates as gates_plans
        from .registers import gates as gates_register
        from .registers import gates_rows
        from .standards import gates as standard_gates
        from .standards import gates_register as standard_register_gates
        from .standards import rules as standard_rules
        from .stock import tasks as tasks_stock  # noqa: F401
        from .traceability import cards as cards_traceability  # noqa: F401
        from .traceability import gates as gates_traceability
        from .traceability import handlers as handlers_traceability
        from .trials import gates as gates_trials

        clauses.gates_in(gates_traceability)
        clauses.gates_in(gates_intermediate)
        clauses.gates_in(gates_plans)
        clauses.gates_in(gates_register)
        clauses.gates_in(gates_rows)
        clauses.gates_in(gates_states)
        clauses.gates_in(gates_trials)
        clauses.gates_in(label_gates)
        clauses.gates_in(code_gates)
        for module in (standard_gates, standard_register_gates, standard_rules):
            clauses.gates_in(module)

        events.equipment_registered.connect(handlers_clocks.start)
        events.equipment_traced.connect(handlers_traceability.after_trace)
        events.intermediate_check_recorded.connect(handlers_checking.after_check)
        events.standard_tested.connect(handlers_checking.after_test)

        events.stock_check_closed.connect(tasks_stock.report_when_closed)
        following.connect()

        menu.register(menu.Item("资源", _("计量标准"), "equipment:standards", "scale", 10))
        menu.register(menu.Item("资源", _("设备台账"), "equipment:list", "gauge", 20))
        menu.register(menu.Item("资源", _("期间核查"), "equipment:check_list", "chart-candle", 30))
        menu.register(menu.Item("资源", _("设备计划"), "equipment:plans", "calendar-due", 32))
        menu.register(menu.Item("资源", _("影响追溯"), "equipment:impacts", "history", 35))
        menu.register(menu.Item("资源", _("环境条件"), "equipment:environment", "thermometer", 40))
        menu.register(menu.Item("资源", _("标识与器具码"), "equipment:labels", "qrcode", 50))
        menu.register(menu.Item("资源", _("盘点"), "equipment:stock", "list-check", 55))
        history.register(
            {
                "traceability.record": _("登记溯源"),
                "intermediatecheck.record": _("登记期间核查"),
                "standardtest.record": _("登记计量标准试验"),
                "confirmation.confirm": _("计量确认"),
                "correctionset.make": _("生成修正值"),
                "copyupdate.update": _("更新修正值"),
                "equipment.quarantine": _("停用隔离"),
                "equipment.return_to_use": _("投入使用"),
                "equipment.send_to_repair": _("送修"),
                "equipment.take_out_of_use": _("封存"),
                "equipment.scrap": _("报废"),
                "equipment.note": _("登记履历"),
                "impactquestion.ask": _("提出影响追溯"),
                "impactquestion.answer": _("影响评估"),
                "impactquestion.export": _("导出影响追溯"),
                "room.note_environment": _("记环境读数"),
                "equipment.export": _("导出设备台账"),
                "measurementstandard.assess": _("登记考核"),
                "measurementstandard.put_in_use": _("投入使用"),
                "measurementstandard.change_parts": _("更换组成设备"),
                "measurementstandard.hold": _("暂停量值传递"),
                "measurementstandard.release": _("恢复量值传递"),
                "measurementstandard.suspend": _("暂停使用"),
                "measurementstandard.seal": _("封存"),
                "measurementstandard.unseal": _("启封"),
                "measurementstandard.retire": _("撤销"),
                "equipmentplan.fill": _("从周期生成事项"),
                "equipmentplan.copy_last_year": _("照抄上一年"),
                "equipmentplan.approve": _("批准计划"),
                "label.print": _("打印标识"),
                "label.void": _("作废标识"),
                "label.download": _("打开标识 PDF"),
                "devicecode.make": _("生成器具码"),
                "devicecode.link": _("关联器具码"),
                "devicecode.relink": _("改关联器具码"),
                "devicecode.retire": _("停用器具码"),
                "devicecode.download": _("打开器具码 PDF"),
                "stockcheck.open": _("开始盘点"),
                "stockcheck.count": _("盘点一台"),
                "stockcheck.uncount": _("撤回盘错的一台"),
                "stockcheck.close": _("结束盘点并签署"),
                "stockcheck.report": _("生成盘点报告"),
                "stockcheck.export": _("导出盘点"),
                "document.keep": _("保存文件"),
                "document.upload": _("上传文件"),
                "document.download": _("下载文件"),
            }
        )
