"""The regulator's eye, computed from everything below."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OversightConfig(AppConfig):
    name = "oversight"
    verbose_name = "监管"

    def ready(self):
        from portal import history, menu
        from portal.menu import Item
        from portal.routes import Audience

        menu.register(Item("监管", _("辖区机构"), "oversight:home", "map-pin", 10, audience=Audience.REGULATOR))
        menu.register(Item("监管", _("双重从业"), "oversight:pairs", "users", 20, audience=Audience.REGULATOR))
        menu.register(Item("监管", _("承诺登记"), "oversight:pledges", "shield-check", 30, audience=Audience.REGULATOR))
        menu.register(Item("监管", _("承诺书模板"), "oversight:wordings", "file-text", 40, audience=Audience.REGULATOR))
        history.register(
            {
                "oversight.export": _("导出辖区机构"),
                "oversight.export_pledges": _("导出承诺登记"),
                "violation.appeal": _("登记复议或诉讼"),
                "violation.settle": _("登记生效"),
                "violation.revoke": _("登记撤销或移出"),
            }
        )
