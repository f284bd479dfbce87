import datetime

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models

from portal.migrating import together

NEWEST = """
UPDATE equipment_equipment AS e SET traced_from = t.calibrated_on, due_on = t.valid_until FROM (
    SELECT DISTINCT ON (institution_id, equipment_id) * FROM equipment_traceability {}
    ORDER BY institution_id, equipment_id, calibrated_on DESC, id DESC
) AS t WHERE e.id = t.equipment_id AND e.institution_id = t.institution_id
AND (e.traced_from IS NULL OR e.traced_from <= t.calibrated_on)
"""  # the last line is asked again of a row that somebody else has just changed
KEPT = f"""
CREATE FUNCTION equipment_traced() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    {NEWEST.format("WHERE (institution_id, equipment_id) IN (SELECT institution_id, equipment_id FROM recorded)")};
    RETURN NULL;
END $$;
CREATE TRIGGER newest_traceability AFTER INSERT ON equipment_traceability
    REFERENCING NEW TABLE AS recorded FOR EACH STATEMENT EXECUTE FUNCTION equipment_traced();
"""
REVERSE_KEPT = "DROP TRIGGER newest_traceability ON equipment_traceability; DROP FUNCTION equipment_traced();"
# The owner reads no institution's rows while their walls stand.
SO_FAR = f"""
ALTER TABLE equipment_equipment NO FORCE ROW LEVEL SECURITY;
ALTER TABLE equipment_traceability NO FORCE ROW LEVEL SECURITY;
{NEWEST.format("")};
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
ALTER TABLE equipment_traceability FORCE ROW LEVEL SECURITY;
ALTER TABLE equipment_equipment FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("equipment", "0003_row_security"),
        ("institutions", "0011_scope_searched_and_in_order"),
        ("portal", "0012_extensions_for_searching"),
    ]

    operations = [
        migrations.AddField(
            model_name="equipment",
            name="due_on",
            field=models.DateField(default=datetime.date(1, 1, 1), editable=False),
        ),
        migrations.AddField(
            model_name="equipment", name="traced_from", field=models.DateField(editable=False, null=True)
        ),
        migrations.AddField(
            model_name="equipment",
            name="words",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Lower(
                    models.Func(
                        "asset_number",
                        "name",
                        "serial_number",
                        "model",
                        arg_joiner=" || E'\\n' || ",
                        template="NORMALIZE(%(expressions)s, NFKC)",
                    ),
                    output_field=models.TextField(),
                ),
                output_field=models.TextField(),
            ),
        ),
        migrations.RunSQL(KEPT, REVERSE_KEPT),
        migrations.RunSQL(SO_FAR, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="equipment",
            index=models.Index(fields=["institution", "due_on", "id"], name="equipment_by_due_day"),
        ),
        migrations.AddIndex(
            model_name="equipment",
            index=models.Index(fields=["institution", "name", "id"], name="equipment_by_name"),
        ),
        migrations.AddIndex(
            model_name="equipment",
            index=models.Index(
                condition=models.Q(("state", "in_use")),
                fields=["due_on", "institution"],
                include=("id",),
                name="equipment_due",
            ),
        ),
        migrations.AddIndex(
            model_name="equipment",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["institution", "words"],
                gin_pending_list_limit=256,
                name="equipment_words",
                opclasses=["int8_ops", "gin_trgm_ops"],
            ),
        ),
    ]
    operations = together(operations)
