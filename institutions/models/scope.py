"""能力范围: the lines of what an institution can measure, where, by which method and how well."""

from datetime import date
from decimal import Decimal

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models.functions import Cast
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from institutions import units
from institutions.scope import cmc
from portal import decimals, searching
from portal.models import RegisterRow
from portal.tenancy import TenantModel

from .authorisations import LiesInOneOf
from .institution import ValidQuerySet
from .qualification import Qualification, Site


class ScopeItemQuerySet(ValidQuerySet):
    def valid_on(self, day: date):
        """Lines in force that day: in their dates, not suspended, on a qualification valid that day."""
        on = models.Q(state=ScopeItem.State.ACTIVE) | models.Q(state=ScopeItem.State.SUSPENDED, suspended_on__gt=day)
        rows = super().valid_on(day).filter(on, qualification__in=Qualification.objects.valid_on(day))
        return rows.exclude(LiesInOneOf(Cast(models.Value(day), models.DateField()), models.F("past_suspensions")))


class ScopeItem(RegisterRow):
    """能力范围 line: instrument, quantity, method, range, site, and the CMC: U at k = 2 as a function of the value.

    `cmc_form` says how the CMC is stated; see scope/cmc.py. `suspended_clause` names the rule for which the portal
    suspended the line, so that the same rule can lift it again. `past_suspensions` keep a past day what it was.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("有效")
        SUSPENDED = "suspended", _("已暂停")
        WITHDRAWN = "withdrawn", _("已作废")

    class Form(models.TextChoices):
        CONSTANT = "constant", _("常数 a")
        LINEAR = "linear", _("a + b·x")
        ROOT = "root", _("√(a² + (b·x)²)")
        TABLE = "table", _("表：点之间内插")
        MATRIX = "matrix", _("矩阵：还随另一参数变化")

    # Two lines that agree in all of these would say one thing twice.
    TELLS_APART = (
        "qualification", "site", "method", "instrument", "measurand", "unit", "range_low", "range_high", "parameter",
        "limits", "valid_from",
    )  # fmt: skip

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.ACTIVE)
    line_number = models.CharField(_("附表序号"), max_length=20, blank=True)
    qualification = models.ForeignKey(Qualification, on_delete=models.PROTECT, verbose_name=_("依据资质"))
    site = models.ForeignKey(Site, on_delete=models.PROTECT, verbose_name=_("场所"))
    method = models.ForeignKey("institutions.Method", on_delete=models.PROTECT, verbose_name=_("方法"))
    instrument = models.CharField(_("测量仪器"), max_length=80)
    instrument_en = models.CharField(_("测量仪器英文名"), max_length=120, blank=True)
    measurand = models.CharField(_("被测量"), max_length=60)
    measurand_en = models.CharField(_("被测量英文名"), max_length=90, blank=True)
    field = models.CharField(_("专业领域"), max_length=30)
    stated_range = models.CharField(
        _("测量范围原文"),
        max_length=150,
        blank=True,
        help_text=_("照附表写，例如 (0～2.5) MPa；填了它，下限、上限和单位可以不填"),
    )
    range_low = models.DecimalField(_("下限"), max_digits=24, decimal_places=12)
    range_high = models.DecimalField(_("上限"), max_digits=24, decimal_places=12)
    unit = models.CharField(_("单位"), max_length=30, help_text=_("上限和下限用同一个单位，例如 MPa"))
    stated_cmc = models.CharField(
        _("CMC 原文"), max_length=200, blank=True,
        help_text=_("照附表写，例如 U = 0.3 ℃、0.02 mm + 5×10⁻⁶L；填了它，CMC 的各格可以不填"),
    )  # fmt: skip
    cmc_form = models.CharField(_("CMC 形式"), max_length=10, choices=Form, default=Form.LINEAR)
    cmc_constant = models.DecimalField(
        _("CMC 常数项 a"), max_digits=24, decimal_places=12, help_text=_("扩展不确定度 U，k = 2；没有常数项的填 0")
    )
    cmc_slope = models.DecimalField(
        _("CMC 比例项 b"), max_digits=24, decimal_places=12, default=0, blank=True,
        help_text=_("没有单位的系数，例如 5×10⁻⁶ 填 0.000005"),
    )  # fmt: skip
    cmc_unit = models.CharField(
        _("CMC 单位"), max_length=30, blank=True, help_text=_("与范围的单位相同时不填，例如范围用 mm、CMC 用 μm")
    )
    cmc_relative = models.BooleanField(
        _("CMC 是相对值"), default=False, help_text=_("例如 Urel = 0.05 %；单位填 %，不填就是比值")
    )
    cmc_points = models.TextField(
        _("CMC 表"), blank=True, max_length=8000,
        help_text=_("表：一行一点“值 U”；矩阵：一行一格“值下限～上限 参数下限～上限 U”"),
    )  # fmt: skip
    parameter = models.CharField(_("另一参数"), max_length=30, blank=True, help_text=_("矩阵用，例如 频率"))
    parameter_unit = models.CharField(_("另一参数的单位"), max_length=30, blank=True)
    limits = models.CharField(_("说明与限制"), max_length=300, blank=True, help_text=_("例如 只做 0.5 级及以下"))
    valid_from = models.DateField(_("生效日期"))
    valid_until = models.DateField(_("失效日期"), null=True, blank=True)
    suspended_on = models.DateField(_("暂停日期"), null=True, blank=True, editable=False)
    suspended_because = models.CharField(_("暂停原因"), max_length=300, blank=True, editable=False)
    suspended_clause = models.CharField(max_length=30, blank=True, editable=False)
    past_suspensions = ArrayField(
        DateRangeField(), verbose_name=_("暂停过的期间"), default=list, blank=True, editable=False
    )

    words = searching.words_of("instrument", "measurand", "line_number")

    objects = ScopeItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("能力范围")
        indexes = [
            models.Index(fields=["institution", "instrument", "measurand", "id"], name="scope_in_order"),
            models.Index(fields=["institution", "method"], name="scope_by_method"),
            searching.words_index("scope_words"),
            models.Index(
                fields=["valid_until", "institution"], include=["id"], condition=~models.Q(state="withdrawn"),
                name="scope_due",
            ),
        ]  # fmt: skip
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "institution",
                    "qualification",
                    "site",
                    "method",
                    "instrument",
                    "measurand",
                    "unit",
                    "range_low",
                    "range_high",
                    "parameter",
                    "limits",
                    "valid_from",
                ],
                condition=~models.Q(state="withdrawn"),
                name="scope_line_once",
            ),
            models.CheckConstraint(
                condition=models.Q(range_low__lte=models.F("range_high")), name="scope_range_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(cmc_form__in=("table", "matrix")) & ~models.Q(cmc_points="")
                | ~models.Q(cmc_form__in=("table", "matrix"))
                & models.Q(cmc_constant__gte=0, cmc_slope__gte=0)
                & (models.Q(cmc_constant__gt=0) | models.Q(cmc_slope__gt=0)),
                name="scope_cmc_is_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until=None) | models.Q(valid_until__gte=models.F("valid_from")),
                name="scope_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.instrument} {self.measurand} {self.range_text}"

    def clean(self):
        """The range and the CMC can be read and reckoned. Raises: ValidationError by field, each saying what to do."""
        wrong = _what_is_wrong(self)
        if wrong:
            raise ValidationError(wrong)

    @property
    def range_text(self) -> str:
        """The range as it is printed: "(0～2.5) MPa"."""
        low, high = _plain(self.range_low), _plain(self.range_high)
        return f"{low} {self.unit}" if low == high else f"({low}～{high}) {self.unit}"

    @property
    def cmc(self) -> cmc.Cmc:
        """The CMC as a function of the value. Raises: cmc.Unclear when its table cannot be read."""
        return cmc.Cmc(
            form=self.cmc_form, constant=Decimal(self.cmc_constant), slope=Decimal(self.cmc_slope),
            unit=self.cmc_unit or ("" if self.cmc_relative else self.unit), relative=self.cmc_relative,
            points=self.cmc_points, range_unit=self.unit,
        )  # fmt: skip

    @property
    def cmc_stated(self) -> list[str]:
        """The points or cells of a CMC that no single formula states, in words."""
        return self.cmc.stated(self.parameter_unit)

    def covers(self, point: Decimal) -> bool:
        """Whether the point, in the unit of the line, lies inside the range, limits included."""
        return self.range_low <= point <= self.range_high

    def cmc_at(self, point: Decimal, parameter: Decimal | None = None) -> Decimal | None:
        """The smallest expanded uncertainty (k = 2) the line allows at the point, both in the unit of the line.

        None where the line states none: outside its table, or for a matrix without the other parameter.
        """
        return self.cmc.at(point, parameter)

    def suspended_for(self, day: date) -> bool:
        """Whether the line was out of use that day by a suspension that still lasts."""
        return self.state == self.State.SUSPENDED and (self.suspended_on is None or self.suspended_on <= day)

    def past_suspension_on(self, day: date) -> DateRange | None:
        """The suspension, over by now, in which the day lies."""
        return next((past for past in self.past_suspensions if past.lower <= day < past.upper), None)

    def end_suspension(self, day: date) -> None:
        """The fields say that the line counts again from the day on, and that it did not in between."""
        if self.suspended_on is not None and self.suspended_on < day:
            self.past_suspensions = [*self.past_suspensions, DateRange(self.suspended_on, day)]
        self.suspended_on, self.suspended_because, self.suspended_clause = None, "", ""


def _plain(value: Decimal) -> str:
    return decimals.trimmed(Decimal(value))


def _what_is_wrong(line: ScopeItem) -> dict[str, str]:
    """Sentences by field about what keeps the line from being reckoned with."""
    wrong: dict[str, str] = {}
    for name, text in (("unit", line.unit), ("cmc_unit", line.cmc_unit), ("parameter_unit", line.parameter_unit)):
        if text and not (units.is_legal(text) or units.is_scale(text)):
            advice = units.advice_for(text)
            wrong[name] = advice or _now("“%(unit)s”不是法定计量单位。请改用单位表里的写法。") % {"unit": text}
    if line.range_low > line.range_high:
        wrong["range_high"] = _now("小于下限。请核对测量范围。")
    if line.valid_until and line.valid_until < line.valid_from:
        wrong["valid_until"] = _now("早于生效日期。请核对两个日期。")
    if not wrong:
        try:
            line.cmc.check(line.range_low, line.range_high)
        except cmc.Unclear as unclear:
            wrong[unclear.field] = unclear.sentence
    if line.cmc_form == ScopeItem.Form.MATRIX and not (line.parameter and line.parameter_unit):
        wrong["parameter"] = _now("矩阵要写明另一参数和它的单位，例如 频率、Hz。")
    return wrong


class ScopeChoice(RegisterRow):
    """Where two lines with different CMC cover a point: which of them counts, and why. Asked once, then kept."""

    line = models.ForeignKey(ScopeItem, on_delete=models.PROTECT, related_name="+", verbose_name=_("采用"))
    instead_of = models.ForeignKey(ScopeItem, on_delete=models.PROTECT, related_name="+", verbose_name=_("不采用"))
    reason = models.CharField(_("理由"), max_length=200)

    class Meta:
        verbose_name = _("能力范围的选定")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "line", "instead_of"], condition=models.Q(state="current"),
                name="scope_choice_once",
            ),
            models.CheckConstraint(condition=~models.Q(line=models.F("instead_of")), name="scope_choice_of_two"),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.line} > {self.instead_of}"


class FieldStaffing(TenantModel):
    """How many people may verify or calibrate in a field of the scope, as last counted.

    `fell_on`: the day on which they became too few, or just enough with nobody to spare; None while it is neither.
    """

    field = models.CharField(_("专业领域"), max_length=30)
    people = models.PositiveSmallIntegerField(_("检校人员数"))
    fell_on = models.DateField(_("人数降低日期"), null=True)

    class Meta:
        verbose_name = _("专业人员数")
        indexes = [
            models.Index(
                fields=["fell_on", "institution"], include=["id"], condition=models.Q(fell_on__isnull=False),
                name="staffing_fell",
            ),
        ]  # fmt: skip
        constraints = [models.UniqueConstraint(fields=["institution", "field"], name="staffing_once_a_field")]

    def __str__(self):
        return self.field
