"""Clauses decided by authorisations: which posts are filled, and what each authorisation stands on."""

from collections.abc import Callable
from datetime import date

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from portal.clauses import Evidence, Verdict, all_of, clause, existing, none_in_breach, not_applicable

from ..models import (
    Authorisation,
    Credential,
    Employment,
    Institution,
    Membership,
    Qualification,
    ScopeItem,
    Training,
    TrainingAttendance,
)
from ..people.cases import cases_of, house_of
from ..people.reconsidering import FEWEST_PEOPLE, TWO_PEOPLE
from ..people.rules import MOST_FIELDS, Known, is_engineer, shortfalls
from .rows import OPERATORS, current, everybody, evidence, grants, lately, listed, person, staff, status

Role = Authorisation.Role


def filled(institution: Institution, day: date, *posts: tuple[str, ...]) -> Verdict:
    """Each of these posts, any role of which will do, has somebody at work with an authorisation in force."""
    titles = dict(Role.choices)
    held = {row.role for row in grants(institution, day, *Role.values) if row.employment.active_on(day)}
    empty = [
        Evidence("/".join(str(titles[role]) for role in post), "", _("没有在职的授权人员"))
        for post in posts
        if not held.intersection(post)
    ]
    return none_in_breach(len(posts), empty, nothing="", advice=_("请给空缺的岗位授权。"), fix=everybody(institution))


def resting_on_rules(
    institution: Institution, day: date, ids: frozenset[str], rows: list[Authorisation]
) -> list[Evidence]:
    """Of these authorisations those that a rule with one of these clauses speaks against on the day."""
    if not rows:
        return []
    house, cases = house_of(institution, day), cases_of(institution, {row.employment.person_id for row in rows})
    found = []
    for row in rows:
        against = [one for one in shortfalls(house, cases[row.employment.person_id], row, day) if one.clause in ids]
        if against:
            found.append(person(institution, row.employment, f"{row}：{against[0].text}"))
    return found


def by_rule(name: str, roles: tuple[str, ...], nothing: Callable[[], str]) -> Callable[[Institution, date], Verdict]:
    """A check: no authorisation in force in these roles is one that the rule with this clause speaks against."""

    def check(institution: Institution, day: date) -> Verdict:
        rows = grants(institution, day, *roles)
        return none_in_breach(
            rows, resting_on_rules(institution, day, frozenset({name}), rows), nothing=nothing(),
            advice=_("请补登证书、培训或经历，或撤销这些授权。"), fix=listed(institution, "credentials"),
        )  # fmt: skip

    check.__name__ = check.__qualname__ = f"authorised_as_{name}_asks"
    return check


def _no_signatory() -> str:
    return _("没有有效的授权签字人授权。")


def no_operator() -> str:
    return _("没有有效的检定员或校准员授权。")


def _no_calibrator() -> str:
    return _("没有有效的校准员授权。")


# Clause of a rule in people/rules.py -> the roles it is about, and what to say when nobody holds one.
RULED = {
    "B-4.5-a-s1": ((Role.SIGNATORY,), _no_signatory),
    "B-5.7-d-s1": ((Role.CALIBRATOR,), _no_calibrator),
    "D-4.3.2-s1": (OPERATORS, no_operator),
}
for _name, (_roles, _nothing) in RULED.items():
    clause(_name)(by_rule(_name, _roles, _nothing))


@clause("B-4.5-a-s2")
def signatories_of_many_fields_are_senior(institution: Institution, day: date) -> Verdict:
    """Whoever signs in more than three fields is of the first level or senior. Nothing is asked where nobody does."""
    rows = grants(institution, day, Role.SIGNATORY)
    fields: dict[int, set[str]] = {}
    for row in rows:
        fields.setdefault(row.employment.person_id, set()).add(row.field)
    many = [held for held in fields.values() if len(held) > MOST_FIELDS]
    return none_in_breach(
        many, resting_on_rules(institution, day, frozenset({"B-4.5-a-s2"}), rows),
        nothing=_("没有人签字超过 %(most)d 个专业。") % {"most": MOST_FIELDS},
        advice=_("请登记一级注册计量师或高级职称证书，或撤销多出的签字授权。"), fix=listed(institution, "credentials"),
    )  # fmt: skip


@clause("C-5.1.3")
def signatories_are_engineers(institution: Institution, day: date) -> Verdict:
    """Every signatory, of calibrations too, is a registered metrologist or has a title from engineer upwards."""
    rows = grants(institution, day, Role.SIGNATORY)
    house, cases = house_of(institution, day), cases_of(institution, {row.employment.person_id for row in rows})
    wrong = [
        person(institution, row.employment, str(row))
        for row in rows
        if not is_engineer(Known(house, cases[row.employment.person_id], row, day))
    ]
    return none_in_breach(
        rows, wrong, nothing=_no_signatory(), advice=_("授权签字人须是注册计量师，或有中级以上职称。请登记证书，或撤销授权。"),
        fix=listed(institution, "credentials"),
    )  # fmt: skip


@clause("B-4.5-b")
def technical_managers_qualify(institution: Institution, day: date) -> Verdict:
    """The post is filled, and whoever holds it has the years and the level."""
    rows = grants(institution, day, Role.TECHNICAL_MANAGER)
    wrong = resting_on_rules(institution, day, frozenset({"B-4.5-b"}), rows)
    advice = _("请登记技术负责人的经历和证书，或另行授权。")
    return all_of(
        filled(institution, day, (Role.TECHNICAL_MANAGER,)),
        none_in_breach(rows, wrong, nothing=_("没有技术负责人的有效授权。"), advice=advice),
    )


@clause("B-4.5")
def posts_are_filled_by_qualified_people(institution: Institution, day: date) -> Verdict:
    """Managers, technical manager, supervisor and calibrators are there, and none of their credentials has run out."""
    roles = (Role.MANAGER, Role.TECHNICAL_MANAGER, Role.SUPERVISOR, Role.CALIBRATOR)
    people = {row.employment_id for row in grants(institution, day, *roles)}
    held = current(Credential, institution).filter(employment__in=people)
    ended = held.filter(valid_until__lt=day).select_related("employment")
    renewed = set(held.valid_on(day).values_list("employment_id", "kind"))
    lapsed = [person(institution, row.employment, _("%(paper)s 已于 %(day)s 到期") % {"paper": row, "day": row.valid_until})
              for row in ended if (row.employment_id, row.kind) not in renewed]  # fmt: skip
    posts = ((Role.MANAGER,), (Role.TECHNICAL_MANAGER,), (Role.SUPERVISOR,), (Role.CALIBRATOR,))
    return all_of(
        filled(institution, day, *posts),
        none_in_breach(
            people, lapsed, nothing="", advice=_("请续期证书，或换人担任。"), fix=listed(institution, "credentials")
        ),
    )  # fmt: skip


@clause("C-5.1.1-s1")
def every_kind_of_post_is_filled(institution: Institution, day: date) -> Verdict:
    """Management, technical manager, supervisor, verifiers or calibrators."""
    return filled(institution, day, (Role.MANAGER,), (Role.TECHNICAL_MANAGER,), (Role.SUPERVISOR,), OPERATORS)


@clause("D-4.3.1.3-s1")
def a_centre_has_its_posts(institution: Institution, day: date) -> Verdict:
    """Management, technical manager and supervisor."""
    return filled(institution, day, (Role.MANAGER,), (Role.TECHNICAL_MANAGER,), (Role.SUPERVISOR,))


@clause("A-5.1-s1")
def metrology_is_somebodys_full_time_work(institution: Institution, day: date) -> Verdict:
    """A metrology manager is employed full time, and not as somebody's second work."""
    rows = [row.employment for row in grants(institution, day, Role.METROLOGY_MANAGER)]
    full = [
        person(institution, row)
        for row in rows
        if row.full_time and row.kind != Employment.Kind.PART_TIME and row.active_on(day)
    ]
    advice = _("没有专职的计量管理人员。请给一名全职在职人员授权“计量管理人员”。")
    return existing(full, advice=advice, fix=everybody(institution))


@clause("C-5.1.1-s2", "D-4.3.1.3-s2")
def two_people_for_each_item(institution: Institution, day: date) -> Verdict:
    """At least two different persons at work may operate in the field of each line of scope that counts.

    Lines that the portal suspended because there are fewer are among them: what they lack is not mended by that.
    """
    people: dict[str, set[int]] = {}
    for grant in grants(institution, day, *OPERATORS):
        if grant.employment.active_on(day):
            people.setdefault(grant.field, set()).add(grant.employment.person_id)
    of_institution = ScopeItem.objects.filter(institution=institution)
    short_of_people = of_institution.filter(
        state=ScopeItem.State.SUSPENDED, suspended_clause=TWO_PEOPLE, valid_from__lte=day,
        qualification__in=Qualification.objects.filter(institution=institution).valid_on(day),
    ).exclude(valid_until__lt=day)  # fmt: skip
    counting = Q(pk__in=of_institution.valid_on(day).values("pk")) | Q(pk__in=short_of_people.values("pk"))
    rows = list(of_institution.filter(counting).order_by("instrument", "pk"))
    short = [
        evidence(
            institution, "scope", line, _("“%(field)s”专业有 %(count)d 人") % {"field": line.field, "count": count}
        )
        for line in rows
        if (count := len(people.get(line.field, ()))) < FEWEST_PEOPLE
    ]
    return none_in_breach(
        rows, short, nothing=_("没有有效的能力范围。"),
        advice=_("每个项目至少要有两名在职、有授权的检定或校准员。请补充授权。"), fix=listed(institution, "scope"),
    )  # fmt: skip


@clause("C-5.1.2-s3")
def operators_are_employed(institution: Institution, day: date) -> Verdict:
    """Whoever is authorised to verify or calibrate works here, on post or dispatched."""
    rows = grants(institution, day, *OPERATORS)
    allowed = (Employment.Kind.ON_POST, Employment.Kind.DISPATCH)
    gone = [
        person(institution, row.employment, str(row))
        for row in rows
        if row.employment.kind not in allowed or not row.employment.active_on(day)
    ]
    return none_in_breach(
        rows, gone, nothing=no_operator(), advice=_("这些授权的持有人当天不在职，或用工形式不对。请撤销授权。")
    )


@clause("C-7.1.3")
def leavers_hold_nothing(institution: Institution, day: date) -> Verdict:
    """Everybody's state is on record with what they are competent for, and who has left holds no right and no account."""
    people = current(Employment, institution)
    if not people.exists():
        return existing([], advice=_("还没有人员台账。请登记人员。"), fix=listed(institution, "credentials"))
    gone = Q(ended_on__lt=day) | Q(state=Employment.State.WITHDRAWN)
    left = Employment.objects.filter(gone, institution=institution)
    held = Authorisation.objects.filter(institution=institution, employment__in=left).in_force_on(day)
    accounts = Membership.objects.filter(institution=institution, employment__in=left, state=Membership.State.ACTIVE)
    breaches = [person(institution, row.employment, str(row)) for row in held.select_related("employment")]
    breaches += [person(institution, row.employment, _("账户仍有效")) for row in accounts.select_related("employment")]
    shown = set(current(Credential, institution).filter(valid_from__lte=day).values_list("employment_id", flat=True))
    shown |= set(attended(institution, day).values_list("employment_id", flat=True))
    authorised = {row.employment_id for row in grants(institution, day, *Role.values)}
    breaches += [
        person(institution, row, _("没有能力记录（证书或培训）"))
        for row in staff(institution, day)
        if row.pk not in shown and (row.is_technical or row.pk in authorised)
    ]
    return none_in_breach(
        people.count(), breaches, nothing="",
        advice=_("离职人员仍有授权或账户的，请撤销、停用；没有能力记录的，请登记证书或培训。"),
        fix=listed(institution, "attendances"),
    )  # fmt: skip


@clause("B-4.5-note")
def military_certificates_stay_in_the_defence_system(institution: Institution, day: date) -> Verdict:
    """A military verifier's certificate counts in the defence system only, and there for calibrators only."""
    known = status(institution, day)
    if known is None or known.system != known.System.DEFENCE:
        return not_applicable(_("本机构不属于军工系统。"))
    military = current(Credential, institution).filter(kind=Credential.Kind.MILITARY).valid_on(day)
    holders = set(military.values_list("employment_id", flat=True))
    rows = [row for row in grants(institution, day, *Role.values) if row.employment_id in holders]
    beyond = [row for row in rows if row.role in (Role.SIGNATORY, Role.TECHNICAL_MANAGER, Role.VERIFIER, Role.CHECKER)]
    ids = frozenset({"B-4.5-a-s1", "B-4.5-a-s2", "B-4.5-b", "B-4.5-d", "C-5.1.3"})
    return none_in_breach(
        rows, resting_on_rules(institution, day, ids, beyond), nothing=_("没有授权人员持军工检定员证。"),
        advice=_("军工检定员证只对校准员视同二级注册计量师。其他岗位请补登证书，或撤销授权。"),
        fix=listed(institution, "credentials"),
    )  # fmt: skip


def attended(institution: Institution, day: date) -> QuerySet[TrainingAttendance]:
    """Who had taken part in a training by that day; neither the seat nor the training was withdrawn."""
    held = current(Training, institution).filter(held_on__lte=day)
    return current(TrainingAttendance, institution).filter(training__in=held)


@clause("B-4.5-e")
def teachers_are_authorised(institution: Institution, day: date) -> Verdict:
    """Every internal training in theory, technique or skills was given by an authorised teacher of that day."""
    kinds = (Training.Kind.THEORY, Training.Kind.TECHNICAL, Training.Kind.SKILLS)
    rows = lately(current(Training, institution), "held_on", day)
    rows = list(rows.filter(kind__in=kinds, organiser_kind=Training.Organiser.INTERNAL).select_related("trainer"))
    held = Authorisation.objects.filter(institution=institution, role=Role.TRAINER).exclude(basis="")
    teachers: dict[int, list[Authorisation]] = {}
    for row in held:
        teachers.setdefault(row.employment_id, []).append(row)
    wrong = [
        evidence(institution, "trainings", row, row.trainer.name if row.trainer else _("没有写培训教师"))
        for row in rows
        if row.trainer is None
        or not row.trainer.active_on(row.held_on)
        or not any(grant.in_force_on(row.held_on) for grant in teachers.get(row.trainer_id, ()))
    ]
    return none_in_breach(
        rows, wrong, nothing=_("近 365 天没有内部的理论、技术或技能培训。"),
        advice=_("请给培训教师授权并写明依据，或更正培训记录。"), fix=listed(institution, "trainings"),
    )  # fmt: skip
