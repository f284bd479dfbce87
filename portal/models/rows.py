"""What every row of a register has: a state, how often it was changed, and when it was first written down."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel


class RegisterRow(TenantModel):
    """A row that people record, amend and withdraw; see portal/registers. Nothing of it is ever deleted.

    `revision` counts the changes: whoever amends an older revision than the stored one is told.
    """

    class State(models.TextChoices):
        CURRENT = "current", _("有效")
        WITHDRAWN = "withdrawn", _("已作废")

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.CURRENT)
    revision = models.PositiveIntegerField(default=1, editable=False)
    recorded_at = models.DateTimeField(_("登记时间"), db_default=DatabaseClock(), editable=False)

    class Meta:
        abstract = True
