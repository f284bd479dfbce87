"""Pledges, their wording, their end and the way back; the public directory."""

from datetime import date

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import portal.clock
import portal.tenancy
from portal.migrating import together
from portal.tenancy import TenantTable

# The portal's own wording, for regions whose regulator has laid down none. A later wording is another edition.
PARAGRAPHS = [
    {
        "zh": "本机构依法设立，具备开展计量技术服务所需的资质，只在资质规定的范围、场所和有效期内开展检定、校准和检测。",
        "en": "We are lawfully established and hold the qualifications our metrology services require. We verify, calibrate and test only within their scope, sites and validity.",
    },
    {
        "zh": "本机构使用的计量标准和设备经过溯源和计量确认，过期、停用或不合格的一律不用。",
        "en": "Our measurement standards and equipment are traceable and confirmed. Nothing that is overdue, out of use or nonconforming is ever used.",
    },
    {
        "zh": "本机构的数据来自真实的测量，如实记录，不编造、不篡改、不抄袭，不出具虚假证书和报告。",
        "en": "Our data come from real measurements and are recorded as they are. We never invent, alter or copy data, nor issue false certificates or reports.",
    },
    {
        "zh": "本机构的人员具备相应能力和资格，独立、公正地开展工作，不受任何影响结果的利益左右。",
        "en": "Our people are competent and qualified and work independently and impartially, free from any interest that could affect results.",
    },
    {
        "zh": "本机构公开服务内容、收费、时限和投诉渠道，保护客户的秘密和权益，认真处理每一件投诉。",
        "en": "We publish our services, fees, time limits and complaint channels, protect our customers' secrets and rights, and take every complaint seriously.",
    },
    {
        "zh": "本机构按要求参加计量比对，如实报送结果，不串通、不作假，对不符合的结果及时整改。",
        "en": "We take part in interlaboratory comparisons as required, report results truthfully, never collude, and put right what was unsatisfactory.",
    },
    {
        "zh": "本机构接受主管部门监督和社会监督，每年确认本承诺；承诺的条件不再具备时，本承诺即行撤销。",
        "en": "We accept the supervision of the authorities and of the public and confirm this pledge every year. When its conditions no longer hold, this pledge falls at once.",
    },
    {
        "zh": "本机构违反本承诺的，愿意承担相应的法律责任和失信后果。",
        "en": "Should we break this pledge, we accept the legal responsibility and the consequences of broken trust.",
    },
]

CLAUSES = ["A-4.1.1", "A-6.1.3", "A-6.2.2", "A-6.5.4", "A-7.1-s2", "A-8.2.1-s3", "A-9.3-s1"]

# Everybody reads the wordings; a regulator writes those of its own region, in the scope of that region.
WORDS_OF_REGIONS = """
ALTER TABLE commitments_commitmenttemplate ENABLE ROW LEVEL SECURITY;
ALTER TABLE commitments_commitmenttemplate FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON commitments_commitmenttemplate FOR SELECT USING (true);
CREATE POLICY regulator_writes ON commitments_commitmenttemplate FOR ALL
    USING (coalesce(current_setting('app.region', true), '') <> ''
        AND starts_with(region_code, current_setting('app.region', true)))
    WITH CHECK (coalesce(current_setting('app.region', true), '') <> ''
        AND starts_with(region_code, current_setting('app.region', true)));
CREATE POLICY owner_writes ON commitments_commitmenttemplate FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true);
"""
REVERSE_WORDS_OF_REGIONS = """
DROP POLICY owner_writes ON commitments_commitmenttemplate;
DROP POLICY regulator_writes ON commitments_commitmenttemplate;
DROP POLICY everybody_reads ON commitments_commitmenttemplate;
ALTER TABLE commitments_commitmenttemplate DISABLE ROW LEVEL SECURITY;
"""


def neutral_wording(apps, schema_editor):
    """The portal's own edition is in use."""
    apps.get_model("commitments", "CommitmentTemplate").objects.using(schema_editor.connection.alias).create(
        state="active", region_code="", edition=1, title="诚信计量自我承诺书", title_en="Pledge of Trustworthy Metrology",
        paragraphs=PARAGRAPHS, clauses=CLAUSES, active_from=date(2026, 1, 1), made_by="诚量平台",
    )  # fmt: skip


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("institutions", "0013_penalties_and_regulators"),
        ("portal", "0012_extensions_for_searching"),
    ]

    operations = [
        migrations.CreateModel(
            name="Channel",
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
                            ("notice_board", "公告栏"),
                            ("screen", "电子屏"),
                            ("window", "服务窗口"),
                            ("website", "网站"),
                            ("account", "公众号"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                        verbose_name="渠道",
                    ),
                ),
                ("place", models.CharField(max_length=100, verbose_name="位置或名称")),
                ("url", models.URLField(blank=True, verbose_name="网址")),
                ("shown_on", models.DateField(verbose_name="拍摄或查看日期")),
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
                        verbose_name="照片或截图",
                    ),
                ),
            ],
            options={
                "verbose_name": "公示渠道",
            },
        ),
        migrations.CreateModel(
            name="CommitmentTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "起草中"), ("active", "使用中"), ("retired", "已停用")],
                        default="draft",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("region_code", models.CharField(blank=True, max_length=12, verbose_name="行政区划")),
                ("edition", models.PositiveIntegerField(verbose_name="版次")),
                ("title", models.CharField(max_length=100, verbose_name="名称")),
                ("title_en", models.CharField(blank=True, max_length=150, verbose_name="英文名称")),
                ("paragraphs", models.JSONField(default=list, verbose_name="承诺内容")),
                ("clauses", models.JSONField(blank=True, default=list, verbose_name="对应条款")),
                ("active_from", models.DateField(blank=True, null=True, verbose_name="启用日期")),
                ("retired_on", models.DateField(blank=True, null=True, verbose_name="停用日期")),
                ("made_by", models.CharField(max_length=100, verbose_name="发布机关")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
            ],
            options={
                "verbose_name": "承诺书模板",
                "constraints": [
                    models.UniqueConstraint(fields=("region_code", "edition"), name="template_edition_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "active")),
                        fields=("region_code",),
                        name="one_active_template_of_a_region",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Commitment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "起草中"),
                            ("checked", "已核对"),
                            ("signed", "已签署"),
                            ("public", "已公开"),
                            ("withdrawn", "已撤销"),
                            ("dropped", "已放弃"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("number", models.CharField(blank=True, max_length=40, verbose_name="编号")),
                ("facts", models.JSONField(default=dict, verbose_name="承诺书所载事实")),
                ("made_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                ("checked_at", models.DateTimeField(null=True)),
                ("signed_on", models.DateField(null=True, verbose_name="签署日期")),
                (
                    "mode",
                    models.CharField(
                        blank=True,
                        choices=[("screen", "在线签署"), ("paper", "纸质签章后上传")],
                        max_length=10,
                        verbose_name="签署方式",
                    ),
                ),
                ("scan_digest", models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ("token", models.CharField(editable=False, max_length=26, null=True, unique=True)),
                ("published_at", models.DateTimeField(null=True, verbose_name="公开时间")),
                ("confirm_by", models.DateField(null=True, verbose_name="确认截止")),
                ("withdrawn_at", models.DateTimeField(null=True, verbose_name="撤销时间")),
                (
                    "checked_by",
                    models.ForeignKey(
                        null=True,
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
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="起草人",
                    ),
                ),
                (
                    "pdf",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="承诺书 PDF",
                    ),
                ),
                (
                    "scan",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="签章扫描件",
                    ),
                ),
                (
                    "signed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.keyperson",
                        verbose_name="签署人",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="commitments.commitmenttemplate",
                        verbose_name="承诺书模板",
                    ),
                ),
            ],
            options={
                "verbose_name": "自我承诺书",
            },
        ),
        migrations.CreateModel(
            name="CommitmentWithdrawal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("violation", "诚信计量违法违规"),
                            ("complaint", "诚信投诉查证属实"),
                            ("collusion", "计量比对串通"),
                            ("licence", "营业执照或登记证书失效"),
                            ("qualification", "所需资质失效"),
                            ("closure", "停业或注销"),
                            ("voluntary", "机构自行撤销"),
                            ("regulator", "主管部门撤销"),
                        ],
                        max_length=15,
                        verbose_name="情形",
                    ),
                ),
                ("trigger_on", models.DateField(verbose_name="情形出现日期")),
                ("subject", models.CharField(blank=True, max_length=60)),
                ("subject_id", models.BigIntegerField(null=True)),
                ("reason", models.CharField(max_length=500, verbose_name="事由")),
                ("decided_by", models.CharField(max_length=100, verbose_name="作出者")),
                ("withdrawn_at", models.DateTimeField(verbose_name="撤销时间")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "commitment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawal",
                        to="commitments.commitment",
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
                "verbose_name": "承诺撤销",
            },
        ),
        migrations.CreateModel(
            name="DirectoryEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("name", models.CharField(max_length=100, verbose_name="机构名称")),
                ("name_en", models.CharField(blank=True, max_length=150, verbose_name="英文名称")),
                ("slug", models.SlugField(max_length=40, unique=True)),
                ("region_code", models.CharField(max_length=12, verbose_name="行政区划代码")),
                ("address", models.CharField(max_length=200, verbose_name="地址")),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), default=list, size=None, verbose_name="专业领域"
                    ),
                ),
                ("lines", models.PositiveIntegerField(default=0, verbose_name="能力项数")),
                ("token", models.CharField(blank=True, max_length=26)),
                (
                    "pledge",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("draft", "起草中"),
                            ("checked", "已核对"),
                            ("signed", "已签署"),
                            ("public", "已公开"),
                            ("withdrawn", "已撤销"),
                            ("dropped", "已放弃"),
                        ],
                        max_length=10,
                        verbose_name="承诺",
                    ),
                ),
                ("published_on", models.DateField(null=True, verbose_name="承诺公开日期")),
                ("confirm_by", models.DateField(null=True, verbose_name="确认截止")),
                ("holds_until", models.DateField(null=True, verbose_name="条件有效至")),
                ("withdrawn_on", models.DateField(null=True, verbose_name="撤销日期")),
                ("updated_at", models.DateTimeField()),
                (
                    "words",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower(
                            models.Func(
                                "name",
                                "name_en",
                                "address",
                                arg_joiner=" || E'\\n' || ",
                                template="NORMALIZE(%(expressions)s, NFKC)",
                            ),
                            output_field=models.TextField(),
                        ),
                        output_field=models.TextField(),
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
                "verbose_name": "名录条目",
            },
        ),
        migrations.CreateModel(
            name="DirectoryLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("line", models.BigIntegerField(unique=True)),
                ("region_code", models.CharField(max_length=12)),
                ("field", models.CharField(max_length=30, verbose_name="专业领域")),
                ("instrument", models.CharField(max_length=80, verbose_name="测量仪器")),
                ("measurand", models.CharField(max_length=60, verbose_name="被测量")),
                ("si_unit", models.CharField(blank=True, max_length=60)),
                ("low", models.DecimalField(decimal_places=24, max_digits=48, null=True)),
                ("high", models.DecimalField(decimal_places=24, max_digits=48, null=True)),
                ("best", models.DecimalField(decimal_places=24, max_digits=48, null=True)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(null=True)),
                ("shown", models.JSONField(default=dict)),
                ("cmc", models.JSONField(default=dict)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="commitments.directoryentry"
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
                "verbose_name": "名录能力项",
            },
        ),
        migrations.CreateModel(
            name="Hearing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("noticed", "已告知，待陈述"),
                            ("answered", "已陈述，待决定"),
                            ("upheld", "决定撤销"),
                            ("dropped", "不予撤销"),
                        ],
                        default="noticed",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("reason", models.CharField(max_length=1000, verbose_name="拟撤销的事由与依据")),
                ("noticed_by", models.CharField(max_length=100, verbose_name="告知人")),
                ("noticed_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                ("answer_by", models.DateField(verbose_name="陈述截止")),
                ("answer", models.CharField(blank=True, max_length=2000, verbose_name="陈述与申辩")),
                ("answered_at", models.DateTimeField(null=True)),
                ("decision", models.CharField(blank=True, max_length=1000, verbose_name="决定理由")),
                ("decided_by", models.CharField(blank=True, max_length=100, verbose_name="决定人")),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="陈述人",
                    ),
                ),
                (
                    "commitment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hearings",
                        to="commitments.commitment",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="陈述材料",
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
                "verbose_name": "拟撤销告知",
            },
        ),
        migrations.CreateModel(
            name="Remediation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "整改中"),
                            ("submitted", "已提交，待审查"),
                            ("returned", "已退回"),
                            ("accepted", "已认可"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("cause_found", models.CharField(blank=True, max_length=1000, verbose_name="原因分析")),
                ("measures", models.CharField(blank=True, max_length=2000, verbose_name="整改措施与结果")),
                ("finished_on", models.DateField(null=True, verbose_name="整改完成日期")),
                ("submitted_at", models.DateTimeField(null=True)),
                ("decision", models.CharField(blank=True, max_length=1000, verbose_name="审查意见")),
                ("decided_by", models.CharField(blank=True, max_length=100, verbose_name="审查人")),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="portal.document",
                        verbose_name="整改证据",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="提交人",
                    ),
                ),
                (
                    "withdrawal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remediation",
                        to="commitments.commitmentwithdrawal",
                    ),
                ),
            ],
            options={
                "verbose_name": "整改",
            },
        ),
        migrations.CreateModel(
            name="CommitmentConfirmation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("due_on", models.DateField(verbose_name="应于")),
                ("confirmed_on", models.DateField(verbose_name="确认日期")),
                ("remark", models.CharField(blank=True, max_length=300, verbose_name="说明")),
                ("recorded_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "commitment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="confirmations",
                        to="commitments.commitment",
                    ),
                ),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.employment",
                        verbose_name="确认人",
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
                "verbose_name": "年度确认",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("institution", "commitment", "due_on"), name="confirmed_once_a_year"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="commitment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "public")), fields=("institution",), name="one_public_pledge"
            ),
        ),
        migrations.AddConstraint(
            model_name="commitment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["draft", "checked", "signed"])),
                fields=("institution",),
                name="one_pledge_in_the_making",
            ),
        ),
        migrations.AddConstraint(
            model_name="commitment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["public", "withdrawn"]), _negated=True),
                    models.Q(
                        ("confirm_by__isnull", False),
                        ("published_at__isnull", False),
                        ("signed_by__isnull", False),
                        ("signed_on__isnull", False),
                        ("token__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="public_pledge_is_signed_and_coded",
            ),
        ),
        migrations.AddConstraint(
            model_name="commitment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "withdrawn"), ("withdrawn_at__isnull", False)),
                    models.Q(models.Q(("state", "withdrawn"), _negated=True), ("withdrawn_at", None)),
                    _connector="OR",
                ),
                name="withdrawn_pledge_says_since_when",
            ),
        ),
        migrations.AddIndex(
            model_name="directoryentry",
            index=models.Index(fields=["region_code", "id"], name="directory_by_place"),
        ),
        migrations.AddIndex(
            model_name="directoryentry",
            index=models.Index(fields=["name", "id"], name="directory_by_name"),
        ),
        migrations.AddIndex(
            model_name="directoryentry",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["words"], name="directory_words", opclasses=["gin_trgm_ops"]
            ),
        ),
        migrations.AddIndex(
            model_name="directoryentry",
            index=django.contrib.postgres.indexes.GinIndex(fields=["fields"], name="directory_fields"),
        ),
        migrations.AddConstraint(
            model_name="directoryentry",
            constraint=models.UniqueConstraint(fields=("institution",), name="one_entry_of_an_institution"),
        ),
        migrations.AddIndex(
            model_name="directoryline",
            index=models.Index(
                fields=["instrument", "measurand", "field", "si_unit", "id"],
                include=["low", "high", "best", "institution", "valid_from", "valid_until"],
                name="lines_in_order",
            ),
        ),
        migrations.AddIndex(
            model_name="directoryline",
            index=models.Index(fields=["institution"], name="lines_of_institution"),
        ),
        migrations.AddConstraint(
            model_name="hearing",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["noticed", "answered"])),
                fields=("institution", "commitment"),
                name="one_hearing_at_a_time",
            ),
        ),
        migrations.RunSQL(WORDS_OF_REGIONS, REVERSE_WORDS_OF_REGIONS),
        migrations.RunPython(neutral_wording, migrations.RunPython.noop),
        TenantTable("Commitment"),
        TenantTable("CommitmentConfirmation", append_only=True),
        TenantTable("Channel"),
        TenantTable("CommitmentWithdrawal", append_only=True),
        TenantTable("Hearing"),
        TenantTable("Remediation"),
        TenantTable("DirectoryEntry", also_readable="true"),
        TenantTable("DirectoryLine", also_readable="true"),
    ]
    operations = together(operations)
