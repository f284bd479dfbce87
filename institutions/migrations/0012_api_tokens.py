"""Keys for programs."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.clock
import portal.tenancy
from portal.tenancy import TenantTable

# Whoever brings a key is not in any institution's scope yet: the digest alone, exact, tells which one it opens.
HOLDER_OF_KEY = """
CREATE POLICY owner_reading ON institutions_apitoken FOR SELECT TO CURRENT_USER USING (true);
CREATE FUNCTION api_key_holder(key text) RETURNS TABLE (institution bigint, token bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT institution_id, id FROM institutions_apitoken WHERE digest = key $$;
"""
REVERSE_HOLDER_OF_KEY = """
DROP FUNCTION api_key_holder(text);
DROP POLICY owner_reading ON institutions_apitoken;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("institutions", "0011_scope_searched_and_in_order"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "有效"), ("revoked", "已撤销")],
                        default="active",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="用途")),
                ("hint", models.CharField(max_length=8, verbose_name="开头")),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "permissions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None, verbose_name="权限"
                    ),
                ),
                ("made_at", models.DateTimeField(db_default=portal.clock.DatabaseClock(), editable=False)),
                ("expires_on", models.DateField(verbose_name="有效期至")),
                ("last_used_at", models.DateTimeField(editable=False, null=True, verbose_name="最近使用")),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "接口令牌",
            },
        ),
        TenantTable("ApiToken"),
        migrations.RunSQL(HOLDER_OF_KEY, REVERSE_HOLDER_OF_KEY),
    ]
