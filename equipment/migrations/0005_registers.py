"""Equipment from purchase to scrap: clocks, events, points, checks, corrections, rooms, plans, labels, codes, stock."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import portal.clock
import portal.codes
import portal.tenancy
from portal.migrating import together
from portal.tenancy import TenantTable, composite_key

# Each traceability takes its confirmation along; what stands in the registers has been there since the first certificate.
WHAT_WAS_KNOWN = """
    ALTER TABLE equipment_traceability NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE equipment_equipment NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE equipment_measurementstandard NO FORCE ROW LEVEL SECURITY;
    INSERT INTO equipment_confirmation (institution_id, ref, traceability_id, requirement, requirement_text, finding,
        conclusion, restriction, confirmed_by_id, confirmed_on, recorded_at)
    SELECT institution_id, ref, id, 'use', '', '', 'fit', '', confirmed_by_id, confirmed_on, recorded_at
    FROM equipment_traceability;
    INSERT INTO equipment_equipmentevent (institution_id, ref, equipment_id, kind, happened_on, state_after, text, result)
    SELECT e.institution_id, e.ref, e.id, 'other', coalesce(min(t.calibrated_on), current_date), e.state, '建账', ''
    FROM equipment_equipment e LEFT JOIN equipment_traceability t ON t.equipment_id = e.id
    GROUP BY e.id;
    INSERT INTO equipment_standardevent (institution_id, ref, standard_id, kind, happened_on, state_after, text)
    SELECT institution_id, ref, id, 'other', assessed_on, state, '建账'
    FROM equipment_measurementstandard;
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE equipment_traceability FORCE ROW LEVEL SECURITY;
    ALTER TABLE equipment_equipment FORCE ROW LEVEL SECURITY;
    ALTER TABLE equipment_measurementstandard FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("equipment", "0004_register_at_any_length"),
        ("institutions", "0012_api_tokens"),
        ("portal", "0012_extensions_for_searching"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlternativeTraceability",
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
                    "reference",
                    models.CharField(
                        choices=[
                            ("material", "有证标准物质"),
                            ("agreed_method", "约定方法"),
                            ("consensus", "协议标准"),
                            ("comparison", "实验室间比对"),
                        ],
                        max_length=15,
                        verbose_name="替代方式",
                    ),
                ),
                ("justification", models.CharField(max_length=300, verbose_name="理由")),
                ("valid_from", models.DateField(verbose_name="生效日期")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="有效期至")),
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
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alternatives",
                        to="equipment.equipment",
                        verbose_name="设备",
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
                "verbose_name": "替代溯源",
            },
        ),
        migrations.CreateModel(
            name="CheckPlan",
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
                ("quantity", models.CharField(max_length=60, verbose_name="核查参数")),
                ("unit", models.CharField(max_length=30, verbose_name="单位")),
                ("nominal", models.DecimalField(decimal_places=12, max_digits=24, verbose_name="核查点")),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("limit", "与参考值之差不超过限值"),
                            ("h_value", "H 值：差值与合成不确定度之比不大于 1"),
                            ("chart", "控制图：均值 ± 3 倍标准偏差"),
                        ],
                        max_length=10,
                        verbose_name="判定规则",
                    ),
                ),
                (
                    "reference",
                    models.DecimalField(
                        decimal_places=12,
                        help_text="溯源后第一次核查的平均值，或核查标准的值",
                        max_digits=24,
                        verbose_name="参考值",
                    ),
                ),
                (
                    "limit",
                    models.DecimalField(blank=True, decimal_places=12, max_digits=24, null=True, verbose_name="限值"),
                ),
                (
                    "deviation",
                    models.DecimalField(
                        blank=True,
                        decimal_places=12,
                        help_text="控制图用",
                        max_digits=24,
                        null=True,
                        verbose_name="标准偏差 s",
                    ),
                ),
                (
                    "uncertainty",
                    models.DecimalField(
                        blank=True,
                        decimal_places=12,
                        help_text="H 值用，k = 2",
                        max_digits=24,
                        null=True,
                        verbose_name="核查值的 U",
                    ),
                ),
                (
                    "reference_uncertainty",
                    models.DecimalField(
                        blank=True,
                        decimal_places=12,
                        help_text="H 值用，k = 2",
                        max_digits=24,
                        null=True,
                        verbose_name="参考值的 U",
                    ),
                ),
                (
                    "check_standard",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="equipment.equipment",
                        verbose_name="核查标准",
                    ),
                ),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_plans",
                        to="equipment.equipment",
                        verbose_name="被核查设备",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "procedure",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.managementdocument",
                        verbose_name="核查程序",
                    ),
                ),
            ],
            options={
                "verbose_name": "核查方案",
            },
        ),
        migrations.CreateModel(
            name="CodeLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("linked", models.BooleanField(default=True)),
                ("because", models.CharField(blank=True, max_length=200, verbose_name="原因")),
                ("made_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="code_links", to="equipment.equipment"
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                    ),
                ),
            ],
            options={
                "verbose_name": "器具码关联",
            },
        ),
        migrations.CreateModel(
            name="Confirmation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "requirement",
                    models.CharField(
                        choices=[
                            ("mpe", "最大允许误差"),
                            ("uncertainty", "不确定度"),
                            ("range", "测量范围"),
                            ("use", "使用要求"),
                        ],
                        default="use",
                        max_length=20,
                        verbose_name="对照的要求",
                    ),
                ),
                ("requirement_text", models.CharField(blank=True, max_length=200, verbose_name="要求")),
                (
                    "permitted",
                    models.DecimalField(
                        blank=True,
                        decimal_places=12,
                        help_text="与证书的误差或 U 同一单位",
                        max_digits=24,
                        null=True,
                        verbose_name="允许值",
                    ),
                ),
                ("finding", models.CharField(blank=True, max_length=300, verbose_name="比较结果")),
                (
                    "conclusion",
                    models.CharField(
                        choices=[
                            ("fit", "满足要求"),
                            ("corrected", "带修正使用"),
                            ("restricted", "限制使用"),
                            ("unfit", "不满足要求"),
                        ],
                        default="fit",
                        max_length=12,
                        verbose_name="结论",
                    ),
                ),
                (
                    "restriction",
                    models.CharField(
                        blank=True, help_text="限制使用的写明范围或功能", max_length=200, verbose_name="限制"
                    ),
                ),
                ("confirmed_on", models.DateField(verbose_name="计量确认日期")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="计量确认人",
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
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "traceability",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmations",
                        to="equipment.traceability",
                    ),
                ),
            ],
            options={
                "verbose_name": "计量确认",
            },
        ),
        migrations.CreateModel(
            name="CopyUpdate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("updated_on", models.DateField(verbose_name="更新日期")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.employment"
                    ),
                ),
            ],
            options={
                "verbose_name": "修正值更新",
            },
        ),
        migrations.CreateModel(
            name="CorrectionCopy",
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
                            ("software", "软件"),
                            ("sheet", "原始记录模板或表格"),
                            ("instrument", "仪器内部"),
                            ("paper", "纸质文件"),
                        ],
                        max_length=12,
                        verbose_name="种类",
                    ),
                ),
                (
                    "place",
                    models.CharField(help_text="哪个软件、哪张表、哪台计算机", max_length=120, verbose_name="存放处"),
                ),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="correction_copies",
                        to="equipment.equipment",
                        verbose_name="设备",
                    ),
                ),
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
                        verbose_name="维护人",
                    ),
                ),
            ],
            options={
                "verbose_name": "修正值存放处",
            },
        ),
        migrations.CreateModel(
            name="CorrectionSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("edition", models.PositiveIntegerField(verbose_name="版次")),
                ("made_on", models.DateField(verbose_name="启用日期")),
                ("values", models.JSONField(default=list, verbose_name="修正值")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="correction_sets",
                        to="equipment.equipment",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "traceability",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="equipment.traceability"
                    ),
                ),
            ],
            options={
                "verbose_name": "修正值",
            },
        ),
        migrations.CreateModel(
            name="DeviceCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("blank", "空白"), ("linked", "已关联"), ("retired", "已停用")],
                        default="blank",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("token", models.CharField(default=portal.codes.new_token, max_length=26, unique=True)),
                ("made_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "equipment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="equipment.equipment",
                        verbose_name="设备",
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
                "verbose_name": "器具码",
            },
        ),
        migrations.CreateModel(
            name="EnvironmentAction",
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
                    "element",
                    models.CharField(
                        choices=[
                            ("temperature", "温度"),
                            ("humidity", "湿度"),
                            ("noise", "噪声（声级）"),
                            ("vibration", "振动"),
                            ("electromagnetic", "电磁干扰"),
                            ("wind", "风速"),
                            ("lighting", "照明"),
                            ("power", "供电"),
                            ("sterility", "生物消毒"),
                            ("dust", "灰尘"),
                            ("radiation", "辐射"),
                            ("pressure", "大气压"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                        verbose_name="要素",
                    ),
                ),
                ("began_at", models.DateTimeField(verbose_name="开始")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="恢复")),
                ("cause", models.CharField(max_length=200, verbose_name="原因")),
                (
                    "action",
                    models.CharField(
                        help_text="停止了哪些工作、怎样恢复、结果是否受影响", max_length=300, verbose_name="采取的措施"
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
                        verbose_name="记录",
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="处置人",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.room",
                        verbose_name="房间或区域",
                    ),
                ),
            ],
            options={
                "verbose_name": "环境超限处置",
            },
        ),
        migrations.CreateModel(
            name="EnvironmentReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "element",
                    models.CharField(
                        choices=[
                            ("temperature", "温度"),
                            ("humidity", "湿度"),
                            ("noise", "噪声（声级）"),
                            ("vibration", "振动"),
                            ("electromagnetic", "电磁干扰"),
                            ("wind", "风速"),
                            ("lighting", "照明"),
                            ("power", "供电"),
                            ("sterility", "生物消毒"),
                            ("dust", "灰尘"),
                            ("radiation", "辐射"),
                            ("pressure", "大气压"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                        verbose_name="要素",
                    ),
                ),
                ("value", models.DecimalField(decimal_places=6, max_digits=18, verbose_name="读数")),
                ("unit", models.CharField(max_length=30, verbose_name="单位")),
                ("taken_at", models.DateTimeField(verbose_name="时间")),
                (
                    "source",
                    models.CharField(
                        choices=[("manual", "人工"), ("automatic", "自动")], max_length=10, verbose_name="来源"
                    ),
                ),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "monitor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="equipment.equipment",
                        verbose_name="监测设备",
                    ),
                ),
                (
                    "noted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="记录人",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.room",
                        verbose_name="房间",
                    ),
                ),
            ],
            options={
                "verbose_name": "环境记录",
            },
        ),
        migrations.CreateModel(
            name="EnvironmentRequirement",
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
                    "element",
                    models.CharField(
                        choices=[
                            ("temperature", "温度"),
                            ("humidity", "湿度"),
                            ("noise", "噪声（声级）"),
                            ("vibration", "振动"),
                            ("electromagnetic", "电磁干扰"),
                            ("wind", "风速"),
                            ("lighting", "照明"),
                            ("power", "供电"),
                            ("sterility", "生物消毒"),
                            ("dust", "灰尘"),
                            ("radiation", "辐射"),
                            ("pressure", "大气压"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                        verbose_name="要素",
                    ),
                ),
                ("needed", models.BooleanField(default=True, verbose_name="需要控制")),
                (
                    "reason",
                    models.CharField(blank=True, help_text="不需要控制的写明理由", max_length=200, verbose_name="理由"),
                ),
                (
                    "low",
                    models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True, verbose_name="下限"),
                ),
                (
                    "high",
                    models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True, verbose_name="上限"),
                ),
                ("unit", models.CharField(blank=True, max_length=30, verbose_name="单位")),
                (
                    "interval_minutes",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(525600),
                        ],
                        verbose_name="记录间隔（分钟）",
                    ),
                ),
                ("strict", models.BooleanField(default=False, help_text="宜自动监测和记录", verbose_name="要求严苛")),
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
                        help_text="只对某个方法有要求的请选；空着是对房间里的全部工作",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.method",
                        verbose_name="方法",
                    ),
                ),
                (
                    "monitor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="equipment.equipment",
                        verbose_name="监测设备",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.room",
                        verbose_name="房间或区域",
                    ),
                ),
            ],
            options={
                "verbose_name": "环境要求",
            },
        ),
        migrations.CreateModel(
            name="EquipmentClock",
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
                            ("calibration", "校准"),
                            ("verification", "检定"),
                            ("intermediate_check", "期间核查"),
                            ("maintenance", "维护保养"),
                            ("stability", "稳定性考核"),
                            ("label_check", "标识与铅封检查"),
                            ("protection_check", "防调整措施检查"),
                        ],
                        max_length=20,
                        verbose_name="事项",
                    ),
                ),
                (
                    "needed",
                    models.BooleanField(
                        default=True, help_text="经评估不需要的，取消勾选并写明依据", verbose_name="需要"
                    ),
                ),
                (
                    "interval_months",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(120),
                        ],
                        verbose_name="间隔（月）",
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        help_text="规程条款、使用频度、历次结果、风险和成本；不需要的写明理由",
                        max_length=200,
                        verbose_name="依据",
                    ),
                ),
                (
                    "due_on",
                    models.DateField(blank=True, help_text="最后一个有效日", null=True, verbose_name="下次到期"),
                ),
                (
                    "lead_days",
                    models.PositiveSmallIntegerField(
                        default=30,
                        validators=[django.core.validators.MaxValueValidator(365)],
                        verbose_name="提前安排（天）",
                    ),
                ),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="equipment.equipment",
                        verbose_name="设备",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "responsible",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="责任人",
                    ),
                ),
            ],
            options={
                "verbose_name": "周期",
            },
        ),
        migrations.CreateModel(
            name="EquipmentEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("purchase", "购置"),
                            ("acceptance", "验收"),
                            ("return_verification", "投用前验证"),
                            ("maintenance", "维护保养"),
                            ("repair", "修理"),
                            ("adjustment", "调整"),
                            ("seal", "铅封变动"),
                            ("replacement", "更换部件"),
                            ("storage_check", "保管检查"),
                            ("label_check", "标识与铅封检查"),
                            ("protection_check", "防调整措施检查"),
                            ("overload", "过载"),
                            ("mishandled", "误操作"),
                            ("suspicious", "结果可疑"),
                            ("defect", "故障"),
                            ("out_of_spec", "超出规定限度"),
                            ("software", "软件变更"),
                            ("move", "移动"),
                            ("store", "封存"),
                            ("scrap", "报废"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                        verbose_name="事项",
                    ),
                ),
                ("happened_on", models.DateField(verbose_name="日期")),
                (
                    "state_after",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("new", "待投用"),
                            ("in_use", "在用"),
                            ("quarantined", "停用隔离"),
                            ("repair", "维修中"),
                            ("out_of_use", "封存"),
                            ("scrapped", "报废"),
                            ("withdrawn", "已作废"),
                        ],
                        max_length=20,
                    ),
                ),
                ("text", models.CharField(max_length=500, verbose_name="情况")),
                (
                    "result",
                    models.CharField(
                        blank=True,
                        choices=[("passed", "合格"), ("failed", "不合格")],
                        max_length=10,
                        verbose_name="结果",
                    ),
                ),
                ("next_on", models.DateField(blank=True, null=True, verbose_name="下次到期")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="批准人",
                    ),
                ),
                (
                    "done_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="执行人",
                    ),
                ),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="equipment.equipment",
                        verbose_name="设备",
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
                        verbose_name="记录",
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
                "verbose_name": "履历",
            },
        ),
        migrations.CreateModel(
            name="EquipmentPaper",
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
                            ("photo", "照片"),
                            ("manual", "说明书"),
                            ("acceptance", "验收记录"),
                            ("contract", "购置合同"),
                            ("validation", "软件确认记录"),
                            ("certificate", "标准物质证书"),
                            ("other", "其他"),
                        ],
                        max_length=15,
                        verbose_name="种类",
                    ),
                ),
                ("title", models.CharField(max_length=100, verbose_name="名称")),
                ("dated_on", models.DateField(blank=True, null=True, verbose_name="日期")),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="equipment.equipment",
                        verbose_name="设备",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="文件",
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
                "verbose_name": "设备档案",
            },
        ),
        migrations.CreateModel(
            name="EquipmentPlan",
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
                            ("provision", "器具配备计划"),
                            ("traceability", "溯源计划"),
                            ("inspection", "检查计划"),
                        ],
                        max_length=15,
                        verbose_name="计划种类",
                    ),
                ),
                (
                    "year",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(2000),
                            django.core.validators.MaxValueValidator(2100),
                        ],
                        verbose_name="年度",
                    ),
                ),
                ("approved_on", models.DateField(blank=True, null=True, verbose_name="批准日期")),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="批准人",
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
                        verbose_name="批准的计划",
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
                "verbose_name": "年度计划",
            },
        ),
        migrations.CreateModel(
            name="ExternalUse",
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
                ("owner", models.CharField(max_length=100, verbose_name="出借方")),
                ("valid_from", models.DateField(verbose_name="借用自")),
                ("valid_until", models.DateField(verbose_name="借用至")),
                ("traceability_checked", models.BooleanField(default=False, verbose_name="溯源已核对")),
                ("condition_checked", models.BooleanField(default=False, verbose_name="状态已检查")),
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
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="external_uses",
                        to="equipment.equipment",
                        verbose_name="借用的设备",
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
                        verbose_name="记录",
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
                "verbose_name": "借用检查",
            },
        ),
        migrations.CreateModel(
            name="ImpactQuestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "待评估"), ("answered", "已评估")],
                        default="open",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("since", models.DateField(blank=True, null=True, verbose_name="追溯起点")),
                ("until", models.DateField(verbose_name="追溯终点")),
                (
                    "conclusion",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("none", "对结果没有影响"),
                            ("some", "部分结果受影响，已列出处置"),
                            ("all", "期间结果全部受影响，已列出处置"),
                        ],
                        max_length=10,
                        verbose_name="结论",
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=1000, verbose_name="评估与处置")),
                ("looked_at", models.PositiveIntegerField(blank=True, null=True, verbose_name="涉及的记录数")),
                ("answered_on", models.DateField(blank=True, null=True, verbose_name="评估日期")),
                ("opened_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="评估人",
                    ),
                ),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="impact_questions",
                        to="equipment.equipment",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="equipment.equipmentevent"
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
                "verbose_name": "影响追溯",
            },
        ),
        migrations.CreateModel(
            name="IntermediateCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("performed_on", models.DateField(verbose_name="核查日期")),
                (
                    "readings",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=12, max_digits=24), size=None, verbose_name="读数"
                    ),
                ),
                ("mean", models.DecimalField(decimal_places=12, max_digits=24, verbose_name="平均值")),
                ("figure", models.DecimalField(decimal_places=12, max_digits=24, verbose_name="差值或 H 值")),
                (
                    "verdict",
                    models.CharField(
                        choices=[("passed", "合格"), ("warning", "预警"), ("failed", "不合格")],
                        max_length=10,
                        verbose_name="结论",
                    ),
                ),
                ("terms", models.JSONField(default=dict, verbose_name="判定时的方案")),
                ("conditions", models.CharField(blank=True, max_length=300, verbose_name="环境与说明")),
                ("next_on", models.DateField(blank=True, null=True, verbose_name="下次核查")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="equipment.equipment"
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
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "performed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="核查人",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checks",
                        to="equipment.checkplan",
                        verbose_name="核查方案",
                    ),
                ),
            ],
            options={
                "verbose_name": "期间核查",
            },
        ),
        migrations.CreateModel(
            name="Label",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("printed", "已打印"), ("void", "已作废")],
                        default="printed",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("serial", models.CharField(max_length=30, verbose_name="标识编号")),
                (
                    "word",
                    models.CharField(
                        choices=[("fit", "合格"), ("restricted", "准用"), ("stopped", "停用")],
                        max_length=12,
                        verbose_name="标识",
                    ),
                ),
                ("dated_on", models.DateField(blank=True, null=True, verbose_name="检定/校准日期")),
                ("valid_until", models.DateField(blank=True, null=True, verbose_name="有效期至")),
                ("restriction", models.CharField(blank=True, max_length=200, verbose_name="限制")),
                ("printed_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                ("void_because", models.CharField(blank=True, max_length=200, verbose_name="作废原因")),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="labels", to="equipment.equipment"
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "printed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                    ),
                ),
                (
                    "reprint_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reprints",
                        to="equipment.label",
                    ),
                ),
                (
                    "traceability",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="equipment.traceability",
                    ),
                ),
            ],
            options={
                "verbose_name": "状态标识",
            },
        ),
        migrations.CreateModel(
            name="MandatoryFile",
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
                ("receipt", models.CharField(help_text="官方系统给出的编号", max_length=60, verbose_name="备案回执号")),
                ("filed_on", models.DateField(verbose_name="备案日期")),
                ("verifying_body", models.CharField(max_length=100, verbose_name="检定机构")),
                ("certificate_number", models.CharField(max_length=80, verbose_name="检定证书编号")),
                ("due_on", models.DateField(verbose_name="检定有效期至")),
                ("updated_on", models.DateField(verbose_name="档案更新日期")),
                (
                    "equipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mandatory_files",
                        to="equipment.equipment",
                        verbose_name="强检器具",
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
                        verbose_name="备案回执",
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
                "verbose_name": "强检器具档案",
            },
        ),
        migrations.CreateModel(
            name="PlanLine",
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
                    "clock",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("calibration", "校准"),
                            ("verification", "检定"),
                            ("intermediate_check", "期间核查"),
                            ("maintenance", "维护保养"),
                            ("stability", "稳定性考核"),
                            ("label_check", "标识与铅封检查"),
                            ("protection_check", "防调整措施检查"),
                        ],
                        max_length=20,
                        verbose_name="事项",
                    ),
                ),
                ("what", models.CharField(max_length=200, verbose_name="内容")),
                ("due_on", models.DateField(verbose_name="完成期限")),
                ("done_on", models.DateField(blank=True, null=True, verbose_name="完成日期")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="说明")),
                (
                    "equipment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plan_lines",
                        to="equipment.equipment",
                        verbose_name="设备",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="equipment.equipmentplan",
                        verbose_name="计划",
                    ),
                ),
            ],
            options={
                "verbose_name": "计划事项",
            },
        ),
        migrations.CreateModel(
            name="ResourceSlot",
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
                    "category",
                    models.CharField(
                        choices=[
                            ("measuring_instrument", "测量仪器"),
                            ("software", "软件"),
                            ("measurement_standard", "测量标准"),
                            ("reference_material", "标准物质"),
                            ("reference_data", "参考数据"),
                            ("reagent", "试剂"),
                            ("consumable", "消耗品"),
                            ("auxiliary", "辅助装置"),
                        ],
                        max_length=25,
                        verbose_name="资源类别",
                    ),
                ),
                (
                    "needed",
                    models.BooleanField(
                        default=True, help_text="方法不需要这类资源的，取消勾选", verbose_name="方法需要"
                    ),
                ),
                (
                    "requirement",
                    models.CharField(
                        help_text="名称、准确度等；不需要的写明依据", max_length=200, verbose_name="方法的要求"
                    ),
                ),
                (
                    "range_low",
                    models.DecimalField(
                        blank=True, decimal_places=12, max_digits=24, null=True, verbose_name="要求下限"
                    ),
                ),
                (
                    "range_high",
                    models.DecimalField(
                        blank=True, decimal_places=12, max_digits=24, null=True, verbose_name="要求上限"
                    ),
                ),
                ("unit", models.CharField(blank=True, max_length=30, verbose_name="单位")),
                (
                    "equipment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="slots",
                        to="equipment.equipment",
                        verbose_name="配备的设备",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.method",
                        verbose_name="方法",
                    ),
                ),
            ],
            options={
                "verbose_name": "资源配备",
            },
        ),
        migrations.CreateModel(
            name="StandardChange",
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
                            ("main_standard", "更换计量标准器"),
                            ("supporting", "更换主要配套设备"),
                            ("method", "更换规程或规范"),
                            ("range", "改变测量范围或不确定度"),
                            ("place", "改变存放地点"),
                            ("holder", "更换建标单位名称"),
                            ("person", "更换负责人"),
                        ],
                        max_length=15,
                        verbose_name="变更种类",
                    ),
                ),
                ("changed_on", models.DateField(verbose_name="变更日期")),
                ("text", models.CharField(max_length=300, verbose_name="变更内容")),
                ("filed_on", models.DateField(blank=True, null=True, verbose_name="申报日期")),
                ("accepted_on", models.DateField(blank=True, null=True, verbose_name="受理或同意日期")),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="申报表",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "standard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="equipment.measurementstandard",
                        verbose_name="计量标准",
                    ),
                ),
            ],
            options={
                "verbose_name": "计量标准变更",
            },
        ),
        migrations.CreateModel(
            name="StandardEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("built", "建标"),
                            ("assessed", "取得考核证书"),
                            ("put_in_use", "投入使用"),
                            ("held", "暂停量值传递"),
                            ("released", "恢复量值传递"),
                            ("suspended", "暂停使用"),
                            ("sealed", "封存"),
                            ("unsealed", "启封"),
                            ("withdrawn", "撤销"),
                            ("part_added", "纳入设备"),
                            ("part_removed", "移出设备"),
                            ("other", "其他"),
                        ],
                        max_length=15,
                        verbose_name="事项",
                    ),
                ),
                ("happened_on", models.DateField(verbose_name="日期")),
                (
                    "state_after",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("built", "待考核"),
                            ("assessed", "待投用"),
                            ("in_use", "在用"),
                            ("held", "暂停量值传递"),
                            ("suspended", "已暂停"),
                            ("sealed", "已封存"),
                            ("withdrawn", "已撤销"),
                        ],
                        max_length=20,
                    ),
                ),
                ("text", models.CharField(max_length=500, verbose_name="情况")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "done_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="经办人",
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
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "standard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="equipment.measurementstandard",
                    ),
                ),
            ],
            options={
                "verbose_name": "计量标准履历",
            },
        ),
        migrations.CreateModel(
            name="StandardItem",
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
                ("instrument", models.CharField(max_length=80, verbose_name="计量器具名称")),
                ("measurand", models.CharField(max_length=60, verbose_name="被测量")),
                ("range_low", models.DecimalField(decimal_places=12, max_digits=24, verbose_name="下限")),
                ("range_high", models.DecimalField(decimal_places=12, max_digits=24, verbose_name="上限")),
                ("unit", models.CharField(max_length=30, verbose_name="单位")),
                ("accuracy", models.CharField(max_length=80, verbose_name="不确定度、等级或最大允许误差")),
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
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.method",
                        verbose_name="规程或规范",
                    ),
                ),
                (
                    "standard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="equipment.measurementstandard",
                        verbose_name="计量标准",
                    ),
                ),
            ],
            options={
                "verbose_name": "开展项目",
            },
        ),
        migrations.CreateModel(
            name="StandardPaper",
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
                            ("certificate", "计量标准考核证书"),
                            ("social_certificate", "社会公用计量标准证书"),
                            ("application", "考核（复查）申请书"),
                            ("technical_report", "技术报告"),
                            ("repeatability", "重复性试验记录"),
                            ("stability", "稳定性考核记录"),
                            ("change_form", "更换申报表"),
                            ("seal_form", "封存（或撤销）申报表"),
                            ("logbook", "履历书"),
                            ("scheme", "国家计量检定系统表"),
                            ("regulation", "检定规程或校准规范"),
                            ("procedure", "操作程序"),
                            ("traceability", "检定或校准证书"),
                            ("staff", "人员能力证明"),
                            ("rules", "管理制度"),
                            ("records", "原始记录和证书副本"),
                        ],
                        max_length=20,
                        verbose_name="文件种类",
                    ),
                ),
                ("title", models.CharField(max_length=100, verbose_name="名称")),
                ("dated_on", models.DateField(verbose_name="日期")),
                (
                    "reviewed_on",
                    models.DateField(
                        blank=True, help_text="核对内容仍然适用的日期", null=True, verbose_name="最近核对"
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="文件",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "standard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="equipment.measurementstandard",
                        verbose_name="计量标准",
                    ),
                ),
            ],
            options={
                "verbose_name": "文件集",
            },
        ),
        migrations.CreateModel(
            name="StandardTest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("repeatability", "重复性试验"),
                            ("stability", "稳定性考核"),
                            ("verification", "检定或校准结果的验证"),
                        ],
                        max_length=15,
                        verbose_name="种类",
                    ),
                ),
                ("performed_on", models.DateField(verbose_name="日期")),
                ("quantity", models.CharField(max_length=60, verbose_name="被测量")),
                ("unit", models.CharField(max_length=30, verbose_name="单位")),
                ("nominal", models.DecimalField(decimal_places=12, max_digits=24, verbose_name="测量点")),
                ("groups", models.JSONField(default=list, verbose_name="读数")),
                (
                    "limit_kind",
                    models.CharField(
                        choices=[
                            ("report", "技术报告中的重复性"),
                            ("mpe", "最大允许误差的绝对值"),
                            ("uncertainty", "修正值的 U（k = 2）"),
                            ("transfer", "传递比较法"),
                            ("comparison", "比对法"),
                        ],
                        max_length=12,
                        verbose_name="限值的来源",
                    ),
                ),
                ("limit", models.DecimalField(decimal_places=12, max_digits=24, verbose_name="限值")),
                ("figure", models.DecimalField(decimal_places=12, max_digits=24, verbose_name="结果")),
                (
                    "verdict",
                    models.CharField(
                        choices=[("passed", "合格"), ("review", "须重新评定不确定度"), ("failed", "不合格")],
                        max_length=10,
                        verbose_name="结论",
                    ),
                ),
                ("conditions", models.CharField(blank=True, max_length=300, verbose_name="被测对象与条件")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "performed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="试验人",
                    ),
                ),
                (
                    "standard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tests",
                        to="equipment.measurementstandard",
                    ),
                ),
            ],
            options={
                "verbose_name": "计量标准试验",
            },
        ),
        migrations.CreateModel(
            name="StockCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "进行中"), ("closed", "已结束")],
                        default="open",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("title", models.CharField(max_length=60, verbose_name="名称")),
                ("opened_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="portal.document"
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.room",
                        verbose_name="房间",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.site",
                        verbose_name="场所",
                    ),
                ),
            ],
            options={
                "verbose_name": "盘点",
            },
        ),
        migrations.CreateModel(
            name="StockLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("scanned", models.CharField(blank=True, max_length=120, verbose_name="扫到的内容")),
                (
                    "outcome",
                    models.CharField(
                        choices=[("missing", "未盘到"), ("found", "已盘到"), ("unexpected", "不应在此")],
                        default="missing",
                        max_length=12,
                        verbose_name="结果",
                    ),
                ),
                ("found_at", models.DateTimeField(blank=True, null=True)),
                (
                    "check_of",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="equipment.stockcheck"
                    ),
                ),
                (
                    "equipment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="equipment.equipment",
                    ),
                ),
                (
                    "found_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
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
                "verbose_name": "盘点结果",
            },
        ),
        migrations.CreateModel(
            name="TracePoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("quantity", models.CharField(max_length=60, verbose_name="被测量")),
                ("unit", models.CharField(max_length=30, verbose_name="单位")),
                ("nominal", models.DecimalField(decimal_places=12, max_digits=24, verbose_name="标称值")),
                (
                    "value",
                    models.DecimalField(
                        blank=True, decimal_places=12, max_digits=24, null=True, verbose_name="示值或实际值"
                    ),
                ),
                (
                    "error",
                    models.DecimalField(
                        blank=True, decimal_places=12, max_digits=24, null=True, verbose_name="示值误差"
                    ),
                ),
                (
                    "uncertainty",
                    models.DecimalField(blank=True, decimal_places=12, max_digits=24, null=True, verbose_name="U"),
                ),
                (
                    "coverage_factor",
                    models.DecimalField(blank=True, decimal_places=3, max_digits=6, null=True, verbose_name="k"),
                ),
                (
                    "permitted",
                    models.DecimalField(
                        blank=True, decimal_places=12, max_digits=24, null=True, verbose_name="最大允许误差"
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "traceability",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="points", to="equipment.traceability"
                    ),
                ),
            ],
            options={
                "verbose_name": "校准点",
            },
        ),
        migrations.AlterModelOptions(
            name="equipment",
            options={"verbose_name": "设备"},
        ),
        migrations.AlterModelOptions(
            name="measurementstandard",
            options={"verbose_name": "计量标准"},
        ),
        migrations.AlterModelOptions(
            name="standardpart",
            options={"verbose_name": "计量标准组成"},
        ),
        migrations.AlterModelOptions(
            name="traceability",
            options={"verbose_name": "溯源"},
        ),
        migrations.RemoveConstraint(
            model_name="standardpart",
            name="part_once_per_standard",
        ),
        migrations.AddField(
            model_name="equipment",
            name="acquired_on",
            field=models.DateField(blank=True, null=True, verbose_name="购置日期"),
        ),
        migrations.AddField(
            model_name="equipment",
            name="certified",
            field=models.BooleanField(default=False, verbose_name="有证标准物质"),
        ),
        migrations.AddField(
            model_name="equipment",
            name="control",
            field=models.CharField(
                choices=[("own", "本机构所有"), ("external", "借用或外部")],
                default="own",
                max_length=10,
                verbose_name="归属",
            ),
        ),
        migrations.AddField(
            model_name="equipment",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.customer",
                verbose_name="所属客户",
            ),
        ),
        migrations.AddField(
            model_name="equipment",
            name="expires_on",
            field=models.DateField(
                blank=True, help_text="标准物质、试剂的最后有效日", null=True, verbose_name="失效日期"
            ),
        ),
        migrations.AddField(
            model_name="equipment",
            name="keeper",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="保管人",
            ),
        ),
        migrations.AddField(
            model_name="equipment",
            name="lot",
            field=models.CharField(blank=True, max_length=60, verbose_name="批号"),
        ),
        migrations.AddField(
            model_name="equipment",
            name="mandatory",
            field=models.BooleanField(default=False, verbose_name="强制检定"),
        ),
        migrations.AddField(
            model_name="equipment",
            name="national_code",
            field=models.CharField(
                blank=True, help_text="GB/T 36377 编码，没有的不填", max_length=40, verbose_name="国家统一编码"
            ),
        ),
        migrations.AddField(
            model_name="equipment",
            name="obsolete_on",
            field=models.DateField(blank=True, null=True, verbose_name="淘汰日期"),
        ),
        migrations.AddField(
            model_name="equipment",
            name="protection_mode",
            field=models.CharField(
                blank=True,
                choices=[
                    ("seal", "铅封"),
                    ("password", "口令"),
                    ("locked_file", "锁定的文件"),
                    ("physical", "机械锁定"),
                    ("not_adjustable", "不可调整"),
                ],
                max_length=20,
                verbose_name="防调整措施",
            ),
        ),
        migrations.AddField(
            model_name="equipment",
            name="recorded_at",
            field=models.DateTimeField(
                db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
            ),
        ),
        migrations.AddField(
            model_name="equipment",
            name="revision",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="equipment",
            name="room",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.room",
                verbose_name="房间",
            ),
        ),
        migrations.AddField(
            model_name="equipment",
            name="software_sha256",
            field=models.CharField(blank=True, max_length=64, verbose_name="已确认版本的 SHA-256"),
        ),
        migrations.AddField(
            model_name="equipment",
            name="software_version",
            field=models.CharField(blank=True, max_length=40, verbose_name="软件版本"),
        ),
        migrations.AddField(
            model_name="equipment",
            name="stock",
            field=models.DecimalField(blank=True, decimal_places=3, max_digits=14, null=True, verbose_name="库存"),
        ),
        migrations.AddField(
            model_name="equipment",
            name="traced",
            field=models.BooleanField(
                default=True, help_text="影响结果的都需要；不需要的取消勾选", verbose_name="需要溯源"
            ),
        ),
        migrations.AddField(
            model_name="equipment",
            name="untraced_because",
            field=models.CharField(blank=True, max_length=200, verbose_name="不需要溯源的理由"),
        ),
        migrations.AddField(
            model_name="equipment",
            name="validated_on",
            field=models.DateField(blank=True, null=True, verbose_name="软件确认日期"),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="approval",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="本单位批准文件",
            ),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="approved_on",
            field=models.DateField(blank=True, null=True, verbose_name="本单位批准日期"),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="field",
            field=models.CharField(
                blank=True, help_text="与人员授权的专业领域一致", max_length=30, verbose_name="专业领域"
            ),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="filed_on",
            field=models.DateField(blank=True, null=True, verbose_name="备案日期"),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="filing_number",
            field=models.CharField(blank=True, max_length=60, verbose_name="备案号"),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="recorded_at",
            field=models.DateTimeField(
                db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
            ),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="revision",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="social_certificate",
            field=models.CharField(blank=True, max_length=80, verbose_name="社会公用计量标准证书号"),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="social_from",
            field=models.DateField(blank=True, null=True, verbose_name="社会公用证书发证日期"),
        ),
        migrations.AddField(
            model_name="measurementstandard",
            name="social_until",
            field=models.DateField(blank=True, null=True, verbose_name="社会公用证书有效期至"),
        ),
        migrations.AddField(
            model_name="standardpart",
            name="added_on",
            field=models.DateField(blank=True, null=True, verbose_name="纳入日期"),
        ),
        migrations.AddField(
            model_name="standardpart",
            name="removed_on",
            field=models.DateField(blank=True, null=True, verbose_name="移出日期"),
        ),
        migrations.AddField(
            model_name="standardpart",
            name="role",
            field=models.CharField(
                choices=[("main", "计量标准器"), ("supporting", "主要配套设备")],
                default="main",
                max_length=10,
                verbose_name="作用",
            ),
        ),
        migrations.AddField(
            model_name="traceability",
            name="chain",
            field=models.CharField(
                blank=True,
                choices=[
                    ("national", "国家计量基准"),
                    ("social_public", "社会公用计量标准"),
                    ("nmi", "国外国家计量院"),
                    ("crm", "有证标准物质"),
                    ("own_standard", "本机构计量标准"),
                    ("", "证书没有写明"),
                ],
                max_length=20,
                verbose_name="量值溯源到",
            ),
        ),
        migrations.AddField(
            model_name="traceability",
            name="dcc",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
            ),
        ),
        migrations.AddField(
            model_name="traceability",
            name="dcc_identifier",
            field=models.CharField(blank=True, editable=False, max_length=120, verbose_name="DCC 标识"),
        ),
        migrations.AddField(
            model_name="traceability",
            name="issuer_qualification",
            field=models.CharField(
                blank=True,
                help_text="计量授权证书号或 CNAS 注册号，见证书封面",
                max_length=80,
                verbose_name="溯源机构的资质编号",
            ),
        ),
        migrations.AddField(
            model_name="traceability",
            name="kind",
            field=models.CharField(
                choices=[
                    ("calibration", "校准"),
                    ("verification", "检定"),
                    ("comparison", "比对"),
                    ("reference_material", "标准物质证书"),
                    ("test", "检测或试验报告"),
                ],
                default="calibration",
                max_length=20,
                verbose_name="溯源方式",
            ),
        ),
        migrations.AddField(
            model_name="traceability",
            name="own_standard",
            field=models.ForeignKey(
                blank=True,
                help_text="由本机构自己检定校准的请选",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="equipment.measurementstandard",
                verbose_name="本机构的计量标准",
            ),
        ),
        migrations.AddField(
            model_name="traceability",
            name="reference_standard",
            field=models.CharField(
                blank=True,
                help_text="名称、编号和它自己的证书号，照证书填写",
                max_length=200,
                verbose_name="证书上的计量标准",
            ),
        ),
        migrations.AddField(
            model_name="traceability",
            name="validity_printed",
            field=models.BooleanField(default=True, verbose_name="有效期印在证书上"),
        ),
        migrations.AlterField(
            model_name="equipment",
            name="range_low",
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=24, null=True, verbose_name="测量下限"),
        ),
        migrations.AlterField(
            model_name="equipment",
            name="range_high",
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=24, null=True, verbose_name="测量上限"),
        ),
        migrations.AlterField(
            model_name="equipment",
            name="role",
            field=models.CharField(
                choices=[
                    ("standard", "计量标准器"),
                    ("supporting", "配套设备"),
                    ("environment", "环境监测设备"),
                    ("reference", "标准物质"),
                    ("working", "工作计量器具"),
                    ("software", "软件"),
                    ("consumable", "试剂与消耗品"),
                    ("customer", "客户器具"),
                ],
                max_length=12,
                verbose_name="用途",
            ),
        ),
        migrations.AlterField(
            model_name="equipment",
            name="serial_number",
            field=models.CharField(blank=True, max_length=60, verbose_name="出厂编号"),
        ),
        migrations.AlterField(
            model_name="equipment",
            name="state",
            field=models.CharField(
                choices=[
                    ("new", "待投用"),
                    ("in_use", "在用"),
                    ("quarantined", "停用隔离"),
                    ("repair", "维修中"),
                    ("out_of_use", "封存"),
                    ("scrapped", "报废"),
                    ("withdrawn", "已作废"),
                ],
                default="in_use",
                max_length=20,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="measurementstandard",
            name="assessed_by",
            field=models.CharField(blank=True, max_length=100, verbose_name="主持考核机关"),
        ),
        migrations.AlterField(
            model_name="measurementstandard",
            name="assessed_on",
            field=models.DateField(blank=True, null=True, verbose_name="发证日期"),
        ),
        migrations.AlterField(
            model_name="measurementstandard",
            name="assessed_until",
            field=models.DateField(blank=True, null=True, verbose_name="有效期至"),
        ),
        migrations.AlterField(
            model_name="measurementstandard",
            name="assessment_certificate",
            field=models.CharField(blank=True, max_length=80, verbose_name="考核证书号"),
        ),
        migrations.AlterField(
            model_name="measurementstandard",
            name="state",
            field=models.CharField(
                choices=[
                    ("built", "待考核"),
                    ("assessed", "待投用"),
                    ("in_use", "在用"),
                    ("held", "暂停量值传递"),
                    ("suspended", "已暂停"),
                    ("sealed", "已封存"),
                    ("withdrawn", "已撤销"),
                ],
                default="in_use",
                max_length=20,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="standardpart",
            name="equipment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="parts_of", to="equipment.equipment"
            ),
        ),
        migrations.AddConstraint(
            model_name="equipment",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    models.Q(("serial_number", ""), _negated=True),
                    models.Q(("state__in", ["scrapped", "withdrawn"]), _negated=True),
                ),
                fields=("institution", "manufacturer", "model", "serial_number"),
                name="one_plate_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="measurementstandard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("assessed_on", None),
                    ("assessed_until", None),
                    ("assessed_on__lte", models.F("assessed_until")),
                    _connector="OR",
                ),
                name="assessment_dates_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="standardpart",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_on", None)),
                fields=("standard", "equipment"),
                name="part_once_per_standard",
            ),
        ),
        migrations.AddField(
            model_name="copyupdate",
            name="copy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="updates", to="equipment.correctioncopy"
            ),
        ),
        migrations.AddField(
            model_name="copyupdate",
            name="edition",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="updates", to="equipment.correctionset"
            ),
        ),
        migrations.AddField(
            model_name="codelink",
            name="code",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="links", to="equipment.devicecode"
            ),
        ),
        migrations.AddConstraint(
            model_name="correctionset",
            constraint=models.UniqueConstraint(
                fields=("institution", "equipment", "edition"), name="one_edition_of_corrections"
            ),
        ),
        migrations.AddConstraint(
            model_name="copyupdate",
            constraint=models.UniqueConstraint(fields=("institution", "copy", "edition"), name="copy_updated_once"),
        ),
        migrations.AddConstraint(
            model_name="devicecode",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "linked")), fields=("institution", "equipment"), name="one_code_in_force"
            ),
        ),
        migrations.AddConstraint(
            model_name="devicecode",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "linked"), _negated=True), ("equipment__isnull", False), _connector="OR"
                ),
                name="linked_to_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="environmentreading",
            constraint=models.UniqueConstraint(
                fields=("institution", "room", "element", "taken_at", "monitor"),
                name="reading_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="environmentrequirement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "current")),
                fields=("institution", "room", "method", "element", "since"),
                name="one_requirement_of_an_element",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="equipmentclock",
            index=models.Index(
                condition=models.Q(("needed", True), ("state", "current")),
                fields=["due_on", "institution"],
                include=("id",),
                name="clock_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="equipmentclock",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "current")),
                fields=("institution", "equipment", "kind"),
                name="one_clock_of_a_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="equipmentevent",
            index=models.Index(fields=["institution", "equipment", "happened_on"], name="events_of_equipment"),
        ),
        migrations.AddConstraint(
            model_name="equipmentplan",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "current")), fields=("institution", "kind", "year"), name="one_plan_a_year"
            ),
        ),
        migrations.AddIndex(
            model_name="intermediatecheck",
            index=models.Index(fields=["institution", "equipment", "performed_on"], name="checks_of_equipment"),
        ),
        migrations.AddIndex(
            model_name="label",
            index=models.Index(fields=["institution", "equipment", "-id"], name="labels_of_equipment"),
        ),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint(fields=("institution", "serial"), name="label_serial_once"),
        ),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("word", "stopped"),
                    models.Q(
                        ("dated_on__isnull", False), ("traceability__isnull", False), ("valid_until__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="label_with_dates",
            ),
        ),
        migrations.AddConstraint(
            model_name="mandatoryfile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "current")), fields=("institution", "equipment"), name="one_mandatory_file"
            ),
        ),
        migrations.AddIndex(
            model_name="standardevent",
            index=models.Index(fields=["institution", "standard", "happened_on"], name="events_of_standard"),
        ),
        migrations.AddIndex(
            model_name="standardtest",
            index=models.Index(fields=["institution", "standard", "performed_on"], name="tests_of_standard"),
        ),
        migrations.AddConstraint(
            model_name="stockline",
            constraint=models.UniqueConstraint(
                fields=("institution", "check_of", "equipment", "scanned"), name="counted_once", nulls_distinct=False
            ),
        ),
        migrations.RunSQL(WHAT_WAS_KNOWN, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name="traceability",
            name="confirmed_by",
        ),
        migrations.RemoveField(
            model_name="traceability",
            name="confirmed_on",
        ),
        migrations.RunSQL(composite_key("equipment_equipment", "room_id", "institutions_room"), migrations.RunSQL.noop),
        migrations.RunSQL(
            composite_key("equipment_equipment", "keeper_id", "institutions_employment"), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            composite_key("equipment_equipment", "customer_id", "institutions_customer"), migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            composite_key("equipment_traceability", "own_standard_id", "equipment_measurementstandard"),
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(composite_key("equipment_traceability", "dcc_id", "portal_document"), migrations.RunSQL.noop),
        migrations.RunSQL(
            composite_key("equipment_measurementstandard", "approval_id", "portal_document"), migrations.RunSQL.noop
        ),
        migrations.AddField(
            model_name="equipment",
            name="turn",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(state="quarantined", then=0),
                    models.When(
                        models.Q(("role__in", ["consumable", "customer", "software"]), _negated=True),
                        state="in_use",
                        then=1,
                        traced=True,
                    ),
                    models.When(state__in=("scrapped", "withdrawn"), then=3),
                    default=2,
                ),
                output_field=models.PositiveSmallIntegerField(),
            ),
        ),
        migrations.AddIndex(
            model_name="equipment",
            index=models.Index(fields=["institution", "turn", "due_on", "id"], name="equipment_by_turn"),
        ),
        TenantTable("Confirmation", append_only=True),
        TenantTable("TracePoint", append_only=True),
        TenantTable("EquipmentClock"),
        TenantTable("EquipmentEvent", append_only=True),
        TenantTable("CheckPlan"),
        TenantTable("IntermediateCheck", append_only=True),
        TenantTable("CorrectionSet", append_only=True),
        TenantTable("CorrectionCopy"),
        TenantTable("CopyUpdate", append_only=True),
        TenantTable("EnvironmentRequirement"),
        TenantTable("EnvironmentReading", append_only=True),
        TenantTable("EnvironmentAction"),
        TenantTable("EquipmentPlan"),
        TenantTable("PlanLine"),
        TenantTable("ResourceSlot"),
        TenantTable("EquipmentPaper"),
        TenantTable("MandatoryFile"),
        TenantTable("ExternalUse"),
        TenantTable("AlternativeTraceability"),
        TenantTable("Label"),
        TenantTable("DeviceCode"),
        TenantTable("CodeLink", append_only=True),
        TenantTable("StockCheck"),
        TenantTable("StockLine"),
        TenantTable("StandardEvent", append_only=True),
        TenantTable("StandardItem"),
        TenantTable("StandardPaper"),
        TenantTable("StandardTest", append_only=True),
        TenantTable("StandardChange"),
        TenantTable("ImpactQuestion"),
        migrations.AddIndex(
            model_name="equipment",
            index=models.Index(fields=["institution", "id"], name="equipment_by_key"),
        ),
    ]
    operations = together(operations)
