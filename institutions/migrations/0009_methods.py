import django.db.models.deletion
from django.db import migrations, models

import portal.clock
import portal.tenancy
from institutions.methods.guard import REVERSE_SECURITY, SECURITY
from portal.migrating import together
from portal.tenancy import TenantTable, composite_key


class Migration(migrations.Migration):
    dependencies = [("institutions", "0008_qualifications_and_scope")]

    operations = [
        migrations.CreateModel(
            name="MethodReview",
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
                ("reviewed_on", models.DateField(verbose_name="查新日期")),
                (
                    "source",
                    models.CharField(
                        help_text="查的是哪个网站、目录或公告，写到能再查一次", max_length=150, verbose_name="查新来源"
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[("current", "现行有效"), ("superseded", "已被代替"), ("abolished", "已废止")],
                        default="current",
                        max_length=12,
                        verbose_name="结果",
                    ),
                ),
                (
                    "ends_on",
                    models.DateField(
                        blank=True,
                        help_text="被代替或废止时必填：新版本实施或公告废止的日期",
                        null=True,
                        verbose_name="失效日期",
                    ),
                ),
                ("successor", models.CharField(blank=True, max_length=40, verbose_name="新版本编号")),
                (
                    "next_review_on",
                    models.DateField(blank=True, help_text="不填就是 180 天以后", null=True, verbose_name="下次查新"),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="说明")),
            ],
            options={
                "verbose_name": "方法查新",
            },
        ),
        migrations.CreateModel(
            name="OwnMethod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "草稿"),
                            ("validated", "已确认"),
                            ("current", "现行有效"),
                            ("withdrawn", "已作废"),
                        ],
                        default="draft",
                        max_length=20,
                        verbose_name="状态",
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("in_house", "自编方法"),
                            ("customer", "客户提供的方法"),
                            ("modified", "改动过的标准方法"),
                            ("out_of_intended_scope", "超出预定范围使用的标准方法"),
                            ("published", "目录外的标准方法"),
                        ],
                        help_text="除“目录外的标准方法”外，都是非标准方法，用前须确认",
                        max_length=30,
                        verbose_name="来源",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("verification_regulation", "检定规程"),
                            ("calibration_specification", "校准规范"),
                            ("local_regulation", "部门或地方检定规程"),
                            ("local_specification", "部门或地方校准规范"),
                            ("national_standard", "国家或行业标准"),
                            ("international_standard", "国际或区域标准"),
                            ("non_standard", "非标准方法"),
                            ("general_rules", "通用技术规范"),
                        ],
                        default="non_standard",
                        max_length=30,
                        verbose_name="种类",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        help_text="含版本或年号，例如 QF-07-2026；新版本用新编号", max_length=40, verbose_name="编号"
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="名称")),
                ("title_en", models.CharField(blank=True, max_length=140, verbose_name="英文名称")),
                (
                    "field",
                    models.CharField(help_text="与授权的专业一致，例如 压力", max_length=30, verbose_name="专业领域"),
                ),
                ("intended_use", models.CharField(max_length=400, verbose_name="适用范围和选用理由")),
                ("validated_on", models.DateField(blank=True, null=True, verbose_name="确认日期")),
            ],
            options={
                "verbose_name": "目录外方法",
            },
        ),
        migrations.AlterModelOptions(
            name="methodadoption",
            options={"verbose_name": "方法采用"},
        ),
        migrations.RemoveConstraint(
            model_name="methodadoption",
            name="method_adopted_once_per_site",
        ),
        migrations.AddField(
            model_name="method",
            name="note",
            field=models.CharField(blank=True, max_length=200, verbose_name="说明"),
        ),
        migrations.AddField(
            model_name="method",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.institution",
            ),
        ),
        migrations.AddField(
            model_name="method",
            name="ref",
            field=models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12),
        ),
        # One default for all rows that were there: each gets its own before it must be unique.
        migrations.RunSQL(
            "SET CONSTRAINTS ALL IMMEDIATE; UPDATE institutions_method SET ref = substr(md5(random()::text || id), 1, 12)",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="method",
            name="ref",
            field=models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12, unique=True),
        ),
        migrations.AddField(
            model_name="method",
            name="status_checked",
            field=models.BooleanField(default=True, verbose_name="状态已核对"),
        ),
        migrations.AddField(
            model_name="methodadoption",
            name="file",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="验证记录或报告",
            ),
        ),
        migrations.AddField(
            model_name="methodadoption",
            name="ended_on",
            field=models.DateField(
                blank=True,
                help_text="方法失效或不再使用时填；从这一天起不能再用，已有记录不受影响",
                null=True,
                verbose_name="停用日期",
            ),
        ),
        migrations.AddField(
            model_name="methodadoption",
            name="recorded_at",
            field=models.DateTimeField(
                db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
            ),
        ),
        migrations.AddField(
            model_name="methodadoption",
            name="report_number",
            field=models.CharField(blank=True, max_length=60, verbose_name="验证报告编号"),
        ),
        migrations.AddField(
            model_name="methodadoption",
            name="revision",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="methodadoption",
            name="state",
            field=models.CharField(
                choices=[("current", "有效"), ("withdrawn", "已作废")],
                default="current",
                max_length=20,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="method",
            name="code",
            field=models.CharField(max_length=40, verbose_name="编号"),
        ),
        migrations.AlterField(
            model_name="method",
            name="kind",
            field=models.CharField(
                choices=[
                    ("verification_regulation", "检定规程"),
                    ("calibration_specification", "校准规范"),
                    ("local_regulation", "部门或地方检定规程"),
                    ("local_specification", "部门或地方校准规范"),
                    ("national_standard", "国家或行业标准"),
                    ("international_standard", "国际或区域标准"),
                    ("non_standard", "非标准方法"),
                    ("general_rules", "通用技术规范"),
                ],
                max_length=30,
                verbose_name="种类",
            ),
        ),
        migrations.AlterField(
            model_name="methodadoption",
            name="method",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to="institutions.method", verbose_name="方法"
            ),
        ),
        migrations.AlterField(
            model_name="methodadoption",
            name="site",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to="institutions.site", verbose_name="采用场所"
            ),
        ),
        migrations.AlterField(
            model_name="methodadoption",
            name="verified_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="验证人",
            ),
        ),
        migrations.AlterField(
            model_name="methodadoption",
            name="verified_on",
            field=models.DateField(help_text="验证完成的日期；此日之前不能用这个方法出数据", verbose_name="验证日期"),
        ),
        migrations.AddConstraint(
            model_name="method",
            constraint=models.UniqueConstraint(
                condition=models.Q(("owner", None)), fields=("code",), name="method_code_once_in_the_catalogue"
            ),
        ),
        migrations.AddConstraint(
            model_name="method",
            constraint=models.UniqueConstraint(fields=("owner", "code"), name="method_code_once_per_owner"),
        ),
        migrations.AddConstraint(
            model_name="methodadoption",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "current")),
                fields=("institution", "method", "site"),
                name="method_adopted_once_per_site",
            ),
        ),
        migrations.AddField(
            model_name="methodreview",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="methodreview",
            name="method",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to="institutions.method", verbose_name="方法"
            ),
        ),
        migrations.AddField(
            model_name="methodreview",
            name="reviewer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="查新人",
            ),
        ),
        migrations.AddField(
            model_name="ownmethod",
            name="developer",
            field=models.ForeignKey(
                blank=True,
                help_text="非标准方法必填：一级注册计量师，或高级职称",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="开发人",
            ),
        ),
        migrations.AddField(
            model_name="ownmethod",
            name="evaluation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="不确定度评定报告",
            ),
        ),
        migrations.AddField(
            model_name="ownmethod",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="ownmethod",
            name="method",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="papers",
                to="institutions.method",
            ),
        ),
        migrations.AddField(
            model_name="ownmethod",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                help_text="新版本实施当天，旧版本自动作废",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="editions",
                to="institutions.ownmethod",
                verbose_name="代替的旧版本",
            ),
        ),
        migrations.AddField(
            model_name="ownmethod",
            name="text",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="方法全文",
            ),
        ),
        migrations.AddField(
            model_name="ownmethod",
            name="validation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="确认记录",
            ),
        ),
        migrations.AddField(
            model_name="ownmethod",
            name="validator",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="确认人",
            ),
        ),
        migrations.AddIndex(
            model_name="methodreview",
            index=models.Index(fields=["institution", "method", "-reviewed_on"], name="review_of_method"),
        ),
        migrations.AddConstraint(
            model_name="methodreview",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ends_on", None), ("result", "current")),
                    models.Q(models.Q(("result", "current"), _negated=True), ("ends_on__isnull", False)),
                    _connector="OR",
                ),
                name="ended_method_has_a_last_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="methodreview",
            constraint=models.CheckConstraint(
                condition=models.Q(("next_review_on__gt", models.F("reviewed_on"))), name="next_review_is_later"
            ),
        ),
        migrations.AddConstraint(
            model_name="ownmethod",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "withdrawn"), _negated=True),
                fields=("institution", "code"),
                name="own_method_code_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="ownmethod",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "current"), _negated=True), ("method__isnull", False), _connector="OR"
                ),
                name="current_own_method_has_a_method",
            ),
        ),
        migrations.AddConstraint(
            model_name="ownmethod",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["validated", "current"]), _negated=True),
                    ("origin", "published"),
                    models.Q(
                        ("developer__isnull", False),
                        ("evaluation__isnull", False),
                        ("text__isnull", False),
                        ("validated_on__isnull", False),
                        ("validation__isnull", False),
                        ("validator__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="non_standard_method_is_validated",
            ),
        ),
        migrations.RunSQL(
            composite_key("institutions_methodadoption", "file_id", "portal_document"),
            "ALTER TABLE institutions_methodadoption DROP CONSTRAINT institutions_methodadoption_file_id_same_tenant",
        ),
        TenantTable("MethodReview"),
        TenantTable("OwnMethod"),
        migrations.RunSQL(SECURITY, REVERSE_SECURITY),
    ]
    operations = together(operations)
