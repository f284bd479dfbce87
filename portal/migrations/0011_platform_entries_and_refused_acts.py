from django.db import migrations, models

# Nobody reads the entries of the platform but the owner; so what may stand there is little: sign-ins and accounts, what a
# regulator takes away of a whole region, and a restore that went back in time. An act on a row has its institution.
MINE = "institution_id = app_tenant()"
VERBS = "'session', 'user', 'backup', 'oversight'"
PLATFORM = f"institution_id IS NULL AND target_id IS NULL AND split_part(verb, '.', 1) IN ({VERBS})"
POLICY = "ALTER POLICY tenant_isolation ON portal_auditentry WITH CHECK"


class Migration(migrations.Migration):
    dependencies = [("portal", "0010_imports_of_registers")]

    operations = [
        migrations.RunSQL(f"{POLICY} ({MINE} OR ({PLATFORM}))", f"{POLICY} ({MINE} OR institution_id IS NULL)"),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["institution", "-id"], condition=models.Q(succeeded=False), name="audit_refused"
            ),
        ),
    ]
