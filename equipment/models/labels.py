"""状态标识 and 器具码: what is stuck on a piece of equipment."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.codes import new_token
from portal.tenancy import TenantModel

from .equipment import Equipment
from .traceability import Traceability


class Label(TenantModel):
    """状态标识: one printed label; its words are those of the state and the certificate on the day of printing."""

    class State(models.TextChoices):
        PRINTED = "printed", _("已打印")
        VOID = "void", _("已作废")

    class Word(models.TextChoices):
        FIT = "fit", _("合格")
        RESTRICTED = "restricted", _("准用")
        STOPPED = "stopped", _("停用")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.PRINTED)
    serial = models.CharField(_("标识编号"), max_length=30)
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="labels")
    word = models.CharField(_("标识"), max_length=12, choices=Word)
    traceability = models.ForeignKey(Traceability, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    dated_on = models.DateField(_("检定/校准日期"), null=True, blank=True)
    valid_until = models.DateField(_("有效期至"), null=True, blank=True)
    restriction = models.CharField(_("限制"), max_length=200, blank=True)
    reprint_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reprints")
    printed_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    printed_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    void_because = models.CharField(_("作废原因"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("状态标识")
        constraints = [
            models.UniqueConstraint(fields=["institution", "serial"], name="label_serial_once"),
            models.CheckConstraint(
                condition=models.Q(word="stopped")
                | models.Q(traceability__isnull=False, dated_on__isnull=False, valid_until__isnull=False),
                name="label_with_dates",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["institution", "equipment", "-id"], name="labels_of_equipment")]

    def __str__(self):
        return self.serial


class DeviceCode(TenantModel):
    """器具码: a code to stick on equipment; printed blank, or for a piece of equipment it belongs to."""

    class State(models.TextChoices):
        BLANK = "blank", _("空白")
        LINKED = "linked", _("已关联")
        RETIRED = "retired", _("已停用")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.BLANK)
    token = models.CharField(max_length=26, unique=True, default=new_token)
    equipment = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, null=True, blank=True, related_name="codes", verbose_name=_("设备")
    )
    made_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("器具码")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "equipment"], condition=models.Q(state="linked"), name="one_code_in_force"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="linked") | models.Q(equipment__isnull=False), name="linked_to_something"
            ),
        ]

    def __str__(self):
        return self.printed

    @property
    def printed(self) -> str:
        """The token as it stands under the printed code, in groups that can be read aloud."""
        return " ".join(self.token[place : place + 5] for place in range(0, len(self.token), 5))


class CodeLink(TenantModel):
    """When a code was put on which equipment, taken off it, by whom and why. Never changed."""

    protection = "append_only"

    code = models.ForeignKey(DeviceCode, on_delete=models.PROTECT, related_name="links")
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="code_links")
    linked = models.BooleanField(default=True)
    because = models.CharField(_("原因"), max_length=200, blank=True)
    made_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("器具码关联")

    def __str__(self):
        return f"{self.code} {self.equipment}"
