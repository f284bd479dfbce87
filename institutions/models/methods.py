"""Methods: the platform's catalogue of JJG and JJF, and what an institution has adopted."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.tenancy import TenantModel


class Method(models.Model):
    """检定规程 or 校准规范 of the platform's catalogue, the same for everybody."""

    class Kind(models.TextChoices):
        REGULATION = "verification_regulation", _("检定规程")
        SPECIFICATION = "calibration_specification", _("校准规范")

    protection = "no_delete"

    code = models.CharField(_("编号"), max_length=40, unique=True)
    title = models.CharField(_("名称"), max_length=120)
    title_en = models.CharField(_("英文名称"), max_length=200, blank=True)
    kind = models.CharField(_("种类"), max_length=30, choices=Kind)
    in_force_from = models.DateField(_("实施日期"))
    in_force_until = models.DateField(_("废止日期"), null=True, blank=True)
    replaced_by = models.CharField(_("代替标准"), max_length=40, blank=True)

    def __str__(self):
        return f"{self.code} {self.title}"

    def in_force_on(self, day: date) -> bool:
        """现行有效 on that day."""
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)


class MethodAdoption(TenantModel):
    """A method taken into use at a site after 方法验证: who verified it, and when. Source: C-5.2.4-s2."""

    method = models.ForeignKey(Method, on_delete=models.PROTECT)
    site = models.ForeignKey("institutions.Site", on_delete=models.PROTECT)
    verified_on = models.DateField(_("验证日期"))
    verified_by = models.ForeignKey("institutions.Employment", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "method", "site"], name="method_adopted_once_per_site")
        ]

    def __str__(self):
        return f"{self.method.code} @ {self.site}"
