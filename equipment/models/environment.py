"""环境条件: what a room must keep, what was read there, and what was done when it was outside."""

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.models import RegisterRow
from portal.tenancy import TenantModel

from .equipment import Equipment


class Element(models.TextChoices):
    """环境要素. Source: B-6.6.1-d-s2, C-5.4.1, D-4.2.2.1-s2."""

    TEMPERATURE = "temperature", _("温度")
    HUMIDITY = "humidity", _("湿度")
    NOISE = "noise", _("噪声（声级）")
    VIBRATION = "vibration", _("振动")
    ELECTROMAGNETIC = "electromagnetic", _("电磁干扰")
    WIND = "wind", _("风速")
    LIGHTING = "lighting", _("照明")
    POWER = "power", _("供电")
    STERILITY = "sterility", _("生物消毒")
    DUST = "dust", _("灰尘")
    RADIATION = "radiation", _("辐射")
    PRESSURE = "pressure", _("大气压")
    OTHER = "other", _("其他")


class EnvironmentRequirement(RegisterRow):
    """环境要求: the limits of one element in a room, for all work there or for one method; or why it does not matter.

    One counts from its first day on, until a later one of the same room, method and element takes its place.
    """

    since = models.DateField(_("自何日起"))
    until: date | None = None  # the first day of the one that took its place, where a query has asked for it
    room = models.ForeignKey(
        "institutions.Room", on_delete=models.PROTECT, related_name="+", verbose_name=_("房间或区域")
    )
    method = models.ForeignKey(
        "institutions.Method", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("方法"), help_text=_("只对某个方法有要求的请选；空着是对房间里的全部工作"),
    )  # fmt: skip
    element = models.CharField(_("要素"), max_length=20, choices=Element)
    needed = models.BooleanField(_("需要控制"), default=True)
    reason = models.CharField(_("理由"), max_length=200, blank=True, help_text=_("不需要控制的写明理由"))
    low = models.DecimalField(_("下限"), max_digits=18, decimal_places=6, null=True, blank=True)
    high = models.DecimalField(_("上限"), max_digits=18, decimal_places=6, null=True, blank=True)
    unit = models.CharField(_("单位"), max_length=30, blank=True)
    interval_minutes = models.PositiveIntegerField(
        _("记录间隔（分钟）"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(525_600)]
    )
    strict = models.BooleanField(_("要求严苛"), default=False, help_text=_("宜自动监测和记录"))
    monitor = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("监测设备")
    )

    class Meta:
        verbose_name = _("环境要求")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "room", "method", "element", "since"], condition=models.Q(state="current"),
                nulls_distinct=False, name="one_requirement_of_an_element",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.room} {self.get_element_display()}"


class EnvironmentReading(TenantModel):
    """环境记录: one value read in a room, by hand or by a logger. Never changed."""

    protection = "append_only"

    class Source(models.TextChoices):
        MANUAL = "manual", _("人工")
        AUTOMATIC = "automatic", _("自动")

    room = models.ForeignKey("institutions.Room", on_delete=models.PROTECT, related_name="+", verbose_name=_("房间"))
    element = models.CharField(_("要素"), max_length=20, choices=Element)
    value = models.DecimalField(_("读数"), max_digits=18, decimal_places=6)
    unit = models.CharField(_("单位"), max_length=30)
    taken_at = models.DateTimeField(_("时间"))
    source = models.CharField(_("来源"), max_length=10, choices=Source)
    monitor = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("监测设备")
    )
    noted_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("记录人"),
    )  # fmt: skip
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("环境记录")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "room", "element", "taken_at", "monitor"], nulls_distinct=False,
                name="reading_once",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.get_element_display()} {self.value:f} {self.unit}"


class EnvironmentAction(RegisterRow):
    """超限处置: a time outside the limits or without readings, what was done, and what it touched. Source: D-4.2.2.1-s1."""

    room = models.ForeignKey(
        "institutions.Room", on_delete=models.PROTECT, related_name="+", verbose_name=_("房间或区域")
    )
    element = models.CharField(_("要素"), max_length=20, choices=Element)
    began_at = models.DateTimeField(_("开始"))
    ended_at = models.DateTimeField(_("恢复"), null=True, blank=True)
    cause = models.CharField(_("原因"), max_length=200)
    action = models.CharField(_("采取的措施"), max_length=300, help_text=_("停止了哪些工作、怎样恢复、结果是否受影响"))
    handled_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("处置人")
    )
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("记录")
    )

    class Meta:
        verbose_name = _("环境超限处置")

    def __str__(self):
        return f"{self.room} {self.get_element_display()} {self.began_at:%Y-%m-%d}"
