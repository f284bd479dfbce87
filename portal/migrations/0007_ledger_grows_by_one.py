from django.db import migrations

# What is appended can never be taken back, so nothing may be appended that would stop the sequencer for good: entries
# follow one another without a gap, heads cover what is there, seals are of rows that are there.
GUARDS = """
CREATE FUNCTION ledger_grows_by_one() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE low bigint; high bigint; many bigint;
BEGIN
    SELECT min(index), max(index), count(*) INTO low, high, many FROM added;
    IF many > 0 AND (high - low + 1 <> many OR low < 0
        OR low > 0 AND NOT EXISTS (SELECT FROM portal_ledgerentry WHERE index = low - 1)) THEN
        RAISE EXCEPTION 'entries of the ledger follow one another' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER grows_by_one AFTER INSERT ON portal_ledgerentry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_grows_by_one();

CREATE FUNCTION checkpoint_covers_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size < 1 OR NOT EXISTS (SELECT FROM portal_ledgerentry WHERE index = NEW.size - 1) THEN
        RAISE EXCEPTION 'a checkpoint covers entries that are there' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER covers_entries BEFORE INSERT ON portal_ledgercheckpoint
    FOR EACH ROW EXECUTE FUNCTION checkpoint_covers_entries();

CREATE FUNCTION seal_is_of_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found record;
BEGIN
    SELECT * INTO found FROM audit_digest(NEW.ids);
    IF found.rows <> NEW.rows OR found.digest <> NEW.digest
        OR (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(NEW.ids::int8multirange) AS r) <> NEW.rows THEN
        RAISE EXCEPTION 'a seal is of rows that are there' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER is_of_rows BEFORE INSERT ON portal_auditseal FOR EACH ROW EXECUTE FUNCTION seal_is_of_rows();
"""
REVERSE_GUARDS = """
DROP TRIGGER is_of_rows ON portal_auditseal; DROP FUNCTION seal_is_of_rows();
DROP TRIGGER covers_entries ON portal_ledgercheckpoint; DROP FUNCTION checkpoint_covers_entries();
DROP TRIGGER grows_by_one ON portal_ledgerentry; DROP FUNCTION ledger_grows_by_one();
"""


class Migration(migrations.Migration):
    dependencies = [("portal", "0006_dead_letters_and_refused_files")]

    operations = [migrations.RunSQL(GUARDS, REVERSE_GUARDS)]
