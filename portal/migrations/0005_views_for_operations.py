from django.db import migrations

# Read-only: OFFSET 0 keeps PostgreSQL from letting anybody write through them. They show what their reader may read.
VIEWS = {
    "ops_leaves": "SELECT l.id, l.institution_id, l.kind, l.target, l.target_id, l.at, e.index, e.leaf_hash, "
    "e.sequenced_at FROM portal_ledgerleaf l LEFT JOIN portal_ledgerentry e ON e.leaf_id = l.id",
    "ops_checkpoints": "SELECT size, root, at FROM portal_ledgercheckpoint",
    "ops_outbox": "SELECT id, institution_id, task, queue, target_id, state, attempts, last_error, request_id, "
    "created_at, due_at, done_at FROM portal_outboxentry",
    "ops_audit": "SELECT id, institution_id, at, actor_user_id, acting_as, verb, target, target_id, target_ref, was, "
    "became, succeeded, request_id FROM portal_auditentry",
    "ops_jobs": "SELECT name, ran_at, ok, note FROM portal_jobrun",
}


class Migration(migrations.Migration):
    dependencies = [("portal", "0004_ledger_security")]

    operations = [
        migrations.RunSQL(f"CREATE VIEW {name} WITH (security_invoker = true) AS {query} OFFSET 0", f"DROP VIEW {name}")
        for name, query in VIEWS.items()
    ]
