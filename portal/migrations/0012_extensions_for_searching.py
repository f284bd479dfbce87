from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("portal", "0011_platform_entries_and_refused_acts")]

    operations = [TrigramExtension(), BtreeGinExtension()]
