from django.db import migrations

from portal.codes import PUBLISHED_CARD, REVERSE_PUBLISHED_CARD
from portal.tenancy import TenantTable


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_initial"), ("institutions", "0003_row_security_functions")]

    operations = [
        TenantTable("AuditEntry", append_only=True, optional=True),
        TenantTable("Counter"),
        TenantTable("SmartCode"),
        TenantTable("Document"),
        migrations.RunSQL(PUBLISHED_CARD, REVERSE_PUBLISHED_CARD),
    ]
