from django.db import migrations

from portal.tenancy import TenantTable

# Second guard below the verbs: what was submitted or issued cannot be altered by any statement of the portal.
FROZEN = """
CREATE FUNCTION record_stays_as_submitted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.state = 'submitted' AND OLD IS DISTINCT FROM NEW THEN
        RAISE EXCEPTION 'record % is locked since its submission', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays_as_submitted BEFORE UPDATE ON certificates_rawrecord
    FOR EACH ROW EXECUTE FUNCTION record_stays_as_submitted();

CREATE FUNCTION certificate_stays_as_issued() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.content_sha256 <> '' AND (
        NEW.kind, NEW.record_id, NEW.operator_id, NEW.checker_id, NEW.approver_id, NEW.checked_at, NEW.approved_at,
        NEW.body, NEW.body_sha256, NEW.number, NEW.issued_at, NEW.valid_until, NEW.content, NEW.content_sha256,
        NEW.token, NEW.verification_code
    ) IS DISTINCT FROM (
        OLD.kind, OLD.record_id, OLD.operator_id, OLD.checker_id, OLD.approver_id, OLD.checked_at, OLD.approved_at,
        OLD.body, OLD.body_sha256, OLD.number, OLD.issued_at, OLD.valid_until, OLD.content, OLD.content_sha256,
        OLD.token, OLD.verification_code
    ) OR OLD.pdf_sha256 <> '' AND (NEW.pdf_sha256, NEW.pdf_stored_as)
        IS DISTINCT FROM (OLD.pdf_sha256, OLD.pdf_stored_as)
    OR OLD.state = 'void' AND NEW.state <> 'void'
    OR OLD.state = 'issued' AND NEW.state NOT IN ('issued', 'void') THEN
        RAISE EXCEPTION 'certificate % stays as issued', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays_as_issued BEFORE UPDATE ON certificates_certificate
    FOR EACH ROW EXECUTE FUNCTION certificate_stays_as_issued();
"""
THAWED = """
DROP TRIGGER stays_as_issued ON certificates_certificate;
DROP FUNCTION certificate_stays_as_issued();
DROP TRIGGER stays_as_submitted ON certificates_rawrecord;
DROP FUNCTION record_stays_as_submitted();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("certificates", "0002_relations"),
        ("equipment", "0003_row_security"),
        ("orders", "0002_row_security"),
    ]

    operations = [
        TenantTable("Procedure"),
        TenantTable("RawRecord"),
        TenantTable("Reading", append_only=True),
        TenantTable("Certificate"),
        migrations.RunSQL(FROZEN, THAWED),
    ]
