import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import institutions.system_documents
import portal.clock
import portal.tenancy
from portal.migrating import together
from portal.tenancy import TenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("institutions", "0005_sign_in_and_sealed_fields"),
        ("portal", "0010_imports_of_registers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Activity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("integrity_culture", "诚信文化宣传"),
                            ("new_technology", "新技术研究与应用"),
                            ("csr_review", "社会责任自我评价"),
                            ("society", "学协会与技术委员会活动"),
                            ("public_welfare", "公益活动"),
                            ("policy_service", "服务政策与产业"),
                            ("brand_publicity", "品牌宣传"),
                            ("culture", "文化活动"),
                            ("transfer", "成果转化与联合攻关"),
                            ("guidance", "专家指导"),
                        ],
                        max_length=30,
                        verbose_name="活动种类",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="活动名称")),
                ("held_on", models.DateField(verbose_name="日期")),
                ("description", models.TextField(blank=True, verbose_name="内容与参加人")),
                (
                    "aspects",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("law", "守法"),
                                ("social_impact", "社会影响"),
                                ("public_welfare", "公益"),
                                ("certifications", "体系认证"),
                                ("credit", "信用状况"),
                                ("esg", "ESG"),
                                ("quality", "质量影响"),
                                ("safety", "安全影响"),
                                ("environment", "环境影响"),
                                ("energy", "节能影响"),
                                ("public_health", "公共卫生影响"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        help_text="只有社会责任自我评价需要",
                        size=None,
                        verbose_name="评价了哪些方面",
                    ),
                ),
                ("checked_true", models.BooleanField(default=False, verbose_name="宣传内容已核实属实")),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="证明文件",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "活动",
            },
        ),
        migrations.CreateModel(
            name="ArchiveClass",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "archive",
                    models.CharField(
                        choices=[
                            ("staff", "人员档案"),
                            ("documents", "文件档案"),
                            ("equipment", "设备档案"),
                            ("raw_records", "原始记录档案"),
                            ("certificates", "证书档案"),
                        ],
                        max_length=20,
                        verbose_name="档案类别",
                    ),
                ),
                (
                    "confidentiality",
                    models.CharField(
                        choices=[("open", "公开"), ("internal", "内部"), ("confidential", "保密")],
                        max_length=20,
                        verbose_name="保密范围",
                    ),
                ),
                ("measure", models.TextField(verbose_name="保密措施")),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "keeper",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="保管人",
                    ),
                ),
            ],
            options={
                "verbose_name": "档案类别",
            },
        ),
        migrations.CreateModel(
            name="Award",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("award", "奖项"), ("praise", "客户、供方或政府评价")],
                        max_length=10,
                        verbose_name="种类",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="名称")),
                ("issuer", models.CharField(max_length=100, verbose_name="颁发方")),
                ("awarded_on", models.DateField(verbose_name="日期")),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="证明文件",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "荣誉与评价",
            },
        ),
        migrations.CreateModel(
            name="Brand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="品牌名称")),
                ("design", models.TextField(verbose_name="标识与设计说明")),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="标识图样",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "品牌",
            },
        ),
        migrations.CreateModel(
            name="Isolation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                ("first", models.CharField(max_length=60, verbose_name="项目或区域甲")),
                ("second", models.CharField(max_length=60, verbose_name="项目或区域乙")),
                ("measure", models.TextField(help_text="怎样隔离、怎样防止交叉影响", verbose_name="隔离措施")),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="证明文件",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "隔离措施",
            },
        ),
        migrations.CreateModel(
            name="KeyPerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("legal_representative", "法定代表人"),
                            ("controlling_shareholder", "控股股东"),
                            ("actual_controller", "实际控制人"),
                            ("director", "董事"),
                            ("supervisor", "监事"),
                            ("senior_manager", "高级管理人员"),
                            ("quality_manager", "质量负责人"),
                            ("top_management", "最高管理层"),
                        ],
                        max_length=30,
                        verbose_name="身份",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="姓名或名称")),
                ("valid_from", models.DateField(verbose_name="任职自")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="任职至")),
                (
                    "employment",
                    models.ForeignKey(
                        blank=True,
                        help_text="在本机构从业的请选上，资格从人员台账读取",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="本机构人员",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "关键人员",
            },
        ),
        migrations.CreateModel(
            name="Declaration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("impartiality", "公正性声明（法定代表人）"),
                            ("liability", "法律责任声明（法定代表人）"),
                            ("cnas_gap", "对照 CNAS-CL01 自查声明"),
                            ("confidentiality", "保密承诺（个人）"),
                            ("no_conflict", "无利益冲突声明（个人）"),
                            ("no_pressure", "未受不当压力声明（个人）"),
                            ("window_check", "服务窗口自查声明"),
                            ("premises", "场所条件满足声明"),
                            ("nothing_to_isolate", "没有互不相容项目的声明"),
                            ("nothing_to_reward", "本年无奖惩的声明"),
                            ("no_ppe", "岗位无需防护用品的评估（个人）"),
                        ],
                        max_length=30,
                        verbose_name="声明种类",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="签署日期")),
                ("valid_until", models.DateField(help_text="最长 12 个月", verbose_name="有效期至")),
                ("statement", models.TextField(blank=True, verbose_name="声明要点")),
                (
                    "employment",
                    models.ForeignKey(
                        blank=True,
                        help_text="个人声明选本人",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="签署人（本机构人员）",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="签字扫描件",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "signed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.keyperson",
                        verbose_name="签署人（关键人员）",
                    ),
                ),
            ],
            options={
                "verbose_name": "声明",
            },
        ),
        migrations.CreateModel(
            name="LegalStatus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                ("since", models.DateField(verbose_name="自何日起")),
                (
                    "legal_form",
                    models.CharField(
                        choices=[("legal_person", "法人"), ("other_org", "其他组织"), ("defined_part", "法人内设机构")],
                        max_length=20,
                        verbose_name="法律形式",
                    ),
                ),
                (
                    "business_status",
                    models.CharField(
                        choices=[
                            ("operating", "正常经营"),
                            ("suspended", "停业"),
                            ("closed", "注销"),
                            ("revoked", "被吊销"),
                        ],
                        max_length=20,
                        verbose_name="经营状态",
                    ),
                ),
                ("registered_on", models.DateField(blank=True, null=True, verbose_name="成立日期")),
                (
                    "parent_entity",
                    models.CharField(
                        blank=True,
                        help_text="内设机构必填：承担法律责任的法人全称",
                        max_length=100,
                        verbose_name="上级法人",
                    ),
                ),
                ("authorised_until", models.DateField(blank=True, null=True, verbose_name="授权有效期至")),
                (
                    "system",
                    models.CharField(
                        choices=[("civil", "地方和企业"), ("defence", "军工系统")],
                        default="civil",
                        max_length=10,
                        verbose_name="所属系统",
                    ),
                ),
                (
                    "is_industry_centre",
                    models.BooleanField(
                        default=False, help_text="须先登记有效的批准文件（资质）", verbose_name="产业计量测试中心"
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "parent_authorisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="上级授权书",
                    ),
                ),
            ],
            options={
                "verbose_name": "法律地位",
            },
        ),
        migrations.CreateModel(
            name="ManagementDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=institutions.system_documents.choices, max_length=40, verbose_name="文件种类"
                    ),
                ),
                ("number", models.CharField(max_length=60, verbose_name="文件编号")),
                ("title", models.CharField(max_length=120, verbose_name="文件名称")),
                ("version", models.CharField(max_length=20, verbose_name="版本")),
                ("valid_from", models.DateField(verbose_name="实施日期")),
                (
                    "valid_until",
                    models.DateField(
                        blank=True, help_text="最后一天有效；现行的留空", null=True, verbose_name="废止日期"
                    ),
                ),
                ("next_review_on", models.DateField(blank=True, null=True, verbose_name="下次评审")),
                ("sections", models.JSONField(blank=True, default=dict, verbose_name="章节对照")),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="依据、来源、覆盖范围等", max_length=300, verbose_name="备注"
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="批准人",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="编制或修订人",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="文件全文",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "method",
                    models.ForeignKey(
                        blank=True,
                        help_text="作业指导书请选",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.method",
                        verbose_name="适用的方法",
                    ),
                ),
                (
                    "responsible",
                    models.ForeignKey(
                        blank=True,
                        help_text="文件规定由谁负责；制度类文件请填写",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="责任人",
                    ),
                ),
            ],
            options={
                "verbose_name": "体系文件",
            },
        ),
        migrations.CreateModel(
            name="Incentive",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("reward", "奖励"), ("penalty", "处罚")], max_length=10, verbose_name="种类"
                    ),
                ),
                ("decided_on", models.DateField(verbose_name="决定日期")),
                ("reason", models.TextField(verbose_name="事由")),
                (
                    "employment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="人员",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="证明文件",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.managementdocument",
                        verbose_name="依据的制度",
                    ),
                ),
            ],
            options={
                "verbose_name": "奖惩记录",
            },
        ),
        migrations.CreateModel(
            name="PublicItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("law", "法规依据"),
                            ("authorisation", "授权与资质"),
                            ("process_in_lab", "送检流程"),
                            ("process_on_site", "现场服务流程"),
                            ("fees", "收费标准"),
                            ("time_limit", "办理时限"),
                            ("service_promise", "服务承诺"),
                            ("capability", "能力范围"),
                            ("complaint_channel", "投诉渠道"),
                        ],
                        max_length=30,
                        verbose_name="公示内容",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="标题")),
                ("content", models.TextField(verbose_name="内容")),
                ("published_on", models.DateField(verbose_name="公示日期")),
                ("next_review_on", models.DateField(verbose_name="下次核对")),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "photo",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="窗口公示照片",
                    ),
                ),
            ],
            options={
                "verbose_name": "公示内容",
            },
        ),
        migrations.CreateModel(
            name="PublicItemCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                ("checked_on", models.DateField(verbose_name="核对日期")),
                (
                    "result",
                    models.CharField(
                        choices=[("right", "一致"), ("wrong", "需要更正")], max_length=10, verbose_name="结果"
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="说明")),
                (
                    "checked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="核对人",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checks",
                        to="institutions.publicitem",
                        verbose_name="公示内容",
                    ),
                ),
            ],
            options={
                "verbose_name": "公示核对",
            },
        ),
        migrations.CreateModel(
            name="RegisterCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("dishonesty", "严重违法失信名单"),
                            ("enterprise_credit", "国家企业信用信息公示系统"),
                            ("credit_china", "信用中国"),
                            ("penalties", "行政处罚公示"),
                        ],
                        max_length=30,
                        verbose_name="查询的名单",
                    ),
                ),
                ("checked_on", models.DateField(verbose_name="查询日期")),
                (
                    "result",
                    models.CharField(
                        choices=[("nothing", "无记录"), ("found", "有记录")], max_length=10, verbose_name="结果"
                    ),
                ),
                ("found", models.TextField(blank=True, verbose_name="查到的内容")),
                (
                    "checked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="查询人",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="查询截图",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "key_person",
                    models.ForeignKey(
                        blank=True,
                        help_text="查机构本身的留空",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.keyperson",
                        verbose_name="查询对象",
                    ),
                ),
            ],
            options={
                "verbose_name": "名单查询",
            },
        ),
        migrations.CreateModel(
            name="ResearchProject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="项目名称")),
                (
                    "lead",
                    models.CharField(
                        choices=[("self", "本机构牵头"), ("other", "参加")], max_length=10, verbose_name="牵头"
                    ),
                ),
                ("application", models.CharField(max_length=100, verbose_name="应用的产业领域")),
                ("valid_from", models.DateField(verbose_name="开始日期")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="结束日期")),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="立项文件",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "研发项目",
            },
        ),
        migrations.CreateModel(
            name="Partnership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("society", "学会、协会、技术委员会成员"),
                            ("cooperation", "与高校、院所、企业合作"),
                            ("alliance", "公共平台或联盟"),
                            ("innovation_team", "创新团队"),
                            ("expert", "产业计量专家"),
                        ],
                        max_length=20,
                        verbose_name="种类",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="名称")),
                ("partners", models.TextField(verbose_name="成员或合作方")),
                ("lead", models.CharField(blank=True, max_length=60, verbose_name="负责人")),
                ("valid_from", models.DateField(verbose_name="自何日起")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="至何日止")),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="协议或证明",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.researchproject",
                        verbose_name="联合项目",
                    ),
                ),
            ],
            options={
                "verbose_name": "合作与团队",
            },
        ),
        migrations.CreateModel(
            name="Room",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="房间或区域")),
                (
                    "area",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=10, null=True, verbose_name="面积（m²）"
                    ),
                ),
                ("quality_critical", models.BooleanField(default=False, verbose_name="影响检定校准质量")),
                (
                    "access_list",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="准入名单",
                    ),
                ),
                (
                    "access_log",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="进出记录",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.site",
                        verbose_name="场所",
                    ),
                ),
            ],
            options={
                "verbose_name": "房间或区域",
            },
        ),
        migrations.CreateModel(
            name="ServiceWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="窗口")),
                ("hours", models.CharField(max_length=80, verbose_name="服务时间")),
                ("phone", models.CharField(max_length=40, verbose_name="窗口电话")),
                ("valid_from", models.DateField(verbose_name="启用日期")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="停用日期")),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.site",
                        verbose_name="场所",
                    ),
                ),
            ],
            options={
                "verbose_name": "服务窗口",
            },
        ),
        migrations.CreateModel(
            name="Violation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("violation", "违法违规"),
                            ("penalty", "行政处罚"),
                            ("dishonesty_listing", "列入严重违法失信名单"),
                        ],
                        max_length=30,
                        verbose_name="种类",
                    ),
                ),
                ("issuer", models.CharField(max_length=100, verbose_name="决定机关")),
                ("number", models.CharField(max_length=80, verbose_name="文书编号")),
                ("summary", models.TextField(verbose_name="事由")),
                ("decided_on", models.DateField(verbose_name="决定日期")),
                (
                    "final_on",
                    models.DateField(
                        blank=True,
                        help_text="复议、诉讼期满或终审之日；未确定留空",
                        null=True,
                        verbose_name="生效确定日期",
                    ),
                ),
                ("integrity_related", models.BooleanField(default=False, verbose_name="涉及诚信")),
                ("revoked_on", models.DateField(blank=True, null=True, verbose_name="撤销或移出日期")),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="文书",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "key_person",
                    models.ForeignKey(
                        blank=True,
                        help_text="针对机构本身的留空",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.keyperson",
                        verbose_name="涉及的关键人员",
                    ),
                ),
            ],
            options={
                "verbose_name": "违法违规与处罚",
            },
        ),
        migrations.CreateModel(
            name="Department",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="部门")),
                ("duties", models.TextField(blank=True, verbose_name="职责")),
                (
                    "head",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="负责人",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "部门",
                "constraints": [models.UniqueConstraint(fields=("institution", "name"), name="department_named_once")],
            },
        ),
        migrations.CreateModel(
            name="InnovationFigure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "year",
                    models.PositiveSmallIntegerField(
                        validators=[django.core.validators.MaxValueValidator(2100)], verbose_name="年度"
                    ),
                ),
                (
                    "indicator",
                    models.CharField(
                        choices=[
                            ("cooperation", "产学研合作"),
                            ("projects", "科研立项"),
                            ("utility_patents", "实用新型专利"),
                            ("invention_patents", "发明专利"),
                            ("papers", "论文论著"),
                            ("software", "软件著作权"),
                            ("specifications", "参与制修订的计量技术规范"),
                            ("international_standards", "国际标准或指南"),
                            ("national_standards", "起草的国家标准、国家技术规范"),
                            ("international_papers", "国际刊物论文论著"),
                            ("science_awards", "国家、省科技奖"),
                            ("quality_awards", "中国、省质量奖"),
                            ("patent_awards", "中国专利奖"),
                        ],
                        max_length=30,
                        verbose_name="指标",
                    ),
                ),
                ("count", models.PositiveIntegerField(verbose_name="数量")),
                (
                    "references",
                    models.TextField(blank=True, help_text="每项一行；数量为 0 时可不填", verbose_name="名称与编号"),
                ),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="证明文件",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "创新指标",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "current")),
                        fields=("institution", "year", "indicator"),
                        name="innovation_figure_once_a_year",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DocumentRead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "read_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="确认时间"
                    ),
                ),
                (
                    "employment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="人员",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="readings",
                        to="institutions.managementdocument",
                        verbose_name="体系文件",
                    ),
                ),
            ],
            options={
                "verbose_name": "阅读确认",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("institution", "document", "employment"), name="read_once_a_version"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="YearFigures",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "有效"), ("withdrawn", "已作废")],
                        default="current",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "year",
                    models.PositiveSmallIntegerField(
                        validators=[django.core.validators.MaxValueValidator(2100)], verbose_name="年度"
                    ),
                ),
                ("headcount", models.PositiveIntegerField(verbose_name="从业人数")),
                ("inventory", models.PositiveIntegerField(verbose_name="器具总数")),
                ("research_staff", models.PositiveIntegerField(blank=True, null=True, verbose_name="研发人数")),
                (
                    "research_spend",
                    models.DecimalField(
                        blank=True, decimal_places=4, max_digits=14, null=True, verbose_name="技术开发费（万元）"
                    ),
                ),
                (
                    "calibration_revenue",
                    models.DecimalField(
                        blank=True, decimal_places=4, max_digits=14, null=True, verbose_name="校准收入（万元）"
                    ),
                ),
                (
                    "turnover_target",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="本机构自定的年度上限",
                        max_digits=5,
                        null=True,
                        verbose_name="校准人员流失率目标（%）",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="证明文件",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "年度数据",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "current")),
                        fields=("institution", "year"),
                        name="figures_once_a_year",
                    )
                ],
            },
        ),
        TenantTable("KeyPerson"),
        TenantTable("ManagementDocument"),
        TenantTable("PublicItem"),
        TenantTable("ResearchProject"),
        TenantTable("Activity"),
        TenantTable("ArchiveClass"),
        TenantTable("Award"),
        TenantTable("Brand"),
        TenantTable("Isolation"),
        TenantTable("Declaration"),
        TenantTable("LegalStatus"),
        TenantTable("Incentive"),
        TenantTable("PublicItemCheck"),
        TenantTable("RegisterCheck"),
        TenantTable("Partnership"),
        TenantTable("Room"),
        TenantTable("ServiceWindow"),
        TenantTable("Violation"),
        TenantTable("Department"),
        TenantTable("InnovationFigure"),
        TenantTable("YearFigures"),
        TenantTable("DocumentRead", append_only=True),
    ]
    operations = together(operations)
