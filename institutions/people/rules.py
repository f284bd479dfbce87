"""What a person must have for a role: the conditions of an authorisation, each with its clause.

One function answers for three readers: the gate when somebody is authorised, the page that says what is missing before
anybody asks, and the re-evaluation when something has ended. The stricter document prevails: B-4.5-a over C-5.1.3 in
every field in which somebody calibrates.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.transitions import Refusal

from ..models import Authorisation, Credential, Employment, Experience, Training, TrainingAttendance
from .cases import Case, House, current

Role, Kind, Level = Authorisation.Role, Credential.Kind, Credential.Level

MOST_FIELDS = 3  # that a signatory with a second-level registration may sign in
YEARS_OF_A_TECHNICAL_MANAGER = 5
BEFORE_OPERATING = (Training.Kind.LAW, Training.Kind.TECHNICAL, Training.Kind.PRACTICAL)
# These stand or fall with the person at work; the others with papers that were once there.
BY_PRESENCE = frozenset({"C-5.1.2-s2", "C-5.1.2-s3", "C-5.1.2-s4", "C-7.1.3"})


def shortfalls(house: House, case: Case, row: Authorisation, day: date, *, ever: bool = False) -> Iterator[Refusal]:
    """What the person lacks on the day for this authorisation, stored or only thought of; nothing when it may stand.

    With `ever`, papers count whether they have ended or were withdrawn: what is still missing then never was there.
    """
    known = Known(house, case, row, day, ever)
    yield from _at_work(known)
    if row.role in Authorisation.OPERATORS:
        yield from _operator(known)
    if row.role in (*Authorisation.OPERATORS, Role.CHECKER):
        yield from _qualified(known)
    if row.role == Role.SIGNATORY:
        yield from _signatory(known)
    if row.role == Role.TECHNICAL_MANAGER:
        yield from _technical_manager(known)
    if row.role == Role.TRAINER and not row.basis.strip():
        yield Refusal("B-4.5-e", _("培训教师要写明授权依据，例如教师资格、从事专业的年限。请补填“授权依据”。"))


class Known:
    """The person's rows as they count for one authorisation on one day."""

    def __init__(self, house: House, case: Case, row: Authorisation, day: date, ever: bool = False) -> None:
        self.house, self.case, self.row, self.day, self.ever = house, case, row, day, ever
        self.employment: Employment = row.employment

    def credentials(self, *kinds: str, levels: Iterable[str] = ()) -> list[Credential]:
        """Those in force, for the field, of these kinds and levels."""
        wanted = set(levels)
        return [
            one
            for one in self.case.credentials
            if one.kind in kinds
            and (not wanted or one.level in wanted)
            and one.covers(self.row.field)
            and (self.ever or one.valid_on(self.day))
        ]

    def passed(self) -> list[Training]:
        """Trainings passed before the authorisation begins."""
        return [
            one.training
            for one in self.case.attendances
            if one.result == TrainingAttendance.Result.PASSED
            and one.training.held_on < self.row.valid_from
            and (self.ever or (current(one) and current(one.training)))
        ]

    def record_new(self, register: str, title: str) -> dict[str, str]:
        """A link to the form on which what is missing is put on record."""
        address = reverse("portal:register_new", args=[self.house.institution.slug, register])
        return {"link": f"{address}?employment={self.employment.ref}", "link_text": title}

    @property
    def named(self) -> dict[str, str]:
        return {"name": self.employment.name, "field": self.row.field, "day": self.day.isoformat()}


def _at_work(known: Known) -> Iterator[Refusal]:
    row, employed = known.row, known.employment
    if not employed.active_on(known.day):
        yield Refusal("C-7.1.3", _("%(name)s 在 %(day)s 不在职。离职人员不能持有授权。") % known.named)
    kind = {"name": employed.name, "kind": employed.get_kind_display()}
    if row.role in Authorisation.KEY_ROLES and employed.kind != Employment.Kind.ON_POST:
        yield Refusal(
            "C-5.1.2-s2",
            _("%(name)s 的用工形式是“%(kind)s”。技术负责人、质量负责人、授权签字人须在职在岗。请换人，或更正用工形式。")
            % kind,
        )
    operating = (Employment.Kind.ON_POST, Employment.Kind.DISPATCH)
    if row.role in Authorisation.OPERATORS and employed.kind not in operating:
        yield Refusal(
            "C-5.1.2-s3",
            _("%(name)s 的用工形式是“%(kind)s”。检定、校准人员限在职在岗或劳务派遣。请换人，或更正用工形式。") % kind,
        )


def _operator(known: Known) -> Iterator[Refusal]:
    employed, row = known.employment, known.row
    if not employed.within_age_on(known.day):
        sentence = _("%(name)s 已超过 65 周岁（最后一天是 65 岁生日），不得从事检定、校准。请安排别人。") % known.named
        yield Refusal("C-5.1.2-s4", sentence)
    passed = known.passed()
    in_field = [one for one in passed if one.field in ("", row.field)]
    missing = [kind for kind in BEFORE_OPERATING if kind not in {one.kind for one in in_field}]
    facts = {"name": employed.name, "field": row.field, "from": row.valid_from.isoformat()}
    if missing:
        facts["missing"] = "、".join(str(kind.label) for kind in missing)
        sentence = (
            _("%(name)s 在 %(from)s 之前没有考核合格的培训：%(missing)s。请先培训、考核，再登记参训记录。") % facts
        )
        yield Refusal("C-5.1.4", sentence, **known.record_new("attendances", _("登记参训记录")))
        if known.house.industry_centre:
            yield Refusal("D-4.3.2-s1", _("产业计量测试中心须确认 %(name)s 已完成上述培训。") % facts)
    if row.role == Role.CALIBRATOR and not any(one.field == row.field for one in passed):
        yield Refusal(
            "B-5.7-d-s1",
            _("%(name)s 在 %(from)s 之前没有“%(field)s”专业考核合格的培训。校准人员先培训、后上岗。") % facts,
            **known.record_new("attendances", _("登记参训记录")),
        )


def _qualified(known: Known) -> Iterator[Refusal]:
    """Some credential for the field. Source: B-4.5-d; of the military ones B-4.5-note."""
    kinds = [Kind.METROLOGIST, Kind.VERIFIER, Kind.INTERNAL]
    if known.house.defence and known.row.role == Role.CALIBRATOR:
        kinds.append(Kind.MILITARY)  # counted as a second-level registration, there and for them only
    if not known.credentials(*kinds):
        note = ""
        if known.credentials(Kind.MILITARY):
            note = _("军工检定员证只在军工系统的机构、对校准员有效（B-4.5-note）。")
        yield Refusal(
            "B-4.5-d",
            _("%(name)s 在 %(day)s 没有“%(field)s”专业有效的资格证书（注册计量师、检定员证或内部上岗证）。")
            % known.named
            + note,
            **known.record_new("credentials", _("登记资格证书")),
        )


def is_engineer(known: Known) -> bool:
    """Whether somebody is a registered metrologist, or has a title from engineer upwards. Source: C-5.1.3."""
    levels = (Level.PROFESSOR, Level.SENIOR, Level.MIDDLE)
    return bool(known.credentials(Kind.METROLOGIST) or known.credentials(Kind.TITLE, levels=levels))


def _signatory(known: Known) -> Iterator[Refusal]:
    levels = (Level.PROFESSOR, Level.SENIOR)
    registered = known.credentials(Kind.METROLOGIST)
    senior = known.credentials(Kind.TITLE, levels=levels)
    facts = known.named | {"most": MOST_FIELDS, "count": _fields_until(known)}
    link = known.record_new("credentials", _("登记资格证书"))
    if known.row.field in known.house.verification_only:
        if not is_engineer(known):
            yield Refusal(
                "C-5.1.3",
                _("授权签字人须是注册计量师，或有中级（工程师）以上职称。%(name)s 没有有效的这类证书。") % facts,
                **link,
            )
        if _fields_until(known, calibrated=True) == 0:
            return  # nobody calibrates in any of the fields: B-4.5-a asks nothing
    elif not registered and not senior:
        yield Refusal(
            "B-4.5-a-s1",
            _("授权签字人须是注册计量师，或有相应专业的高级职称。%(name)s 没有“%(field)s”专业有效的这类证书。") % facts,
            **link,
        )
    first_level = known.credentials(Kind.METROLOGIST, levels=[Level.ONE])
    if facts["count"] > MOST_FIELDS and not first_level and not senior:
        yield Refusal(
            "B-4.5-a-s2",
            _("“%(field)s”是 %(name)s 签字的第 %(count)d 个专业；超过 %(most)d 个须是一级注册计量师或有高级职称。请另选签字人，或先登记证书。")
            % facts,
            **link,
        )  # fmt: skip


def _fields_until(known: Known, *, calibrated: bool = False) -> int:
    """Which of the person's distinct fields this authorisation brings, counted over all its signatory authorisations.

    With `calibrated`: how many of all these fields are ones in which somebody calibrates.
    """
    others = [
        one
        for one in known.case.authorisations
        if one.role == Role.SIGNATORY
        and one.state in Authorisation.STANDING
        and (one.valid_until is None or one.valid_until >= known.day)
        and one.pk != known.row.pk
    ]
    if calibrated:
        return len({one.field for one in [*others, known.row]} - known.house.verification_only)
    earlier = {one.field for one in others if _place(one) < _place(known.row)}
    return len(earlier | {known.row.field})


def _place(row: Authorisation) -> tuple[date, int]:
    """Fields count in the order in which they were granted; one that is only thought of comes last."""
    if row.state not in Authorisation.STANDING or row.pk is None:
        return date.max, 0
    return row.granted_on or row.valid_from, row.pk


def _technical_manager(known: Known) -> Iterator[Refusal]:
    years = metrology_years(known.case.experience, known.day, ever=known.ever)
    if not years:
        yield Refusal(
            "B-4.5-b",
            _("技术负责人要有 5 年以上计量工作经历。%(name)s 登记的经历不到 5 年（在本机构的也要登记）。")
            % known.named,
            **known.record_new("experience", _("登记工作经历")),
        )
    high = known.credentials(Kind.METROLOGIST, levels=[Level.ONE])
    high += known.credentials(Kind.TITLE, levels=[Level.PROFESSOR, Level.SENIOR])
    if not high:
        yield Refusal(
            "B-4.5-b",
            _("技术负责人须是一级注册计量师，或有相应专业的高级职称。%(name)s 没有有效的这类证书。") % known.named,
            **known.record_new("credentials", _("登记资格证书")),
        )


def metrology_years(rows: Iterable[Experience], day: date, *, ever: bool = False) -> bool:
    """Whether the documented work in metrology until the day makes up five years; what overlaps counts once."""
    counted = [one for one in rows if one.kind == Experience.Kind.METROLOGY and (ever or current(one))]
    periods = sorted((one.started_on, min(one.ended_on or day, day)) for one in counted if one.started_on <= day)
    days, reached = 0, date.min
    for first, last in periods:
        first = max(first, reached)
        if last >= first:
            days += (last - first).days + 1
            reached = last + timedelta(1)
    # As if worked without a break until the day: five years back from the morning after it.
    after = day + timedelta(1)
    try:
        since = after.replace(year=after.year - YEARS_OF_A_TECHNICAL_MANAGER)
    except ValueError:  # 29 February of a year that has none
        since = date(after.year - YEARS_OF_A_TECHNICAL_MANAGER, 3, 1)
    return days >= (day - since).days + 1


def why_suspended(house: House, case: Case, row: Authorisation, day: date) -> list[Refusal]:
    """The conditions that have fallen: those that once held, or were confirmed when it was granted, and hold no more.

    An authorisation that was taken over from before the portal stands until something that was there has ended.
    """
    missing = list(shortfalls(house, case, row, day))
    if not missing or row.granted_on is not None:
        return missing
    never = {(one.clause, one.link) for one in shortfalls(house, case, row, day, ever=True)}
    return [one for one in missing if one.clause in BY_PRESENCE or (one.clause, one.link) not in never]
