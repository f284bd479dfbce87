"""Where an institution measures and what it is qualified for: sites, licences, accreditations, authorisations."""

from datetime import date

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from institutions.scope.addresses import same_address
from portal.models import RegisterRow

from .institution import ValidQuerySet


class Site(RegisterRow):
    """场所: a place where measurements are made, with the right to use it."""

    class Kind(models.TextChoices):
        FIXED = "fixed", _("固定场所")
        TEMPORARY_PLACE = "temporary_place", _("离开固定设施的现场")
        TEMPORARY_FACILITY = "temporary_facility", _("临时设施")
        MOBILE = "mobile", _("可移动设施")

    class Tenure(models.TextChoices):
        OWN = "own", _("自有")
        LEASED = "leased", _("租用")
        LENT = "lent", _("借用")

    name = models.CharField(_("场所"), max_length=60)
    kind = models.CharField(_("类别"), max_length=20, choices=Kind, default=Kind.FIXED)
    address = models.CharField(_("地址"), max_length=200, help_text=_("写法与资质证书上的地址一致"))
    tenure = models.CharField(_("场地来源"), max_length=10, choices=Tenure, default=Tenure.OWN)
    tenure_proof = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("使用证明"),
        help_text=_("租约或独立使用的证明；自有场地不用"),
    )  # fmt: skip
    tenure_valid_until = models.DateField(_("使用期至"), null=True, blank=True, help_text=_("自有场地不填"))
    layout_file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("平面图"),
    )  # fmt: skip
    access_controlled = models.BooleanField(_("有出入管理"), default=False)
    total_area = models.DecimalField(_("面积（m²）"), max_digits=10, decimal_places=2, null=True, blank=True)
    opened_on = models.DateField(_("启用日期"), null=True, blank=True)
    closed_on = models.DateField(_("停用日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("场所")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_on=None) | models.Q(opened_on=None) | models.Q(closed_on__gte=models.F("opened_on")),
                name="site_closes_after_it_opens",
            ),
            models.CheckConstraint(
                condition=models.Q(total_area=None) | models.Q(total_area__gt=0), name="site_area_is_positive"
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    def open_on(self, day: date) -> bool:
        """Whether work may be done there that day."""
        opened = self.opened_on is None or self.opened_on <= day
        return self.state == self.State.CURRENT and opened and (self.closed_on is None or day <= self.closed_on)


class _Within(models.Func):
    """Whether a day lies in one of the ranges of a column."""

    template, arg_joiner, output_field = "(%(expressions)s))", " <@ ANY(", models.BooleanField()


class QualificationQuerySet(ValidQuerySet):
    def valid_on(self, day: date):
        """In its dates, confirmed, and not stopped on that day."""
        counting = super().valid_on(day).filter(state__in=Qualification.COUNTING)
        return counting.exclude(_Within(Cast(models.Value(day), models.DateField()), models.F("stops")))


class Qualification(RegisterRow):
    """资质: a licence, accreditation or authorisation with its papers and its validity.

    `stops` are the times in which the issuer had suspended or ended it: validity on a past day stays what it was.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("待确认")
        VALID = "valid", _("有效")
        SUSPENDED = "suspended", _("已暂停")
        REVOKED = "revoked", _("已撤销")
        WITHDRAWN = "withdrawn", _("已作废")

    class Kind(models.TextChoices):
        BUSINESS_LICENCE = "business_licence", _("营业执照或法人登记证书")
        CNAS = "cnas_accreditation", _("实验室认可证书")
        LEGAL_INSTITUTION = "legal_metrology_institution", _("法定计量检定机构授权")
        AUTHORISATION = "metrology_authorisation", _("计量授权证书")
        ASSESSMENT = "assessment_certificate", _("计量标准考核证书")
        SOCIAL_PUBLIC = "social_public_certificate", _("社会公用计量标准证书")
        QMS = "qms", _("质量管理体系认证")
        EMS = "ems", _("环境管理体系认证")
        OHSMS = "ohsms", _("职业健康安全管理体系认证")
        INDUSTRY_CENTRE = "industry_centre_approval", _("产业计量测试中心批复")
        OTHER = "other", _("其他")

    # On these lines of scope rest, so that they come with an annex.
    FOR_CALIBRATION = (Kind.CNAS, Kind.LEGAL_INSTITUTION, Kind.AUTHORISATION, Kind.ASSESSMENT, Kind.SOCIAL_PUBLIC)
    COUNTING = (State.VALID, State.SUSPENDED, State.REVOKED)
    # A stop lies in one of the ranges of `stops`; the last one is open at its end while it lasts.

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.VALID)
    kind = models.CharField(_("种类"), max_length=40, choices=Kind)
    number = models.CharField(_("证书编号"), max_length=80)
    issuer = models.CharField(_("发证机关"), max_length=100)
    valid_from = models.DateField(_("有效期自"))
    valid_until = models.DateField(_("有效期至"), null=True, blank=True, help_text=_("长期有效的不填"))
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("证书"),
    )  # fmt: skip
    annex = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("能力附表"),
        help_text=_("认可、授权和考核证书要有附表"),
    )  # fmt: skip
    addresses = models.TextField(
        _("证书所载地址"), blank=True, help_text=_("一行一个；填了以后，能力范围只能登记在这些地址的场所")
    )
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="renewals", verbose_name=_("换发自"),
        help_text=_("续期或换证时选原来的证书"),
    )  # fmt: skip
    stops = ArrayField(DateRangeField(), verbose_name=_("停用期间"), default=list, blank=True, editable=False)

    objects = QualificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("资质")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_until=None) | models.Q(valid_until__gte=models.F("valid_from")),
                name="qualification_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.number}"

    def clean(self):
        if self.valid_until and self.valid_from and self.valid_until < self.valid_from:
            raise ValidationError({"valid_until": _now("早于有效期自。请核对证书上的两个日期。")})

    def valid_on(self, day: date) -> bool:
        """In its dates, confirmed, and not stopped on that day."""
        return not self.why_not_valid_on(day)

    def why_not_valid_on(self, day: date) -> str:
        """Why nothing may rest on it that day, as the end of a sentence; empty when it is valid."""
        if self.state not in self.COUNTING:
            return _now("状态是“%(state)s”") % {"state": self.get_state_display()}
        if day < self.valid_from:
            return _now("%(day)s 起才有效") % {"day": self.valid_from}
        if self.valid_until and self.valid_until < day:
            return _now("有效期至 %(day)s") % {"day": self.valid_until}
        for stop in self.stops:
            if stop.lower <= day and (stop.upper is None or day < stop.upper):
                return _now("%(day)s 起被暂停或撤销") % {"day": stop.lower}
        return ""

    @property
    def permits_verification(self) -> bool:
        """Whether verifications for others may rest on it. Source: C-4.1.2-c-s1."""
        return self.kind in (self.Kind.LEGAL_INSTITUTION, self.Kind.AUTHORISATION)

    @property
    def needs_annex(self) -> bool:
        """Whether lines of scope rest on it. Source: B-4.3-s1."""
        return self.kind in self.FOR_CALIBRATION

    @property
    def address_list(self) -> list[str]:
        """The addresses that stand on the certificate."""
        return [line.strip() for line in self.addresses.splitlines() if line.strip()]

    def names(self, address: str) -> bool:
        """Whether the certificate names this address, or names none at all. Source: B-4.2-s3."""
        stated = self.address_list
        return not stated or any(same_address(address, line) for line in stated)
