"""What a penalty is about and who wrote it down; whether somebody is the regulator of an institution, asked under a lock."""

from django.db import migrations, models

# A regulator's membership belongs to no institution, so that no scope may lock it. The owner locks it and answers yes or no.
REGULATOR_OF = """
CREATE POLICY owner_reading ON institutions_membership FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY owner_locking ON institutions_membership FOR UPDATE TO CURRENT_USER
    USING (institution_id IS NULL) WITH CHECK (false);
CREATE FUNCTION regulator_of(wanted_user bigint, wanted_institution bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM institutions_membership m
        JOIN institutions_user u ON u.id = m.user_id
        JOIN institutions_institution i ON i.id = wanted_institution AND starts_with(i.region_code, m.region_code)
        WHERE m.user_id = wanted_user AND m.institution_id IS NULL AND m.region_code <> '' AND m.state = 'active'
            AND u.is_active AND u.frozen_at IS NULL
        FOR SHARE OF m, u;
    RETURN FOUND;
END $$;
"""
REVERSE_REGULATOR_OF = """
DROP FUNCTION regulator_of(bigint, bigint);
DROP POLICY owner_locking ON institutions_membership;
DROP POLICY owner_reading ON institutions_membership;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("institutions", "0012_api_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="violation",
            name="by_regulator",
            field=models.BooleanField(default=False, editable=False, verbose_name="监管部门登记"),
        ),
        migrations.AddField(
            model_name="violation",
            name="metrology",
            field=models.BooleanField(
                default=False, help_text="计量行政处罚；三年内有的不能承诺", verbose_name="计量类"
            ),
        ),
        migrations.AddField(
            model_name="violation",
            name="serious",
            field=models.BooleanField(default=False, verbose_name="重大违法违规"),
        ),
        migrations.RunSQL(REGULATOR_OF, REVERSE_REGULATOR_OF),
    ]
