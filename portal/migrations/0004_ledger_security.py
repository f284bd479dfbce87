from django.db import migrations

from portal.tenancy import TenantTable

# Rows that no institution owns carry nothing about one and may be read by everybody.
PUBLIC_ROWS = "institution_id IS NULL"

TRIGGERS = "".join(
    f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION app_refuse_change();"
    for table in ("portal_ledgerentry", "portal_ledgernode", "portal_ledgercheckpoint", "portal_auditseal")
)
REVERSE_TRIGGERS = "".join(
    f"DROP TRIGGER append_only ON {table};"
    for table in ("portal_ledgerentry", "portal_ledgernode", "portal_ledgercheckpoint", "portal_auditseal")
)

# A card with which something is wrong says so, whatever it says itself, and hands out no file.
PUBLISHED = """
CREATE OR REPLACE FUNCTION published_card(key text, digest text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE found record;
BEGIN
    IF key = 'token_digest' THEN
        SELECT card, anomaly_since INTO found FROM portal_smartcode WHERE token_digest = digest;
    ELSIF key = 'number_digest' THEN
        SELECT card, anomaly_since INTO found FROM portal_smartcode WHERE number_digest = digest;
    ELSE
        SELECT card, anomaly_since INTO found FROM portal_smartcode WHERE file_digest = digest;
    END IF;
    IF found.anomaly_since IS NOT NULL THEN
        RETURN jsonb_set(found.card, '{state}', '"anomaly"')::text;
    END IF;
    RETURN found.card::text;
END $$;
CREATE OR REPLACE FUNCTION published_file(digest text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT stored_as FROM portal_smartcode
    WHERE number_digest = digest AND card->>'state' = 'issued' AND anomaly_since IS NULL $$;
CREATE FUNCTION published_file_digest(digest text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT file_digest FROM portal_smartcode WHERE number_digest = digest $$;
CREATE FUNCTION published_evidence(digest text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT evidence::text FROM portal_smartcode WHERE token_digest = digest $$;
"""
REVERSE_PUBLISHED = "DROP FUNCTION published_evidence(text); DROP FUNCTION published_file_digest(text);"

# The sequencer seals the trail of all institutions at once; it learns numbers and digests, never a row.
# The columns are named one by one: a column added later changes no digest made before.
AUDIT = """
CREATE POLICY owner_reading ON portal_auditentry FOR SELECT TO CURRENT_USER USING (true);
CREATE FUNCTION audit_unsealed(beyond bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT (coalesce((SELECT range_agg(int8range(id, id + 1)) FROM portal_auditentry WHERE id > beyond), '{}')
          - coalesce((SELECT range_agg(ids::int8multirange) FROM portal_auditseal), '{}'))::text $$;
CREATE FUNCTION audit_digest(ids text, OUT rows bigint, OUT digest text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
    SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY id), ''), 'UTF8')), 'hex')
    FROM (
        SELECT a.id, jsonb_build_array(a.id, a.institution_id, a.ref, a.at, a.actor_name, a.actor_user_id, a.acting_as,
            a.verb, a.target, a.target_id, a.target_ref, a.target_name, a.was, a.became, a.changes, a.reason,
            a.succeeded, a.request_id)::text AS line
        FROM unnest(ids::int8multirange) AS r JOIN portal_auditentry a ON a.id >= lower(r) AND a.id < upper(r)
    ) AS lines $$;
"""
REVERSE_AUDIT = """
DROP FUNCTION audit_digest(text); DROP FUNCTION audit_unsealed(bigint); DROP POLICY owner_reading ON portal_auditentry;
"""


class Migration(migrations.Migration):
    dependencies = [("portal", "0003_ledger_alerts_step_up")]

    operations = [
        TenantTable("LedgerLeaf", append_only=True, optional=True, also_readable=PUBLIC_ROWS),
        TenantTable("LedgerSalt", append_only=True, optional=True, also_readable=PUBLIC_ROWS),
        TenantTable("Alert"),
        TenantTable("Delivery"),
        migrations.RunSQL(TRIGGERS, REVERSE_TRIGGERS),
        migrations.RunSQL(PUBLISHED, REVERSE_PUBLISHED),
        migrations.RunSQL(AUDIT, REVERSE_AUDIT),
    ]
