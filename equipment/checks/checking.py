"""Clauses decided by intermediate checks: decided on, done in time, by a procedure, with their papers."""

from datetime import date

from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.checks.rows import current, lately, listed
from institutions.models import Institution, ManagementDocument
from portal.clauses import Evidence, Verdict, clause, none_in_breach
from portal.models import Document

from ..checking import intermediate
from ..clocks import winding
from ..models import EquipmentClock, IntermediateCheck
from .rows import TRACED, device, devices, in_use, nothing_in_use


def _required(institution: Institution, day: date) -> QuerySet[EquipmentClock]:
    """The clocks of equipment in use that asks for intermediate checks, with `due_that_day`."""
    kind = EquipmentClock.Kind.INTERMEDIATE_CHECK
    rows = current(EquipmentClock, institution).filter(kind=kind, needed=True).select_related("equipment")
    rows = rows.filter(equipment__in=in_use(institution, day).order_by())
    return rows.annotate(due_that_day=winding.due_by(day, [kind])).order_by("due_that_day", "pk")


def _overdue(institution: Institution, day: date) -> list[Evidence]:
    late = _required(institution, day).filter(Q(due_on=None) | Q(due_that_day__lt=day))
    return [
        device(
            institution,
            row.equipment,
            _("期间核查应在 %(day)s 前完成") % {"day": row.due_that_day or _("（没有定日期）")},
        )
        for row in late
    ]


def _made(institution: Institution, day: date) -> QuerySet[IntermediateCheck]:
    rows = lately(IntermediateCheck.objects.filter(institution=institution), "performed_on", day)
    return rows.select_related("equipment").order_by("-performed_on", "-pk")


def _shown(institution: Institution, rows: QuerySet[IntermediateCheck], text: str) -> list[Evidence]:
    return [device(institution, row.equipment, f"{row.performed_on} {text}") for row in rows]


@clause("B-6.1.5.1-c")
def checks_are_reported(institution: Institution, day: date) -> Verdict:
    """No check that is due is missing, and each of the last year has its readings, its conclusion and its report."""
    made = _made(institution, day)
    bare = made.exclude(file__state=Document.State.ACCEPTED)
    breaches = _overdue(institution, day) + _shown(institution, bare, _("没有核查报告"))
    return none_in_breach(
        _required(institution, day).count() + made.count(), breaches, nothing=_("没有设备需要期间核查。"),
        advice=_("请完成到期的期间核查，上传核查报告。"), fix=reverse("equipment:check_list", args=[institution.slug]),
    )  # fmt: skip


@clause("C-5.5.3")
def checks_are_decided_on(institution: Institution, day: date) -> Verdict:
    """Of everything traced in use somebody decided whether it is checked in between and why; no check is overdue."""
    rows = in_use(institution, day).filter(TRACED)
    undecided = devices(institution, intermediate.without_decision(rows), _("没有决定是否需要期间核查"))
    return none_in_breach(
        rows.count(), undecided + _overdue(institution, day), nothing=nothing_in_use(),
        advice=_("请按用途、风险和成本决定是否需要期间核查并写明依据；到期的请完成核查。"),
        fix=listed(institution, "equipment-clocks"),
    )  # fmt: skip


@clause("D-4.4.3.5")
def checks_follow_a_procedure(institution: Institution, day: date) -> Verdict:
    """Checks of the last year were made by a procedure that was in force that day, and none is overdue."""
    made, procedure = _made(institution, day), "plan__procedure"
    ended = Q(**{f"{procedure}__valid_until__lt": F("performed_on")})
    loose = made.filter(
        Q(**{procedure: None}) | Q(**{f"{procedure}__valid_from__gt": F("performed_on")}) | ended
        | Q(**{f"{procedure}__state": ManagementDocument.State.WITHDRAWN})
    )  # fmt: skip
    breaches = _overdue(institution, day) + _shown(institution, loose, _("没有当时有效的核查程序"))
    return none_in_breach(
        _required(institution, day).count() + made.count(), breaches, nothing=_("没有设备需要期间核查。"),
        advice=_("请在核查方案里选择现行有效的核查程序，完成到期的核查。"), fix=listed(institution, "check-plans"),
    )  # fmt: skip
