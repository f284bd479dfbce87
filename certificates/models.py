"""From readings to a document anybody can check."""

import json
from functools import cached_property

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from equipment.models import Equipment, MeasurementStandard
from institutions.models import Employment, Method, Site
from orders.models import Item
from portal.clock import DatabaseClock
from portal.tenancy import TenantModel, TenantQuerySet


class Procedure(TenantModel):
    """A data sheet as versioned data: points, readings, formulas, uncertainty model, limits. See docs/procedures.md."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        APPROVED = "approved", _("已批准")
        RETIRED = "retired", _("已停用")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    code = models.CharField(_("代码"), max_length=60)
    version = models.PositiveSmallIntegerField(_("版本"))
    title = models.CharField(_("名称"), max_length=100)
    method = models.ForeignKey(Method, on_delete=models.PROTECT, verbose_name=_("方法"))
    definition = models.JSONField()
    proposed_by = models.ForeignKey(Employment, on_delete=models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(Employment, on_delete=models.PROTECT, null=True, related_name="+")

    audit_omits = ("definition",)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "code", "version"], name="procedure_version_once"),
            models.UniqueConstraint(
                fields=["institution", "code"], condition=models.Q(state="approved"), name="one_approved_version"
            ),
        ]

    def __str__(self):
        return f"{self.title} v{self.version}"

    def get_absolute_url(self):
        return reverse("certificates:procedure", args=[self.institution.slug, self.ref])

    @property
    def definition_text(self) -> str:
        """The definition as it can be read by a person."""
        return json.dumps(self.definition, ensure_ascii=False, indent=1)


class RecordQuerySet(TenantQuerySet):
    def matching(self, text: str):
        """Records whose number, instrument or serial number contains the text."""
        return self.filter(
            models.Q(number__icontains=text) | models.Q(item__name__icontains=text)
            | models.Q(item__serial_number__icontains=text)
        )  # fmt: skip

    def for_work(self):
        """With everything the data sheet and the gates read, in a fixed number of queries."""
        return self.select_related(
            "institution", "item__customer", "procedure__method", "standard__site", "site", "operator",
            "environment_equipment",
        )  # fmt: skip


class RawRecord(TenantModel):
    """原始记录: what was read, when, by whom, with what. Locked at submission; corrections stay visible for ever."""

    class State(models.TextChoices):
        DRAFT = "draft", _("记录中")
        SUBMITTED = "submitted", _("已提交")
        ABANDONED = "abandoned", _("已放弃")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    number = models.CharField(_("记录编号"), max_length=30, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, verbose_name=_("样品"), related_name="records")
    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, verbose_name=_("数据表"))
    standard = models.ForeignKey(MeasurementStandard, on_delete=models.PROTECT, verbose_name=_("计量标准"))
    environment_equipment = models.ForeignKey(
        Equipment, on_delete=models.PROTECT, verbose_name=_("环境监测设备"), related_name="+"
    )
    site = models.ForeignKey(Site, on_delete=models.PROTECT, verbose_name=_("场所"))
    room = models.CharField(_("房间"), max_length=60)
    performed_on = models.DateField(_("检校日期"))
    late_reason = models.CharField(_("日期不是今天的理由"), max_length=200, blank=True)
    device = models.JSONField(_("器具参数"))
    points = models.JSONField(_("检校点"))
    decision_rule = models.CharField(_("判定规则"), max_length=30, blank=True)
    operator = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="+", verbose_name=_("检定/校准员"))
    started_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "number"], name="record_number_once"),
            models.UniqueConstraint(
                fields=["item"], condition=models.Q(state="draft"), name="one_open_record_per_item"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="submitted") | models.Q(submitted_at__isnull=False),
                name="submitted_record_has_time",
            ),
        ]
        indexes = [models.Index(fields=["institution", "state", "-id"], name="record_by_state")]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("certificates:record", args=[self.institution.slug, self.ref])

    @cached_property
    def dossier(self):
        from .dossier import Dossier

        return Dossier(self)


class Reading(TenantModel):
    """One value as typed, in one cell of the sheet. Never changed; a correction is a new row naming the reason.

    `cell` is "reading:<point>:<key>", "condition:<key>" or "observation:<key>".
    """

    protection = "append_only"

    class Mode(models.TextChoices):
        TYPED = "typed", _("键入")
        PASTED = "pasted", _("粘贴")

    record = models.ForeignKey(RawRecord, on_delete=models.PROTECT, related_name="readings")
    cell = models.CharField(max_length=60)
    text = models.CharField(max_length=60)
    value = models.DecimalField(max_digits=40, decimal_places=15, null=True)
    mode = models.CharField(max_length=10, choices=Mode)
    reason = models.CharField(_("更正理由"), max_length=200, blank=True)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    recorded_by = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record", "cell"], condition=models.Q(replaces=None), name="first_value_of_a_cell_once"
            ),
            models.CheckConstraint(
                condition=models.Q(replaces=None) | ~models.Q(reason=""), name="correction_names_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["institution", "record", "id"], name="reading_of_record")]

    def __str__(self):
        return f"{self.cell} {self.text}"


class CertificateQuerySet(TenantQuerySet):
    def issued(self):
        """Certificates a customer may rely on."""
        return self.filter(state=Certificate.State.ISSUED)

    def matching(self, text: str):
        """Certificates whose number, record, instrument or serial number contains the text."""
        return self.filter(
            models.Q(number__icontains=text) | models.Q(record__number__icontains=text)
            | models.Q(record__item__name__icontains=text) | models.Q(record__item__serial_number__icontains=text)
        )  # fmt: skip

    def for_work(self):
        return self.select_related(
            "record__item__customer", "record__procedure__method", "record__standard__site", "record__site",
            "record__operator", "record__environment_equipment", "operator", "checker", "approver", "institution",
        )  # fmt: skip


class Certificate(TenantModel):
    """检定证书, 检定结果通知书 or 校准证书. Frozen once approved; from issue on not a byte of it changes."""

    class State(models.TextChoices):
        DRAFT = "draft", _("待核验")
        RETURNED = "returned", _("已退回")
        CHECKED = "checked", _("待批准")
        APPROVED = "approved", _("待签发")
        ISSUED = "issued", _("已签发")
        VOID = "void", _("已作废")
        ABANDONED = "abandoned", _("已放弃")

    class Kind(models.TextChoices):
        CALIBRATION = "calibration_certificate", _("校准证书")
        VERIFICATION = "verification_certificate", _("检定证书")
        NOTICE = "verification_result_notice", _("检定结果通知书")

    audit_omits = ("body", "content", "token", "verification_code")
    # Read in the statement that locks the row, because every gate asks for them. PostgreSQL takes longer to plan a
    # join of more than five tables than to read them one by one.
    locked_with = ("operator", "checker", "approver", "institution")

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    kind = models.CharField(_("种类"), max_length=30, choices=Kind)
    record = models.ForeignKey(RawRecord, on_delete=models.PROTECT, related_name="certificates")
    operator = models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="+", verbose_name=_("检定/校准员"))
    checker = models.ForeignKey(
        Employment, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("核验员")
    )
    checked_at = models.DateTimeField(_("核验时间"), null=True)
    approver = models.ForeignKey(
        Employment, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("批准人")
    )
    approved_at = models.DateTimeField(_("批准时间"), null=True)
    returned_reason = models.CharField(_("退回理由"), max_length=300, blank=True)
    body = models.JSONField(null=True)
    body_sha256 = models.CharField(max_length=64, blank=True)
    number = models.CharField(_("证书编号"), max_length=40, blank=True)
    issued_at = models.DateTimeField(_("签发时间"), null=True)
    valid_until = models.DateField(_("有效期至"), null=True)
    content = models.JSONField(null=True)
    content_sha256 = models.CharField(max_length=64, blank=True)
    token = models.CharField(max_length=32, blank=True)
    verification_code = models.CharField(max_length=9, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    pdf_stored_as = models.CharField(max_length=120, blank=True)
    void_reason = models.CharField(_("作废理由"), max_length=300, blank=True)
    voided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "number"], condition=~models.Q(number=""), name="certificate_number_once"
            ),
            models.UniqueConstraint(
                fields=["record"], condition=~models.Q(state__in=["void", "abandoned"]), name="one_living_certificate_per_record"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["issued", "void"])
                | (models.Q(issued_at__isnull=False) & ~models.Q(number="") & ~models.Q(content_sha256="")),
                name="issued_certificate_is_complete",
            ),
            models.CheckConstraint(
                condition=models.Q(checker=None)
                | (~models.Q(checker=models.F("operator")) & ~models.Q(approver=models.F("checker"))
                   & ~models.Q(approver=models.F("operator")))
                | models.Q(approver=None) & ~models.Q(checker=models.F("operator")),
                name="three_different_people",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["institution", "state", "-id"], name="certificate_by_state")]

    def __str__(self):
        return self.number or f"{self.get_kind_display()} {self.record.number}"

    def get_absolute_url(self):
        return reverse("certificates:certificate", args=[self.institution.slug, self.ref])

    @property
    def dossier(self):
        """Everything the gates judge, of the record this certificate reports; read with whose instrument it was."""
        if not Certificate.record.is_cached(self):
            whole = RawRecord.objects.select_related("institution", "item__customer")
            self.record = whole.get(pk=self.record_id, institution_id=self.institution_id)
        return self.record.dossier

    @property
    def is_public(self) -> bool:
        """Whether a scan finds it: issued, and its PDF stored."""
        return bool(self.pdf_sha256)
