"""诚信: declarations, what authorities found, searches of public registers, activities, awards."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models import RegisterRow

from .institution import ValidQuerySet
from .organisation import KeyPerson


def evidence(**options):
    """A column for an uploaded file."""
    return models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, related_name="+",
        **{"verbose_name": _("证明文件"), **options},
    )  # fmt: skip


class Declaration(RegisterRow):
    """声明: signed, on file, good for at most twelve months; it loses to data that say otherwise."""

    class Kind(models.TextChoices):
        IMPARTIALITY = "impartiality", _("公正性声明（法定代表人）")
        LIABILITY = "liability", _("法律责任声明（法定代表人）")
        CNAS_GAP = "cnas_gap", _("对照 CNAS-CL01 自查声明")
        CONFIDENTIALITY = "confidentiality", _("保密承诺（个人）")
        NO_CONFLICT = "no_conflict", _("无利益冲突声明（个人）")
        NO_PRESSURE = "no_pressure", _("未受不当压力声明（个人）")
        WINDOW_CHECK = "window_check", _("服务窗口自查声明")
        PREMISES = "premises", _("场所条件满足声明")
        NOTHING_TO_ISOLATE = "nothing_to_isolate", _("没有互不相容项目的声明")
        NOTHING_TO_REWARD = "nothing_to_reward", _("本年无奖惩的声明")
        NO_PPE = "no_ppe", _("岗位无需防护用品的评估（个人）")

    PERSONAL = (Kind.CONFIDENTIALITY, Kind.NO_CONFLICT, Kind.NO_PRESSURE, Kind.NO_PPE)

    kind = models.CharField(_("声明种类"), max_length=30, choices=Kind)
    signed_by = models.ForeignKey(
        KeyPerson,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("签署人（关键人员）"),
    )
    employment = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("签署人（本机构人员）"), help_text=_("个人声明选本人"),
    )  # fmt: skip
    valid_from = models.DateField(_("签署日期"))
    valid_until = models.DateField(_("有效期至"), help_text=_("最长 12 个月"))
    statement = models.TextField(_("声明要点"), blank=True)
    file = evidence(verbose_name=_("签字扫描件"))

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = _("声明")

    def __str__(self):
        return f"{self.get_kind_display()} {self.signer}"

    @property
    def signer(self) -> str:
        """Who signed, by name."""
        return str((self.employment or self.signed_by).name) if self.employment_id or self.signed_by_id else ""


class Violation(RegisterRow):
    """违法违规、行政处罚、严重违法失信名单: what an authority decided, when it became final, and whether it still stands."""

    class Kind(models.TextChoices):
        VIOLATION = "violation", _("违法违规")
        PENALTY = "penalty", _("行政处罚")
        DISHONESTY_LISTING = "dishonesty_listing", _("列入严重违法失信名单")

    kind = models.CharField(_("种类"), max_length=30, choices=Kind)
    key_person = models.ForeignKey(
        KeyPerson, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("涉及的关键人员"),
        help_text=_("针对机构本身的留空"),
    )  # fmt: skip
    issuer = models.CharField(_("决定机关"), max_length=100)
    number = models.CharField(_("文书编号"), max_length=80)
    summary = models.TextField(_("事由"))
    decided_on = models.DateField(_("决定日期"))
    final_on = models.DateField(
        _("生效确定日期"), null=True, blank=True, help_text=_("复议、诉讼期满或终审之日；未确定留空")
    )
    integrity_related = models.BooleanField(_("涉及诚信"), default=False)
    serious = models.BooleanField(_("重大违法违规"), default=False)
    metrology = models.BooleanField(_("计量类"), default=False, help_text=_("计量行政处罚；三年内有的不能承诺"))
    revoked_on = models.DateField(_("撤销或移出日期"), null=True, blank=True)
    by_regulator = models.BooleanField(_("监管部门登记"), default=False, editable=False)
    file = evidence(verbose_name=_("文书"))

    class Meta:
        verbose_name = _("违法违规与处罚")

    def __str__(self):
        return f"{self.get_kind_display()} {self.number}"


class RegisterCheck(RegisterRow):
    """名单查询: on a day somebody searched a public register for the institution or a key person; the result on file."""

    class Source(models.TextChoices):
        DISHONESTY = "dishonesty", _("严重违法失信名单")
        ENTERPRISE_CREDIT = "enterprise_credit", _("国家企业信用信息公示系统")
        CREDIT_CHINA = "credit_china", _("信用中国")
        PENALTIES = "penalties", _("行政处罚公示")

    class Result(models.TextChoices):
        NOTHING = "nothing", _("无记录")
        FOUND = "found", _("有记录")

    source = models.CharField(_("查询的名单"), max_length=30, choices=Source)
    key_person = models.ForeignKey(
        KeyPerson, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("查询对象"),
        help_text=_("查机构本身的留空"),
    )  # fmt: skip
    checked_on = models.DateField(_("查询日期"))
    checked_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("查询人")
    )
    result = models.CharField(_("结果"), max_length=10, choices=Result)
    found = models.TextField(_("查到的内容"), blank=True)
    file = evidence(verbose_name=_("查询截图"))

    class Meta:
        verbose_name = _("名单查询")

    def __str__(self):
        return f"{self.get_source_display()} {self.checked_on}"


class Activity(RegisterRow):
    """活动: what the institution did for integrity, society, policy, culture or new technology, and its evidence."""

    class Kind(models.TextChoices):
        INTEGRITY_CULTURE = "integrity_culture", _("诚信文化宣传")
        NEW_TECHNOLOGY = "new_technology", _("新技术研究与应用")
        RESPONSIBILITY_REVIEW = "csr_review", _("社会责任自我评价")
        SOCIETY = "society", _("学协会与技术委员会活动")
        PUBLIC_WELFARE = "public_welfare", _("公益活动")
        POLICY_SERVICE = "policy_service", _("服务政策与产业")
        BRAND_PUBLICITY = "brand_publicity", _("品牌宣传")
        CULTURE = "culture", _("文化活动")
        TRANSFER = "transfer", _("成果转化与联合攻关")
        GUIDANCE = "guidance", _("专家指导")

    class Aspect(models.TextChoices):
        LAW = "law", _("守法")
        SOCIAL_IMPACT = "social_impact", _("社会影响")
        PUBLIC_WELFARE = "public_welfare", _("公益")
        CERTIFICATIONS = "certifications", _("体系认证")
        CREDIT = "credit", _("信用状况")
        ESG = "esg", _("ESG")
        QUALITY = "quality", _("质量影响")
        SAFETY = "safety", _("安全影响")
        ENVIRONMENT = "environment", _("环境影响")
        ENERGY = "energy", _("节能影响")
        PUBLIC_HEALTH = "public_health", _("公共卫生影响")

    kind = models.CharField(_("活动种类"), max_length=30, choices=Kind)
    title = models.CharField(_("活动名称"), max_length=120)
    held_on = models.DateField(_("日期"))
    description = models.TextField(_("内容与参加人"), blank=True)
    aspects = ArrayField(
        models.CharField(max_length=20, choices=Aspect), default=list, blank=True, verbose_name=_("评价了哪些方面"),
        help_text=_("只有社会责任自我评价需要"),
    )  # fmt: skip
    checked_true = models.BooleanField(_("宣传内容已核实属实"), default=False)
    file = evidence()

    class Meta:
        verbose_name = _("活动")

    def __str__(self):
        return self.title


class Award(RegisterRow):
    """荣誉与评价: a prize, or a good word of a customer, supplier or authority, on file."""

    class Kind(models.TextChoices):
        AWARD = "award", _("奖项")
        PRAISE = "praise", _("客户、供方或政府评价")

    kind = models.CharField(_("种类"), max_length=10, choices=Kind)
    title = models.CharField(_("名称"), max_length=120)
    issuer = models.CharField(_("颁发方"), max_length=100)
    awarded_on = models.DateField(_("日期"))
    file = evidence()

    class Meta:
        verbose_name = _("荣誉与评价")

    def __str__(self):
        return self.title


class Incentive(RegisterRow):
    """奖惩记录 under the rules of integrity."""

    class Kind(models.TextChoices):
        REWARD = "reward", _("奖励")
        PENALTY = "penalty", _("处罚")

    kind = models.CharField(_("种类"), max_length=10, choices=Kind)
    employment = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("人员")
    )
    decided_on = models.DateField(_("决定日期"))
    reason = models.TextField(_("事由"))
    document = models.ForeignKey(
        "institutions.ManagementDocument", on_delete=models.PROTECT, related_name="+", verbose_name=_("依据的制度")
    )
    file = evidence(blank=True)

    class Meta:
        verbose_name = _("奖惩记录")

    def __str__(self):
        return f"{self.get_kind_display()} {self.employment}"
