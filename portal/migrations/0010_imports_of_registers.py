import django.db.models.deletion
from django.db import migrations, models

import portal.clock
import portal.tenancy


class Migration(migrations.Migration):
    dependencies = [("portal", "0009_verdicts")]

    operations = [
        migrations.CreateModel(
            name="RegisterImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("reading", "正在读取"),
                            ("preview", "待确认"),
                            ("writing", "正在写入"),
                            ("written", "已写入"),
                            ("unreadable", "无法读取"),
                            ("dropped", "已放弃"),
                            ("expired", "已过期"),
                        ],
                        default="reading",
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                ("register", models.CharField(max_length=60, verbose_name="台账")),
                (
                    "mode",
                    models.CharField(
                        blank=True,
                        choices=[("all", "全部写入"), ("good", "只写入无误的行")],
                        max_length=4,
                        verbose_name="写入方式",
                    ),
                ),
                ("file_name", models.CharField(blank=True, max_length=150, verbose_name="文件名")),
                ("content_type", models.CharField(blank=True, max_length=100)),
                ("sha256", models.CharField(max_length=64)),
                ("stored_as", models.CharField(blank=True, max_length=100)),
                ("acting", models.JSONField(default=dict)),
                (
                    "started_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="开始时间"
                    ),
                ),
                ("finished_at", models.DateTimeField(null=True)),
                ("lines", models.PositiveIntegerField(default=0, verbose_name="行数")),
                ("new_rows", models.PositiveIntegerField(default=0, verbose_name="新登记")),
                ("changed_rows", models.PositiveIntegerField(default=0, verbose_name="更正")),
                ("same_rows", models.PositiveIntegerField(default=0, verbose_name="没有变化")),
                ("flawed_rows", models.PositiveIntegerField(default=0, verbose_name="有误")),
                ("said", models.TextField(blank=True, verbose_name="说明")),
                ("content_sealed", models.TextField(blank=True)),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "导入",
                "indexes": [models.Index(fields=["institution", "register", "-id"], name="import_newest_first")],
            },
        ),
        portal.tenancy.TenantTable("RegisterImport"),
    ]
