from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("业务")

    def ready(self):
        from portal import clauses, history, menu

        from . import finders, gates, panels  # noqa: F401  they register themselves

        clauses.gates_in(gates)

        menu.register(menu.Item("业务", _("样品收发"), "orders:list", "package", 10))
        history.register(
            {
                "item.receive": _("接收样品"),
                "item.begin": _("开始检校"),
                "item.finish": _("检校完成"),
                "customer.add": _("新增客户"),
            }
        )
