"""机构名录: what everybody may read of every institution and of what it can measure. Published rows, written anew by their owner."""

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal import searching
from portal.tenancy import TenantModel

from .pledge import Commitment


class DirectoryEntry(TenantModel):
    """An institution in the directory: its name and place, its fields, and the dates that tell what its pledge is worth.

    `holds_until` is the last day on which all conditions of the pledge are known to hold; None while no end is known.
    """

    name = models.CharField(_("机构名称"), max_length=100)
    name_en = models.CharField(_("英文名称"), max_length=150, blank=True)
    slug = models.SlugField(max_length=40, unique=True)
    region_code = models.CharField(_("行政区划代码"), max_length=12)
    address = models.CharField(_("地址"), max_length=200)
    fields = ArrayField(models.CharField(max_length=30), verbose_name=_("专业领域"), default=list)
    lines = models.PositiveIntegerField(_("能力项数"), default=0)
    token = models.CharField(max_length=26, blank=True)
    pledge = models.CharField(_("承诺"), max_length=10, choices=Commitment.State, blank=True)
    published_on = models.DateField(_("承诺公开日期"), null=True)
    confirm_by = models.DateField(_("确认截止"), null=True)
    holds_until = models.DateField(_("条件有效至"), null=True)
    withdrawn_on = models.DateField(_("撤销日期"), null=True)
    updated_at = models.DateTimeField()

    words = searching.words_of("name", "name_en", "address")

    class Meta:
        verbose_name = _("名录条目")
        constraints = [models.UniqueConstraint(fields=["institution"], name="one_entry_of_an_institution")]
        indexes = [
            models.Index(fields=["region_code", "id"], name="directory_by_place"),
            models.Index(fields=["name", "id"], name="directory_by_name"),
            GinIndex(fields=["words"], opclasses=["gin_trgm_ops"], name="directory_words"),
            GinIndex(fields=["fields"], name="directory_fields"),
        ]

    def __str__(self):
        return self.name


class LineQuerySet(models.QuerySet):
    def in_force(self, day: date):
        """Lines on which the institution may rest a certificate that day, as far as it has told the directory."""
        ends = models.Q(valid_until=None) | models.Q(valid_until__gte=day)
        return self.filter(ends, valid_from__lte=day)


class DirectoryLine(TenantModel):
    """能力: one line of an institution's scope as the directory shows and searches it.

    `low` and `high` are in the coherent SI unit `si_unit`, `best` the smallest U (k = 2) anywhere on the line in the same
    unit; `shown` is what stands on the page, `cmc` what is needed to reckon U at a point. A line that was taken back stays
    as a row that was never in force.
    """

    entry = models.ForeignKey(DirectoryEntry, on_delete=models.CASCADE, related_name="+")
    line = models.BigIntegerField(unique=True)
    region_code = models.CharField(max_length=12)
    field = models.CharField(_("专业领域"), max_length=30)
    instrument = models.CharField(_("测量仪器"), max_length=80)
    measurand = models.CharField(_("被测量"), max_length=60)
    si_unit = models.CharField(max_length=60, blank=True)
    low = models.DecimalField(max_digits=48, decimal_places=24, null=True)
    high = models.DecimalField(max_digits=48, decimal_places=24, null=True)
    best = models.DecimalField(max_digits=48, decimal_places=24, null=True)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    shown = models.JSONField(default=dict)
    cmc = models.JSONField(default=dict)

    objects = LineQuerySet.as_manager()

    class Meta:
        verbose_name = _("名录能力项")
        indexes = [
            # Names are read along it, pages too, and what is asked besides is decided in it, without looking at the rows.
            models.Index(
                fields=["instrument", "measurand", "field", "si_unit", "id"],
                include=["low", "high", "best", "institution", "valid_from", "valid_until"], name="lines_in_order",
            ),
            models.Index(fields=["institution"], name="lines_of_institution"),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.instrument} {self.measurand}"
