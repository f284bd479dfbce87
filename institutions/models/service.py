"""公示与创新: what is shown to the public and checked, service windows, brand, innovation, partners."""

from datetime import timedelta

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models import RegisterRow

from .conduct import evidence
from .institution import ValidQuerySet

# Between two comparisons of what is shown with what holds; the portal's own default. Source: C-4.4-s3.
CHECK_EVERY = timedelta(days=90)


class PublicItem(RegisterRow):
    """公示内容: one thing the public must be able to read, and when it is to be looked at again. Source: C-4.4."""

    class Kind(models.TextChoices):
        LAW = "law", _("法规依据")
        AUTHORISATION = "authorisation", _("授权与资质")
        PROCESS_IN_LAB = "process_in_lab", _("送检流程")
        PROCESS_ON_SITE = "process_on_site", _("现场服务流程")
        FEES = "fees", _("收费标准")
        TIME_LIMIT = "time_limit", _("办理时限")
        SERVICE_PROMISE = "service_promise", _("服务承诺")
        CAPABILITY = "capability", _("能力范围")
        COMPLAINT_CHANNEL = "complaint_channel", _("投诉渠道")

    kind = models.CharField(_("公示内容"), max_length=30, choices=Kind)
    title = models.CharField(_("标题"), max_length=120)
    content = models.TextField(_("内容"))
    published_on = models.DateField(_("公示日期"))
    next_review_on = models.DateField(_("下次核对"))
    photo = evidence(verbose_name=_("窗口公示照片"), blank=True)

    class Meta:
        verbose_name = _("公示内容")

    def __str__(self):
        return f"{self.get_kind_display()} {self.title}"


class PublicItemCheck(RegisterRow):
    """公示核对: on a day somebody compared what is shown with what holds. Source: C-4.4-s3."""

    class Result(models.TextChoices):
        RIGHT = "right", _("一致")
        WRONG = "wrong", _("需要更正")

    item = models.ForeignKey(PublicItem, on_delete=models.PROTECT, related_name="checks", verbose_name=_("公示内容"))
    checked_on = models.DateField(_("核对日期"))
    checked_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("核对人")
    )
    result = models.CharField(_("结果"), max_length=10, choices=Result)
    note = models.TextField(_("说明"), blank=True)

    class Meta:
        verbose_name = _("公示核对")

    def __str__(self):
        return f"{self.item} {self.checked_on}"


class ServiceWindow(RegisterRow):
    """服务窗口: where customers are received."""

    site = models.ForeignKey("institutions.Site", on_delete=models.PROTECT, related_name="+", verbose_name=_("场所"))
    name = models.CharField(_("窗口"), max_length=60)
    hours = models.CharField(_("服务时间"), max_length=80)
    phone = models.CharField(_("窗口电话"), max_length=40)
    valid_from = models.DateField(_("启用日期"))
    valid_until = models.DateField(_("停用日期"), null=True, blank=True)

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = _("服务窗口")

    def __str__(self):
        return self.name


class Brand(RegisterRow):
    """品牌: the name or mark under which the institution works."""

    name = models.CharField(_("品牌名称"), max_length=80)
    design = models.TextField(_("标识与设计说明"))
    file = evidence(verbose_name=_("标识图样"), blank=True)

    class Meta:
        verbose_name = _("品牌")

    def __str__(self):
        return self.name


class InnovationFigure(RegisterRow):
    """创新指标: how many of one kind a year brought, each named. Zero is an answer, nothing is none."""

    class Indicator(models.TextChoices):
        COOPERATION = "cooperation", _("产学研合作")
        PROJECTS = "projects", _("科研立项")
        UTILITY_PATENTS = "utility_patents", _("实用新型专利")
        INVENTION_PATENTS = "invention_patents", _("发明专利")
        PAPERS = "papers", _("论文论著")
        SOFTWARE = "software", _("软件著作权")
        SPECIFICATIONS = "specifications", _("参与制修订的计量技术规范")
        INTERNATIONAL_STANDARDS = "international_standards", _("国际标准或指南")
        NATIONAL_STANDARDS = "national_standards", _("起草的国家标准、国家技术规范")
        INTERNATIONAL_PAPERS = "international_papers", _("国际刊物论文论著")
        SCIENCE_AWARDS = "science_awards", _("国家、省科技奖")
        QUALITY_AWARDS = "quality_awards", _("中国、省质量奖")
        PATENT_AWARDS = "patent_awards", _("中国专利奖")

    year = models.PositiveSmallIntegerField(_("年度"), validators=[MaxValueValidator(2100)])
    indicator = models.CharField(_("指标"), max_length=30, choices=Indicator)
    count = models.PositiveIntegerField(_("数量"))
    references = models.TextField(_("名称与编号"), blank=True, help_text=_("每项一行；数量为 0 时可不填"))
    file = evidence(blank=True)

    class Meta:
        verbose_name = _("创新指标")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "year", "indicator"], condition=models.Q(state="current"),
                name="innovation_figure_once_a_year",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.year} {self.get_indicator_display()} {self.count}"


class ResearchProject(RegisterRow):
    """研发项目, led by the institution or by others."""

    class Lead(models.TextChoices):
        OWN = "self", _("本机构牵头")
        OTHER = "other", _("参加")

    title = models.CharField(_("项目名称"), max_length=120)
    lead = models.CharField(_("牵头"), max_length=10, choices=Lead)
    application = models.CharField(_("应用的产业领域"), max_length=100)
    valid_from = models.DateField(_("开始日期"))
    valid_until = models.DateField(_("结束日期"), null=True, blank=True)
    file = evidence(blank=True, verbose_name=_("立项文件"))

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = _("研发项目")

    def __str__(self):
        return self.title


class Partnership(RegisterRow):
    """合作与团队: with whom the institution works together, and on what paper."""

    class Kind(models.TextChoices):
        SOCIETY = "society", _("学会、协会、技术委员会成员")
        COOPERATION = "cooperation", _("与高校、院所、企业合作")
        ALLIANCE = "alliance", _("公共平台或联盟")
        INNOVATION_TEAM = "innovation_team", _("创新团队")
        EXPERT = "expert", _("产业计量专家")

    kind = models.CharField(_("种类"), max_length=20, choices=Kind)
    name = models.CharField(_("名称"), max_length=120)
    partners = models.TextField(_("成员或合作方"))
    lead = models.CharField(_("负责人"), max_length=60, blank=True)
    project = models.ForeignKey(
        ResearchProject, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("联合项目")
    )
    valid_from = models.DateField(_("自何日起"))
    valid_until = models.DateField(_("至何日止"), null=True, blank=True)
    file = evidence(blank=True, verbose_name=_("协议或证明"))

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = _("合作与团队")

    def __str__(self):
        return self.name
