"""计量标准: assessed facilities made of standards and supporting equipment."""

from datetime import date

from django.db import models
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from institutions.models import Employment, Site
from portal.clock import DatabaseClock
from portal.models import RegisterRow
from portal.tenancy import TenantModel, TenantQuerySet

from .. import due
from .equipment import Equipment


class StandardQuerySet(TenantQuerySet):
    def with_clock(self):
        """Each row knows `due_on` to sort by: the end of its assessment; without one it is due since ever."""
        return self.annotate(due_on=Coalesce("assessed_until", models.Value(date.min), output_field=models.DateField()))

    def due(self, day: date, window: str):
        """Rows whose assessment certificate ends in that window, seen from that day (see due.py)."""
        first, last = due.limits(window, day)
        rows = self.filter(assessed_until__lte=last)
        return rows.filter(assessed_until__gte=first) if first else rows


class MeasurementStandard(RegisterRow):
    """计量标准: from building to withdrawal. All dates are those of its certificates, none is computed."""

    class State(models.TextChoices):
        BUILT = "built", _("待考核")
        ASSESSED = "assessed", _("待投用")
        IN_USE = "in_use", _("在用")
        HELD = "held", _("暂停量值传递")
        SUSPENDED = "suspended", _("已暂停")
        SEALED = "sealed", _("已封存")
        WITHDRAWN = "withdrawn", _("已撤销")

    class Kind(models.TextChoices):
        SOCIAL_PUBLIC = "social_public", _("社会公用计量标准")
        HIGHEST = "highest", _("最高计量标准")
        WORKING = "working", _("工作计量标准")

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.IN_USE)
    kind = models.CharField(_("种类"), max_length=20, choices=Kind)
    code = models.CharField(_("编号"), max_length=30)
    name = models.CharField(_("计量标准名称"), max_length=100)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, verbose_name=_("存放场所"))
    field = models.CharField(_("专业领域"), max_length=30, blank=True, help_text=_("与人员授权的专业领域一致"))
    range_text = models.CharField(_("测量范围"), max_length=80)
    accuracy = models.CharField(_("不确定度或准确度等级"), max_length=80)
    assessment_certificate = models.CharField(_("考核证书号"), max_length=80, blank=True)
    assessed_by = models.CharField(_("主持考核机关"), max_length=100, blank=True)
    assessed_on = models.DateField(_("发证日期"), null=True, blank=True)
    assessed_until = models.DateField(_("有效期至"), null=True, blank=True)
    filing_number = models.CharField(_("备案号"), max_length=60, blank=True)
    filed_on = models.DateField(_("备案日期"), null=True, blank=True)
    social_certificate = models.CharField(_("社会公用计量标准证书号"), max_length=80, blank=True)
    social_from = models.DateField(_("社会公用证书发证日期"), null=True, blank=True)
    social_until = models.DateField(_("社会公用证书有效期至"), null=True, blank=True)
    approved_on = models.DateField(_("本单位批准日期"), null=True, blank=True)
    approval = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("本单位批准文件"),
    )  # fmt: skip
    responsible = models.ForeignKey(
        Employment, on_delete=models.PROTECT, related_name="+", verbose_name=_("计量标准负责人")
    )

    objects = StandardQuerySet.as_manager()

    class Meta:
        verbose_name = _("计量标准")
        constraints = [
            models.UniqueConstraint(fields=["institution", "code"], name="standard_code_once"),
            models.CheckConstraint(
                condition=models.Q(assessed_on=None)
                | models.Q(assessed_until=None)
                | models.Q(assessed_on__lte=models.F("assessed_until")),
                name="assessment_dates_in_order",
            ),
        ]

    def __str__(self):
        return f"{self.name} {self.code}"

    def get_absolute_url(self):
        return reverse("equipment:standard", args=[self.institution.slug, self.ref])

    def assessed_for(self, day: date) -> bool:
        """Whether the assessment certificate was valid that day. Source: A-6.1.1."""
        if not self.assessment_certificate or self.assessed_on is None or self.assessed_until is None:
            return False
        return self.assessed_on <= day <= self.assessed_until


class StandardPart(TenantModel):
    """One piece of equipment inside a measurement standard."""

    class Role(models.TextChoices):
        MAIN = "main", _("计量标准器")
        SUPPORTING = "supporting", _("主要配套设备")

    standard = models.ForeignKey(MeasurementStandard, on_delete=models.PROTECT, related_name="parts")
    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="parts_of")
    role = models.CharField(_("作用"), max_length=10, choices=Role, default=Role.MAIN)
    added_on = models.DateField(_("纳入日期"), null=True, blank=True)
    removed_on = models.DateField(_("移出日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("计量标准组成")
        constraints = [
            models.UniqueConstraint(
                fields=["standard", "equipment"], condition=models.Q(removed_on=None), name="part_once_per_standard"
            )
        ]

    def __str__(self):
        return f"{self.standard}: {self.equipment}"

    def there_on(self, day: date) -> bool:
        """Whether the equipment belonged to the standard that day."""
        return (self.added_on is None or self.added_on <= day) and (self.removed_on is None or day < self.removed_on)


class StandardEvent(TenantModel):
    """履历书: something that happened to a measurement standard; `state_after` as with EquipmentEvent. Never changed."""

    protection = "append_only"

    class Kind(models.TextChoices):
        BUILT = "built", _("建标")
        ASSESSED = "assessed", _("取得考核证书")
        PUT_IN_USE = "put_in_use", _("投入使用")
        HELD = "held", _("暂停量值传递")
        RELEASED = "released", _("恢复量值传递")
        SUSPENDED = "suspended", _("暂停使用")
        SEALED = "sealed", _("封存")
        UNSEALED = "unsealed", _("启封")
        WITHDRAWN = "withdrawn", _("撤销")
        PART_ADDED = "part_added", _("纳入设备")
        PART_REMOVED = "part_removed", _("移出设备")
        OTHER = "other", _("其他")

    standard = models.ForeignKey(MeasurementStandard, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("事项"), max_length=15, choices=Kind)
    happened_on = models.DateField(_("日期"))
    state_after = models.CharField(max_length=20, choices=MeasurementStandard.State, blank=True)
    text = models.CharField(_("情况"), max_length=500)
    done_by = models.ForeignKey(
        Employment, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("经办人")
    )
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("计量标准履历")
        indexes = [models.Index(fields=["institution", "standard", "happened_on"], name="events_of_standard")]

    def __str__(self):
        return f"{self.happened_on} {self.get_kind_display()}"


class StandardItem(RegisterRow):
    """开展项目: what a measurement standard may serve, as its certificate lists it."""

    standard = models.ForeignKey(
        MeasurementStandard, on_delete=models.PROTECT, related_name="items", verbose_name=_("计量标准")
    )
    instrument = models.CharField(_("计量器具名称"), max_length=80)
    measurand = models.CharField(_("被测量"), max_length=60)
    method = models.ForeignKey(
        "institutions.Method", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("规程或规范"),
    )  # fmt: skip
    range_low = models.DecimalField(_("下限"), max_digits=24, decimal_places=12)
    range_high = models.DecimalField(_("上限"), max_digits=24, decimal_places=12)
    unit = models.CharField(_("单位"), max_length=30)
    accuracy = models.CharField(_("不确定度、等级或最大允许误差"), max_length=80)

    class Meta:
        verbose_name = _("开展项目")

    def __str__(self):
        return f"{self.instrument} {self.range_low.normalize():f}～{self.range_high.normalize():f} {self.unit}"


class StandardPaper(RegisterRow):
    """文件集: one of the documents every measurement standard keeps. Source: C-7.1.2-s2, JJF 1033."""

    class Kind(models.TextChoices):
        CERTIFICATE = "certificate", _("计量标准考核证书")
        SOCIAL_CERTIFICATE = "social_certificate", _("社会公用计量标准证书")
        APPLICATION = "application", _("考核（复查）申请书")
        TECHNICAL_REPORT = "technical_report", _("技术报告")
        REPEATABILITY = "repeatability", _("重复性试验记录")
        STABILITY = "stability", _("稳定性考核记录")
        CHANGE_FORM = "change_form", _("更换申报表")
        SEAL_FORM = "seal_form", _("封存（或撤销）申报表")
        LOGBOOK = "logbook", _("履历书")
        SCHEME = "scheme", _("国家计量检定系统表")
        REGULATION = "regulation", _("检定规程或校准规范")
        PROCEDURE = "procedure", _("操作程序")
        TRACEABILITY = "traceability", _("检定或校准证书")
        STAFF = "staff", _("人员能力证明")
        RULES = "rules", _("管理制度")
        RECORDS = "records", _("原始记录和证书副本")

    # Without these the set is not complete. Source: C-7.1.2-s2.
    REQUIRED = (
        Kind.APPLICATION, Kind.CERTIFICATE, Kind.TECHNICAL_REPORT, Kind.STABILITY, Kind.REPEATABILITY, Kind.LOGBOOK,
    )  # fmt: skip

    standard = models.ForeignKey(
        MeasurementStandard, on_delete=models.PROTECT, related_name="papers", verbose_name=_("计量标准")
    )
    kind = models.CharField(_("文件种类"), max_length=20, choices=Kind)
    title = models.CharField(_("名称"), max_length=100)
    dated_on = models.DateField(_("日期"))
    reviewed_on = models.DateField(_("最近核对"), null=True, blank=True, help_text=_("核对内容仍然适用的日期"))
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, related_name="+", verbose_name=_("文件"))

    class Meta:
        verbose_name = _("文件集")

    def __str__(self):
        return self.title


class StandardTest(TenantModel):
    """重复性试验 or 稳定性考核 with its readings and what follows from them. Never changed. Source: JJF 1033-2023.

    `groups` lists {"on": day, "readings": [texts]} in the order of time, of a yearly stability the last group of the
    test before as well; `figure` is s of a repeatability, the greatest difference of the means of a stability; `limit`
    is what it is held against.
    """

    protection = "append_only"

    class Kind(models.TextChoices):
        REPEATABILITY = "repeatability", _("重复性试验")
        STABILITY = "stability", _("稳定性考核")
        VERIFICATION = "verification", _("检定或校准结果的验证")

    class Limit(models.TextChoices):
        REPORT = "report", _("技术报告中的重复性")
        MPE = "mpe", _("最大允许误差的绝对值")
        UNCERTAINTY = "uncertainty", _("修正值的 U（k = 2）")
        TRANSFER = "transfer", _("传递比较法")
        COMPARISON = "comparison", _("比对法")

    class Verdict(models.TextChoices):
        PASSED = "passed", _("合格")
        REVIEW = "review", _("须重新评定不确定度")
        FAILED = "failed", _("不合格")

    standard = models.ForeignKey(MeasurementStandard, on_delete=models.PROTECT, related_name="tests")
    kind = models.CharField(_("种类"), max_length=15, choices=Kind)
    performed_on = models.DateField(_("日期"))
    performed_by = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="+", verbose_name=_("试验人"))
    quantity = models.CharField(_("被测量"), max_length=60)
    unit = models.CharField(_("单位"), max_length=30)
    nominal = models.DecimalField(_("测量点"), max_digits=24, decimal_places=12)
    groups = models.JSONField(_("读数"), default=list)
    limit_kind = models.CharField(_("限值的来源"), max_length=12, choices=Limit)
    limit = models.DecimalField(_("限值"), max_digits=24, decimal_places=12)
    figure = models.DecimalField(_("结果"), max_digits=24, decimal_places=12)
    verdict = models.CharField(_("结论"), max_length=10, choices=Verdict)
    conditions = models.CharField(_("被测对象与条件"), max_length=300, blank=True)
    file = models.ForeignKey("portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("计量标准试验")
        indexes = [models.Index(fields=["institution", "standard", "performed_on"], name="tests_of_standard")]

    def __str__(self):
        return f"{self.performed_on} {self.get_kind_display()}"


class StandardChange(RegisterRow):
    """更换申报: a change of a main standard, supporting equipment, method, range or place that must be filed."""

    class Kind(models.TextChoices):
        MAIN_STANDARD = "main_standard", _("更换计量标准器")
        SUPPORTING = "supporting", _("更换主要配套设备")
        METHOD = "method", _("更换规程或规范")
        RANGE = "range", _("改变测量范围或不确定度")
        PLACE = "place", _("改变存放地点")
        HOLDER = "holder", _("更换建标单位名称")
        PERSON = "person", _("更换负责人")

    standard = models.ForeignKey(
        MeasurementStandard, on_delete=models.PROTECT, related_name="changes", verbose_name=_("计量标准")
    )
    kind = models.CharField(_("变更种类"), max_length=15, choices=Kind)
    changed_on = models.DateField(_("变更日期"))
    text = models.CharField(_("变更内容"), max_length=300)
    filed_on = models.DateField(_("申报日期"), null=True, blank=True)
    accepted_on = models.DateField(_("受理或同意日期"), null=True, blank=True)
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("申报表")
    )

    class Meta:
        verbose_name = _("计量标准变更")

    def __str__(self):
        return f"{self.changed_on} {self.get_kind_display()}"
