from django.db import migrations

from portal.tenancy import TenantTable


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("institutions", "0004_row_security")]

    operations = [TenantTable("Item")]
