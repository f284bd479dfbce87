"""What is measured with, and whether it may be used on a day."""

from datetime import date

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from institutions.models import Employment, Site
from portal import searching
from portal.clock import DatabaseClock
from portal.tenancy import TenantModel, TenantQuerySet

from . import due


class EquipmentQuerySet(TenantQuerySet):
    def due(self, day: date, window: str):
        """Rows whose traceability ends in that window, seen from that day (see due.py)."""
        first, last = due.limits(window, day)
        rows = self.filter(due_on__lte=last)
        return rows.filter(due_on__gte=first) if first else rows


class Equipment(TenantModel):
    """计量器具 or 配套设备 of the institution's own.

    `traced_from` and `due_on` are the dates of its newest traceability, kept by the database with each one that is
    recorded. What was never traced has no first day and is due since ever.
    """

    audit_omits = ("traced_from", "due_on")

    class State(models.TextChoices):
        IN_USE = "in_use", _("在用")
        QUARANTINED = "quarantined", _("停用隔离")
        OUT_OF_USE = "out_of_use", _("封存")
        SCRAPPED = "scrapped", _("报废")

    class Role(models.TextChoices):
        STANDARD = "standard", _("计量标准器")
        SUPPORTING = "supporting", _("配套设备")
        ENVIRONMENT = "environment", _("环境监测设备")

    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.IN_USE)
    role = models.CharField(_("用途"), max_length=12, choices=Role)
    asset_number = models.CharField(_("管理编号"), max_length=30)
    name = models.CharField(_("名称"), max_length=80)
    model = models.CharField(_("型号规格"), max_length=80)
    serial_number = models.CharField(_("出厂编号"), max_length=60)
    manufacturer = models.CharField(_("制造单位"), max_length=100)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, verbose_name=_("存放场所"))
    range_text = models.CharField(_("测量范围"), max_length=80)
    range_low = models.DecimalField(max_digits=24, decimal_places=12, null=True, blank=True)
    range_high = models.DecimalField(max_digits=24, decimal_places=12, null=True, blank=True)
    unit = models.CharField(_("单位"), max_length=30, blank=True)
    accuracy = models.CharField(_("准确度"), max_length=80, help_text=_("例如：0.05 级，或 U = 0.3 ℃, k = 2"))
    obsolete = models.BooleanField(_("国家明令淘汰"), default=False)
    traced_from = models.DateField(null=True, editable=False)
    due_on = models.DateField(default=date.min, editable=False)
    words = searching.words_of("asset_number", "name", "serial_number", "model")

    objects = EquipmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "asset_number"], name="asset_number_once")]
        indexes = [
            models.Index(fields=["institution", "due_on", "id"], name="equipment_by_due_day"),
            models.Index(fields=["institution", "name", "id"], name="equipment_by_name"),
            models.Index(
                fields=["due_on", "institution"], include=["id"], condition=models.Q(state="in_use"),
                name="equipment_due",
            ),
            searching.words_index("equipment_words"),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.name} {self.asset_number}"

    def get_absolute_url(self):
        return reverse("equipment:detail", args=[self.institution.slug, self.ref])

    @property
    def traced_until(self) -> date | None:
        return None if self.due_on == date.min else self.due_on

    def traced_on(self, day: date) -> "Traceability | None":
        """The traceability certificate that covered that day, the newest when several did. Source: A-6.2.2.

        A certificate recorded again under the same number corrects the earlier row, which no longer counts.
        """
        recorded = sorted(self.traceabilities.all(), key=lambda trace: trace.pk)
        standing = {(trace.issuer, trace.certificate_number): trace for trace in recorded}.values()
        covering = [trace for trace in standing if trace.covers(day)]
        return max(covering, key=lambda trace: (trace.calibrated_on, trace.pk), default=None)

    @property
    def latest_traceability(self) -> "Traceability | None":
        return max(self.traceabilities.all(), key=lambda trace: (trace.calibrated_on, trace.pk), default=None)


class Traceability(TenantModel):
    """溯源: one verification or calibration of one's own equipment. Never changed; a newer one is a new row."""

    protection = "append_only"

    class State(models.TextChoices):
        RECORDED = "recorded", _("已登记")

    state = models.CharField(max_length=10, choices=State, default=State.RECORDED)
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="traceabilities")
    certificate_number = models.CharField(_("溯源证书编号"), max_length=80)
    issuer = models.CharField(_("溯源机构"), max_length=100)
    calibrated_on = models.DateField(_("检定/校准日期"))
    valid_until = models.DateField(_("有效期至"))
    expanded_uncertainty = models.CharField(_("扩展不确定度 U"), max_length=30, blank=True)
    coverage_factor = models.CharField(_("包含因子 k"), max_length=10, blank=True)
    uncertainty_unit = models.CharField(_("U 的单位"), max_length=30, blank=True)
    confirmed_by = models.ForeignKey(
        Employment, on_delete=models.PROTECT, related_name="+", verbose_name=_("计量确认人")
    )
    confirmed_on = models.DateField(_("计量确认日期"))
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(calibrated_on__lte=models.F("valid_until")), name="traceability_dates_in_order"
            )
        ]

    def __str__(self):
        return self.certificate_number

    def covers(self, day: date) -> bool:
        """Calibrated and metrologically confirmed by that day, and not yet run out. Source: A-6.2.2, C-5.5.4."""
        return max(self.calibrated_on, self.confirmed_on) <= day <= self.valid_until


class StandardQuerySet(TenantQuerySet):
    def with_parts(self):
        return self.prefetch_related("parts__equipment__traceabilities")

    def due(self, day: date, window: str):
        """Rows whose assessment certificate ends in that window, seen from that day (see due.py)."""
        first, last = due.limits(window, day)
        rows = self.filter(assessed_until__lte=last)
        return rows.filter(assessed_until__gte=first) if first else rows


class MeasurementStandard(TenantModel):
    """计量标准: an assessed facility made of standards and supporting equipment."""

    class State(models.TextChoices):
        IN_USE = "in_use", _("在用")
        HELD = "held", _("暂停量值传递")
        SUSPENDED = "suspended", _("已暂停")
        WITHDRAWN = "withdrawn", _("已撤销")

    class Kind(models.TextChoices):
        SOCIAL_PUBLIC = "social_public", _("社会公用计量标准")
        HIGHEST = "highest", _("最高计量标准")
        WORKING = "working", _("工作计量标准")

    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.IN_USE)
    kind = models.CharField(_("种类"), max_length=20, choices=Kind)
    code = models.CharField(_("编号"), max_length=30)
    name = models.CharField(_("计量标准名称"), max_length=100)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, verbose_name=_("存放场所"))
    range_text = models.CharField(_("测量范围"), max_length=80)
    accuracy = models.CharField(_("不确定度或准确度等级"), max_length=80)
    assessment_certificate = models.CharField(_("考核证书号"), max_length=80)
    assessed_by = models.CharField(_("主持考核机关"), max_length=100)
    assessed_on = models.DateField(_("发证日期"))
    assessed_until = models.DateField(_("有效期至"))
    responsible = models.ForeignKey(
        Employment, on_delete=models.PROTECT, related_name="+", verbose_name=_("计量标准负责人")
    )

    objects = StandardQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["institution", "code"], name="standard_code_once")]

    def __str__(self):
        return f"{self.name} {self.code}"

    def get_absolute_url(self):
        return reverse("equipment:standard", args=[self.institution.slug, self.ref])

    def assessed_for(self, day: date) -> bool:
        """Whether the assessment certificate was valid that day. Source: A-6.1.1."""
        return self.assessed_on <= day <= self.assessed_until


class StandardPart(TenantModel):
    """One piece of equipment inside a measurement standard."""

    standard = models.ForeignKey(MeasurementStandard, on_delete=models.PROTECT, related_name="parts")
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["standard", "equipment"], name="part_once_per_standard")]

    def __str__(self):
        return f"{self.standard}: {self.equipment}"
