"""计量器具: one register for everything that is measured with, and for what customers bring again and again."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from institutions.models import Customer, Employment, Room, Site
from portal import searching
from portal.models import RegisterRow
from portal.tenancy import TenantQuerySet

from .. import due

if TYPE_CHECKING:
    from .traceability import Traceability


class EquipmentQuerySet(TenantQuerySet):
    def in_turn(self, *keys: int) -> None:
        """Whoever else does something to these rows has finished, and waits until this transaction ends. Source: E2.10."""
        list(self.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk"))

    def due(self, day: date, window: str):
        """Rows whose traceability ends in that window, seen from that day (see due.py)."""
        first, last = due.limits(window, day)
        rows = self.filter(due_on__lte=last)
        return rows.filter(due_on__gte=first) if first else rows


class Equipment(RegisterRow):
    """A piece of equipment: identity as on its plate, what it can do, where it is and what it needs.

    Its state changes by verbs only (workflow.py), each with an EquipmentEvent; its facts are amended like any register's.
    `traced_from` and `due_on` are the dates of its newest traceability, kept by the database with each one that is
    recorded. What was never traced has no first day and is due since ever. `turn` is its place in the list, before the day:
    what is stopped, what is in use and must be traced, everything else, what is gone.
    """

    audit_omits = ("traced_from", "due_on", "turn")

    class State(models.TextChoices):
        NEW = "new", _("待投用")
        IN_USE = "in_use", _("在用")
        QUARANTINED = "quarantined", _("停用隔离")
        REPAIR = "repair", _("维修中")
        OUT_OF_USE = "out_of_use", _("封存")
        SCRAPPED = "scrapped", _("报废")
        WITHDRAWN = "withdrawn", _("已作废")

    class Role(models.TextChoices):
        STANDARD = "standard", _("计量标准器")
        SUPPORTING = "supporting", _("配套设备")
        ENVIRONMENT = "environment", _("环境监测设备")
        REFERENCE_MATERIAL = "reference", _("标准物质")
        WORKING = "working", _("工作计量器具")
        SOFTWARE = "software", _("软件")
        CONSUMABLE = "consumable", _("试剂与消耗品")
        CUSTOMER = "customer", _("客户器具")

    class Control(models.TextChoices):
        OWN = "own", _("本机构所有")
        EXTERNAL = "external", _("借用或外部")

    class Protection(models.TextChoices):
        SEAL = "seal", _("铅封")
        PASSWORD = "password", _("口令")
        LOCKED_FILE = "locked_file", _("锁定的文件")
        PHYSICAL = "physical", _("机械锁定")
        NOT_ADJUSTABLE = "not_adjustable", _("不可调整")

    # What needs no traceability of its own: nothing is measured with it.
    UNTRACED = frozenset({Role.SOFTWARE, Role.CONSUMABLE, Role.CUSTOMER})

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.IN_USE)
    role = models.CharField(_("用途"), max_length=12, choices=Role)
    asset_number = models.CharField(_("管理编号"), max_length=30)
    name = models.CharField(_("名称"), max_length=80)
    model = models.CharField(_("型号规格"), max_length=80)
    serial_number = models.CharField(_("出厂编号"), max_length=60, blank=True)
    manufacturer = models.CharField(_("制造单位"), max_length=100)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, verbose_name=_("存放场所"))
    room = models.ForeignKey(
        Room, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("房间")
    )
    keeper = models.ForeignKey(
        Employment, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("保管人")
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所属客户")
    )
    national_code = models.CharField(
        _("国家统一编码"), max_length=40, blank=True, help_text=_("GB/T 36377 编码，没有的不填")
    )
    range_text = models.CharField(_("测量范围"), max_length=80)
    range_low = models.DecimalField(_("测量下限"), max_digits=24, decimal_places=12, null=True, blank=True)
    range_high = models.DecimalField(_("测量上限"), max_digits=24, decimal_places=12, null=True, blank=True)
    unit = models.CharField(_("单位"), max_length=30, blank=True)
    accuracy = models.CharField(_("准确度"), max_length=80, help_text=_("例如：0.05 级，或 U = 0.3 ℃, k = 2"))
    traced = models.BooleanField(_("需要溯源"), default=True, help_text=_("影响结果的都需要；不需要的取消勾选"))
    untraced_because = models.CharField(_("不需要溯源的理由"), max_length=200, blank=True)
    mandatory = models.BooleanField(_("强制检定"), default=False)
    control = models.CharField(_("归属"), max_length=10, choices=Control, default=Control.OWN)
    protection_mode = models.CharField(_("防调整措施"), max_length=20, choices=Protection, blank=True)
    obsolete = models.BooleanField(_("国家明令淘汰"), default=False)
    obsolete_on = models.DateField(_("淘汰日期"), null=True, blank=True)
    acquired_on = models.DateField(_("购置日期"), null=True, blank=True)
    certified = models.BooleanField(_("有证标准物质"), default=False)
    lot = models.CharField(_("批号"), max_length=60, blank=True)
    expires_on = models.DateField(_("失效日期"), null=True, blank=True, help_text=_("标准物质、试剂的最后有效日"))
    stock = models.DecimalField(_("库存"), max_digits=14, decimal_places=3, null=True, blank=True)
    software_version = models.CharField(_("软件版本"), max_length=40, blank=True)
    validated_on = models.DateField(_("软件确认日期"), null=True, blank=True)
    software_sha256 = models.CharField(_("已确认版本的 SHA-256"), max_length=64, blank=True)
    traced_from = models.DateField(null=True, editable=False)
    due_on = models.DateField(default=date.min, editable=False)
    turn = models.GeneratedField(
        expression=models.Case(
            models.When(state="quarantined", then=0),
            models.When(~models.Q(role__in=sorted(UNTRACED)), state="in_use", traced=True, then=1),
            models.When(state__in=("scrapped", "withdrawn"), then=3),
            default=2,
        ),
        output_field=models.PositiveSmallIntegerField(), db_persist=True,
    )  # fmt: skip
    words = searching.words_of("asset_number", "name", "serial_number", "model")

    objects = EquipmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("设备")
        constraints = [
            models.UniqueConstraint(fields=["institution", "asset_number"], name="asset_number_once"),
            models.UniqueConstraint(
                fields=["institution", "manufacturer", "model", "serial_number"],
                condition=~models.Q(serial_number="") & ~models.Q(state__in=["scrapped", "withdrawn"]),
                name="one_plate_once",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["institution", "due_on", "id"], name="equipment_by_due_day"),
            models.Index(fields=["institution", "turn", "due_on", "id"], name="equipment_by_turn"),
            models.Index(fields=["institution", "name", "id"], name="equipment_by_name"),
            models.Index(
                fields=["due_on", "institution"], include=["id"], condition=models.Q(state="in_use"),
                name="equipment_due",
            ),
            searching.words_index("equipment_words"),
            # The youngest of them: by it PostgreSQL looks up foreign keys as long as it believes the table to be empty, where
            # all indexes look alike to it. By any other it would read all of an institution's rows for each key.
            models.Index(fields=["institution", "id"], name="equipment_by_key"),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.name} {self.asset_number}"

    def get_absolute_url(self):
        return reverse("equipment:detail", args=[self.institution.slug, self.ref])

    @property
    def traced_until(self) -> date | None:
        return None if self.due_on == date.min else self.due_on

    @property
    def has_states(self) -> bool:
        """Whether it is put in use, stopped and repaired here: a customer's instrument is not, until it is gone for good."""
        return self.role != self.Role.CUSTOMER or self.state in (self.State.SCRAPPED, self.State.WITHDRAWN)

    @property
    def needs_traceability(self) -> bool:
        """Whether its values must come from somewhere: something is measured with it that matters. Source: A-6.2.2."""
        return self.traced and self.role not in self.UNTRACED

    def traced_on(self, day: date) -> "Traceability | None":
        """The traceability certificate that covered that day: the deciding one, when it did. Source: A-6.2.2, C-5.5.4."""
        trace = self.deciding_trace(day)
        return trace if trace is not None and trace.covers(day) else None

    def deciding_trace(self, day: date) -> "Traceability | None":
        """The last certificate performed by that day, of one day the one recorded later: it alone decides about the day."""
        done = (trace for trace in self._standing if trace.calibrated_on <= day)
        return max(done, key=lambda trace: (trace.calibrated_on, trace.pk), default=None)

    @property
    def latest_traceability(self) -> "Traceability | None":
        return max(self._standing, key=lambda trace: (trace.calibrated_on, trace.pk), default=None)

    @property
    def _standing(self) -> Iterable["Traceability"]:
        """Its certificates; one recorded again under the same number corrects the earlier row, which no longer counts."""
        recorded = sorted(self.traceabilities.all(), key=lambda trace: trace.pk)
        return {(trace.issuer, trace.certificate_number): trace for trace in recorded}.values()
