"""溯源: where the values of a piece of equipment come from, point by point, and whether they suit its use."""

from datetime import date

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.models import Document
from portal.tenancy import TenantModel, TenantQuerySet

from .equipment import Equipment

KEPT = (Document.State.QUARANTINED, Document.State.ACCEPTED)
# The certificate itself is here, on paper that was scanned or as a DCC; one whose file was refused is not.
ON_FILE = Q(file__state__in=KEPT) | Q(dcc__state__in=KEPT)


class TraceabilityQuerySet(TenantQuerySet):
    def with_confirmations(self):
        """Each row knows its confirmations, for `covers` without a query each."""
        return self.prefetch_related("confirmations")

    def standing(self):
        """Without those recorded again under the same number of the same issuer: the newest row corrects the earlier."""
        again = Traceability.objects.filter(
            equipment=OuterRef("equipment"), issuer=OuterRef("issuer"),
            certificate_number=OuterRef("certificate_number"), pk__gt=OuterRef("pk"),
        )  # fmt: skip
        return self.filter(~Exists(again))

    def concluded_by(self, day: date):
        """Each row knows with `concluded` what its newest confirmation by that day says; None without any."""
        made = Confirmation.objects.filter(traceability=OuterRef("pk"), confirmed_on__lte=day)
        return self.annotate(concluded=Subquery(made.order_by("-confirmed_on", "-pk").values("conclusion")[:1]))

    def confirmed_by(self, day: date):
        """Those that stand and whose newest confirmation by that day lets the equipment be used. Source: C-5.5.4."""
        return self.standing().concluded_by(day).filter(concluded__in=sorted(Confirmation.USABLE))

    def deciding_on(self, day: date):
        """Of each piece of equipment the certificate that decides about the day: the last one performed by then.

        Of one day it is the one recorded later. What an earlier one says no longer counts, however long it would have been
        valid: nothing is used after a calibration until that one was confirmed as fit. Source: C-5.5.4, B-4.4.2-s2.
        """
        done = Traceability.objects.standing().filter(equipment=OuterRef("equipment"), calibrated_on__lte=day)
        return self.filter(pk=Subquery(done.order_by("-calibrated_on", "-pk").values("pk")[:1]))

    def filed(self):
        """Those whose certificate is here: its file or a DCC, taken in or being inspected. Source: B-4.4.2-s1."""
        return self.filter(ON_FILE)


class Traceability(TenantModel):
    """One verification or calibration of one's own equipment. Never changed; a newer one is a new row.

    `valid_until` is the validity as printed; of a calibration certificate without one, the day up to which the
    institution's own interval reaches, and `validity_printed` is False.
    """

    protection = "append_only"

    class State(models.TextChoices):
        RECORDED = "recorded", _("已登记")

    class Kind(models.TextChoices):
        CALIBRATION = "calibration", _("校准")
        VERIFICATION = "verification", _("检定")
        COMPARISON = "comparison", _("比对")
        REFERENCE_MATERIAL = "reference_material", _("标准物质证书")
        TEST = "test", _("检测或试验报告")

    class Chain(models.TextChoices):
        """Where the chain of the provider ends, as its certificate names it. Source: C-5.3.2."""

        NATIONAL = "national", _("国家计量基准")
        SOCIAL_PUBLIC = "social_public", _("社会公用计量标准")
        NMI = "nmi", _("国外国家计量院")
        CERTIFIED_MATERIAL = "crm", _("有证标准物质")
        OWN_STANDARD = "own_standard", _("本机构计量标准")
        UNKNOWN = "", _("证书没有写明")

    state = models.CharField(max_length=10, choices=State, default=State.RECORDED)
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="traceabilities")
    kind = models.CharField(_("溯源方式"), max_length=20, choices=Kind, default=Kind.CALIBRATION)
    certificate_number = models.CharField(_("溯源证书编号"), max_length=80)
    issuer = models.CharField(_("溯源机构"), max_length=100)
    issuer_qualification = models.CharField(
        _("溯源机构的资质编号"), max_length=80, blank=True, help_text=_("计量授权证书号或 CNAS 注册号，见证书封面")
    )
    chain = models.CharField(_("量值溯源到"), max_length=20, choices=Chain, blank=True)
    reference_standard = models.CharField(
        _("证书上的计量标准"), max_length=200, blank=True, help_text=_("名称、编号和它自己的证书号，照证书填写")
    )
    own_standard = models.ForeignKey(
        "equipment.MeasurementStandard", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("本机构的计量标准"), help_text=_("由本机构自己检定校准的请选"),
    )  # fmt: skip
    calibrated_on = models.DateField(_("检定/校准日期"))
    valid_until = models.DateField(_("有效期至"))
    validity_printed = models.BooleanField(_("有效期印在证书上"), default=True)
    expanded_uncertainty = models.CharField(_("扩展不确定度 U"), max_length=30, blank=True)
    coverage_factor = models.CharField(_("包含因子 k"), max_length=10, blank=True)
    uncertainty_unit = models.CharField(_("U 的单位"), max_length=30, blank=True)
    dcc_identifier = models.CharField(_("DCC 标识"), max_length=120, blank=True, editable=False)
    dcc = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    objects = TraceabilityQuerySet.as_manager()

    class Meta:
        verbose_name = _("溯源")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(calibrated_on__lte=models.F("valid_until")), name="traceability_dates_in_order"
            )
        ]

    def __str__(self):
        return self.certificate_number

    def get_absolute_url(self):
        return reverse("equipment:traceability", args=[self.institution.slug, self.ref])

    @property
    def earlier(self) -> models.QuerySet["Traceability"]:
        """The rows of the same certificate that this one takes the place of, the newest first."""
        return Traceability.objects.filter(
            institution_id=self.institution_id, equipment=self.equipment_id, issuer=self.issuer,
            certificate_number=self.certificate_number, pk__lt=self.pk,
        ).order_by("-pk")  # fmt: skip

    def confirmation_on(self, day: date) -> "Confirmation | None":
        """The confirmation that stands on that day: the newest made by then."""
        made = [row for row in self.confirmations.all() if row.confirmed_on <= day]
        return max(made, key=lambda row: (row.confirmed_on, row.pk), default=None)

    @property
    def is_filed(self) -> bool:
        """The certificate itself is here, as `ON_FILE` says. Source: B-4.4.2-s1."""
        return any(paper is not None and paper.state in KEPT for paper in (self.file, self.dcc))

    def covers(self, day: date) -> bool:
        """Calibrated and metrologically confirmed as fit by that day, and not yet run out. Source: A-6.2.2, C-5.5.4."""
        if not self.calibrated_on <= day <= self.valid_until:
            return False
        confirmation = self.confirmation_on(day)
        return confirmation is not None and confirmation.conclusion in Confirmation.USABLE


class TracePoint(TenantModel):
    """One measured point of a traceability certificate, its U with its own k. Never changed."""

    protection = "append_only"

    traceability = models.ForeignKey(Traceability, on_delete=models.PROTECT, related_name="points")
    quantity = models.CharField(_("被测量"), max_length=60)
    unit = models.CharField(_("单位"), max_length=30)
    nominal = models.DecimalField(_("标称值"), max_digits=24, decimal_places=12)
    value = models.DecimalField(_("示值或实际值"), max_digits=24, decimal_places=12, null=True, blank=True)
    error = models.DecimalField(_("示值误差"), max_digits=24, decimal_places=12, null=True, blank=True)
    uncertainty = models.DecimalField(_("U"), max_digits=24, decimal_places=12, null=True, blank=True)
    coverage_factor = models.DecimalField(_("k"), max_digits=6, decimal_places=3, null=True, blank=True)
    permitted = models.DecimalField(_("最大允许误差"), max_digits=24, decimal_places=12, null=True, blank=True)

    class Meta:
        verbose_name = _("校准点")

    def __str__(self):
        return f"{self.quantity} {self.nominal.normalize():f} {self.unit}"


class Confirmation(TenantModel):
    """计量确认: the results of a traceability held against what the use requires, by whoever uses it. Never changed."""

    protection = "append_only"

    class Requirement(models.TextChoices):
        MPE = "mpe", _("最大允许误差")
        UNCERTAINTY = "uncertainty", _("不确定度")
        RANGE = "range", _("测量范围")
        USE = "use", _("使用要求")

    class Conclusion(models.TextChoices):
        FIT = "fit", _("满足要求")
        CORRECTED = "corrected", _("带修正使用")
        RESTRICTED = "restricted", _("限制使用")
        UNFIT = "unfit", _("不满足要求")

    USABLE = frozenset({Conclusion.FIT, Conclusion.CORRECTED, Conclusion.RESTRICTED})

    traceability = models.ForeignKey(Traceability, on_delete=models.PROTECT, related_name="confirmations")
    requirement = models.CharField(_("对照的要求"), max_length=20, choices=Requirement, default=Requirement.USE)
    requirement_text = models.CharField(_("要求"), max_length=200, blank=True)
    permitted = models.DecimalField(
        _("允许值"), max_digits=24, decimal_places=12, null=True, blank=True, help_text=_("与证书的误差或 U 同一单位")
    )
    finding = models.CharField(_("比较结果"), max_length=300, blank=True)
    conclusion = models.CharField(_("结论"), max_length=12, choices=Conclusion, default=Conclusion.FIT)
    restriction = models.CharField(_("限制"), max_length=200, blank=True, help_text=_("限制使用的写明范围或功能"))
    confirmed_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("计量确认人")
    )
    confirmed_on = models.DateField(_("计量确认日期"))
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("计量确认")

    def __str__(self):
        return f"{self.traceability} {self.get_conclusion_display()}"
