import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

import portal.clock
import portal.tenancy
from portal.migrating import together
from portal.tenancy import TenantTable, composite_key

# What the new columns point at belongs to the same institution.
POINTERS = (
    ("site", "tenure_proof_id", "portal_document"),
    ("site", "layout_file_id", "portal_document"),
    ("qualification", "annex_id", "portal_document"),
    ("qualification", "replaces_id", "institutions_qualification"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("institutions", "0007_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScopeChoice",
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
                ("reason", models.CharField(max_length=200, verbose_name="理由")),
            ],
            options={
                "verbose_name": "能力范围的选定",
            },
        ),
        migrations.AlterModelOptions(
            name="qualification",
            options={"verbose_name": "资质"},
        ),
        migrations.AlterModelOptions(
            name="scopeitem",
            options={"verbose_name": "能力范围"},
        ),
        migrations.AlterModelOptions(
            name="site",
            options={"verbose_name": "场所"},
        ),
        migrations.RemoveConstraint(
            model_name="scopeitem",
            name="scope_cmc_is_positive",
        ),
        migrations.AddField(
            model_name="qualification",
            name="addresses",
            field=models.TextField(
                blank=True,
                help_text="一行一个；填了以后，能力范围只能登记在这些地址的场所",
                verbose_name="证书所载地址",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="annex",
            field=models.ForeignKey(
                blank=True,
                help_text="认可、授权和考核证书要有附表",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="能力附表",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="recorded_at",
            field=models.DateTimeField(
                db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                help_text="续期或换证时选原来的证书",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="renewals",
                to="institutions.qualification",
                verbose_name="换发自",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="revision",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="qualification",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "待确认"),
                    ("valid", "有效"),
                    ("suspended", "已暂停"),
                    ("revoked", "已撤销"),
                    ("withdrawn", "已作废"),
                ],
                default="valid",
                max_length=20,
                verbose_name="状态",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="stops",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                blank=True,
                default=list,
                editable=False,
                size=None,
                verbose_name="停用期间",
            ),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="cmc_form",
            field=models.CharField(
                choices=[
                    ("constant", "常数 a"),
                    ("linear", "a + b·x"),
                    ("root", "√(a² + (b·x)²)"),
                    ("table", "表：点之间内插"),
                    ("matrix", "矩阵：还随另一参数变化"),
                ],
                default="linear",
                max_length=10,
                verbose_name="CMC 形式",
            ),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="cmc_points",
            field=models.TextField(
                blank=True,
                help_text="表：一行一点“值 U”；矩阵：一行一格“值下限～上限 参数下限～上限 U”",
                max_length=8000,
                verbose_name="CMC 表",
            ),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="cmc_relative",
            field=models.BooleanField(
                default=False, help_text="例如 Urel = 0.05 %；单位填 %，不填就是比值", verbose_name="CMC 是相对值"
            ),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="cmc_unit",
            field=models.CharField(
                blank=True,
                help_text="与范围的单位相同时不填，例如范围用 mm、CMC 用 μm",
                max_length=30,
                verbose_name="CMC 单位",
            ),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="instrument_en",
            field=models.CharField(blank=True, max_length=120, verbose_name="测量仪器英文名"),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="limits",
            field=models.CharField(
                blank=True, help_text="例如 只做 0.5 级及以下", max_length=300, verbose_name="说明与限制"
            ),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="line_number",
            field=models.CharField(blank=True, max_length=20, verbose_name="附表序号"),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="measurand_en",
            field=models.CharField(blank=True, max_length=90, verbose_name="被测量英文名"),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="parameter",
            field=models.CharField(blank=True, help_text="矩阵用，例如 频率", max_length=30, verbose_name="另一参数"),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="parameter_unit",
            field=models.CharField(blank=True, max_length=30, verbose_name="另一参数的单位"),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="recorded_at",
            field=models.DateTimeField(
                db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
            ),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="revision",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="stated_cmc",
            field=models.CharField(
                blank=True,
                help_text="照附表写，例如 U = 0.3 ℃、0.02 mm + 5×10⁻⁶L；填了它，CMC 的各格可以不填",
                max_length=200,
                verbose_name="CMC 原文",
            ),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="stated_range",
            field=models.CharField(
                blank=True,
                help_text="照附表写，例如 (0～2.5) MPa；填了它，下限、上限和单位可以不填",
                max_length=150,
                verbose_name="测量范围原文",
            ),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="suspended_because",
            field=models.CharField(blank=True, editable=False, max_length=300, verbose_name="暂停原因"),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="suspended_clause",
            field=models.CharField(blank=True, editable=False, max_length=30),
        ),
        migrations.AddField(
            model_name="scopeitem",
            name="suspended_on",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="暂停日期"),
        ),
        migrations.AddField(
            model_name="site",
            name="access_controlled",
            field=models.BooleanField(default=False, verbose_name="有出入管理"),
        ),
        migrations.AddField(
            model_name="site",
            name="closed_on",
            field=models.DateField(blank=True, null=True, verbose_name="停用日期"),
        ),
        migrations.AddField(
            model_name="site",
            name="kind",
            field=models.CharField(
                choices=[
                    ("fixed", "固定场所"),
                    ("temporary_place", "离开固定设施的现场"),
                    ("temporary_facility", "临时设施"),
                    ("mobile", "可移动设施"),
                ],
                default="fixed",
                max_length=20,
                verbose_name="类别",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="layout_file",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="平面图",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="opened_on",
            field=models.DateField(blank=True, null=True, verbose_name="启用日期"),
        ),
        migrations.AddField(
            model_name="site",
            name="recorded_at",
            field=models.DateTimeField(
                db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="revision",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="site",
            name="state",
            field=models.CharField(
                choices=[("current", "有效"), ("withdrawn", "已作废")],
                default="current",
                max_length=20,
                verbose_name="状态",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="tenure",
            field=models.CharField(
                choices=[("own", "自有"), ("leased", "租用"), ("lent", "借用")],
                default="own",
                max_length=10,
                verbose_name="场地来源",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="tenure_proof",
            field=models.ForeignKey(
                blank=True,
                help_text="租约或独立使用的证明；自有场地不用",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="使用证明",
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="tenure_valid_until",
            field=models.DateField(blank=True, help_text="自有场地不填", null=True, verbose_name="使用期至"),
        ),
        migrations.AddField(
            model_name="site",
            name="total_area",
            field=models.DecimalField(
                blank=True, decimal_places=2, max_digits=10, null=True, verbose_name="面积（m²）"
            ),
        ),
        migrations.AlterField(
            model_name="qualification",
            name="file",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="证书",
            ),
        ),
        migrations.AlterField(
            model_name="qualification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("business_licence", "营业执照"),
                    ("cnas_accreditation", "实验室认可证书"),
                    ("legal_metrology_institution", "法定计量检定机构授权"),
                    ("metrology_authorisation", "计量授权证书"),
                    ("assessment_certificate", "计量标准考核证书"),
                    ("social_public_certificate", "社会公用计量标准证书"),
                    ("qms", "质量管理体系认证"),
                    ("ems", "环境管理体系认证"),
                    ("ohsms", "职业健康安全管理体系认证"),
                    ("industry_centre_approval", "产业计量测试中心批复"),
                    ("other", "其他"),
                ],
                max_length=40,
                verbose_name="种类",
            ),
        ),
        migrations.AlterField(
            model_name="qualification",
            name="valid_until",
            field=models.DateField(blank=True, help_text="长期有效的不填", null=True, verbose_name="有效期至"),
        ),
        migrations.AlterField(
            model_name="scopeitem",
            name="cmc_constant",
            field=models.DecimalField(
                decimal_places=12,
                help_text="扩展不确定度 U，k = 2；没有常数项的填 0",
                max_digits=24,
                verbose_name="CMC 常数项 a",
            ),
        ),
        migrations.AlterField(
            model_name="scopeitem",
            name="cmc_slope",
            field=models.DecimalField(
                blank=True,
                decimal_places=12,
                default=0,
                help_text="没有单位的系数，例如 5×10⁻⁶ 填 0.000005",
                max_digits=24,
                verbose_name="CMC 比例项 b",
            ),
        ),
        migrations.AlterField(
            model_name="scopeitem",
            name="state",
            field=models.CharField(
                choices=[("active", "有效"), ("suspended", "已暂停"), ("withdrawn", "已作废")],
                default="active",
                max_length=20,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="scopeitem",
            name="unit",
            field=models.CharField(help_text="上限和下限用同一个单位，例如 MPa", max_length=30, verbose_name="单位"),
        ),
        migrations.AlterField(
            model_name="site",
            name="address",
            field=models.CharField(help_text="写法与资质证书上的地址一致", max_length=200, verbose_name="地址"),
        ),
        migrations.AddIndex(
            model_name="scopeitem",
            index=models.Index(fields=["institution", "instrument", "id"], name="scope_by_instrument"),
        ),
        migrations.AddIndex(
            model_name="scopeitem",
            index=models.Index(
                fields=["valid_until", "institution"],
                include=("id",),
                condition=models.Q(("state", "withdrawn"), _negated=True),
                name="scope_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until", None), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                ),
                name="qualification_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="scopeitem",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "withdrawn"), _negated=True),
                fields=(
                    "institution",
                    "qualification",
                    "site",
                    "method",
                    "instrument",
                    "measurand",
                    "unit",
                    "range_low",
                    "range_high",
                    "parameter",
                    "limits",
                    "valid_from",
                ),
                name="scope_line_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="scopeitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cmc_form__in", ("table", "matrix")), models.Q(("cmc_points", ""), _negated=True)),
                    models.Q(
                        models.Q(("cmc_form__in", ("table", "matrix")), _negated=True),
                        ("cmc_constant__gte", 0),
                        ("cmc_slope__gte", 0),
                        models.Q(("cmc_constant__gt", 0), ("cmc_slope__gt", 0), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="scope_cmc_is_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="scopeitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until", None), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                ),
                name="scope_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_on", None), ("opened_on", None), ("closed_on__gte", models.F("opened_on")), _connector="OR"
                ),
                name="site_closes_after_it_opens",
            ),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.CheckConstraint(
                condition=models.Q(("total_area", None), ("total_area__gt", 0), _connector="OR"),
                name="site_area_is_positive",
            ),
        ),
        migrations.AddField(
            model_name="scopechoice",
            name="instead_of",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.scopeitem",
                verbose_name="不采用",
            ),
        ),
        migrations.AddField(
            model_name="scopechoice",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="scopechoice",
            name="line",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.scopeitem",
                verbose_name="采用",
            ),
        ),
        migrations.AddConstraint(
            model_name="scopechoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "current")),
                fields=("institution", "line", "instead_of"),
                name="scope_choice_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="scopechoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("line", models.F("instead_of")), _negated=True), name="scope_choice_of_two"
            ),
        ),
        TenantTable("ScopeChoice"),
        *(
            migrations.RunSQL(composite_key(f"institutions_{table}", column, parent), migrations.RunSQL.noop)
            for table, column, parent in POINTERS
        ),
    ]
    operations = together(operations)
