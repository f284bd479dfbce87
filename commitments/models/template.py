"""承诺书模板: what is promised, word for word, and by which regulator it was laid down."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock


class TemplateQuerySet(models.QuerySet):
    def for_region(self, region_code: str, day: date):
        """Those an institution of the region may pledge by on the day: the closest regulator's first, the portal's own last.

        An edition whose successor begins later is in use until that day.
        """
        covers = models.Q(region_code="")
        for length in (2, 4, 6):
            covers |= models.Q(region_code=region_code[:length])
        lasting = models.Q(retired_on=None) | models.Q(retired_on__gt=day)
        rows = self.filter(covers, lasting, active_from__lte=day).exclude(state=CommitmentTemplate.State.DRAFT)
        return rows.order_by(models.functions.Length("region_code").desc(), "-edition")


class CommitmentTemplate(models.Model):
    """An edition of the wording for a region; the portal's own, neutral one has no region.

    It is in use from `active_from` to the day before `retired_on`; what is planned already has its state.
    `paragraphs` lists {"zh", "en"}; `clauses` are the duties that the text takes over from the standard. What was once
    active is never changed: another wording is another edition. Source: A-8.2.2.1-s1.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("起草中")
        ACTIVE = "active", _("使用中")
        RETIRED = "retired", _("已停用")

    protection = "no_delete"

    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    region_code = models.CharField(_("行政区划"), max_length=12, blank=True)
    edition = models.PositiveIntegerField(_("版次"))
    title = models.CharField(_("名称"), max_length=100)
    title_en = models.CharField(_("英文名称"), max_length=150, blank=True)
    paragraphs = models.JSONField(_("承诺内容"), default=list)
    clauses = models.JSONField(_("对应条款"), default=list, blank=True)
    active_from = models.DateField(_("启用日期"), null=True, blank=True)
    retired_on = models.DateField(_("停用日期"), null=True, blank=True)
    made_by = models.CharField(_("发布机关"), max_length=100)
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("承诺书模板")
        constraints = [
            models.UniqueConstraint(fields=["region_code", "edition"], name="template_edition_once"),
            models.UniqueConstraint(
                fields=["region_code"], condition=models.Q(state="active"), name="one_active_template_of_a_region"
            ),
        ]

    def __str__(self):
        return f"{self.title} 第 {self.edition} 版"
