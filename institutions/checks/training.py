"""Clauses decided by trainings: planned, held, attended and judged."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from portal.clauses import Evidence, State, Verdict, all_of, clause, existing, none_in_breach, not_applicable

from ..models import (
    Authorisation,
    Employment,
    Institution,
    Training,
    TrainingAttendance,
    TrainingPlan,
    YearFigures,
)
from .people import no_operator, two_people_for_each_item
from .rows import (
    OPERATORS,
    ago,
    current,
    everybody,
    evidence,
    filed,
    grants,
    lately,
    listed,
    page,
    person,
    staff,
    status,
)

Role = Authorisation.Role


@clause("A-5.1-f")
def metrology_managers_are_trained(institution: Institution, day: date) -> Verdict:
    """Every metrology manager has passed a training within the year."""
    rows = grants(institution, day, Role.METROLOGY_MANAGER)
    wrong = _without_training(institution, day, rows, _("近 365 天没有考核合格的培训"))
    if not rows:
        return existing([], advice=_("没有计量管理人员。请先授权，再安排培训考核。"), fix=everybody(institution))
    return none_in_breach(
        rows,
        wrong,
        nothing="",
        advice=_("请安排计量管理人员参加培训并考核，登记结果。"),
        fix=listed(institution, "trainings"),
    )


def _without_training(
    institution: Institution, day: date, rows: list[Authorisation], absent: str, *, passed: bool = True, **of: str
) -> list[Evidence]:
    """The people of these authorisations who took part in no such training within the year, each with that sentence."""
    trainings = lately(current(Training, institution).filter(**of), "held_on", day)
    seats = current(TrainingAttendance, institution).filter(training__in=trainings)
    if passed:
        seats = seats.filter(result=TrainingAttendance.Result.PASSED)
    trained = set(seats.values_list("employment_id", flat=True))
    people = {row.employment_id: row.employment for row in rows}
    return [person(institution, row, absent) for pk, row in people.items() if pk not in trained]


@clause("A-5.4.2")
def integrity_is_taught_every_year(institution: Institution, day: date) -> Verdict:
    """Last year had a training in integrity with its list; this year has until its last day."""
    known = status(institution, day)
    if known is not None and known.registered_on is not None and known.registered_on.year == day.year:
        return not_applicable(_("本机构今年才成立。"))
    held = filed(current(Training, institution).filter(kind=Training.Kind.INTEGRITY, held_on__lte=day))
    seats = current(TrainingAttendance, institution).filter(training__in=held)
    attended = set(seats.values_list("training__held_on__year", flat=True))
    figures = {
        _("去年"): _("有") if day.year - 1 in attended else _("没有"),
        _("今年"): _("有") if day.year in attended else _("还没有"),
    }
    if day.year - 1 in attended:
        rows = held.filter(held_on__year=day.year - 1, pk__in=seats.values("training")).order_by("held_on", "pk")
        return Verdict(State.MET, figures, tuple(evidence(institution, "trainings", row) for row in rows))
    advice = _("去年没有附签到表的诚信计量培训。如已举办，请登记培训和参训人员；今年请务必举办。")
    return Verdict(State.NOT_MET, figures, (), advice, page(institution, "trainings", kind=Training.Kind.INTEGRITY))


@clause("A-6.8.3")
def learns_with_its_profession(institution: Institution, day: date) -> Verdict:
    """Something that a technical committee, a society or an association taught within the year is on record."""
    kinds = (Training.Organiser.COMMITTEE, Training.Organiser.SOCIETY, Training.Organiser.ASSOCIATION)
    rows = lately(current(Training, institution).filter(organiser_kind__in=kinds), "held_on", day)
    return existing(
        [evidence(institution, "trainings", row) for row in rows],
        advice=_("近 365 天没有参加技术委员会、学会或协会的宣贯。参加后请登记。"), fix=page(institution, "trainings"),
    )  # fmt: skip


@clause("B-6.2.3-s1")
def calibrators_train_their_skills(institution: Institution, day: date) -> Verdict:
    """Every calibrator took part in a training of skills within the year."""
    rows = grants(institution, day, *OPERATORS)
    return none_in_breach(
        rows,
        _without_training(institution, day, rows, _("近 365 天没有技能培训"), passed=False, kind=Training.Kind.SKILLS),
        nothing=no_operator(),
        advice=_("请安排这些人员参加技能培训。"), fix=page(institution, "trainings", kind=Training.Kind.SKILLS),
    )  # fmt: skip


@clause("B-6.2.3-s2")
def calibrators_are_enough_and_stay(institution: Institution, day: date) -> Verdict:
    """Two people for every line, and no more calibrators left within the year than the institution itself allows."""
    figures = current(YearFigures, institution).filter(year__in=(day.year, day.year - 1)).exclude(turnover_target=None)
    target = figures.order_by("-year").first()
    if target is None:
        advice = _("没有登记校准人员流失率目标。请在年度数据里填写。")
        turnover = Verdict(State.NOT_MET, {}, (), advice, page(institution, "year-figures"))
    else:
        ever = Authorisation.objects.filter(institution=institution, role__in=OPERATORS, valid_from__lte=day)
        granted = ever.exclude(state__in=Authorisation.NOT_GRANTED).values("employment")
        people = current(Employment, institution).filter(pk__in=granted)
        left = lately(people, "ended_on", day).count()
        there = people.active_on(ago(day, 365)).count() or people.active_on(day).count()
        share = Decimal(100 * left) / there if there else Decimal(0)
        over = share > target.turnover_target
        named = {"share": f"{share:.1f}", "target": f"{target.turnover_target.normalize():f}"}
        text = _("流失率 %(share)s %%，目标 %(target)s %%") % named
        turnover = none_in_breach(
            1, [evidence(institution, "year-figures", target, text)] if over else [], nothing="",
            advice=_("校准人员流失超过自定的目标。请分析原因并采取措施。"),
        )  # fmt: skip
    enough = two_people_for_each_item(institution, day)
    return enough if enough.state == State.NOT_APPLICABLE else all_of(enough, turnover)


@clause("B-6.2.3-s3")
def everybody_is_taught_confidentiality(institution: Institution, day: date) -> Verdict:
    """Everybody took part in a training in confidentiality within the year. Leaks are told by complaints, not on record yet."""
    people = staff(institution, day)
    trainings = lately(current(Training, institution).filter(kind=Training.Kind.CONFIDENTIALITY), "held_on", day)
    seats = current(TrainingAttendance, institution).filter(training__in=trainings)
    taught = set(seats.values_list("employment_id", flat=True))
    if not people:
        return existing([], advice=_("还没有在职人员。请登记人员。"))
    return none_in_breach(
        people, [person(institution, row, _("近 365 天没有保密培训")) for row in people if row.pk not in taught], nothing="",
        advice=_("请给这些人员安排保密培训。"), fix=page(institution, "trainings", kind=Training.Kind.CONFIDENTIALITY),
        rest=_("保密培训齐全；泄密投诉尚未纳入系统，不能判为符合。"),
    )  # fmt: skip


@clause("D-4.3.3-s2")
def trainings_are_planned_and_judged(institution: Institution, day: date) -> Verdict:
    """This year's plan is there with its tasks, and every training that was held has been judged for its effect."""
    plan = current(TrainingPlan, institution).filter(year=day.year, approved_on__lte=day).exclude(tasks="")
    planned = existing(
        [evidence(institution, "training-plans", row) for row in plan],
        advice=_("没有今年的培训计划。请登记计划及其对应的任务。"), fix=page(institution, "training-plans"),
    )  # fmt: skip
    held = lately(current(Training, institution), "held_on", day)
    blank = [evidence(institution, "trainings", row, _("没有评价有效性")) for row in held.filter(effectiveness="")]
    judged = none_in_breach(
        held.count(), blank, nothing=_("近 365 天没有培训。"), advice=_("请给这些培训补填有效性评价。"),
        fix=listed(institution, "trainings"),
    )  # fmt: skip
    return all_of(planned, judged)
