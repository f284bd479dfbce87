"""Methods: whose they are, what must hold before one is adopted, validated or put in force, and when one has ended."""

import contextlib
from datetime import date, timedelta

import psycopg2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction

from certificates.models import Procedure
from institutions.checks.methods import users_were_warned
from institutions.methods import currency, guard, workflow
from institutions.methods.uses import impact
from institutions.models import Credential, Method, MethodAdoption, MethodReview, OwnMethod, ScopeItem
from portal.clauses import State, evaluate
from portal.duelists import watched
from portal.models import Alert
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import scope, tenant
from portal.transitions import Refused
from tests import make
from tests.conftest import as_owner
from tests.make import DAY, NOON

TOMORROW = DAY + timedelta(days=1)


@pytest.fixture
def lab(db):
    """A laboratory that can issue; the test runs inside its scope."""
    world = make.laboratory()
    with tenant(world.institution.pk):
        yield world


@pytest.fixture
def keeper(lab):
    return make.actor(lab.institution, Role.TECHNICAL_MANAGER, employment=lab.signatory_employment)


def paper(name="报告.pdf"):
    return SimpleUploadedFile(name, make.pdf())


def entitled(lab, employment, **kwargs):
    """The person holds a level-1 metrologist's certificate."""
    values = {
        "employment": employment, "kind": Credential.Kind.METROLOGIST, "level": Credential.Level.ONE, "number": "Z-1",
        "issuer": "发证机关（示）", "valid_from": date(2020, 1, 1), **kwargs,
    }  # fmt: skip
    return make._row(Credential, lab.institution, **values)


def refused_by(act, *args, **kwargs):
    """The clauses in whose name the act is refused."""
    with pytest.raises(Refused) as refused:
        act(*args, **kwargs)
    return {refusal.clause for refusal in refused.value.refusals}


# --- whose a method is


def test_an_own_method_is_seen_by_its_institution_only(lab):
    own = make.own_method(lab.institution)
    other = make.institution("beta")
    with tenant(other.pk):
        assert not Method.objects.filter(pk=own.pk).exists()
        assert Method.objects.filter(pk=lab.method.pk).exists()
    assert Method.objects.filter(pk=own.pk).exists()


def test_the_regulator_of_the_region_reads_an_own_method_and_that_of_another_region_does_not(db):
    own = make.own_method(make.institution("gamma"))
    with scope(region="4403"):
        assert Method.objects.filter(pk=own.pk).exists()
    with scope(region="11"):
        assert not Method.objects.filter(pk=own.pk).exists()


def test_no_institution_writes_the_catalogue(lab):
    assert Method.objects.filter(pk=lab.method.pk).update(title="改了") == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        Method.objects.create(code="JJG 1-2030", title="x", kind=Method.Kind.REGULATION, in_force_from=DAY)


def test_no_institution_makes_a_method_of_another_one(lab):
    other = make.institution("beta")
    with pytest.raises(DatabaseError), transaction.atomic():
        Method.objects.create(owner=other, code="QF-1", title="x", kind="non_standard", in_force_from=DAY)


@pytest.mark.parametrize("model", [ScopeItem, Procedure, MethodAdoption])
def test_no_row_points_at_a_method_of_a_stranger(lab, model):
    strangers = make.own_method(make.institution("beta"))
    with pytest.raises(IntegrityError, match="is not of institution"), transaction.atomic():
        model.objects.update(method=strangers.pk)


@pytest.mark.django_db(transaction=True)
def test_not_even_the_role_that_owns_the_tables_points_a_row_at_a_method_of_a_stranger():
    world, strangers = make.laboratory(), make.own_method(make.institution("beta"))
    with contextlib.closing(as_owner()) as owner, owner.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant', %s, false)", [str(world.institution.pk)])
        cursor.execute("SELECT count(*) FROM institutions_method WHERE id = %s", [strangers.pk])
        assert cursor.fetchone() == (1,)  # the due lists let it read all methods
        with pytest.raises(psycopg2.IntegrityError, match="is not of institution"):
            cursor.execute("UPDATE institutions_methodadoption SET method_id = %s", [strangers.pk])


def test_every_table_that_points_at_a_method_is_guarded(db):
    with connection.cursor() as cursor:
        assert guard.pointing(cursor) == guard.guarded(cursor) >= {"certificates_procedure", "institutions_scopeitem"}


# --- adoption


def adoption_facts(lab, **kwargs):
    method = kwargs.pop("method", None) or make.method("JJG 49-2013", in_force_from=date(2013, 12, 27))
    return {
        "method": method, "site": lab.site, "verified_on": DAY, "verified_by": lab.signatory_employment,
        "report_number": "YZ-01", "file": None, "ended_on": None, **kwargs,
    }  # fmt: skip


def adopt(lab, keeper, **kwargs):
    return verbs.record(REGISTERS["adoptions"], adoption_facts(lab, **kwargs), actor=keeper, at=NOON)


def test_a_verified_method_is_adopted(lab, keeper):
    assert adopt(lab, keeper) in MethodAdoption.objects.living()


def test_an_adoption_without_evidence_is_refused(lab, keeper):
    with pytest.raises(Refused, match="验证记录"):
        adopt(lab, keeper, report_number="")


def test_a_second_adoption_at_the_same_site_is_refused(lab, keeper):
    with pytest.raises(Refused, match="已经采用"):
        adopt(lab, keeper, method=lab.method)


@pytest.mark.parametrize("facts", [{"verified_on": TOMORROW}, {"ended_on": TOMORROW}, {"ended_on": DAY - timedelta(1)}])
def test_an_adoption_in_the_future_or_ended_before_it_began_is_refused(lab, keeper, facts):
    assert refused_by(adopt, lab, keeper, **facts)


def test_a_method_that_has_ended_is_not_adopted(lab, keeper):
    gone = make.method("JJG 30-2002", in_force_from=date(2002, 7, 1), in_force_until=DAY, replaced_by="JJG 30-2012")
    assert refused_by(adopt, lab, keeper, method=gone) == {"C-5.2.4-s2"}


def test_somebody_who_has_left_verifies_nothing(lab, keeper):
    gone = make.employment(lab.institution, "何清", ended_on=DAY - timedelta(days=1))
    assert refused_by(adopt, lab, keeper, verified_by=gone) == {"C-5.2.4-s2"}


def test_a_non_standard_method_verified_before_its_validation_is_not_adopted(lab, keeper):
    own = make.own_method(lab.institution)
    make.method_papers(lab, own, validated_on=DAY)
    facts = {"method": own, "verified_on": DAY - timedelta(days=1)}
    assert refused_by(adopt, lab, keeper, **facts) == {"C-5.2.4-s3"}


@pytest.mark.parametrize("changed", ["verified_on", "method"])
def test_what_records_rest_on_is_not_moved_from_under_them(lab, keeper, changed):
    make.certificate(lab, "draft")
    other = {"verified_on": DAY + timedelta(days=0), "method": make.method("JJG 49-2013")}[changed]
    stored = MethodAdoption.objects.get(pk=lab.adoption.pk)
    facts = adoption_facts(lab, method=lab.method) | {"verified_on": stored.verified_on} | {changed: other}
    if changed == "verified_on":
        facts["verified_on"] = TOMORROW
    later = NOON + timedelta(days=3)
    amend = (REGISTERS["adoptions"], stored, facts, stored.revision)
    assert refused_by(verbs.amend, *amend, actor=keeper, at=later) == {"C-5.2.4-s2"}


# --- 查新


def review_facts(lab, **kwargs):
    return {
        "method": lab.method, "reviewed_on": DAY, "reviewer": lab.signatory_employment, "source": "公开系统",
        "result": MethodReview.Result.CURRENT, "ends_on": None, "successor": "", "next_review_on": None, "note": "", **kwargs,
    }  # fmt: skip


def look_up(lab, keeper, **kwargs):
    return verbs.record(REGISTERS["method-reviews"], review_facts(lab, **kwargs), actor=keeper, at=NOON)


def due_of(lab):
    return currency.in_use(lab.institution.pk).get().due_on


def test_a_method_is_looked_up_again_after_180_days(lab, keeper):
    assert due_of(lab) == lab.adoption.verified_on + timedelta(days=180)
    look_up(lab, keeper)
    assert due_of(lab) == DAY + timedelta(days=180)


def test_a_withdrawn_review_does_not_count(lab, keeper):
    row = look_up(lab, keeper)
    verbs.withdraw(REGISTERS["method-reviews"], row, "查错了方法", actor=keeper, at=NOON)
    assert due_of(lab) == lab.adoption.verified_on + timedelta(days=180)


@pytest.mark.parametrize("facts", [
    {"reviewed_on": TOMORROW},
    {"result": "superseded", "successor": "JJG 52-2026"},
    {"result": "superseded", "ends_on": DAY},
    {"ends_on": DAY},
    {"next_review_on": DAY},
    {"next_review_on": DAY + timedelta(days=367)},
])  # fmt: skip
def test_a_review_that_says_nothing_definite_is_refused(lab, keeper, facts):
    assert refused_by(look_up, lab, keeper, **facts) <= {"C-5.2.3-s1", "day"}


def test_a_method_found_superseded_ends_for_this_institution_only(lab, keeper):
    look_up(lab, keeper, result="superseded", ends_on=DAY, successor="JJG 52-2026")
    assert currency.ending(lab.institution.pk, lab.method) == currency.Ending(DAY, "JJG 52-2026", True)
    assert currency.ending(make.institution("beta").pk, lab.method) is None


def test_many_unchanged_methods_are_looked_up_in_one_act(lab, keeper):
    adopt(lab, keeper)
    methods = list(currency.in_use(lab.institution.pk))
    facts = {"reviewed_on": DAY, "reviewer": lab.signatory_employment, "source": "公开系统"}
    assert workflow.review_unchanged(methods, **facts, actor=keeper, at=NOON) == 2
    assert {row.due_on for row in currency.in_use(lab.institution.pk)} == {DAY + timedelta(days=180)}


def test_when_one_of_many_is_refused_none_is_recorded(lab, keeper):
    methods = [lab.method, make.own_method(make.institution("beta"))]
    facts = {"reviewed_on": DAY, "reviewer": lab.signatory_employment, "source": "公开系统"}
    with pytest.raises(Refused):
        workflow.review_unchanged(methods, **facts, actor=keeper, at=NOON)
    assert not MethodReview.objects.exists()


def test_a_withdrawn_review_ends_no_method(lab):
    make.review(lab, result="superseded", ends_on=DAY, successor="JJG 52-2026", state="withdrawn")
    assert currency.ending(lab.institution.pk, lab.method) is None


# --- a method of one's own


def own_facts(lab, **kwargs):
    return {
        "code": "QF-07-2026", "title": "数字压力计校准方法", "title_en": "", "origin": "in_house", "kind": "non_standard",
        "field": "压力", "intended_use": "没有适用的国家规范", "developer": lab.signatory_employment, "text": None,
        "replaces": None, **kwargs,
    }  # fmt: skip


def draft(lab, keeper, **kwargs):
    return verbs.record(REGISTERS["own-methods"], own_facts(lab, **kwargs), actor=keeper, at=NOON)


def validated(lab, keeper, **kwargs):
    """A non-standard method, validated today by the signatory, its papers taken in."""
    entitled(lab, lab.signatory_employment)
    own = draft(lab, keeper, text=make.document(lab.institution), **kwargs)
    own = workflow.validate(
        own, validated_on=DAY, validator=lab.signatory_employment, validation=paper(), evaluation=paper(), actor=keeper,
        at=NOON,
    )  # fmt: skip
    for name in ("validation", "evaluation"):
        setattr(own, name, make.document(lab.institution))
    own.save()
    return own


def release(lab, keeper, own, **kwargs):
    facts = {
        "in_force_from": DAY, "site": lab.site, "verified_on": DAY, "verified_by": lab.signatory_employment,
        "report_number": "YZ-02", **kwargs,
    }  # fmt: skip
    return workflow.release(own, **facts, actor=keeper, at=NOON)


def test_an_own_method_can_be_chosen_only_once_it_is_in_force(lab, keeper):
    own = validated(lab, keeper)
    assert not Method.objects.filter(code=own.code).exists()
    own = release(lab, keeper, own)
    method = Method.objects.get(code=own.code)
    assert (method.owner, method.in_force_from, own.state) == (lab.institution, DAY, OwnMethod.State.CURRENT)
    assert MethodAdoption.objects.living().filter(method=method, site=lab.site).exists()


@pytest.mark.parametrize("credential", [
    None,
    {"level": Credential.Level.TWO},
    {"kind": Credential.Kind.TITLE, "level": Credential.Level.MIDDLE, "speciality": "计量"},
    {"valid_until": DAY - timedelta(days=1)},
    {"speciality": "长度"},
])  # fmt: skip
def test_whoever_is_not_entitled_develops_no_method(lab, keeper, credential):
    if credential is not None:
        entitled(lab, lab.signatory_employment, **credential)
    assert refused_by(draft, lab, keeper) == {"B-4.5-c"}


def test_a_senior_title_in_the_field_suffices(lab, keeper):
    senior = {"kind": Credential.Kind.TITLE, "level": Credential.Level.SENIOR, "speciality": "压力"}
    entitled(lab, lab.signatory_employment, **senior)
    assert draft(lab, keeper).state == OwnMethod.State.DRAFT


def test_whoever_is_not_entitled_validates_nothing(lab, keeper):
    entitled(lab, lab.signatory_employment)
    own = draft(lab, keeper, text=make.document(lab.institution))
    facts = {"validated_on": DAY, "validator": lab.operator_employment, "validation": paper(), "evaluation": paper()}
    assert refused_by(workflow.validate, own, **facts, actor=keeper, at=NOON) == {"B-4.5-c"}


def test_a_method_without_its_full_text_is_not_validated(lab, keeper):
    entitled(lab, lab.signatory_employment)
    own = draft(lab, keeper)
    facts = {"validated_on": DAY, "validator": lab.signatory_employment, "validation": paper(), "evaluation": paper()}
    assert refused_by(workflow.validate, own, **facts, actor=keeper, at=NOON) == {"B-6.1.2-s5"}


def test_a_draft_of_a_non_standard_method_is_not_put_in_force(lab, keeper):
    entitled(lab, lab.signatory_employment)
    own = draft(lab, keeper, text=make.document(lab.institution))
    assert refused_by(release, lab, keeper, own) == {"B-4.6-s4", "B-6.1.2-s4"}


def test_papers_alone_do_not_validate_a_method(lab, keeper):
    entitled(lab, lab.signatory_employment)
    papers = {name: make.document(lab.institution) for name in ("text", "validation", "evaluation")}
    own = draft(lab, keeper, **papers)
    assert refused_by(release, lab, keeper, own) == {"B-4.6-s4"}


@pytest.mark.parametrize(("name", "clause"), [
    ("text", "B-6.1.2-s5"), ("validation", "B-4.6-s4"), ("evaluation", "B-6.1.2-s4"),
])  # fmt: skip
def test_a_paper_that_is_not_kept_keeps_the_method_out_of_force(lab, keeper, name, clause):
    own = validated(lab, keeper)
    setattr(own, name, make.document(lab.institution, state="refused"))
    own.save()
    assert refused_by(release, lab, keeper, own) == {clause}


@pytest.mark.parametrize(
    "facts", [{"verified_on": DAY - timedelta(days=1)}, {"in_force_from": DAY - timedelta(days=1)}]
)
def test_validated_then_verified_then_in_force(lab, keeper, facts):
    own = validated(lab, keeper)
    assert refused_by(release, lab, keeper, own, **facts) == {"C-5.2.4-s3"}
    assert not Method.objects.filter(code=own.code).exists()


def test_the_database_keeps_a_non_standard_method_from_being_in_force_unvalidated(lab, keeper):
    own = make.own_method(lab.institution)
    with pytest.raises(IntegrityError, match="non_standard_method_is_validated"), transaction.atomic():
        make.method_papers(lab, own, evaluation=None)


def test_a_published_method_outside_the_catalogue_needs_no_validation(lab, keeper):
    facts = {"code": "GB/T 1226-2017", "origin": "published", "kind": "national_standard", "developer": None}
    own = release(lab, keeper, draft(lab, keeper, text=make.document(lab.institution), **facts))
    assert own.method.is_standard


@pytest.mark.parametrize("facts", [
    {"kind": "national_standard"},
    {"origin": "published", "developer": None},
    {"origin": "published", "kind": "verification_regulation", "code": "QF-1", "developer": None},
    {"code": "JJG 999-2026"},
    {"code": "JJG 52-2013", "origin": "published", "kind": "verification_regulation", "developer": None},
])  # fmt: skip
def test_a_method_is_not_registered_as_something_it_is_not(lab, keeper, facts):
    entitled(lab, lab.signatory_employment)
    assert refused_by(draft, lab, keeper, **facts) <= {"B-6.1.2-s4", "data"}


def test_a_new_edition_ends_the_old_one(lab, keeper):
    old = release(lab, keeper, validated(lab, keeper))
    new = validated(lab, keeper, code="QF-07-2027", replaces=old)
    new = release(lab, keeper, new)
    old = OwnMethod.objects.select_related("method").get(pk=old.pk)
    assert (old.state, old.method.in_force_until, old.method.replaced_by) == ("withdrawn", DAY, "QF-07-2027")


def test_a_method_given_up_is_no_longer_in_force_and_stays(lab, keeper):
    own = release(lab, keeper, validated(lab, keeper))
    workflow.give_up(own, "已有国家规范", actor=keeper, at=NOON)
    method = Method.objects.get(code=own.code)
    assert not method.in_force_on(DAY) and method.papers.text is not None


# --- what rests on it, and who is told


def test_everything_that_rests_on_a_method_is_found(lab):
    make.record(lab)
    kinds = {use.kind for use in impact(lab.institution, [lab.method])[lab.method.pk]}
    assert kinds == {"采用场所", "能力范围", "授权人员", "数据表", "未完成的记录"}


def test_what_rests_on_many_methods_takes_as_many_queries_as_for_one(lab, keeper, django_assert_max_num_queries):
    adopt(lab, keeper)
    with django_assert_max_num_queries(10):
        impact(lab.institution, list(currency.in_use(lab.institution.pk)))


def ended(lab, **facts):
    with scope():
        Method.objects.filter(pk=lab.method.pk).update(**facts)


def test_users_are_told_before_a_method_ends(lab):
    ended(lab, in_force_until=TOMORROW)
    (due,) = watched("institutions.method_end", DAY + timedelta(days=60))
    assert (due.target_id, due.due_on) == (lab.method.pk, TOMORROW)


def test_users_are_told_of_an_end_that_the_laboratory_found_itself(lab):
    make.review(lab, result="superseded", ends_on=DAY, successor="JJG 52-2026")
    assert [due.due_on for due in watched("institutions.method_end", DAY)] == [DAY]


def test_nobody_is_told_of_a_method_that_is_no_longer_used(lab):
    ended(lab, in_force_until=DAY)
    MethodAdoption.objects.update(ended_on=DAY)
    assert watched("institutions.method_end", DAY) == []


def test_librarians_are_told_of_the_next_review(lab):
    make.review(lab, reviewed_on=DAY - timedelta(days=170))
    assert [due.due_on for due in watched("institutions.method_review", DAY + timedelta(days=30))] == [
        DAY + timedelta(days=10)
    ]


# --- clauses


def states(lab, *names, day=DAY):
    found = evaluate(lab.institution, day)
    return [found[name].state for name in names]


def test_a_method_not_looked_up_in_time_breaks_its_clause(lab):
    make.review(lab, reviewed_on=DAY - timedelta(days=180))
    assert states(lab, "C-5.2.3-s1") == [State.MET]
    assert states(lab, "C-5.2.3-s1", day=TOMORROW) == [State.NOT_MET]


NON_STANDARD = ("B-4.5-c", "B-4.6-s4", "B-6.1.2-s4", "B-6.1.2-s5", "C-5.2.4-s3")


def test_without_non_standard_methods_their_clauses_ask_nothing(lab):
    assert set(states(lab, *NON_STANDARD)) == {State.NOT_APPLICABLE}


def in_house(lab, **kwargs):
    """The laboratory's own non-standard method, in order but for what `kwargs` say."""
    own = make.own_method(lab.institution)
    entitled(lab, lab.signatory_employment)
    return make.method_papers(lab, own, **kwargs)


def test_a_non_standard_method_in_order_meets_them(lab):
    in_house(lab)
    assert set(states(lab, *NON_STANDARD)) == {State.MET}


SPOILED = [
    ("B-4.5-c", lambda lab: Credential.objects.update(level=Credential.Level.TWO)),
    ("B-6.1.2-s4", lambda lab: OwnMethod.objects.update(evaluation=make.document(lab.institution, state="refused"))),
    ("B-6.1.2-s4", lambda lab: Method.objects.filter(owner=lab.institution).update(in_force_from=date(2024, 11, 1))),
    ("B-6.1.2-s5", lambda lab: OwnMethod.objects.update(text=make.document(lab.institution, state="refused"))),
]


@pytest.mark.parametrize(("name", "spoil"), SPOILED, ids=[f"{name}-{n}" for n, (name, _) in enumerate(SPOILED)])
def test_one_spoiled_fact_breaks_the_clause(lab, name, spoil):
    in_house(lab)
    spoil(lab)
    found = evaluate(lab.institution, DAY)[name]
    assert found.state == State.NOT_MET and found.evidence and found.advice


def test_an_adoption_without_evidence_breaks_its_clause(lab):
    MethodAdoption.objects.update(report_number="")
    assert states(lab, "C-5.2.4-s2") == [State.NOT_MET]


def test_users_of_an_ended_method_who_were_not_warned_within_a_day_break_the_clause(lab):
    ended(lab, in_force_until=DAY - timedelta(days=2))
    assert users_were_warned(lab.institution, DAY).state == State.NOT_MET
    Alert.objects.create(
        institution=lab.institution, rule="institutions.method_end", target="institutions.Method", target_id=lab.method.pk,
        threshold=0, due_on=DAY - timedelta(days=2), subject="x",
    )  # fmt: skip
    assert users_were_warned(lab.institution, DAY).state == State.UNKNOWN  # nobody has seen it yet
    Alert.objects.update(seen_at=NOON)
    assert users_were_warned(lab.institution, DAY).state == State.MET
