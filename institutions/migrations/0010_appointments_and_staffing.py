import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

import portal.tenancy
from portal.migrating import together

# Any code could make a regulator otherwise, or turn a member into one by taking its institution away.
APPOINTS = """
CREATE FUNCTION app_appoints() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('app.appoints', true), '') = 'yes' $$;
ALTER POLICY tenant_isolation ON institutions_membership
    WITH CHECK (institution_id = app_tenant() OR (institution_id IS NULL AND app_appoints()));
"""
REVERSE_APPOINTS = """
ALTER POLICY tenant_isolation ON institutions_membership
    WITH CHECK (institution_id = app_tenant() OR institution_id IS NULL);
DROP FUNCTION app_appoints();
"""

# Institutions and persons belong to no institution, so no policy stands before them. An institution is changed in its own
# scope; who a person is, once known, is changed by nobody.
SHARED_ROWS = """
CREATE FUNCTION app_changes_itself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.id IS DISTINCT FROM app_tenant() AND NOT pg_has_role(session_user, TG_ARGV[0]::name, 'MEMBER') THEN
        RAISE EXCEPTION 'institution % is changed in its own scope only', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION app_keeps_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.identity_digest IS DISTINCT FROM NEW.identity_digest AND OLD.identity_digest IS NOT NULL THEN
        RAISE EXCEPTION 'who person % is cannot be changed', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
DO $$ BEGIN
    EXECUTE format('CREATE TRIGGER changes_itself BEFORE UPDATE ON institutions_institution
        FOR EACH ROW EXECUTE FUNCTION app_changes_itself(%L)', current_user);
END $$;
CREATE TRIGGER keeps_identity BEFORE UPDATE ON institutions_person FOR EACH ROW EXECUTE FUNCTION app_keeps_identity();
"""
REVERSE_SHARED_ROWS = """
DROP TRIGGER keeps_identity ON institutions_person;
DROP TRIGGER changes_itself ON institutions_institution;
DROP FUNCTION app_keeps_identity();
DROP FUNCTION app_changes_itself();
"""


class Migration(migrations.Migration):
    dependencies = [("institutions", "0009_methods"), ("portal", "0011_platform_entries_and_refused_acts")]

    operations = [
        migrations.RunSQL(APPOINTS, REVERSE_APPOINTS),
        migrations.RunSQL(SHARED_ROWS, REVERSE_SHARED_ROWS),
        migrations.AddField(
            model_name="scopeitem",
            name="past_suspensions",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                blank=True,
                default=list,
                editable=False,
                size=None,
                verbose_name="暂停过的期间",
            ),
        ),
        migrations.CreateModel(
            name="FieldStaffing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.CharField(default=portal.tenancy.new_ref, editable=False, max_length=12)),
                ("field", models.CharField(max_length=30, verbose_name="专业领域")),
                ("people", models.PositiveSmallIntegerField(verbose_name="检校人员数")),
                ("fell_on", models.DateField(null=True, verbose_name="人数降低日期")),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="institutions.institution"
                    ),
                ),
            ],
            options={
                "verbose_name": "专业人员数",
                "indexes": [
                    models.Index(
                        condition=models.Q(("fell_on__isnull", False)),
                        fields=["fell_on", "institution"],
                        include=("id",),
                        name="staffing_fell",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("institution", "field"), name="staffing_once_a_field")],
            },
        ),
        portal.tenancy.TenantTable("FieldStaffing"),
        migrations.AlterField(
            model_name="qualification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("business_licence", "营业执照或法人登记证书"),
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
    ]
    operations = together(operations)
