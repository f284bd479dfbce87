import django.db.models.deletion
from django.db import migrations, models

import portal.clock
import portal.tenancy
from portal.tenancy import TenantTable


class Migration(migrations.Migration):
    dependencies = [("portal", "0008_care_of_alerts")]

    operations = [
        migrations.CreateModel(
            name="ClauseStanding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("clause", models.CharField(max_length=40, verbose_name="条款")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("met", "符合"),
                            ("not_met", "不符合"),
                            ("unknown", "未判定"),
                            ("not_applicable", "不适用"),
                        ],
                        max_length=20,
                        verbose_name="情况",
                    ),
                ),
                ("since", models.DateField(verbose_name="起始日期")),
                ("until", models.DateField(null=True, verbose_name="结束日期")),
                ("figures", models.JSONField(default=dict, verbose_name="数字")),
                ("evidence", models.JSONField(default=list, verbose_name="依据")),
                ("advice", models.TextField(blank=True, verbose_name="建议")),
                ("fix", models.CharField(blank=True, max_length=300)),
                ("found_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.institution",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["institution", "clause", "-id"], name="clause_history"),
                    models.Index(
                        condition=models.Q(("state", "not_met"), ("until", None)),
                        fields=["institution", "since", "id"],
                        name="clauses_not_met",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)),
                        fields=("institution", "clause"),
                        name="clause_stands_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                        name="clause_stood_forwards",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("day", models.DateField(verbose_name="日期")),
                (
                    "evaluated_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="评定时间"
                    ),
                ),
                ("met", models.PositiveSmallIntegerField(verbose_name="符合")),
                ("not_met", models.PositiveSmallIntegerField(verbose_name="不符合")),
                ("unknown", models.PositiveSmallIntegerField(verbose_name="未判定")),
                ("not_applicable", models.PositiveSmallIntegerField(verbose_name="不适用")),
                ("duties_not_met", models.PositiveSmallIntegerField(verbose_name="不符合（应、不得）")),
                ("by_chapter", models.JSONField(default=dict)),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="institutions.institution",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("institution", "day"), name="one_evaluation_a_day")],
            },
        ),
        TenantTable("ClauseStanding"),
        TenantTable("Evaluation"),
    ]
