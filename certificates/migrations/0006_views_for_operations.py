from django.db import migrations

# Read-only: OFFSET 0 keeps PostgreSQL from letting anybody write through them. They show what their reader may read.
VIEWS = {
    "ops_certificates": "SELECT id, institution_id, ref, state, kind, number, issued_at, valid_until, body_sha256, "
    "content_sha256, pdf_sha256, voided_at, created_at FROM certificates_certificate",
    "ops_readings": "SELECT id, institution_id, ref, record_id, cell, text, value, mode, reason, replaces_id, "
    "recorded_by_id, recorded_at FROM certificates_reading",
}


class Migration(migrations.Migration):
    dependencies = [("certificates", "0005_one_approved_version"), ("portal", "0005_views_for_operations")]

    operations = [
        migrations.RunSQL(f"CREATE VIEW {name} WITH (security_invoker = true) AS {query} OFFSET 0", f"DROP VIEW {name}")
        for name, query in VIEWS.items()
    ]
