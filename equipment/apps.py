from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EquipmentConfig(AppConfig):
    name = "equipment"
    verbose_name = _("设备")

    def ready(self):
        from portal import clauses, history, menu

        from . import alerts, checks, finders, gates  # noqa: F401  some register themselves

        clauses.gates_in(gates)

        menu.register(menu.Item("资源", _("计量标准"), "equipment:standards", "scale", 10))
        menu.register(menu.Item("资源", _("设备台账"), "equipment:list", "gauge", 20))
        history.register(
            {
                "traceability.record": _("登记溯源"),
                "equipment.register": _("登记设备"),
                "equipment.quarantine": _("停用隔离"),
                "equipment.return_to_use": _("投入使用"),
                "equipment.take_out_of_use": _("封存"),
                "document.upload": _("上传文件"),
                "document.download": _("下载文件"),
            }
        )
