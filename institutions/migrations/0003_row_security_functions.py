from django.db import migrations

from portal.tenancy import FUNCTIONS, REVERSE_FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [("institutions", "0002_relations")]

    operations = [migrations.RunSQL(FUNCTIONS, REVERSE_FUNCTIONS)]
