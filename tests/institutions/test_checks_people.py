"""What people, their papers, trainings and methods say about the clauses: met, spoiled by one fact, or asking nothing."""

from datetime import date, timedelta

import pytest
from django.db import transaction

from institutions.models import (
    Authorisation,
    Credential,
    Declaration,
    Employment,
    Experience,
    KeyPerson,
    LegalStatus,
    Membership,
    Method,
    MethodAdoption,
    MethodReview,
    OwnMethod,
    ProtectiveIssue,
    Qualification,
    ScopeItem,
    Training,
    TrainingAttendance,
    TrainingPlan,
    YearFigures,
)
from portal.clauses import CHECKS, State
from portal.compliance import registers_of
from portal.models import Document
from portal.permissions import Role as AccountRole
from portal.tenancy import scope, tenant
from tests import make

DAY = make.DAY
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)
OUT_OF_WINDOW = DAY - timedelta(365)
MODULES = ("people", "training", "team", "methods")
MINE = {name for name, check in CHECKS.items() if check.__module__ in {f"institutions.checks.{m}" for m in MODULES}}
NOT_MET, MET, OPEN, NOT_ASKED = State.NOT_MET, State.MET, State.UNKNOWN, State.NOT_APPLICABLE

Role, Kind, Level = Authorisation.Role, Credential.Kind, Credential.Level
OPERATORS = list(Authorisation.OPERATORS)


def seated(w, kind, *people, held_on=date(2026, 2, 1), result="passed", **values):
    """A training of last month in which these people took part."""
    values = {
        "effectiveness": "现场抽查合格",
        "hours": 4,
        "title": f"{kind}培训",
        "organiser_kind": "external",
        **values,
    }
    training = Training.objects.create(institution=w.institution, kind=kind, held_on=held_on, **values)
    for who in people:
        TrainingAttendance.objects.create(institution=w.institution, training=training, employment=who, result=result)
    return training


def signed(w, kind, who):
    Declaration.objects.create(
        institution=w.institution, kind=kind, employment=who, valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31),
        file=make.document(w.institution),
    )  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """An industry centre in which everything about people and methods is in order; made once, each test has it whole."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield centre()
        transaction.set_rollback(True)


@pytest.fixture
def w(world):
    with transaction.atomic():
        with tenant(world.institution.pk):
            yield world
        transaction.set_rollback(True)


def centre():
    """As little as it takes for everything to be in order."""
    w = make.laboratory()
    lab = w.institution
    w.operator, w.signatory, w.checker = w.operator_employment, w.signatory_employment, w.checker_employment
    with tenant(lab.pk):
        w.second, w.chief, w.clerk = (make.employment(lab, name) for name in ("周衡", "郑远", "林溪"))
        make.authorisation(lab, w.second, Role.CALIBRATOR)
        for role in (Role.MANAGER, Role.TECHNICAL_MANAGER):
            make.authorisation(lab, w.chief, role, field="")
        for role in (Role.SUPERVISOR, Role.METROLOGY_MANAGER, Role.TRAINER):
            make.authorisation(lab, w.clerk, role, field="", basis="从事本专业十年")
        w.staff = (w.operator, w.second, w.checker, w.signatory, w.chief, w.clerk)
        for who in (w.operator, w.second, w.checker, w.signatory):
            make.credential(lab, who)
        for who, level in ((w.chief, Level.SENIOR), (w.signatory, Level.SENIOR), (w.checker, Level.MIDDLE)):
            make.credential(lab, who, Kind.TITLE, level=level)
        for who in (w.operator, w.second):
            make.trained(lab, who)
            ProtectiveIssue.objects.create(
                institution=lab, employment=who, item="护目镜", issued_on=date(2025, 6, 1), replace_by=date(2026, 6, 1)
            )
        make.experience(lab, w.chief)
        for who in w.staff:
            make.experience(lab, who, kind="industry", employer="北湾仪表厂")
            for kind in ("confidentiality", "no_conflict", "no_pressure"):
                signed(w, kind, who)
        seated(w, "integrity", w.clerk, held_on=date(2025, 5, 20), file=make.document(lab))
        seated(w, "confidentiality", *w.staff)
        seated(w, "skills", w.operator, w.second, organiser_kind="internal", trainer=w.clerk, result="none")
        seated(w, "management", w.clerk, organiser_kind="society")
        TrainingPlan.objects.create(
            institution=lab, year=2026, title="年度培训计划", tasks="新规程宣贯", approved_on=date(2026, 1, 10)
        )
        YearFigures.objects.create(institution=lab, year=2026, headcount=6, inventory=2, turnover_target=20)
        KeyPerson.objects.create(
            institution=lab, role="top_management", name="郑远", employment=w.chief, valid_from=date(2020, 1, 1)
        )
        make.legal_status(lab, is_industry_centre=True)
        make.review(w)
        w.own = make.own_method(lab)
        make.method_papers(w, w.own)
    return w


def asked(w, name, day=DAY):
    return CHECKS[name](w.institution, day)


# These ask for more than the registers of people can tell: broken or open, never met.
HALF = {"A-6.5.2-s1", "B-5.3", "B-5.2-s1", "B-6.2.3-s3", "D-4.3.1.2"}
# Nobody signs in four fields, no method has ended, and the laboratory is no defence one.
UNASKED = {"B-4.5-a-s2", "B-4.5-note", "B-6.6.1-e"}


def test_a_centre_in_order_meets_every_clause_its_people_can_prove(w):
    expected = dict.fromkeys(MINE, MET) | dict.fromkeys(HALF, OPEN) | dict.fromkeys(UNASKED, NOT_ASKED)
    assert {name: asked(w, name).state for name in MINE} == expected


NEVER_NA = {
    "A-5.1-s1", "A-5.1-f", "A-5.4.2", "A-6.5.2-s1", "A-6.8.3", "B-4.5", "B-4.5-b", "B-5.2-s1", "B-5.3", "B-6.2.3-s3",
    "C-5.1.1-s1", "C-7.1.3", "D-4.3.1.1-s1", "D-4.3.1.1-s2", "D-4.3.1.1-s3", "D-4.3.1.2", "D-4.3.1.3-s1", "D-4.3.3-s2",
}  # fmt: skip


def test_an_institution_with_nothing_on_record_meets_nothing_whatever_another_one_has(w):
    empty = make.institution("gamma")
    with tenant(empty.pk):
        found = {name: CHECKS[name](empty, DAY).state for name in MINE}
    assert found == dict.fromkeys(MINE, NOT_ASKED) | dict.fromkeys(NEVER_NA, NOT_MET)


def test_the_rows_of_another_institution_break_nothing_here(w):
    other = make.laboratory("beta")
    with tenant(other.institution.pk):
        Employment.objects.filter(institution=other.institution).update(ended_on=YESTERDAY)
    assert asked(w, "C-7.1.3").state == MET


# --- one fact spoiled


def all_rows(table, match=None, **values):
    """Every such row has these values."""
    return lambda w: table.objects.filter(**match or {}).update(**values)


def person(name, **values):
    return lambda w: Employment.objects.filter(pk=getattr(w, name).pk).update(**values)


def role(*roles, **values):
    return all_rows(Authorisation, {"role__in": roles}, **values or {"revoked_on": DAY})


def withdrawn(table, **match):
    return all_rows(table, match, state="withdrawn")


def papers_of(name, table=Credential, **values):
    return lambda w: table.objects.filter(employment=getattr(w, name)).update(**values)


def kept_back(state):
    """The files are not taken in."""
    return all_rows(Document, state=state)


def newcomer(name="新人", **values):
    """Somebody more works here, of whom nothing is on record."""
    return lambda w: make.employment(w.institution, name, **values)


def training(kind, /, **values):
    return all_rows(Training, {"kind": kind}, **values)


def fields(*names):
    """The signatory signs in these fields as well."""

    def spoil(w):
        for name in names:
            make.authorisation(w.institution, w.signatory, Role.SIGNATORY, field=name)

    return spoil


def both(*spoils):
    return lambda w: [spoil(w) for spoil in spoils]


def paper_ended(w):
    """The qualification behind the scope."""
    Qualification.objects.filter(pk=w.qualification.pk).update(valid_until=YESTERDAY)


def leaver_with_an_account(w):
    gone = make.employment(w.institution, "旧人", ended_on=YESTERDAY)
    make.user(w.institution, AccountRole.OPERATOR, employment=gone)


def only_military(*roles):
    """In a defence laboratory, one person with nothing but a military verifier's certificate holds these roles."""

    def spoil(w):
        LegalStatus.objects.update(system=LegalStatus.System.DEFENCE)
        who = make.employment(w.institution, "韩川")
        make.credential(w.institution, who, Kind.MILITARY)
        for each in roles:
            make.authorisation(w.institution, who, each)

    return spoil


def own_papers(**values):
    return all_rows(OwnMethod, **values)


def own_file(name, state="refused"):
    return lambda w: OwnMethod.objects.update(**{name: make.document(w.institution, state=state)})


def catalogue(**values):
    """The catalogue, which nobody writes inside an institution's scope, says something else of the method."""

    def spoil(w):
        with scope():
            Method.objects.filter(pk=w.method.pk).update(**values)

    return spoil


def warned(due_on, **values):
    values = {"rule": "institutions.method_end", **values}
    return lambda w: make.alert(w.institution, w.method, due_on=due_on, **values)


ENDED = catalogue(in_force_until=DAY - timedelta(2))
QUIT = {"ended_on": YESTERDAY}
FOURTH = fields("温度", "质量", "长度")
NO_SENIOR = all_rows(Credential, {"kind": Kind.TITLE}, level=Level.MIDDLE)

SHORT_OF_PEOPLE = all_rows(ScopeItem, state="suspended", suspended_on=DAY, suspended_clause="C-5.1.1-s2")

SPOILED = [
    # a metrology manager, full time, trained
    ("A-5.1-s1", person("clerk", full_time=False)),
    ("A-5.1-s1", person("clerk", kind="part_time")),
    ("A-5.1-s1", person("clerk", **QUIT)),
    ("A-5.1-s1", role(Role.METROLOGY_MANAGER)),
    ("A-5.1-s1", role(Role.METROLOGY_MANAGER, valid_from=TOMORROW)),
    ("A-5.1-s1", role(Role.METROLOGY_MANAGER, state="proposed")),
    ("A-5.1-f", role(Role.METROLOGY_MANAGER)),
    ("A-5.1-f", papers_of("clerk", TrainingAttendance, result="none")),
    ("A-5.1-f", papers_of("clerk", TrainingAttendance, state="withdrawn")),
    ("A-5.1-f", withdrawn(Training)),
    ("A-5.1-f", all_rows(Training, held_on=OUT_OF_WINDOW)),
    ("A-5.1-f", all_rows(Training, held_on=TOMORROW)),
    ("A-5.1-f", lambda w: make.authorisation(w.institution, w.chief, Role.METROLOGY_MANAGER)
        and papers_of("chief", TrainingAttendance, result="failed")(w)),
    # posts
    *[("B-4.5", role(each)) for each in (Role.MANAGER, Role.TECHNICAL_MANAGER, Role.SUPERVISOR, Role.CALIBRATOR)],
    ("B-4.5", person("chief", **QUIT)),
    ("B-4.5", papers_of("second", valid_until=YESTERDAY)),
    ("B-4.5", papers_of("chief", valid_until=YESTERDAY)),
    *[("C-5.1.1-s1", role(*each)) for each in ([Role.MANAGER], [Role.TECHNICAL_MANAGER], [Role.SUPERVISOR], OPERATORS)],
    ("C-5.1.1-s1", person("clerk", **QUIT)),
    *[("D-4.3.1.3-s1", role(each)) for each in (Role.MANAGER, Role.TECHNICAL_MANAGER, Role.SUPERVISOR)],
    # signatories and the technical manager
    ("B-4.5-a-s1", papers_of("signatory", valid_until=YESTERDAY)),
    ("B-4.5-a-s1", papers_of("signatory", state="withdrawn")),
    ("B-4.5-a-s1", both(NO_SENIOR, withdrawn(Credential, kind=Kind.METROLOGIST))),
    ("B-4.5-a-s1", papers_of("signatory", speciality="温度")),
    ("B-4.5-a-s2", both(FOURTH, NO_SENIOR)),
    ("C-5.1.3", papers_of("signatory", valid_until=YESTERDAY)),
    ("C-5.1.3", both(papers_of("signatory", level=Level.JUNIOR), withdrawn(Credential, kind=Kind.METROLOGIST))),
    ("B-4.5-b", role(Role.TECHNICAL_MANAGER)),
    ("B-4.5-b", person("chief", **QUIT)),
    ("B-4.5-b", papers_of("chief", level=Level.MIDDLE)),
    ("B-4.5-b", all_rows(Experience, {"kind": "metrology"}, started_on=date(2021, 3, 12))),
    ("B-4.5-b", withdrawn(Experience)),
    # operators
    ("B-5.7-d-s1", papers_of("second", TrainingAttendance, result="failed")),
    ("B-5.7-d-s1", all_rows(Training, held_on=date(2020, 1, 1))),
    ("B-5.7-d-s1", all_rows(Training, {"kind__in": ("technical", "practical")}, field="温度")),
    ("D-4.3.2-s1", withdrawn(Training, kind="law")),
    ("D-4.3.2-s1", withdrawn(Training, kind="practical")),
    ("D-4.3.2-s1", withdrawn(Training, kind="technical")),
    *[(name, spoil) for name in ("C-5.1.1-s2", "D-4.3.1.3-s2") for spoil in (
        person("second", **QUIT), papers_of("second", Authorisation, field="温度"), role(Role.CALIBRATOR),
        papers_of("second", Authorisation, valid_from=TOMORROW),
        lambda w: person("second", person=w.operator.person)(w),
        both(person("second", **QUIT), SHORT_OF_PEOPLE),
    )],
    ("C-5.1.2-s3", person("second", kind="part_time")),
    ("C-5.1.2-s3", person("second", kind="other")),
    ("C-5.1.2-s3", person("second", **QUIT)),
    # leavers
    ("C-7.1.3", person("second", **QUIT)),
    ("C-7.1.3", person("second", state="withdrawn")),
    ("C-7.1.3", leaver_with_an_account),
    ("C-7.1.3", newcomer()),
    ("C-7.1.3", both(papers_of("clerk", TrainingAttendance, state="withdrawn"), person("clerk", is_technical=False))),
    ("C-7.1.3", withdrawn(Training)),
    ("C-7.1.3", both(all_rows(Credential, valid_from=TOMORROW), all_rows(Training, held_on=TOMORROW))),
    # the defence system
    *[("B-4.5-note", only_military(each)) for each in (Role.SIGNATORY, Role.TECHNICAL_MANAGER, Role.VERIFIER, Role.CHECKER)],
    # teachers
    ("B-4.5-e", role(Role.TRAINER, revoked_on=date(2026, 2, 1), state="revoked")),
    ("B-4.5-e", role(Role.TRAINER, basis="")),
    ("B-4.5-e", role(Role.TRAINER, valid_from=date(2026, 2, 2))),
    ("B-4.5-e", training("skills", trainer=None)),
    ("B-4.5-e", person("clerk", ended_on=date(2026, 1, 31))),
    ("B-4.5-e", lambda w: training("skills", trainer=w.chief)(w)),
    # trainings
    ("A-5.4.2", training("integrity", held_on=date(2024, 12, 31))),
    ("A-5.4.2", training("integrity", held_on=date(2026, 1, 1))),
    ("A-5.4.2", withdrawn(Training, kind="integrity")),
    ("A-5.4.2", withdrawn(TrainingAttendance, training__kind="integrity")),
    ("A-5.4.2", training("integrity", kind="law")),
    ("A-5.4.2", kept_back("quarantined")),
    ("A-5.4.2", kept_back("refused")),
    ("A-5.4.2", training("integrity", file=None)),
    ("A-6.8.3", training("management", organiser_kind="external")),
    ("A-6.8.3", training("management", held_on=OUT_OF_WINDOW)),
    ("A-6.8.3", withdrawn(Training, kind="management")),
    ("B-6.2.3-s1", training("skills", held_on=OUT_OF_WINDOW)),
    ("B-6.2.3-s1", training("skills", kind="theory")),
    ("B-6.2.3-s1", papers_of("second", TrainingAttendance, state="withdrawn")),
    ("B-6.2.3-s2", person("second", **QUIT)),
    ("B-6.2.3-s2", both(person("second", **QUIT), SHORT_OF_PEOPLE)),
    ("B-6.2.3-s2", all_rows(YearFigures, turnover_target=None)),
    ("B-6.2.3-s2", all_rows(YearFigures, year=2024)),
    ("B-6.2.3-s2", withdrawn(YearFigures)),
    ("B-6.2.3-s2", lambda w: make.authorisation(w.institution, newcomer(ended_on=YESTERDAY)(w), Role.VERIFIER)),
    ("B-6.2.3-s3", newcomer()),
    ("B-6.2.3-s3", training("confidentiality", held_on=OUT_OF_WINDOW)),
    ("B-6.2.3-s3", papers_of("clerk", TrainingAttendance, state="withdrawn")),
    ("B-6.2.3-s3", withdrawn(Training, kind="confidentiality")),
    ("B-6.2.3-s3", training("confidentiality", kind="safety")),
    ("D-4.3.3-s2", training("skills", effectiveness="")),
    ("D-4.3.3-s2", all_rows(TrainingPlan, tasks="")),
    ("D-4.3.3-s2", all_rows(TrainingPlan, year=2025)),
    ("D-4.3.3-s2", all_rows(TrainingPlan, approved_on=TOMORROW)),
    ("D-4.3.3-s2", withdrawn(TrainingPlan)),
    # what each has signed
    *[(name, spoil) for name, kind in (
        ("A-6.5.2-s1", "confidentiality"), ("B-5.3", "no_conflict"), ("B-5.2-s1", "no_pressure"),
    ) for spoil in (
        newcomer(), kept_back("quarantined"), all_rows(Declaration, {"kind": kind}, valid_until=YESTERDAY),
        withdrawn(Declaration, kind=kind), all_rows(Declaration, {"kind": kind}, kind="no_ppe"),
        all_rows(Declaration, {"kind": kind}, valid_from=TOMORROW), all_rows(Declaration, {"kind": kind}, valid_from=date(2025, 3, 9)),
    )],
    ("B-5.2-s1", both(person("chief", is_technical=False), papers_of("chief", Declaration, state="withdrawn"))),
    ("B-6.1.3-s1", all_rows(ProtectiveIssue, replace_by=YESTERDAY)),
    ("B-6.1.3-s1", papers_of("second", ProtectiveIssue, state="withdrawn")),
    ("B-6.1.3-s1", all_rows(ProtectiveIssue, issued_on=TOMORROW)),
    # the structure of a centre's staff
    ("D-4.3.1.1-s1", newcomer()),
    ("D-4.3.1.1-s1", all_rows(Experience, kind="metrology")),
    ("D-4.3.1.1-s1", papers_of("clerk", Experience, state="withdrawn")),
    ("D-4.3.1.1-s1", papers_of("clerk", Experience, started_on=TOMORROW)),
    ("D-4.3.1.1-s2", both(newcomer(), newcomer())),  # 3 of 8
    ("D-4.3.1.1-s2", NO_SENIOR),
    ("D-4.3.1.1-s2", all_rows(Credential, {"level": Level.MIDDLE}, level=Level.SENIOR)),
    ("D-4.3.1.1-s2", both(*(person(who, is_technical=False) for who in ("operator", "second", "clerk")))),
    ("D-4.3.1.1-s3", person("signatory", is_technical=False)),
    ("D-4.3.1.1-s3", person("signatory", **QUIT)),
    ("D-4.3.1.1-s3", papers_of("signatory", valid_until=YESTERDAY)),
    ("D-4.3.1.1-s3", papers_of("signatory", state="withdrawn")),
    ("D-4.3.1.2", withdrawn(KeyPerson)),
    ("D-4.3.1.2", all_rows(KeyPerson, valid_until=YESTERDAY)),
    ("D-4.3.1.2", all_rows(KeyPerson, role="director")),
    ("D-4.3.1.2", all_rows(KeyPerson, employment=None)),
    ("D-4.3.1.2", papers_of("chief", level=Level.MIDDLE)),
    # methods
    ("C-5.2.3-s1", all_rows(MethodReview, next_review_on=YESTERDAY)),
    ("C-5.2.3-s1", withdrawn(MethodReview)),
    ("C-5.2.3-s1", all_rows(MethodReview, reviewed_on=TOMORROW)),
    ("B-4.5-c", lambda w: own_papers(developer=w.operator)(w)),
    ("B-4.5-c", lambda w: own_papers(validator=w.operator)(w)),
    ("B-4.5-c", papers_of("signatory", valid_from=date(2024, 12, 2))),
    ("B-4.5-c", papers_of("signatory", state="withdrawn")),
    ("B-6.1.2-s4", own_file("evaluation")),
    ("B-6.1.2-s4", own_file("evaluation", "quarantined")),
    ("B-6.1.2-s4", own_papers(validated_on=date(2025, 1, 2))),
    ("B-6.1.2-s5", own_file("text")),
    ("B-6.1.2-s5", own_file("text", "quarantined")),
    ("B-6.6.1-e", ENDED),
    ("B-6.6.1-e", both(ENDED, warned(DAY, seen_at=make.NOON))),
    ("B-6.6.1-e", both(ENDED, warned(DAY - timedelta(2), rule="institutions.method_review", seen_at=make.NOON))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "spoil"), SPOILED, ids=[f"{name}-{n}" for n, (name, _) in enumerate(SPOILED)])
def test_one_spoiled_fact_breaks_its_clause_and_says_what_to_do(w, name, spoil):
    spoil(w)
    found = asked(w, name)
    assert found.state == NOT_MET and found.advice
    assert found.fix or registers_of(name, w.institution) or any(row.url for row in found.evidence), "leads nowhere"


def test_every_check_is_spoiled_by_some_test():
    assert {name for name, _spoil in SPOILED} == MINE


# --- what breaks nothing, or leaves nothing to ask

# One senior, three of the middle level, six others.
ONE_THREE_SIX = both(
    all_rows(Credential, {"kind": Kind.TITLE, "level": Level.SENIOR}, level=Level.MIDDLE),
    papers_of("chief", level=Level.SENIOR), *[newcomer()] * 3,
    lambda w: make.credential(w.institution, newcomer()(w), Kind.TITLE, level=Level.MIDDLE),
)  # fmt: skip
AFTER = all_rows(Credential, valid_until=DAY)
OTHERWISE = [
    # The last day counts, and what is another way to the same end.
    ("B-4.5", MET, AFTER),
    ("B-4.5", MET, lambda w: make.credential(w.institution, w.second, valid_from=date(2010, 1, 1), valid_until=YESTERDAY)),
    ("B-4.5", NOT_MET, lambda w: make.credential(w.institution, w.second, Kind.INTERNAL, valid_until=YESTERDAY)),
    ("B-4.5", MET, both(
        lambda w: make.credential(w.institution, w.second, Kind.INTERNAL, valid_until=YESTERDAY),
        withdrawn(Credential, kind=Kind.INTERNAL),
    )),
    ("B-4.5", MET, papers_of("checker", valid_until=YESTERDAY)),
    ("B-4.5", MET, lambda w: make.credential(w.institution, w.second, Kind.INTERNAL, valid_from=TOMORROW)),
    ("B-4.5", MET, both(papers_of("second", valid_until=YESTERDAY), papers_of("second", Authorisation, revoked_on=DAY))),
    ("A-5.1-s1", MET, person("clerk", ended_on=DAY)),
    ("A-5.1-f", MET, all_rows(Training, held_on=OUT_OF_WINDOW + timedelta(1))),
    ("B-4.5-a-s1", NOT_ASKED, role(Role.SIGNATORY)),
    ("B-4.5-a-s2", MET, FOURTH),
    ("B-4.5-a-s2", NOT_ASKED, both(fields("温度", "质量"), NO_SENIOR)),
    ("B-4.5-a-s2", MET, both(FOURTH, NO_SENIOR, all_rows(Credential, {"kind": Kind.METROLOGIST}, level=Level.ONE))),
    ("B-4.5-a-s2", NOT_ASKED, both(
        FOURTH, NO_SENIOR, all_rows(Authorisation, {"field": "长度"}, state="revoked", revoked_on=DAY))),
    ("C-5.1.3", MET, both(NO_SENIOR, withdrawn(Credential, kind=Kind.METROLOGIST))),
    ("C-5.1.3", MET, withdrawn(Credential, kind=Kind.TITLE)),
    ("C-5.1.3", NOT_ASKED, role(Role.SIGNATORY)),
    ("B-4.5-b", MET, lambda w: make.authorisation(
        w.institution, w.clerk, Role.TECHNICAL_MANAGER, field="", revoked_on=DAY)),
    ("B-4.5-b", MET, all_rows(Experience, {"kind": "metrology"}, started_on=date(2021, 3, 11))),
    ("B-5.7-d-s1", NOT_ASKED, role(*OPERATORS)),
    ("B-5.7-d-s1", NOT_ASKED, role(Role.CALIBRATOR)),
    ("D-4.3.2-s1", NOT_ASKED, role(*OPERATORS)),
    ("C-5.1.1-s2", NOT_ASKED, all_rows(ScopeItem, state="withdrawn")),
    ("C-5.1.1-s2", NOT_ASKED, all_rows(ScopeItem, valid_until=YESTERDAY)),
    ("C-5.1.1-s2", NOT_ASKED, both(person("second", **QUIT), all_rows(ScopeItem, state="suspended", suspended_on=DAY))),
    ("C-5.1.1-s2", NOT_MET, both(person("second", **QUIT), all_rows(ScopeItem, state="suspended", suspended_on=TOMORROW))),
    *[("C-5.1.1-s2", NOT_ASKED, both(person("second", **QUIT), paper_ended, spoil)) for spoil in (both(), SHORT_OF_PEOPLE)],
    ("C-5.1.1-s2", MET, person("second", ended_on=DAY)),
    *[("C-5.1.1-s2", NOT_MET, both(person("second", **QUIT), all_rows(ScopeItem, **{name: DAY})))
      for name in ("valid_from", "valid_until")],
    ("C-5.1.1-s2", NOT_ASKED, all_rows(ScopeItem, valid_from=TOMORROW)),
    ("C-5.1.2-s3", MET, person("second", kind="dispatch")),
    ("C-5.1.2-s3", NOT_ASKED, role(*OPERATORS)),
    ("C-7.1.3", MET, both(person("second", **QUIT), papers_of("second", Authorisation, revoked_on=DAY))),
    ("C-7.1.3", MET, both(leaver_with_an_account, all_rows(Membership, state="ended"))),
    ("C-7.1.3", MET, newcomer(is_technical=False)),
    ("C-7.1.3", MET, lambda w: make.credential(w.institution, newcomer()(w), valid_from=DAY)),
    ("C-7.1.3", MET, lambda w: make.trained(w.institution, newcomer()(w), held_on=DAY)),
    ("C-7.1.3", NOT_MET, lambda w: make.trained(w.institution, newcomer()(w), held_on=TOMORROW)),
    ("C-7.1.3", NOT_MET, lambda w: make.credential(w.institution, newcomer()(w), valid_from=TOMORROW)),
    ("C-7.1.3", NOT_MET, lambda w: make.credential(w.institution, newcomer()(w), state="withdrawn")),
    ("C-7.1.3", MET, lambda w: make.authorisation(
        w.institution, newcomer(is_technical=False)(w), Role.TRAINER, revoked_on=DAY)),
    ("C-7.1.3", NOT_MET, lambda w: make.authorisation(w.institution, newcomer(is_technical=False)(w), Role.TRAINER)),
    ("C-7.1.3", NOT_MET, both(
        all_rows(Employment, state="withdrawn"), all_rows(Membership, state="ended"), all_rows(Authorisation, revoked_on=DAY))),
    ("C-7.1.3", NOT_MET, all_rows(Employment, state="withdrawn")),
    ("B-4.5-note", MET, only_military(Role.CALIBRATOR)),
    ("B-4.5-note", NOT_ASKED, all_rows(LegalStatus, system="defence")),
    ("B-4.5-note", NOT_ASKED, both(only_military(Role.SIGNATORY), all_rows(LegalStatus, system="civil"))),
    ("B-4.5-note", NOT_ASKED, both(only_military(Role.SIGNATORY), withdrawn(Credential, kind=Kind.MILITARY))),
    ("B-4.5-note", NOT_ASKED, both(only_military(Role.SIGNATORY), all_rows(Credential, valid_until=YESTERDAY))),
    ("B-4.5-note", NOT_ASKED, both(only_military(Role.SIGNATORY), role(Role.SIGNATORY))),
    ("B-4.5-e", NOT_ASKED, all_rows(Training, organiser_kind="external")),
    ("B-4.5-e", NOT_ASKED, withdrawn(Training)),
    ("B-4.5-e", MET, role(Role.TRAINER, revoked_on=date(2026, 2, 2), state="revoked")),
    ("A-5.4.2", NOT_ASKED, both(withdrawn(Training), all_rows(LegalStatus, registered_on=date(2026, 1, 2)))),
    ("A-5.4.2", NOT_MET, both(withdrawn(Training), all_rows(LegalStatus, registered_on=date(2025, 12, 31)))),
    ("A-6.8.3", MET, training("management", organiser_kind="association")),
    ("A-6.8.3", MET, training("management", organiser_kind="technical_committee")),
    ("B-6.2.3-s1", NOT_ASKED, role(*OPERATORS)),
    ("B-6.2.3-s2", NOT_ASKED, all_rows(ScopeItem, state="withdrawn")),
    ("B-6.2.3-s2", MET, all_rows(YearFigures, year=2025)),
    ("B-6.2.3-s2", MET, newcomer(ended_on=YESTERDAY)),
    ("B-6.2.3-s2", MET, lambda w: make.authorisation(
        w.institution, newcomer(ended_on=YESTERDAY)(w), Role.VERIFIER, state="withdrawn")),
    ("B-6.2.3-s2", MET, lambda w: make.authorisation(w.institution, newcomer(ended_on=OUT_OF_WINDOW)(w), Role.VERIFIER)),
    ("B-6.2.3-s2", MET, both(
        lambda w: make.authorisation(w.institution, newcomer(ended_on=YESTERDAY)(w), Role.VERIFIER),
        all_rows(YearFigures, turnover_target="33.34"),
    )),
    ("B-6.2.3-s2", MET, both(
        *[lambda w: make.authorisation(w.institution, newcomer(ended_on=YESTERDAY)(w), Role.VERIFIER)] * 2,
        all_rows(YearFigures, turnover_target=50),  # two of four
    )),
    ("B-6.2.3-s2", MET, lambda w: make.authorisation(
        w.institution, newcomer(ended_on=YESTERDAY, state="withdrawn")(w), Role.VERIFIER)),
    ("D-4.3.3-s2", MET, training("skills", effectiveness="", held_on=OUT_OF_WINDOW)),
    ("D-4.3.3-s2", MET, training("skills", effectiveness="", state="withdrawn")),
    ("D-4.3.3-s2", MET, all_rows(TrainingPlan, approved_on=DAY)),
    ("B-5.2-s1", OPEN, both(person("clerk", is_technical=False), papers_of("clerk", Declaration, state="withdrawn"))),
    ("B-5.2-s1", OPEN, lambda w: make.authorisation(
        w.institution, newcomer(is_technical=False)(w), Role.MANAGER, revoked_on=DAY)),
    ("B-5.2-s1", NOT_MET, lambda w: make.authorisation(w.institution, newcomer(is_technical=False)(w), Role.MANAGER)),
    ("A-6.5.2-s1", OPEN, all_rows(Declaration, valid_until=DAY)),
    ("B-6.1.3-s1", MET, all_rows(ProtectiveIssue, replace_by=DAY)),
    ("B-6.1.3-s1", MET, all_rows(ProtectiveIssue, replace_by=None)),
    ("B-6.1.3-s1", MET, both(withdrawn(ProtectiveIssue), all_rows(Declaration, kind="no_ppe"))),
    ("B-6.1.3-s1", NOT_MET, both(withdrawn(ProtectiveIssue), all_rows(Declaration, kind="no_ppe"), kept_back("quarantined"))),
    ("B-6.1.3-s1", MET, all_rows(ProtectiveIssue, issued_on=DAY)),
    *[("B-6.1.3-s1", NOT_MET, both(withdrawn(ProtectiveIssue), all_rows(Declaration, kind="no_ppe", **values)))
      for values in ({"valid_until": YESTERDAY}, {"state": "withdrawn"}, {"valid_from": date(2025, 3, 9)})],
    ("B-6.1.3-s1", NOT_ASKED, role(*OPERATORS)),
    ("D-4.3.1.1-s1", MET, all_rows(Experience, started_on=DAY)),
    ("D-4.3.1.1-s2", MET, newcomer()),  # 3 of 7
    ("D-4.3.1.1-s2", NOT_MET, both(*[newcomer()] * 4)),
    ("D-4.3.1.1-s2", MET, ONE_THREE_SIX),
    ("D-4.3.1.1-s2", NOT_MET, both(ONE_THREE_SIX, newcomer())),
    ("D-4.3.1.1-s3", MET, papers_of("signatory", level=Level.PROFESSOR)),
    *[("D-4.3.1.1-s3", MET, lambda w, on=on: make.credential(w.institution, w.chief, Kind.TITLE, level=Level.JUNIOR, valid_from=on))
      for on in (date(2010, 1, 1), date(2025, 1, 1))],
    ("C-5.2.3-s1", MET, all_rows(MethodReview, next_review_on=DAY)),
    ("C-5.2.3-s1", NOT_ASKED, all_rows(MethodAdoption, ended_on=DAY)),
    ("C-5.2.3-s1", NOT_ASKED, withdrawn(MethodAdoption)),
    ("B-4.5-c", MET, papers_of("signatory", valid_until=date(2024, 12, 1))),
    ("B-6.1.2-s4", MET, own_papers(validated_on=date(2025, 1, 1))),
    ("B-6.1.2-s5", NOT_ASKED, own_papers(origin="published")),
    ("B-6.6.1-e", MET, both(ENDED, warned(DAY - timedelta(2), seen_at=make.NOON))),
    ("B-6.6.1-e", OPEN, both(ENDED, warned(DAY - timedelta(2)))),
    ("B-6.6.1-e", OPEN, catalogue(in_force_until=YESTERDAY)),
    ("B-6.6.1-e", OPEN, catalogue(in_force_until=DAY)),
    ("B-6.6.1-e", NOT_ASKED, catalogue(in_force_until=TOMORROW)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected", "spoil"), OTHERWISE, ids=[f"{row[0]}-{row[1]}-{n}" for n, row in enumerate(OTHERWISE)]
)
def test_what_is_close_to_a_breach_is_told_apart(w, name, expected, spoil):
    spoil(w)
    assert asked(w, name).state == expected


# --- as of a day

ENDS_TODAY = [
    ("B-4.5", AFTER), ("B-4.5-a-s1", AFTER), ("C-5.1.3", AFTER), ("B-4.5-b", AFTER), ("D-4.3.1.1-s3", AFTER),
    ("C-7.1.3", person("second", ended_on=DAY)), ("C-5.1.2-s3", person("second", ended_on=DAY)),
    ("A-5.1-s1", role(Role.METROLOGY_MANAGER, valid_until=DAY)), ("C-5.1.1-s1", role(Role.MANAGER, valid_until=DAY)),
    ("D-4.3.1.3-s2", person("second", ended_on=DAY)), ("A-6.8.3", training("management", held_on=OUT_OF_WINDOW + timedelta(1))),
    ("B-6.2.3-s1", training("skills", held_on=OUT_OF_WINDOW + timedelta(1))),
    ("B-6.1.3-s1", all_rows(ProtectiveIssue, replace_by=DAY)), ("C-5.2.3-s1", all_rows(MethodReview, next_review_on=DAY)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "spoil"), ENDS_TODAY, ids=[name for name, _spoil in ENDS_TODAY])
def test_what_ends_today_holds_today_and_no_longer_tomorrow(w, name, spoil):
    spoil(w)
    assert (asked(w, name).state, asked(w, name, TOMORROW).state) == (MET, NOT_MET)


def test_a_training_in_integrity_holds_for_the_whole_year_after_it(w):
    states = [asked(w, "A-5.4.2", day).state for day in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31))]
    assert states == [NOT_MET, MET, MET]
    assert asked(w, "A-5.4.2", date(2027, 1, 1)).state == NOT_MET


def test_a_verdict_on_integrity_tells_of_both_years_and_shows_the_training(w):
    found = asked(w, "A-5.4.2")
    assert (found.figures, len(found.evidence)) == ({"去年": "有", "今年": "还没有"}, 1)
    seated(w, "integrity", w.clerk, held_on=DAY, file=make.document(w.institution))
    seated(w, "integrity", held_on=date(2025, 6, 1), file=make.document(w.institution))
    found = asked(w, "A-5.4.2")
    assert (found.figures, len(found.evidence)) == ({"去年": "有", "今年": "有"}, 1)


def test_a_verdict_names_who_is_concerned_and_where_to_put_it_right(w):
    newcomer("新人")(w)
    found = asked(w, "B-6.2.3-s3")
    (shown,) = found.evidence
    assert shown.label == "新人" and shown.url and "confidentiality" in found.fix
