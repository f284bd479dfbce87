from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommitmentsConfig(AppConfig):
    name = "commitments"
    verbose_name = _("诚信计量自我承诺")

    def ready(self):
        from portal import clauses, history, menu

        from . import (  # noqa: F401  register what they hold
            alerts,
            checks,
            ending,
            events,
            following,
            gates,
            invariants,
            leaves,
            panels,
            registers,
            verifying,
            workflow,
        )
        from .paper import tasks as tasks_of_paper

        following.connect()
        events.commitment_published.connect(tasks_of_paper.draw_when_published)
        for module in (gates, workflow, ending):
            clauses.gates_in(module)
        menu.register(menu.Item("诚信", _("自我承诺"), "commitments:pledge", "shield-check", 10))
        history.register(
            {
                "commitment.draft": _("起草承诺书"),
                "commitment.check": _("核对承诺书"),
                "commitment.sign": _("签署承诺书"),
                "commitment.sign_on_paper": _("上传签章承诺书"),
                "commitment.publish": _("公开承诺"),
                "commitment.attach_pdf": _("生成承诺书 PDF"),
                "commitment.confirm": _("年度确认"),
                "commitment.drop": _("放弃承诺书"),
                "commitment.withdraw": _("撤销承诺"),
                "hearing.notice": _("告知拟撤销"),
                "hearing.answer": _("陈述申辩"),
                "hearing.uphold": _("决定撤销"),
                "hearing.dismiss": _("不予撤销"),
                "remediation.begin": _("开始整改"),
                "remediation.fill": _("填写整改"),
                "remediation.submit": _("提交整改"),
                "remediation.accept": _("认可整改"),
                "remediation.return": _("退回整改"),
            }
        )
