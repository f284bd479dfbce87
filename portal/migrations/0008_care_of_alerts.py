import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.clock
import portal.tenancy
from portal.migrating import together
from portal.tenancy import TenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("portal", "0007_ledger_grows_by_one"),
        ("institutions", "0005_sign_in_and_sealed_fields"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="alert",
            name="seen_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="确认人",
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="settled_at",
            field=models.DateTimeField(null=True, verbose_name="消除时间"),
        ),
        migrations.AddField(
            model_name="alert",
            name="snoozed_until",
            field=models.DateField(null=True, verbose_name="推迟至"),
        ),
        migrations.AddField(
            model_name="alert",
            name="snoozed_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="snooze_reason",
            field=models.CharField(blank=True, db_default="", max_length=300, verbose_name="推迟原因"),
        ),
        migrations.AddField(
            model_name="alert",
            name="assigned_to",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="处理人",
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="assigned_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="assigned_at",
            field=models.DateTimeField(null=True, verbose_name="指派时间"),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                fields=["rule", "due_on"],
                include=("target_id", "threshold", "institution"),
                condition=models.Q(settled_at=None),
                name="alert_open",
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                fields=["rule"],
                condition=models.Q(("snoozed_until__isnull", False), ("assigned_to__isnull", False), _connector="OR"),
                name="alert_cared_for",
            ),
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "at",
                    models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="时间"),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("sent", "已交给邮件服务器"), ("refused", "未送出")],
                        max_length=10,
                        verbose_name="结果",
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="错误")),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tries", to="portal.delivery"
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
                "indexes": [
                    models.Index(fields=["institution", "delivery", "id"], name="attempts_of_delivery"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Absence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("announced", "已登记"), ("withdrawn", "已撤销")],
                        default="announced",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("first_day", models.DateField(verbose_name="开始日期")),
                ("last_day", models.DateField(verbose_name="结束日期")),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=portal.clock.DatabaseClock(), editable=False, verbose_name="登记时间"
                    ),
                ),
                (
                    "absent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="离岗人",
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "substitute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="代理人",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["institution", "substitute", "last_day"], name="absence_by_substitute"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(first_day__lte=models.F("last_day")), name="absence_days_in_order"
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(absent=models.F("substitute")), name="absence_needs_another"
                    ),
                ],
            },
        ),
        TenantTable("DeliveryAttempt", append_only=True),
        TenantTable("Absence"),
    ]
    operations = together(operations)
