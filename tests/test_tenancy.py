"""The wall in the database: what its catalogue says about every table, and what happens to whoever tries it."""

import contextlib

import psycopg2
import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, connections, transaction

from commitments.models import CommitmentTemplate, DirectoryEntry, DirectoryLine
from equipment.models import Equipment
from institutions.models import (
    ApiToken,
    EmploymentConflict,
    FieldStaffing,
    Institution,
    Invitation,
    Membership,
    Person,
    ScopeChoice,
    ScopeItem,
    Site,
)
from portal import audit, documents, due_functions, duelists, standing
from portal.actors import Actor
from portal.models import Alert, AuditEntry, ClauseStanding, Delivery, DeliveryAttempt, Evaluation, RegisterImport
from portal.permissions import Role
from portal.tenancy import TenantModel, scope, tenant
from tests import filled, make
from tests.conftest import as_owner
from tests.make import NOON

MODELS = sorted((model for model in apps.get_models() if issubclass(model, TenantModel)), key=lambda m: m._meta.label)
TABLES = [model._meta.db_table for model in MODELS]
APPEND_ONLY = [model._meta.db_table for model in MODELS if model.protection == "append_only"]
LINKS = [
    (model._meta.db_table, field.column, field.remote_field.model._meta.db_table)
    for model in MODELS
    for field in model._meta.local_fields
    if field.is_relation and issubclass(field.remote_field.model, TenantModel)
]
# Tables whose rows may be without an institution, each with the rows that may.
WITHOUT_INSTITUTION = {
    "institutions_membership": "((institution_id IS NULL) AND app_appoints())",
    "portal_auditentry": "((institution_id IS NULL) AND (target_id IS NULL) AND (split_part((verb)::text, '.'::text, 1)"
    " = ANY (ARRAY['session'::text, 'user'::text, 'backup'::text, 'oversight'::text])))",
    "portal_ledgerleaf": "(institution_id IS NULL)",
    "portal_ledgersalt": "(institution_id IS NULL)",
}
# Tables whose rows everybody reads, each with the reason why.
PUBLISHED = {
    "commitments_directoryentry": "the directory of institutions: name, place and the dates of the pledge, written to be read",
    "commitments_directoryline": "the scope of institutions as the directory shows it",
}
WALLED = [table for table in TABLES if table not in PUBLISHED]
# Tables that belong to no institution, each with the reason why.
PORTAL_WIDE = {
    "commitments_commitmenttemplate": "wordings of the pledge: everybody reads them, a regulator writes those of its region",
    "institutions_institution": "the institutions themselves: public facts only",
    "institutions_person": "one person across institutions; holds nothing but an identity",
    "institutions_user": "accounts; what one may do follows from memberships",
    "institutions_method": "published regulations and standards, the same for everybody",
    "institutions_loginfailure": "counts guesses before anybody is known",
    "institutions_oldpassword": "hashes of an account's earlier passwords",
    "institutions_passwordreset": "who asked for a new password, before anybody is known",
    "institutions_recoverycode": "hashes that belong to an account",
    "institutions_secondfactor": "sealed secrets that belong to an account",
    "institutions_usersession": "who is signed in",
    "portal_auditseal": "numbers and digests of the audit trail, not its rows",
    "portal_jobrun": "when periodic work ran last",
    "portal_ledgercheckpoint": "signed heads of the log: public",
    "portal_ledgerentry": "the log: public, salted hashes only",
    "portal_ledgernode": "hashes above the log: public",
    "portal_ledgerpending": "what becomes public within a minute",
    "portal_outboxentry": "ids of work, read across institutions by relay and workers",
    "portal_sentmail": "keys of mails, neither address nor text",
    "portal_stepup": "proofs of an account for one act on one row, by number",
    "django_session": "Django: not used, sessions lie in institutions_usersession",
    "django_content_type": "Django: names of models",
    "django_migrations": "Django: which migrations have run; read-only",
    "auth_group": "Django: not used",
    "auth_group_permissions": "Django: not used",
    "auth_permission": "Django: not used",
}


def rows(query, *values):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def populated(slug):
    """An institution with at least one row in every tenant table."""
    world = make.laboratory(slug)
    make.certificate(world, "released")
    lab = world.institution
    manager = make.actor(lab, Role.ADMINISTRATOR)
    with tenant(lab.pk):
        documents.upload(SimpleUploadedFile("licence.pdf", b"%PDF-1.7 text"), actor=manager, at=NOON)
        Invitation.objects.create(
            institution=lab, email="a@example.test", name="许知远", roles=[Role.CHECKER], expires_at=NOON
        )
        due = Alert.objects.create(
            institution=lab, rule="test", target="x", target_id=1, threshold=30, due_on=make.DAY, subject="x"
        )
        digest = Delivery.objects.create(institution=lab, user_id=manager.user_id, day=make.DAY, alerts=[due.pk])
        DeliveryAttempt.objects.create(institution=lab, delivery=digest, outcome=DeliveryAttempt.Outcome.SENT)
        make.absence(lab, make.user(lab, Role.OPERATOR), make.user(lab, Role.CHECKER))
        RegisterImport.objects.create(institution=lab, register="departments", sha256="0" * 64)
        ClauseStanding.objects.create(institution=lab, clause="A-4.1.1", state="met", since=make.DAY)
        Evaluation.objects.create(institution=lab, day=make.DAY, **standing.summed({}))
        FieldStaffing.objects.create(institution=lab, field="电学", people=3)
        EmploymentConflict.objects.create(
            institution=lab, person=world.operator_employment.person, name="许知远", started_on=make.DAY
        )
        ApiToken.objects.create(
            institution=lab, name="采集器", hint="x", digest=slug, permissions=["environment:note"],
            made_by_id=manager.user_id, expires_on=make.DAY,
        )  # fmt: skip
    filled.one_of_each(lab)
    filled.row(ScopeChoice, lab, line=world.scope, instead_of=filled.row(ScopeItem, lab))
    return world


@pytest.fixture
def two_labs(db):
    return populated("alpha"), populated("beta")


def tables_with_rows():
    return [table for table in WALLED if rows(f"SELECT EXISTS (SELECT FROM {table})")[0][0]]


# --- what the catalogue says


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_row_security_is_enabled_and_forced(table):
    assert rows("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table) == [
        (True, True)
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_rows_are_written_and_read_inside_their_institution(table):
    ((using, check, command, roles),) = rows(
        "SELECT qual, with_check, cmd, roles::text FROM pg_policies"
        " WHERE tablename = %s AND policyname = 'tenant_isolation'",
        table,
    )
    assert (using, command, roles) == ("(institution_id = app_tenant())", "ALL", "{public}")
    assert check == (f"({using} OR {WITHOUT_INSTITUTION[table]})" if table in WITHOUT_INSTITUTION else using)


# Policies that open for more than reading, beside those of institutions and of due lists, each with what it is for.
WRITING = {
    ("commitments_commitmenttemplate", "regulator_writes"): "a regulator lays down the wording of its own region",
    ("commitments_commitmenttemplate", "owner_writes"): "the migration that brings the portal's own wording",
    (
        "institutions_membership",
        "owner_locking",
    ): "regulator_of keeps a regulator's membership as it is until the commit",
}


@pytest.mark.django_db
def test_every_other_policy_opens_for_reading_only():
    others = rows(
        "SELECT tablename, policyname, cmd FROM pg_policies WHERE policyname NOT IN ('tenant_isolation', 'due_writing')"
    )
    others = [found for found in others if found[:2] not in WRITING]
    assert {(policy, command) for _, policy, command in others} <= {
        ("regulator_reading", "SELECT"),
        ("also_readable", "SELECT"),
        ("owner_reading", "SELECT"),
        ("due_reading", "SELECT"),
        ("find_reading", "SELECT"),
        ("everybody_reads", "SELECT"),
    }
    assert [table for table, policy, _ in others if policy == "everybody_reads"] == ["commitments_commitmenttemplate"]
    also_readable = rows("SELECT tablename, qual FROM pg_policies WHERE policyname = 'also_readable' ORDER BY 1")
    assert also_readable == [
        *((table, "true") for table in PUBLISHED),
        ("institutions_membership", "(user_id = app_user())"),
        ("institutions_method", "(owner_id IS NULL)"),
        ("portal_ledgerleaf", "(institution_id IS NULL)"),
        ("portal_ledgersalt", "(institution_id IS NULL)"),
    ]
    owners = {table for table, policy, _ in others if policy == "owner_reading"}
    assert owners == {"portal_smartcode", "portal_auditentry", "institutions_apitoken", "institutions_membership"}


@pytest.mark.django_db
def test_what_opens_for_writing_is_bound_to_the_owner_or_to_the_regulators_region():
    owner = f"{{{connections['owner'].settings_dict['USER']}}}"
    region = "current_setting('app.region'::text, true)"
    own_region = f"((COALESCE({region}, ''::text) <> ''::text) AND starts_with((region_code)::text, {region}))"
    found = rows(
        "SELECT tablename, policyname, cmd, roles::text, qual, with_check FROM pg_policies"
        " WHERE (tablename, policyname) IN %s ORDER BY 1, 2",
        tuple(WRITING),
    )
    assert found == [
        ("commitments_commitmenttemplate", "owner_writes", "ALL", owner, "true", "true"),
        ("commitments_commitmenttemplate", "regulator_writes", "ALL", "{public}", own_region, own_region),
        ("institutions_membership", "owner_locking", "UPDATE", owner, "(institution_id IS NULL)", "false"),
    ]


@pytest.mark.django_db
def test_the_owner_may_lock_a_regulators_membership_and_change_nothing_of_it(owner_connection):
    with owner_connection.cursor() as owner:
        owner.execute("SELECT set_config('app.appoints', 'yes', true)")
        owner.execute(
            "INSERT INTO institutions_user (username, password, name, email, is_active)"
            " VALUES ('r', '', 'r', '', true) RETURNING id"
        )
        owner.execute(
            "INSERT INTO institutions_membership (user_id, ref, roles, region_code, state)"
            " VALUES (%s, 'r', '{regulator}', '4403', 'active')",
            owner.fetchone(),
        )
        owner.execute("SELECT set_config('app.appoints', '', true)")
        owner.execute("SELECT state FROM institutions_membership FOR SHARE")
        assert owner.fetchall() == [("active",)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="row-level security"):
            owner.execute("UPDATE institutions_membership SET region_code = '44'")


@pytest.mark.django_db
def test_beyond_one_institution_the_owner_alone_reads_what_due_lists_read_and_writes_alerts():
    found = rows("SELECT tablename, policyname, roles::text FROM pg_policies WHERE policyname LIKE 'due%%'", *())
    owner = connections["owner"].settings_dict["USER"]
    assert {roles for _, _, roles in found} == {f"{{{owner}}}"}
    assert {table for table, policy, _ in found if policy == "due_writing"} == {"portal_alert"}
    walled = {*TABLES, "institutions_method"}
    assert {table for table, policy, _ in found if policy == "due_reading"} == due_functions.tables_read() & walled


@pytest.mark.django_db
def test_the_functions_of_the_due_lists_answer_with_a_count_and_are_the_owners():
    found = rows(
        "SELECT p.proname, p.prosecdef, pg_get_function_result(p.oid), p.proconfig[1],"
        " pg_get_userbyid(p.proowner), has_function_privilege('public', p.oid, 'EXECUTE')"
        " FROM pg_proc p WHERE p.pronamespace = 'due'::regnamespace"
    )
    assert {name for name, *_ in found} == {f"{name}.{act}" for name in duelists.RULES for act in ("find", "settle")}
    owner = connections["owner"].settings_dict["USER"]
    path = "search_path=pg_catalog, public, pg_temp"
    assert {tuple(rest) for _, *rest in found} == {(True, "bigint", path, owner, False)}


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_a_row_can_be_pointed_at_together_with_its_institution(table):
    assert (["institution_id", "id"],) in rows(
        "SELECT ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY place)"
        " FROM pg_constraint c WHERE c.conrelid = %s::regclass AND c.contype = 'u'",
        table,
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("table", "column", "parent"), LINKS)
def test_a_row_points_at_parents_of_its_own_institution(table, column, parent):
    pairs = rows(
        "SELECT ARRAY(SELECT f.attname || ' -> ' || t.attname FROM generate_subscripts(c.conkey, 1) AS i"
        " JOIN pg_attribute f ON f.attrelid = c.conrelid AND f.attnum = c.conkey[i]"
        " JOIN pg_attribute t ON t.attrelid = c.confrelid AND t.attnum = c.confkey[i] ORDER BY 1)"
        " FROM pg_constraint c WHERE c.contype = 'f' AND c.convalidated"
        " AND c.conrelid = %s::regclass AND c.confrelid = %s::regclass",
        table,
        parent,
    )
    assert (sorted(["institution_id -> institution_id", f"{column} -> id"]),) in pairs


@pytest.mark.django_db
def test_every_table_belongs_to_institutions_or_has_a_reason_not_to():
    found = {name for (name,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert found - set(PORTAL_WIDE) == set(TABLES)


@pytest.mark.django_db
def test_no_portal_wide_table_points_at_rows_of_an_institution():
    pointing = rows(
        "SELECT conrelid::regclass::text FROM pg_constraint"
        " WHERE contype = 'f' AND confrelid::regclass::text = ANY(%s)",
        TABLES,
    )
    assert {table for (table,) in pointing} <= set(TABLES)


@pytest.mark.django_db
def test_no_view_shows_rows_with_the_rights_of_its_owner():
    assert (
        rows(
            "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
            " AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)"
        )
        == []
    )


@pytest.mark.django_db
def test_only_the_readings_by_exact_key_work_with_the_rights_of_their_owner():
    found = rows("SELECT proname, proconfig[1] FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace")
    by_exact_key = {
        "published_card", "published_file", "published_file_digest", "published_evidence", "api_key_holder",
    }  # fmt: skip
    numbers_and_digests_only = {"audit_unsealed", "audit_digest"}
    yes_or_no = {"regulator_of"}
    assert {name for name, _ in found} == by_exact_key | numbers_and_digests_only | yes_or_no
    assert {path.partition("=")[2].partition(",")[0] for _, path in found} == {"pg_catalog"}


# --- what the runtime role is and may do


@pytest.mark.django_db
def test_the_runtime_role_is_nobody_special():
    assert rows(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles"
        " WHERE rolname = current_user"
    ) == [(False, False, False, False, False)]
    assert rows("SELECT roleid FROM pg_auth_members WHERE member = current_user::regrole") == []


@pytest.mark.django_db
def test_the_runtime_role_owns_nothing():
    assert rows("SELECT objid FROM pg_shdepend WHERE refobjid = current_user::regrole AND deptype = 'o'") == []


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_the_runtime_role_erases_no_row_of_an_institution(table):
    rights = ["DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", *(["UPDATE"] if table in APPEND_ONLY else [])]
    held = [right for right in rights if rows("SELECT has_table_privilege(%s, %s)", table, right)[0][0]]
    assert held == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE institutions_site DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE institutions_site NO FORCE ROW LEVEL SECURITY",
        "ALTER POLICY tenant_isolation ON institutions_site USING (true)",
        "DROP POLICY tenant_isolation ON institutions_site",
        "CREATE POLICY mine ON institutions_site USING (true)",
        "TRUNCATE institutions_site CASCADE",
        "ALTER TABLE portal_auditentry DISABLE TRIGGER append_only",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION app_tenant() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'",
        "DELETE FROM django_migrations",
        "DELETE FROM portal_outboxentry",
        "DELETE FROM institutions_institution",
        "CREATE TABLE public.mine ()",
        "CREATE TABLE due.mine ()",
        "CREATE FUNCTION due.mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "SET ROLE portal_owner",
    ],
)
def test_the_runtime_role_cannot_take_the_wall_down(statement):
    with pytest.raises(ProgrammingError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert isinstance(refused.value.__cause__, psycopg2.errors.InsufficientPrivilege)


@pytest.mark.django_db
def test_the_runtime_role_cannot_grant_itself_more():
    with connection.cursor() as cursor:
        cursor.execute("GRANT DELETE ON institutions_site TO CURRENT_USER")  # PostgreSQL warns and grants nothing
    assert rows("SELECT has_table_privilege('institutions_site', 'DELETE')") == [(False,)]


def test_switching_row_security_off_makes_queries_fail_instead_of_telling(two_labs):
    rows("SELECT set_config('row_security', 'off', true)")
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Site.objects.count()


# --- what happens to rows


def test_a_scope_shows_rows_of_its_institution_only(two_labs):
    alpha, beta = two_labs
    with tenant(alpha.institution.pk):
        assert tables_with_rows() == WALLED
        owners = {owner for table in WALLED for (owner,) in rows(f"SELECT DISTINCT institution_id FROM {table}")}
    assert owners == {alpha.institution.pk} != {beta.institution.pk}


def test_without_a_scope_no_table_shows_a_row(two_labs):
    assert tables_with_rows() == []


def test_in_the_scope_of_an_institution_that_has_nothing_no_table_shows_a_row(two_labs):
    with tenant(make.institution("empty").pk):
        assert tables_with_rows() == []


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_without_a_scope_nothing_is_inserted(table):
    lab = make.institution()
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        rows(f"INSERT INTO {table} (institution_id, ref) VALUES (%s, 'x') RETURNING id", lab.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_inserted_for_another_institution(table):
    stranger = make.institution("beta")
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tenant(make.institution("alpha").pk),
    ):
        rows(f"INSERT INTO {table} (institution_id, ref) VALUES (%s, 'x') RETURNING id", stranger.pk)


def test_rows_of_another_institution_are_neither_changed_nor_moved(two_labs):
    alpha, beta = two_labs
    with tenant(alpha.institution.pk):
        assert Site.objects.filter(pk=beta.site.pk).update(name="x") == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Site.objects.filter(pk=alpha.site.pk).update(institution=beta.institution)


def test_the_directory_is_read_by_everybody_and_written_by_its_institution(two_labs):
    alpha, beta = two_labs
    with tenant(alpha.institution.pk):
        assert set(DirectoryEntry.objects.values_list("slug", flat=True)) == {"alpha", "beta"}
        theirs = DirectoryEntry.objects.filter(institution=beta.institution)
        assert theirs.update(name="x") == 0 and DirectoryLine.objects.filter(entry__in=theirs).update(best=0) == 0
    assert DirectoryEntry.objects.update(name="x") == 0


@pytest.mark.parametrize(("region", "written"), [("4403", True), ("11", False), ("", False)])
def test_a_regulator_writes_the_wordings_of_its_own_region_only(db, region, written):
    own = CommitmentTemplate(region_code=region, edition=1 if region else 2, title="承诺", made_by="市局")
    refused = contextlib.nullcontext() if written else pytest.raises(ProgrammingError, match="row-level security")
    with refused, scope(region="44"):
        own.save()
    assert CommitmentTemplate.objects.filter(title="承诺").exists() == written
    with scope(region="44"):
        assert CommitmentTemplate.objects.filter(region_code="").update(title="x") == 0


def test_an_institution_writes_no_wording(db):
    with pytest.raises(ProgrammingError, match="row-level security"), tenant(make.institution().pk):
        CommitmentTemplate.objects.create(region_code="440300", edition=1, title="承诺", made_by="自己")


def test_a_row_that_points_at_another_institutions_parent_is_refused_at_commit(two_labs):
    alpha, beta = two_labs
    with pytest.raises(IntegrityError, match="same_tenant"), tenant(alpha.institution.pk):
        make.equipment(alpha.institution, beta.site)
        rows("SET CONSTRAINTS ALL IMMEDIATE; SELECT 1")
    assert not Equipment.objects.filter(site_id=beta.site.pk).exists()


# --- what must stay


@pytest.mark.django_db(transaction=True)
def test_append_only_rows_are_changed_and_removed_by_nobody_not_even_their_owner():
    lab = populated("alpha").institution
    with contextlib.closing(as_owner()) as owner, owner.cursor() as cursor:
        for table in APPEND_ONLY:
            for statement in (f"UPDATE {table} SET ref = ref", f"DELETE FROM {table}"):
                cursor.execute("SELECT set_config('app.tenant', %s, true)", [str(lab.pk)])
                with pytest.raises(psycopg2.errors.RestrictViolation):
                    cursor.execute(statement)
                owner.rollback()


def test_append_only_rows_are_changed_and_removed_by_no_statement_of_the_portal(two_labs):
    with tenant(two_labs[0].institution.pk):
        for table in APPEND_ONLY:
            for statement in (f"UPDATE {table} SET ref = ref", f"DELETE FROM {table}"):
                with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                    rows(statement)


# --- the regulator and the platform


@pytest.mark.django_db
def test_a_regulator_sees_the_institutions_of_its_region_only():
    near, far = make.institution("near", region_code="440300"), make.institution("far", region_code="110100")
    for lab in (near, far):
        make.site(lab)
    with scope(region="4403"):
        assert set(Site.objects.values_list("institution__slug", flat=True)) == {"near"}
    with scope(region="44"):
        assert set(Site.objects.values_list("institution__slug", flat=True)) == {"near"}


@pytest.mark.django_db
@pytest.mark.parametrize("region", ["", "%", "_4", "03", "4403000"])
def test_a_region_is_a_prefix_and_no_pattern(region):
    make.site(make.institution(region_code="440300"))
    with scope(region=region):
        assert not Site.objects.exists()


def test_a_regulator_reads_every_table_and_writes_none(two_labs):
    lab = two_labs[0].institution
    with scope(region="4403"):
        assert tables_with_rows() == WALLED
        assert Site.objects.update(name="x") == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Site.objects.create(institution=lab, name="x", address="x")


@pytest.mark.django_db
def test_a_user_reads_memberships_of_its_own_everywhere_and_nobody_elses():
    regulator = make.regulator()
    make.user(make.institution(), Role.OPERATOR)
    with scope(user_id=regulator.pk):
        assert list(Membership.objects.values_list("user_id", flat=True)) == [regulator.pk]
        assert Membership.objects.update(region_code="") == 0


@pytest.mark.django_db
@pytest.mark.parametrize("scoped", [{}, {"region": "4403"}])
def test_nobody_becomes_a_regulator_outside_a_scope_that_appoints(scoped):
    account = make.user(make.institution(), Role.OPERATOR)
    with (
        scope(user_id=account.pk, **scoped),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Membership.objects.create(institution=None, user=account, roles=[Role.REGULATOR], region_code="44")
    with scope(user_id=account.pk, appoints=True):
        Membership.objects.create(institution=None, user=account, roles=[Role.REGULATOR], region_code="44")


@pytest.mark.django_db
def test_no_member_becomes_a_regulator_by_losing_its_institution():
    lab = make.institution()
    make.user(lab, Role.ADMINISTRATOR)
    with tenant(lab.pk), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Membership.objects.update(institution=None, roles=[Role.REGULATOR], region_code="44")


@pytest.mark.django_db
def test_the_scope_that_appoints_opens_no_institution_and_rests_during_the_next_scope_inside():
    lab = make.institution()
    account = make.user(lab, Role.OPERATOR)
    with scope(user_id=account.pk, appoints=True):
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Membership.objects.create(institution=lab, user=make.regulator(), roles=[Role.ADMINISTRATOR])
        inside = scope(institution_id=lab.pk, user_id=account.pk)
        with inside, pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Membership.objects.create(institution=None, user=account, roles=[Role.REGULATOR], region_code="44")
        Membership.objects.create(institution=None, user=account, roles=[Role.REGULATOR], region_code="44")


@pytest.mark.django_db
def test_an_institution_is_changed_in_its_own_scope_only():
    alpha, beta = make.institution("alpha"), make.institution("beta")
    for there in (scope(), tenant(beta.pk), scope(region="44"), scope(appoints=True)):
        with there, pytest.raises(ProgrammingError, match="its own scope"), transaction.atomic():
            Institution.objects.filter(pk=alpha.pk).update(region_code="999999")
    with tenant(alpha.pk):
        assert Institution.objects.filter(pk=alpha.pk).update(name="甲") == 1


@pytest.mark.django_db
def test_who_a_person_is_cannot_be_changed_once_it_is_known():
    person = Person.objects.create()
    assert Person.objects.filter(pk=person.pk).update(identity_digest="a") == 1
    for digest in ("b", None):
        with pytest.raises(ProgrammingError, match="cannot be changed"), transaction.atomic():
            Person.objects.filter(pk=person.pk).update(identity_digest=digest)


@pytest.mark.django_db
def test_platform_entries_of_the_audit_trail_are_written_and_read_by_no_institution():
    audit.record(Actor.system("restore"), "backup.restored_older")
    with tenant(make.institution().pk):
        assert not AuditEntry.objects.filter(verb="backup.restored_older").exists()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.create(institution_id=make.institution().pk, actor_name="x", verb="x")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verb", "target_id"), [("certificate.issue", None), ("user.freeze", 1), ("users.freeze", None)]
)
def test_no_entry_about_a_row_is_hidden_from_its_institution_among_those_of_the_platform(verb, target_id):
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        AuditEntry.objects.bulk_create(
            [AuditEntry(actor_name="x", verb=verb, target_id=target_id)], ignore_conflicts=True
        )
