"""What people have shown that they can: credentials, experience, trainings; and what protects them at work."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models import RegisterRow

from .institution import ValidQuerySet
from .people import Employment

# A speciality of this name reaches over all fields of metrology.
ALL_FIELDS = ("计量", "计量测试", "测试计量技术", "测试计量技术及仪器")


def _file(title, **options):
    return models.ForeignKey(
        "portal.Document",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=title,
        **options,
    )


def _employment(title, **options):
    return models.ForeignKey(Employment, on_delete=models.PROTECT, related_name="+", verbose_name=title, **options)


class Credential(RegisterRow):
    """资格证书: what somebody outside the laboratory, or the laboratory by examination, has attested."""

    class Kind(models.TextChoices):
        METROLOGIST = "registered_metrologist", _("注册计量师")
        TITLE = "title", _("职称")
        VERIFIER = "verifier_certificate", _("检定员证")
        MILITARY = "military_verifier", _("军工检定员证")
        INTERNAL = "internal_certificate", _("内部上岗证")
        OTHER = "other", _("其他")

    class Level(models.TextChoices):
        ONE = "level_1", _("一级")
        TWO = "level_2", _("二级")
        PROFESSOR = "professor", _("正高级")
        SENIOR = "senior", _("高级")
        MIDDLE = "middle", _("中级（工程师）")
        JUNIOR = "junior", _("初级")

    LEVELS = {Kind.METROLOGIST: (Level.ONE, Level.TWO), Kind.TITLE: (Level.PROFESSOR, Level.SENIOR, Level.MIDDLE, Level.JUNIOR)}  # fmt: skip

    employment = _employment(_("持证人"))
    kind = models.CharField(_("证书种类"), max_length=30, choices=Kind)
    level = models.CharField(
        _("级别"), max_length=10, choices=Level, blank=True,
        help_text=_("注册计量师填一级或二级，职称填正高、高、中、初级，其他不填"),
    )  # fmt: skip
    speciality = models.CharField(
        _("专业"), max_length=120, blank=True,
        help_text=_("证书上的专业，多个用顿号分开，例如 压力、质量；不限专业的不填，职称必填"),
    )  # fmt: skip
    number = models.CharField(_("证书编号"), max_length=60)
    issuer = models.CharField(_("发证机关"), max_length=100)
    valid_from = models.DateField(_("发证日期"))
    valid_until = models.DateField(_("有效期至"), null=True, blank=True, help_text=_("长期有效的不填"))
    file = _file(_("证书扫描件"))

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = _("资格证书")

    def __str__(self):
        level = self.get_level_display() if self.level else ""
        return f"{level}{self.get_kind_display()} {self.number}"

    def valid_on(self, day: date) -> bool:
        current = self.state == self.State.CURRENT
        return current and self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def may_validate(self, field: str, day: date) -> bool:
        """Whether it is a level-1 metrologist's certificate or a senior title, for the field and valid on the day. Source: B-4.5-c."""
        if self.kind == self.Kind.METROLOGIST:
            high = self.level == self.Level.ONE
        else:
            high = self.kind == self.Kind.TITLE and self.level in (self.Level.SENIOR, self.Level.PROFESSOR)
        return high and self.covers(field) and self.valid_on(day)

    def covers(self, field: str) -> bool:
        """Whether the speciality reaches over the field; every one does where no field is asked for."""
        named = [
            part.strip() for part in self.speciality.replace(",", "、").replace("，", "、").split("、") if part.strip()
        ]
        return not named or not field or field in named or any(part in ALL_FIELDS for part in named)


class Experience(RegisterRow):
    """工作经历: where somebody worked before or works now, counted in years of metrology or of an industry."""

    class Kind(models.TextChoices):
        METROLOGY = "metrology", _("计量工作")
        INDUSTRY = "industry", _("产业工作")

    employment = _employment(_("人员"))
    kind = models.CharField(_("经历种类"), max_length=10, choices=Kind)
    employer = models.CharField(_("工作单位"), max_length=100, help_text=_("在本机构的计量工作也要登记"))
    post = models.CharField(_("岗位"), max_length=60, blank=True)
    started_on = models.DateField(_("起"))
    ended_on = models.DateField(_("止"), null=True, blank=True, help_text=_("至今的不填"))
    file = _file(_("证明材料"))

    class Meta:
        verbose_name = _("工作经历")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_on=None) | models.Q(ended_on__gte=models.F("started_on")),
                name="experience_ends_after_it_begins",
            )
        ]

    def __str__(self):
        return f"{self.employment} {self.employer}"


class TrainingPlan(RegisterRow):
    """培训计划 of a year: for which present and expected tasks people are trained."""

    year = models.PositiveSmallIntegerField(_("年度"))
    title = models.CharField(_("计划名称"), max_length=100)
    tasks = models.TextField(_("对应的任务"), max_length=1000, help_text=_("现有的和预期的任务，分别需要什么培训"))
    approved_on = models.DateField(_("批准日期"))
    file = _file(_("计划文件"))

    class Meta:
        verbose_name = _("培训计划")

    def __str__(self):
        return f"{self.year} {self.title}"


class Training(RegisterRow):
    """培训: what was taught on a day, by whom, and whether it has had an effect."""

    class Kind(models.TextChoices):
        LAW = "law", _("法律法规")
        TECHNICAL = "technical", _("专业技术")
        PRACTICAL = "practical", _("实际操作")
        THEORY = "theory", _("理论基础")
        SKILLS = "skills", _("技能提升")
        INTEGRITY = "integrity", _("诚信计量")
        CONFIDENTIALITY = "confidentiality", _("保密")
        SAFETY = "safety", _("安全")
        MANAGEMENT = "management", _("管理体系")
        SERVICE = "service", _("服务礼仪")
        OTHER = "other", _("其他")

    class Organiser(models.TextChoices):
        INTERNAL = "internal", _("内部")
        EXTERNAL = "external", _("外部机构")
        COMMITTEE = "technical_committee", _("技术委员会")
        SOCIETY = "society", _("学会")
        ASSOCIATION = "association", _("协会")

    title = models.CharField(_("培训内容"), max_length=120)
    kind = models.CharField(_("种类"), max_length=20, choices=Kind)
    field = models.CharField(_("专业领域"), max_length=30, blank=True, help_text=_("不分专业的不填"))
    organiser_kind = models.CharField(_("组织方"), max_length=20, choices=Organiser, default=Organiser.INTERNAL)
    organiser = models.CharField(_("组织单位"), max_length=100, blank=True, help_text=_("内部培训不填"))
    held_on = models.DateField(_("培训日期"))
    hours = models.DecimalField(_("学时"), max_digits=6, decimal_places=1)
    trainer = _employment(_("培训教师（本机构）"), null=True, blank=True)
    plan = models.ForeignKey(
        TrainingPlan, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所属计划")
    )
    file = _file(_("签到表或教材"))
    effectiveness = models.TextField(_("有效性评价"), max_length=1000, blank=True, help_text=_("培训后补填"))
    evaluated_on = models.DateField(_("评价日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("培训")
        indexes = [models.Index(fields=["institution", "-held_on", "-id"], name="training_newest_first")]
        constraints = [models.CheckConstraint(condition=models.Q(hours__gt=0), name="training_takes_time")]

    def __str__(self):
        return f"{self.held_on} {self.title}"


class TrainingAttendance(RegisterRow):
    """参训记录: somebody took part, and how the assessment went."""

    class Result(models.TextChoices):
        PASSED = "passed", _("考核合格")
        FAILED = "failed", _("考核不合格")
        NONE = "none", _("未考核")

    training = models.ForeignKey(Training, on_delete=models.PROTECT, related_name="attendances", verbose_name=_("培训"))
    employment = _employment(_("人员"))
    result = models.CharField(_("考核结果"), max_length=10, choices=Result, default=Result.NONE)
    score = models.DecimalField(_("成绩"), max_digits=5, decimal_places=1, null=True, blank=True)

    class Meta:
        verbose_name = _("参训记录")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "training", "employment"], condition=models.Q(state="current"),
                name="attends_a_training_once",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.employment} {self.training}"


class ProtectiveIssue(RegisterRow):
    """防护用品: what was handed to somebody, and until when it protects. Source: B-6.1.3-s1."""

    employment = _employment(_("领用人"))
    item = models.CharField(_("用品"), max_length=80)
    issued_on = models.DateField(_("发放日期"))
    replace_by = models.DateField(_("更换期限"), null=True, blank=True, help_text=_("不用定期更换的不填"))

    class Meta:
        verbose_name = _("防护用品")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(replace_by=None) | models.Q(replace_by__gte=models.F("issued_on")),
                name="protection_lasts",
            )
        ]

    def __str__(self):
        return f"{self.employment} {self.item}"
