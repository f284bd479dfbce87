from django.db import migrations

from portal.tenancy import TenantTable


class Migration(migrations.Migration):
    dependencies = [("equipment", "0002_relations"), ("institutions", "0004_row_security")]

    operations = [
        TenantTable("Equipment"),
        TenantTable("Traceability", append_only=True),
        TenantTable("MeasurementStandard"),
        TenantTable("StandardPart"),
    ]
