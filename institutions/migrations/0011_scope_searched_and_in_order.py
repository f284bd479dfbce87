import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models

from portal.migrating import together


class Migration(migrations.Migration):
    dependencies = [("institutions", "0010_appointments_and_staffing"), ("portal", "0012_extensions_for_searching")]

    operations = [
        migrations.RemoveIndex(model_name="scopeitem", name="scope_by_instrument"),
        migrations.AddField(
            model_name="scopeitem",
            name="words",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Lower(
                    models.Func(
                        "instrument",
                        "measurand",
                        "line_number",
                        arg_joiner=" || E'\\n' || ",
                        template="NORMALIZE(%(expressions)s, NFKC)",
                    ),
                    output_field=models.TextField(),
                ),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddIndex(
            model_name="scopeitem",
            index=models.Index(fields=["institution", "instrument", "measurand", "id"], name="scope_in_order"),
        ),
        migrations.AddIndex(
            model_name="training",
            index=models.Index(fields=["institution", "-held_on", "-id"], name="training_newest_first"),
        ),
        migrations.AddIndex(
            model_name="scopeitem", index=models.Index(fields=["institution", "method"], name="scope_by_method")
        ),
        migrations.AddIndex(
            model_name="scopeitem",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["institution", "words"],
                gin_pending_list_limit=256,
                name="scope_words",
                opclasses=["int8_ops", "gin_trgm_ops"],
            ),
        ),
    ]
    operations = together(operations)
