"""自我承诺书: one pledge from its draft to its end. What it is worth on a day is reckoned from its dates, never stored."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.tenancy import TenantModel

from .template import CommitmentTemplate


class Commitment(TenantModel):
    """诚信计量自我承诺书. At most one of an institution is public, and one in the making.

    `facts` is what stands on the paper: name, name_en, credit_code, address, legal_representative, phone and the
    qualifications, as they were when it was checked. `scan_digest` is of the signed paper, and known once in the whole portal.
    `confirm_by` is the last day of the year for which it was last confirmed. Source: A-8.2.2.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("起草中")
        CHECKED = "checked", _("已核对")
        SIGNED = "signed", _("已签署")
        PUBLIC = "public", _("已公开")
        WITHDRAWN = "withdrawn", _("已撤销")
        DROPPED = "dropped", _("已放弃")

    class Mode(models.TextChoices):
        SCREEN = "screen", _("在线签署")
        PAPER = "paper", _("纸质签章后上传")

    IN_THE_MAKING = (State.DRAFT, State.CHECKED, State.SIGNED)

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    template = models.ForeignKey(
        CommitmentTemplate, on_delete=models.PROTECT, related_name="+", verbose_name=_("承诺书模板")
    )
    number = models.CharField(_("编号"), max_length=40, blank=True)
    facts = models.JSONField(_("承诺书所载事实"), default=dict)
    made_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("起草人")
    )
    made_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    checked_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("核对人")
    )
    checked_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(
        "institutions.KeyPerson", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("签署人")
    )
    signed_on = models.DateField(_("签署日期"), null=True)
    mode = models.CharField(_("签署方式"), max_length=10, choices=Mode, blank=True)
    scan = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("签章扫描件")
    )
    scan_digest = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001
    pdf = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("承诺书 PDF")
    )
    token = models.CharField(max_length=26, null=True, unique=True, editable=False)  # noqa: DJ001
    published_at = models.DateTimeField(_("公开时间"), null=True)
    confirm_by = models.DateField(_("确认截止"), null=True)
    withdrawn_at = models.DateTimeField(_("撤销时间"), null=True)

    class Meta:
        verbose_name = _("自我承诺书")
        constraints = [
            models.UniqueConstraint(
                fields=["institution"], condition=models.Q(state="public"), name="one_public_pledge"
            ),
            models.UniqueConstraint(
                fields=["institution"], condition=models.Q(state__in=["draft", "checked", "signed"]),
                name="one_pledge_in_the_making",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["public", "withdrawn"])
                | models.Q(
                    token__isnull=False, published_at__isnull=False, confirm_by__isnull=False, signed_by__isnull=False,
                    signed_on__isnull=False,
                ),
                name="public_pledge_is_signed_and_coded",
            ),
            models.CheckConstraint(
                condition=models.Q(state="withdrawn", withdrawn_at__isnull=False)
                | (~models.Q(state="withdrawn") & models.Q(withdrawn_at=None)),
                name="withdrawn_pledge_says_since_when",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.number or self.ref} {self.get_state_display()}"

    def is_overdue(self, day: date) -> bool:
        """Whether its yearly confirmation should have been made before that day. Source: A-8.2.2.3."""
        return self.state == self.State.PUBLIC and self.confirm_by is not None and self.confirm_by < day
