"""What an institution is: its legal status, who stands for it, its departments, rooms and archives."""

from datetime import date

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.models import RegisterRow
from portal.tenancy import TenantQuerySet

from .institution import ValidQuerySet


class StatusQuerySet(TenantQuerySet):
    def on(self, day: date):
        """What holds that day, the latest statement first."""
        return self.filter(state=RegisterRow.State.CURRENT, since__lte=day).order_by("-since", "-pk")


class LegalStatus(RegisterRow):
    """法律地位 from a day on: legal form, whether the institution operates, and under whose authority. Latest one holds."""

    class LegalForm(models.TextChoices):
        LEGAL_PERSON = "legal_person", _("法人")
        OTHER_ORGANISATION = "other_org", _("其他组织")
        DEFINED_PART = "defined_part", _("法人内设机构")

    class BusinessStatus(models.TextChoices):
        OPERATING = "operating", _("正常经营")
        SUSPENDED = "suspended", _("停业")
        CLOSED = "closed", _("注销")
        REVOKED = "revoked", _("被吊销")

    class System(models.TextChoices):
        CIVIL = "civil", _("地方和企业")
        DEFENCE = "defence", _("军工系统")

    since = models.DateField(_("自何日起"))
    legal_form = models.CharField(_("法律形式"), max_length=20, choices=LegalForm)
    business_status = models.CharField(_("经营状态"), max_length=20, choices=BusinessStatus)
    registered_on = models.DateField(_("成立日期"), null=True, blank=True)
    parent_entity = models.CharField(
        _("上级法人"), max_length=100, blank=True, help_text=_("内设机构必填：承担法律责任的法人全称")
    )
    parent_authorisation = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("上级授权书"),
    )  # fmt: skip
    authorised_until = models.DateField(_("授权有效期至"), null=True, blank=True)
    system = models.CharField(_("所属系统"), max_length=10, choices=System, default=System.CIVIL)
    is_industry_centre = models.BooleanField(
        _("产业计量测试中心"), default=False, help_text=_("须先登记有效的批准文件（资质）")
    )

    objects = StatusQuerySet.as_manager()

    class Meta:
        verbose_name = _("法律地位")

    def __str__(self):
        return f"{self.get_legal_form_display()} · {self.get_business_status_display()}"


class KeyPerson(RegisterRow):
    """关键人员: who stands for the institution, owns or controls it, whether employed there or not."""

    class Role(models.TextChoices):
        LEGAL_REPRESENTATIVE = "legal_representative", _("法定代表人")
        CONTROLLING_SHAREHOLDER = "controlling_shareholder", _("控股股东")
        ACTUAL_CONTROLLER = "actual_controller", _("实际控制人")
        DIRECTOR = "director", _("董事")
        SUPERVISOR = "supervisor", _("监事")
        SENIOR_MANAGER = "senior_manager", _("高级管理人员")
        QUALITY_MANAGER = "quality_manager", _("质量负责人")
        TOP_MANAGEMENT = "top_management", _("最高管理层")

    role = models.CharField(_("身份"), max_length=30, choices=Role)
    name = models.CharField(_("姓名或名称"), max_length=100)
    employment = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("本机构人员"), help_text=_("在本机构从业的请选上，资格从人员台账读取"),
    )  # fmt: skip
    valid_from = models.DateField(_("任职自"))
    valid_until = models.DateField(_("任职至"), null=True, blank=True)

    objects = ValidQuerySet.as_manager()

    class Meta:
        verbose_name = _("关键人员")

    def __str__(self):
        return f"{self.get_role_display()} {self.name}"


class Department(RegisterRow):
    """部门: its head and what it is answerable for."""

    name = models.CharField(_("部门"), max_length=60)
    head = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("负责人"),
    )  # fmt: skip
    duties = models.TextField(_("职责"), blank=True)

    class Meta:
        verbose_name = _("部门")
        constraints = [models.UniqueConstraint(fields=["institution", "name"], name="department_named_once")]

    def __str__(self):
        return self.name


class Room(RegisterRow):
    """房间或区域 of a site; of one that matters for quality, who may enter and the log of who did."""

    site = models.ForeignKey("institutions.Site", on_delete=models.PROTECT, related_name="+", verbose_name=_("场所"))
    name = models.CharField(_("房间或区域"), max_length=60)
    area = models.DecimalField(_("面积（m²）"), max_digits=10, decimal_places=2, null=True, blank=True)
    quality_critical = models.BooleanField(_("影响检定校准质量"), default=False)
    access_list = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("准入名单"),
    )  # fmt: skip
    access_log = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("进出记录"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("房间或区域")

    def __str__(self):
        return f"{self.site} {self.name}"


class Isolation(RegisterRow):
    """隔离措施 between two activities or areas that do not go together."""

    first = models.CharField(_("项目或区域甲"), max_length=60)
    second = models.CharField(_("项目或区域乙"), max_length=60)
    measure = models.TextField(_("隔离措施"), help_text=_("怎样隔离、怎样防止交叉影响"))
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("证明文件"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("隔离措施")

    def __str__(self):
        return f"{self.first} / {self.second}"


class ArchiveClass(RegisterRow):
    """档案类别: one of the five kinds of archives, how confidential it is and what protects it."""

    class Archive(models.TextChoices):
        STAFF = "staff", _("人员档案")
        DOCUMENTS = "documents", _("文件档案")
        EQUIPMENT = "equipment", _("设备档案")
        RAW_RECORDS = "raw_records", _("原始记录档案")
        CERTIFICATES = "certificates", _("证书档案")

    class Level(models.TextChoices):
        OPEN = "open", _("公开")
        INTERNAL = "internal", _("内部")
        CONFIDENTIAL = "confidential", _("保密")

    archive = models.CharField(_("档案类别"), max_length=20, choices=Archive)
    confidentiality = models.CharField(_("保密范围"), max_length=20, choices=Level)
    measure = models.TextField(_("保密措施"))
    keeper = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("保管人"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("档案类别")

    def __str__(self):
        return self.get_archive_display()


class YearFigures(RegisterRow):
    """年度数据: totals the institution declares for a year, by which the portal's own counts are judged."""

    year = models.PositiveSmallIntegerField(_("年度"), validators=[MaxValueValidator(2100)])
    headcount = models.PositiveIntegerField(_("从业人数"))
    inventory = models.PositiveIntegerField(_("器具总数"))
    research_staff = models.PositiveIntegerField(_("研发人数"), null=True, blank=True)
    research_spend = models.DecimalField(
        _("技术开发费（万元）"), max_digits=14, decimal_places=4, null=True, blank=True
    )
    calibration_revenue = models.DecimalField(
        _("校准收入（万元）"), max_digits=14, decimal_places=4, null=True, blank=True
    )
    turnover_target = models.DecimalField(
        _("校准人员流失率目标（%）"), max_digits=5, decimal_places=2, null=True, blank=True,
        help_text=_("本机构自定的年度上限"),
    )  # fmt: skip
    file = models.ForeignKey(
        "portal.Document", on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("证明文件"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("年度数据")
        constraints = [
            models.UniqueConstraint(
                fields=["institution", "year"], condition=models.Q(state="current"), name="figures_once_a_year"
            )
        ]

    def __str__(self):
        return _("%(year)d 年") % {"year": self.year}
