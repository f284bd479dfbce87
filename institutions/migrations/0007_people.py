"""People: employments that cannot overlap, what they have shown that they can, and authorisations with their conditions."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

import portal.clock
import portal.tenancy
from portal.migrating import together
from portal.tenancy import TenantTable, composite_key


class Migration(migrations.Migration):
    dependencies = [("institutions", "0006_registers")]

    operations = [
        # For the rule that one person has one employer at a time; a server that has it already is left as it is.
        migrations.RunSQL("CREATE EXTENSION IF NOT EXISTS btree_gist", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Credential",
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
                            ("registered_metrologist", "注册计量师"),
                            ("title", "职称"),
                            ("verifier_certificate", "检定员证"),
                            ("military_verifier", "军工检定员证"),
                            ("internal_certificate", "内部上岗证"),
                            ("other", "其他"),
                        ],
                        max_length=30,
                        verbose_name="证书种类",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("level_1", "一级"),
                            ("level_2", "二级"),
                            ("professor", "正高级"),
                            ("senior", "高级"),
                            ("middle", "中级（工程师）"),
                            ("junior", "初级"),
                        ],
                        help_text="注册计量师填一级或二级，职称填正高、高、中、初级，其他不填",
                        max_length=10,
                        verbose_name="级别",
                    ),
                ),
                (
                    "speciality",
                    models.CharField(
                        blank=True,
                        help_text="证书上的专业，多个用顿号分开，例如 压力、质量；不限专业的不填，职称必填",
                        max_length=120,
                        verbose_name="专业",
                    ),
                ),
                ("number", models.CharField(max_length=60, verbose_name="证书编号")),
                ("issuer", models.CharField(max_length=100, verbose_name="发证机关")),
                ("valid_from", models.DateField(verbose_name="发证日期")),
                (
                    "valid_until",
                    models.DateField(blank=True, help_text="长期有效的不填", null=True, verbose_name="有效期至"),
                ),
            ],
            options={
                "verbose_name": "资格证书",
            },
        ),
        migrations.CreateModel(
            name="EmploymentConflict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("name", models.CharField(max_length=60, verbose_name="姓名")),
                ("started_on", models.DateField(verbose_name="入职日期")),
                ("ended_on", models.DateField(blank=True, null=True, verbose_name="离职日期")),
                (
                    "noticed_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="发现时间"
                    ),
                ),
            ],
            options={
                "verbose_name": "两处任职",
            },
        ),
        migrations.CreateModel(
            name="Experience",
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
                        choices=[("metrology", "计量工作"), ("industry", "产业工作")],
                        max_length=10,
                        verbose_name="经历种类",
                    ),
                ),
                (
                    "employer",
                    models.CharField(help_text="在本机构的计量工作也要登记", max_length=100, verbose_name="工作单位"),
                ),
                ("post", models.CharField(blank=True, max_length=60, verbose_name="岗位")),
                ("started_on", models.DateField(verbose_name="起")),
                ("ended_on", models.DateField(blank=True, help_text="至今的不填", null=True, verbose_name="止")),
            ],
            options={
                "verbose_name": "工作经历",
            },
        ),
        migrations.CreateModel(
            name="ProtectiveIssue",
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
                ("item", models.CharField(max_length=80, verbose_name="用品")),
                ("issued_on", models.DateField(verbose_name="发放日期")),
                (
                    "replace_by",
                    models.DateField(blank=True, help_text="不用定期更换的不填", null=True, verbose_name="更换期限"),
                ),
            ],
            options={
                "verbose_name": "防护用品",
            },
        ),
        migrations.CreateModel(
            name="Training",
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
                ("title", models.CharField(max_length=120, verbose_name="培训内容")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("law", "法律法规"),
                            ("technical", "专业技术"),
                            ("practical", "实际操作"),
                            ("theory", "理论基础"),
                            ("skills", "技能提升"),
                            ("integrity", "诚信计量"),
                            ("confidentiality", "保密"),
                            ("safety", "安全"),
                            ("management", "管理体系"),
                            ("service", "服务礼仪"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                        verbose_name="种类",
                    ),
                ),
                (
                    "field",
                    models.CharField(blank=True, help_text="不分专业的不填", max_length=30, verbose_name="专业领域"),
                ),
                (
                    "organiser_kind",
                    models.CharField(
                        choices=[
                            ("internal", "内部"),
                            ("external", "外部机构"),
                            ("technical_committee", "技术委员会"),
                            ("society", "学会"),
                            ("association", "协会"),
                        ],
                        default="internal",
                        max_length=20,
                        verbose_name="组织方",
                    ),
                ),
                (
                    "organiser",
                    models.CharField(blank=True, help_text="内部培训不填", max_length=100, verbose_name="组织单位"),
                ),
                ("held_on", models.DateField(verbose_name="培训日期")),
                ("hours", models.DecimalField(decimal_places=1, max_digits=6, verbose_name="学时")),
                (
                    "effectiveness",
                    models.TextField(blank=True, help_text="培训后补填", max_length=1000, verbose_name="有效性评价"),
                ),
                ("evaluated_on", models.DateField(blank=True, null=True, verbose_name="评价日期")),
            ],
            options={
                "verbose_name": "培训",
            },
        ),
        migrations.CreateModel(
            name="TrainingAttendance",
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
                    "result",
                    models.CharField(
                        choices=[("passed", "考核合格"), ("failed", "考核不合格"), ("none", "未考核")],
                        default="none",
                        max_length=10,
                        verbose_name="考核结果",
                    ),
                ),
                (
                    "score",
                    models.DecimalField(blank=True, decimal_places=1, max_digits=5, null=True, verbose_name="成绩"),
                ),
            ],
            options={
                "verbose_name": "参训记录",
            },
        ),
        migrations.CreateModel(
            name="TrainingPlan",
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
                ("year", models.PositiveSmallIntegerField(verbose_name="年度")),
                ("title", models.CharField(max_length=100, verbose_name="计划名称")),
                (
                    "tasks",
                    models.TextField(
                        help_text="现有的和预期的任务，分别需要什么培训", max_length=1000, verbose_name="对应的任务"
                    ),
                ),
                ("approved_on", models.DateField(verbose_name="批准日期")),
            ],
            options={
                "verbose_name": "培训计划",
            },
        ),
        migrations.AlterModelOptions(
            name="authorisation",
            options={"verbose_name": "授权"},
        ),
        migrations.AlterModelOptions(
            name="employment",
            options={"verbose_name": "从业人员"},
        ),
        migrations.AddField(
            model_name="authorisation",
            name="basis",
            field=models.CharField(blank=True, max_length=200, verbose_name="授权依据"),
        ),
        migrations.AddField(
            model_name="authorisation",
            name="granted_by",
            field=models.CharField(blank=True, editable=False, max_length=60, verbose_name="批准人"),
        ),
        migrations.AddField(
            model_name="authorisation",
            name="granted_on",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="批准日期"),
        ),
        migrations.AddField(
            model_name="authorisation",
            name="holds_until",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="条件满足至"),
        ),
        migrations.AddField(
            model_name="authorisation",
            name="past_suspensions",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                blank=True,
                default=list,
                editable=False,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="authorisation",
            name="state",
            field=models.CharField(
                choices=[
                    ("proposed", "待批准"),
                    ("granted", "已授权"),
                    ("suspended", "已暂停"),
                    ("revoked", "已撤销"),
                    ("withdrawn", "未批准"),
                ],
                default="granted",
                max_length=20,
                verbose_name="状态",
            ),
        ),
        migrations.AddField(
            model_name="authorisation",
            name="suspended_because",
            field=models.CharField(blank=True, editable=False, max_length=500, verbose_name="暂停原因"),
        ),
        migrations.AddField(
            model_name="authorisation",
            name="suspended_on",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="暂停日期"),
        ),
        migrations.AddField(
            model_name="employment",
            name="department",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.department",
                verbose_name="部门",
            ),
        ),
        migrations.AddField(
            model_name="employment",
            name="full_time",
            field=models.BooleanField(default=True, verbose_name="全职"),
        ),
        migrations.AddField(
            model_name="employment",
            name="is_technical",
            field=models.BooleanField(
                default=True, help_text="检定、校准、核验、签字和技术管理人员都是", verbose_name="技术人员"
            ),
        ),
        migrations.AddField(
            model_name="employment",
            name="post",
            field=models.CharField(blank=True, max_length=60, verbose_name="岗位"),
        ),
        migrations.AddField(
            model_name="employment",
            name="recorded_at",
            field=models.DateTimeField(
                db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
            ),
        ),
        migrations.AddField(
            model_name="employment",
            name="revision",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="employment",
            name="state",
            field=models.CharField(
                choices=[("current", "有效"), ("withdrawn", "已作废")],
                default="current",
                max_length=20,
                verbose_name="状态",
            ),
        ),
        migrations.AlterField(
            model_name="authorisation",
            name="field",
            field=models.CharField(blank=True, max_length=30, verbose_name="专业领域"),
        ),
        migrations.AlterField(
            model_name="authorisation",
            name="role",
            field=models.CharField(
                choices=[
                    ("verifier", "检定员"),
                    ("calibrator", "校准员"),
                    ("checker", "核验员"),
                    ("authorised_signatory", "授权签字人"),
                    ("technical_manager", "技术负责人"),
                    ("quality_manager", "质量负责人"),
                    ("supervisor", "质量监督员"),
                    ("metrology_manager", "计量管理人员"),
                    ("trainer", "培训教师"),
                    ("opinion", "意见解释人"),
                    ("manager", "管理人员"),
                ],
                max_length=30,
                verbose_name="授权岗位",
            ),
        ),
        migrations.AlterField(
            model_name="employment",
            name="id_number_sealed",
            field=models.TextField(blank=True, editable=False, verbose_name="身份证号"),
        ),
        migrations.AlterField(
            model_name="employment",
            name="kind",
            field=models.CharField(
                choices=[("on_post", "在职在岗"), ("dispatch", "劳务派遣"), ("part_time", "兼职"), ("other", "其他")],
                default="on_post",
                max_length=10,
                verbose_name="用工形式",
            ),
        ),
        migrations.AlterField(
            model_name="employment",
            name="phone_sealed",
            field=models.TextField(blank=True, editable=False, verbose_name="手机号"),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_until", None), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                ),
                name="authorisation_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "suspended"), _negated=True), ("suspended_on__isnull", False), _connector="OR"
                ),
                name="suspended_from_a_day_on",
            ),
        ),
        migrations.AddConstraint(
            model_name="employment",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_on", None), ("ended_on__gte", models.F("started_on")), _connector="OR"),
                name="employment_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="employment",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("state", "current")),
                expressions=[
                    ("person", "="),
                    ("institution", "<>"),
                    (
                        models.Func(
                            "started_on",
                            "ended_on",
                            django.contrib.postgres.fields.ranges.RangeBoundary(
                                inclusive_lower=True, inclusive_upper=True
                            ),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="one_employer_at_a_time",
                violation_error_code="C-5.1.5",
                violation_error_message="系统按身份证号核对到：这个人在这段时间里已在另一家计量技术机构任职，不能同时在两家任职。请向本人核实；原单位登记离职以后，再从次日起登记入职。",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="employment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="持证人",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="file",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="证书扫描件",
            ),
        ),
        migrations.AddField(
            model_name="credential",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="employmentconflict",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="employmentconflict",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.person"
            ),
        ),
        migrations.AddField(
            model_name="experience",
            name="employment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="人员",
            ),
        ),
        migrations.AddField(
            model_name="experience",
            name="file",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="证明材料",
            ),
        ),
        migrations.AddField(
            model_name="experience",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="protectiveissue",
            name="employment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="领用人",
            ),
        ),
        migrations.AddField(
            model_name="protectiveissue",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="training",
            name="file",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="签到表或教材",
            ),
        ),
        migrations.AddField(
            model_name="training",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="training",
            name="trainer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="培训教师（本机构）",
            ),
        ),
        migrations.AddField(
            model_name="trainingattendance",
            name="employment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.employment",
                verbose_name="人员",
            ),
        ),
        migrations.AddField(
            model_name="trainingattendance",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="trainingattendance",
            name="training",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attendances",
                to="institutions.training",
                verbose_name="培训",
            ),
        ),
        migrations.AddField(
            model_name="trainingplan",
            name="file",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="portal.document",
                verbose_name="计划文件",
            ),
        ),
        migrations.AddField(
            model_name="trainingplan",
            name="institution",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
            ),
        ),
        migrations.AddField(
            model_name="training",
            name="plan",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="institutions.trainingplan",
                verbose_name="所属计划",
            ),
        ),
        migrations.AddConstraint(
            model_name="experience",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_on", None), ("ended_on__gte", models.F("started_on")), _connector="OR"),
                name="experience_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="protectiveissue",
            constraint=models.CheckConstraint(
                condition=models.Q(("replace_by", None), ("replace_by__gte", models.F("issued_on")), _connector="OR"),
                name="protection_lasts",
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingattendance",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "current")),
                fields=("institution", "training", "employment"),
                name="attends_a_training_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="training",
            constraint=models.CheckConstraint(condition=models.Q(("hours__gt", 0)), name="training_takes_time"),
        ),
        migrations.RunSQL(
            composite_key("institutions_employment", "department_id", "institutions_department"),
            "ALTER TABLE institutions_employment DROP CONSTRAINT institutions_employment_department_id_same_tenant",
        ),
        TenantTable("EmploymentConflict", append_only=True),
        TenantTable("Credential"),
        TenantTable("Experience"),
        TenantTable("TrainingPlan"),
        TenantTable("Training"),
        TenantTable("TrainingAttendance"),
        TenantTable("ProtectiveIssue"),
    ]
    operations = together(operations)
