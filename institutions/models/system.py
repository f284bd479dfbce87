"""管理体系文件: documents of the management system with their versions, and who has read them."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.models import Document, RegisterRow
from portal.tenancy import TenantModel

from .. import system_documents
from .institution import ValidQuerySet


class ManagementQuerySet(ValidQuerySet):
    def in_force_on(self, day: date):
        """Current, begun, not abolished that day, and with its text on file."""
        rows = self.valid_on(day).filter(state=RegisterRow.State.CURRENT)
        return rows.filter(file__state=Document.State.ACCEPTED)


class ManagementDocument(RegisterRow):
    """One version of a document of the management system; a new version is a new row, the old one gets its last day."""

    kind = models.CharField(_("文件种类"), max_length=40, choices=system_documents.choices)
    number = models.CharField(_("文件编号"), max_length=60)
    title = models.CharField(_("文件名称"), max_length=120)
    version = models.CharField(_("版本"), max_length=20)
    author = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("编制或修订人")
    )
    approved_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("批准人")
    )
    responsible = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("责任人"), help_text=_("文件规定由谁负责；制度类文件请填写"),
    )  # fmt: skip
    method = models.ForeignKey(
        "institutions.Method", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("适用的方法"), help_text=_("作业指导书请选"),
    )  # fmt: skip
    valid_from = models.DateField(_("实施日期"))
    valid_until = models.DateField(_("废止日期"), null=True, blank=True, help_text=_("最后一天有效；现行的留空"))
    next_review_on = models.DateField(_("下次评审"), null=True, blank=True)
    sections = models.JSONField(_("章节对照"), default=dict, blank=True)
    note = models.CharField(_("备注"), max_length=300, blank=True, help_text=_("依据、来源、覆盖范围等"))
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("文件全文")
    )

    objects = ManagementQuerySet.as_manager()

    class Meta:
        verbose_name = _("体系文件")

    def __str__(self):
        return f"{self.title} {self.version}"


class DocumentRead(TenantModel):
    """Somebody has read a version of a document and says so. Never changed: a new version is read anew."""

    protection = "append_only"

    document = models.ForeignKey(
        ManagementDocument, on_delete=models.PROTECT, related_name="readings", verbose_name=_("体系文件")
    )
    employment = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("人员")
    )
    read_at = models.DateTimeField(_("确认时间"), db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("阅读确认")
        constraints = [
            models.UniqueConstraint(fields=["institution", "document", "employment"], name="read_once_a_version")
        ]

    def __str__(self):
        return f"{self.employment} {self.document}"
