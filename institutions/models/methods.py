"""Methods: the platform's catalogue of JJG and JJF, an institution's own ones, what is adopted where, and 查新."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models import RegisterRow
from portal.tenancy import TenantQuerySet, new_ref

# Source: C-5.2.3-s1. A shorter interval is the laboratory's own choice.
REVIEW_EVERY = timedelta(days=180)


class MethodQuerySet(models.QuerySet):
    def visible_to(self, actor):
        """The catalogue, and the actor's institution's own methods."""
        return self if actor.sees_all else self.available_to(actor.institution_id)

    def available_to(self, institution_id: int | None):
        """The catalogue, and this institution's own methods."""
        return self.filter(models.Q(owner=None) | models.Q(owner_id=institution_id))

    def in_force_on(self, day: date):
        """现行有效 on that day."""
        return self.filter(in_force_from__lte=day).filter(
            models.Q(in_force_until=None) | models.Q(in_force_until__gt=day)
        )


class Method(models.Model):
    """A method under its code, edition included: of the platform's catalogue, or with an `owner` an institution's own.

    Everybody reads the catalogue, an own method only its institution and the regulator of that; the database sees to
    both, and to that nobody points at a stranger's (see methods/guard.py). `status_checked`: whether the portal itself
    has seen the days and the status on an official page.
    """

    class Kind(models.TextChoices):
        REGULATION = "verification_regulation", _("检定规程")
        SPECIFICATION = "calibration_specification", _("校准规范")
        LOCAL_REGULATION = "local_regulation", _("部门或地方检定规程")
        LOCAL_SPECIFICATION = "local_specification", _("部门或地方校准规范")
        NATIONAL_STANDARD = "national_standard", _("国家或行业标准")
        INTERNATIONAL = "international_standard", _("国际或区域标准")
        NON_STANDARD = "non_standard", _("非标准方法")
        GENERAL = "general_rules", _("通用技术规范")

    protection = "no_delete"

    ref = models.CharField(max_length=12, default=new_ref, unique=True, editable=False)
    owner = models.ForeignKey(
        "institutions.Institution", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    code = models.CharField(_("编号"), max_length=40)
    title = models.CharField(_("名称"), max_length=120)
    title_en = models.CharField(_("英文名称"), max_length=200, blank=True)
    kind = models.CharField(_("种类"), max_length=30, choices=Kind)
    in_force_from = models.DateField(_("实施日期"))
    in_force_until = models.DateField(_("废止日期"), null=True, blank=True)
    replaced_by = models.CharField(_("代替标准"), max_length=40, blank=True)
    status_checked = models.BooleanField(_("状态已核对"), default=True)
    note = models.CharField(_("说明"), max_length=200, blank=True)

    objects = MethodQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code"], condition=models.Q(owner=None), name="method_code_once_in_the_catalogue"
            ),
            models.UniqueConstraint(fields=["owner", "code"], name="method_code_once_per_owner"),
        ]

    def __str__(self):
        return f"{self.code} {self.title}"

    def in_force_on(self, day: date) -> bool:
        """现行有效 on that day."""
        return self.in_force_from <= day and (self.in_force_until is None or day < self.in_force_until)

    @property
    def is_standard(self) -> bool:
        """Whether it was published by somebody else than its user, so that it needs verification but no validation."""
        return self.kind != self.Kind.NON_STANDARD


class AdoptionQuerySet(TenantQuerySet):
    def living(self):
        """Adoptions that measurements may rest on from now on."""
        return self.filter(state=MethodAdoption.State.CURRENT, ended_on=None)

    def in_force_on(self, day: date):
        """Verified by that day, and not given up by then."""
        begun = self.filter(state=MethodAdoption.State.CURRENT, verified_on__lte=day)
        return begun.filter(models.Q(ended_on=None) | models.Q(ended_on__gt=day))


class MethodAdoption(RegisterRow):
    """A method taken into use at a site after 方法验证: who verified it, when, and what proves it. Source: C-5.2.4-s2."""

    method = models.ForeignKey(Method, on_delete=models.PROTECT, verbose_name=_("方法"))
    site = models.ForeignKey("institutions.Site", on_delete=models.PROTECT, verbose_name=_("采用场所"))
    verified_on = models.DateField(_("验证日期"), help_text=_("验证完成的日期；此日之前不能用这个方法出数据"))
    verified_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("验证人")
    )
    report_number = models.CharField(_("验证报告编号"), max_length=60, blank=True)
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("验证记录或报告"),
    )  # fmt: skip
    ended_on = models.DateField(
        _("停用日期"),
        null=True,
        blank=True,
        help_text=_("方法失效或不再使用时填；从这一天起不能再用，已有记录不受影响"),
    )

    objects = AdoptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("方法采用")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "method", "site"], condition=models.Q(state="current"),
                name="method_adopted_once_per_site",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.method.code} @ {self.site}"

    @property
    def has_evidence(self) -> bool:
        return bool(self.report_number or self.file_id)

    def clean(self):
        if not self.has_evidence:
            raise ValidationError(_("请上传验证记录，或填写验证报告编号：没有证据，不算完成方法验证。"))


class OwnMethod(RegisterRow):
    """A method that is not in the catalogue, from its draft to the day it is given up. Source: B-4.6-s4, B-6.1.2-s4.

    Until it is in force there is no Method to point at, so that nothing can use it. One that its own users made is
    validated first by somebody entitled to; one that others published needs the verification only.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        VALIDATED = "validated", _("已确认")
        CURRENT = "current", _("现行有效")
        WITHDRAWN = "withdrawn", _("已作废")

    class Origin(models.TextChoices):
        IN_HOUSE = "in_house", _("自编方法")
        CUSTOMER = "customer", _("客户提供的方法")
        MODIFIED = "modified", _("改动过的标准方法")
        OUT_OF_SCOPE = "out_of_intended_scope", _("超出预定范围使用的标准方法")
        PUBLISHED = "published", _("目录外的标准方法")

    state = models.CharField(_("状态"), max_length=20, choices=State, default=State.DRAFT)
    origin = models.CharField(
        _("来源"), max_length=30, choices=Origin, help_text=_("除“目录外的标准方法”外，都是非标准方法，用前须确认")
    )
    kind = models.CharField(_("种类"), max_length=30, choices=Method.Kind, default=Method.Kind.NON_STANDARD)
    code = models.CharField(_("编号"), max_length=40, help_text=_("含版本或年号，例如 QF-07-2026；新版本用新编号"))
    title = models.CharField(_("名称"), max_length=120)
    title_en = models.CharField(_("英文名称"), max_length=140, blank=True)
    field = models.CharField(_("专业领域"), max_length=30, help_text=_("与授权的专业一致，例如 压力"))
    intended_use = models.CharField(_("适用范围和选用理由"), max_length=400)
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="editions", verbose_name=_("代替的旧版本"),
        help_text=_("新版本实施当天，旧版本自动作废"),
    )  # fmt: skip
    developer = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("开发人"), help_text=_("非标准方法必填：一级注册计量师，或高级职称"),
    )  # fmt: skip
    text = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("方法全文"),
    )  # fmt: skip
    validated_on = models.DateField(_("确认日期"), null=True, blank=True)
    validator = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("确认人"),
    )  # fmt: skip
    validation = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("确认记录"),
    )  # fmt: skip
    evaluation = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("不确定度评定报告"),
    )  # fmt: skip
    method = models.OneToOneField(
        Method, on_delete=models.PROTECT, null=True, blank=True, related_name="papers", editable=False
    )

    class Meta:
        verbose_name = _("目录外方法")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "code"], condition=~models.Q(state="withdrawn"), name="own_method_code_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="current") | models.Q(method__isnull=False), name="current_own_method_has_a_method"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["validated", "current"])
                | models.Q(origin="published")
                | models.Q(validated_on__isnull=False, validator__isnull=False, validation__isnull=False,
                           evaluation__isnull=False, text__isnull=False, developer__isnull=False),
                name="non_standard_method_is_validated",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.code} {self.title}"

    @property
    def is_non_standard(self) -> bool:
        return self.origin != self.Origin.PUBLISHED


class ReviewQuerySet(TenantQuerySet):
    def latest(self):
        """Of each method, the review that counts: the newest one not withdrawn."""
        return self.filter(state="current").order_by("method", "-reviewed_on", "-pk").distinct("method")


class MethodReview(RegisterRow):
    """查新: somebody looked in a named source whether a method in use is still the current edition. Source: C-5.2.3-s1."""

    class Result(models.TextChoices):
        CURRENT = "current", _("现行有效")
        SUPERSEDED = "superseded", _("已被代替")
        ABOLISHED = "abolished", _("已废止")

    method = models.ForeignKey(Method, on_delete=models.PROTECT, verbose_name=_("方法"))
    reviewed_on = models.DateField(_("查新日期"))
    reviewer = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("查新人")
    )
    source = models.CharField(_("查新来源"), max_length=150, help_text=_("查的是哪个网站、目录或公告，写到能再查一次"))
    result = models.CharField(_("结果"), max_length=12, choices=Result, default=Result.CURRENT)
    ends_on = models.DateField(
        _("失效日期"), null=True, blank=True, help_text=_("被代替或废止时必填：新版本实施或公告废止的日期")
    )
    successor = models.CharField(_("新版本编号"), max_length=40, blank=True)
    next_review_on = models.DateField(_("下次查新"), null=True, blank=True, help_text=_("不填就是 180 天以后"))
    note = models.CharField(_("说明"), max_length=200, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("方法查新")
        indexes = [models.Index(fields=["institution", "method", "-reviewed_on"], name="review_of_method")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(result="current", ends_on=None)
                | models.Q(~models.Q(result="current"), ends_on__isnull=False),
                name="ended_method_has_a_last_day",
            ),
            models.CheckConstraint(
                condition=models.Q(next_review_on__gt=models.F("reviewed_on")), name="next_review_is_later"
            ),
        ]

    def __str__(self):
        return f"{self.method.code} {self.reviewed_on}"

    def clean(self):
        if self.next_review_on is None and self.reviewed_on is not None:
            self.next_review_on = self.reviewed_on + REVIEW_EVERY
