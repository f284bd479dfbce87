from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InstitutionsConfig(AppConfig):
    name = "institutions"
    verbose_name = "机构"

    def ready(self):
        from django.db.models.signals import post_migrate

        from portal import clauses, entitlement, exports, history, menu
        from portal.menu import Item
        from portal.permissions import Permission

        from . import (  # noqa: F401  register what they hold
            access,
            alerts,
            checks,
            exporting,
            finders,
            handlers,
            leaves,
            panels,
            registers,
        )
        from .methods import gates as method_gates
        from .methods import guard
        from .people import rules as people_rules
        from .registers import organisation
        from .scope import gates as scope_gates

        handlers.connect()
        clauses.gates_in(method_gates)
        clauses.gates_in(organisation)
        clauses.gates_in(people_rules)
        clauses.gates_in(scope_gates)
        post_migrate.connect(guard.guard_references, sender=self)
        entitlement.answered_by(access.still_holds)
        exports.given_by(exporting.offer, exporting.send)
        menu.register(Item("今日", _("今日待办"), "institutions:today", "calendar", 10))
        menu.register(Item("资源", _("方法与规程"), "institutions:methods", "book", 50))
        menu.register(Item("资源", _("人员与授权"), "institutions:people", "user", 60))
        menu.register(Item("资源", _("能力范围"), "institutions:scope", "ruler-measure", 70))
        menu.register(Item("资源", _("资质"), "institutions:qualifications", "shield-check", 80))
        menu.register(Item("资源", _("机构台账"), "portal:registers", "archive", 90))
        menu.register(Item("设置", _("机构概况"), "institutions:profile", "building", 10))
        menu.register(Item("设置", _("成员与邀请"), "institutions:members", "users", 20))
        menu.register(Item("设置", _("接口令牌"), "institutions:tokens", "key", 25, Permission.API_MANAGE))
        menu.register(Item("设置", _("审计记录"), "institutions:audit", "history", 30, Permission.AUDIT_READ))
        history.register(
            {
                "session.start": _("登录"),
                "session.end": _("退出登录"),
                "session.end_others": _("结束其他登录"),
                "user.change_password": _("修改密码"),
                "user.enrol_factor": _("设置第二因素"),
                "user.give_up_factor": _("停用第二因素"),
                "user.renew_codes": _("换新恢复码"),
                "user.prove": _("本人确认"),
                "user.freeze": _("冻结账号"),
                "user.unfreeze": _("解除冻结"),
                "membership.remove_factor": _("移除第二因素"),
                "membership.unfreeze": _("解除冻结"),
                "invitation.invite": _("邀请成员"),
                "invitation.withdraw": _("撤回邀请"),
                "invitation.accept": _("接受邀请"),
                "membership.join": _("加入机构"),
                "membership.change_roles": _("更改角色"),
                "membership.end": _("停用成员"),
                "apitoken.make": _("建立接口令牌"),
                "apitoken.revoke": _("撤销接口令牌"),
                "access.denied": _("越权访问"),
                "oversight.look": _("监管查看"),
                "institution.amend": _("更正机构概况"),
                "managementdocument.read": _("确认阅读"),
                "document.upload": _("上传文件"),
                "audit.export": _("导出审计记录"),
                "employment.set_identity": _("登记身份证号和手机号"),
                "employment.unmask": _("查看个人信息原文"),
                "employment.record": _("登记人员"),
                "employment.amend": _("更正人员登记"),
                "employment.leave": _("登记离职"),
                "employment.withdraw": _("作废人员登记"),
                "authorisation.propose": _("提出授权"),
                "authorisation.grant": _("批准授权"),
                "authorisation.decline": _("不批准授权"),
                "authorisation.revoke": _("撤销授权"),
                "authorisation.suspend": _("暂停授权"),
                "authorisation.lift": _("恢复授权"),
                "authorisation.end": _("授权终止"),
                "document.accept": _("文件检查通过"),
                "document.refuse": _("文件拒收"),
                "document.download": _("下载文件"),
            }
        )
