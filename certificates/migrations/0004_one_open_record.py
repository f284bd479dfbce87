from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("certificates", "0003_row_security")]

    operations = [
        migrations.AddConstraint(
            model_name="rawrecord",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "draft")), fields=("item",), name="one_open_record_per_item"
            ),
        ),
    ]
