"""Everybody who works here, and who can do what in which field."""

from collections import defaultdict
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import searching
from portal.actors import Actor, actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door

from .models import Authorisation, Credential, Employment, ScopeItem
from .people.reconsidering import FEWEST_PEOPLE
from .words import DUE, authorisation_state, day_text, employment_state

Role = Authorisation.Role
# The columns of the matrix: what one may do in a field.
IN_A_FIELD = (Role.VERIFIER, Role.CALIBRATOR, Role.CHECKER, Role.SIGNATORY)


@door("GET", limit="search")
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """Who works here, with the authorisations in force today and what of the papers ends soon."""
    actor, day = actor_of(request), timezone.localdate()
    rows = Employment.objects.visible_to(actor).prefetch_related(
        Prefetch(
            "authorisations",
            Authorisation.objects.visible_to(actor).in_force_on(day).order_by("role", "field"),
            "in_force",
        )
    )
    stopped = Authorisation.objects.visible_to(actor).filter(state=Authorisation.State.SUSPENDED)
    rows = rows.annotate(stopped=_any_of(stopped))
    rows, filters = _narrowed(request, rows, day)
    page = page_of(rows, "staff_number", "pk", request=request)
    context = {
        "may_keep": actor.may(Permission.PEOPLE_KEEP),
        "waiting": Authorisation.objects.visible_to(actor).filter(state=Authorisation.State.PROPOSED).count(),
        "table": {
            "caption": _("人员"),
            "filters": filters,
            "clear_url": request.path if any(row["value"] for row in filters) else "",
            "columns": [
                {"title": title}
                for title in (_("姓名"), _("工号"), _("岗位"), _("用工形式"), _("入职日期"), _("有效授权"), _("状态"))
            ],
            "rows": [_cells(slug, row, day) for row in page.rows],
            "count": _("本页 %(count)d 行") % {"count": len(page.rows)} if page.rows else "",
            "empty": {
                "title": _("没有人员"),
                "text": _("没有符合条件的人员；换一个条件，或登记新人员。"),
                "url": "",
                "label": "",
            },
            **page.links(request),
        },
    }
    return render(request, "institutions/people.html", context)


def _cells(slug: str, row: Employment, day: date) -> list[Any]:
    by_role: dict[str, list[str]] = defaultdict(list)
    for grant in row.in_force:
        by_role[str(grant.get_role_display())].append(grant.field)
    granted = "；".join(
        f"{role}（{'、'.join(filter(None, fields))}）" if any(fields) else role for role, fields in by_role.items()
    )
    return [
        {"text": row.name, "url": reverse("institutions:person", args=[slug, row.ref])},
        row.staff_number,
        row.post,
        row.get_kind_display(),
        day_text(row.started_on),
        {"text": granted, "note": _("另有授权已暂停") if row.stopped else ""} if granted or not row.stopped else
        {"text": _("授权已暂停"), "tone": "due"},
        employment_state(row, day),
    ]  # fmt: skip


def _any_of(rows: QuerySet) -> Exists:
    """Whether the employment has one of these rows."""
    return Exists(rows.filter(institution_id=OuterRef("institution_id"), employment_id=OuterRef("pk")))


def _narrowed(request: HttpRequest, rows: QuerySet, day: date) -> tuple[QuerySet, list[dict[str, Any]]]:
    actor = actor_of(request)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    states = [
        ("on", _("在职")),
        ("left", _("已离职")),
        ("stopped", _("有授权被暂停")),
        ("waiting", _("有授权待批准")),
        ("withdrawn", _("已作废")),
    ]
    filters = [
        {"kind": "search", "name": "q", "label": _("姓名、工号"), "value": text},
        _select(request, "state", _("状态"), states),
        _select(request, "role", _("现有授权"), Role.choices),
        _select(request, "papers", _("证书"), [("due", _("%(days)d 天内到期") % {"days": DUE.days}), ("none", _("没有登记"))]),
    ]  # fmt: skip
    _text, state, role, papers = (one["value"] for one in filters)
    if text:
        rows = rows.filter(searching.holding(Employment, [text], ("name", "staff_number", "post")))
    if state == "withdrawn":
        rows = rows.filter(state=Employment.State.WITHDRAWN)
    else:
        rows = rows.filter(state=Employment.State.CURRENT)
    if state == "on":
        rows = rows.active_on(day)
    elif state == "left":
        rows = rows.filter(ended_on__lt=day)
    elif state == "stopped":
        rows = rows.filter(stopped=True)
    elif state == "waiting":
        proposed = Authorisation.objects.visible_to(actor).filter(state=Authorisation.State.PROPOSED)
        rows = rows.filter(_any_of(proposed))
    if role:
        rows = rows.filter(_any_of(Authorisation.objects.visible_to(actor).filter(role=role).in_force_on(day)))
    if papers:
        held = Credential.objects.visible_to(actor).filter(state=Credential.State.CURRENT)
        if papers == "due":
            rows = rows.active_on(day).filter(_any_of(held.filter(valid_until__gte=day, valid_until__lte=day + DUE)))
        else:
            rows = rows.active_on(day).filter(~_any_of(held))
    return rows, filters


def _select(request: HttpRequest, name: str, label: str, choices: Any) -> dict[str, Any]:
    value = request.GET.get(name, "")
    known = {key for key, _title in choices}
    return {
        "kind": "select",
        "name": name,
        "label": label,
        "choices": choices,
        "value": value if value in known else "",
    }


@door("GET")
def matrix(request: HttpRequest, slug: str) -> HttpResponse:
    """Who may do what in each field of the scope, red where fewer than two may operate. Source: C-5.1.1-s2."""
    actor, day = actor_of(request), timezone.localdate()
    lines: dict[str, int] = defaultdict(int)
    for name in ScopeItem.objects.visible_to(actor).filter(_offered(day)).values_list("field", flat=True):
        lines[name] += 1
    grants: dict[str, dict[str, dict[int, Authorisation]]] = defaultdict(lambda: defaultdict(dict))
    for row in _standing_in_a_field(actor, day):
        grants[row.field][row.role].setdefault(row.employment.person_id, row)
    fields = [_field(slug, name, lines.get(name, 0), grants[name], day) for name in sorted({*lines, *grants})]
    context = {
        "day": day,
        "fields": fields,
        "roles": [role.label for role in IN_A_FIELD],
        "short": sum(1 for field in fields if field["short"]),
        "fewest": FEWEST_PEOPLE,
        "may_keep": actor.may(Permission.PEOPLE_KEEP),
    }
    return render(request, "institutions/people_matrix.html", context)


def _offered(day: date) -> Q:
    still = Q(valid_until=None) | Q(valid_until__gte=day)
    return still & Q(state__in=(ScopeItem.State.ACTIVE, ScopeItem.State.SUSPENDED))


def _standing_in_a_field(actor: Actor, day: date) -> list[Authorisation]:
    """Everybody's, in force first: who is in force in a role is not shown as suspended in it."""
    rows = Authorisation.objects.visible_to(actor).standing().filter(role__in=IN_A_FIELD).valid_on(day)
    found = list(rows.select_related("employment").order_by("employment__staff_number", "pk"))
    working = [row for row in found if row.employment.active_on(day)]
    return sorted(working, key=lambda row: not row.in_force_on(day))


def _field(
    slug: str, name: str, lines: int, grants: dict[str, dict[int, Authorisation]], day: date
) -> dict[str, Any]:  # fmt: skip
    operators = {
        person
        for role in Authorisation.OPERATORS
        for person, row in grants.get(role, {}).items()
        if row.in_force_on(day)
    }
    short = bool(lines) and len(operators) < FEWEST_PEOPLE
    return {
        "name": name,
        "lines": lines,
        "operators": len(operators),
        "short": short,
        "tone": "bad" if short else "due" if lines and len(operators) == FEWEST_PEOPLE else "ok" if lines else "off",
        "text": _("%(count)d 人") % {"count": len(operators)},
        "url": reverse("institutions:scope", args=[slug]),
        "cells": [
            {
                "title": role.label,
                "people": [
                    {
                        "name": row.employment.name,
                        "url": reverse("institutions:person", args=[slug, row.employment.ref]),
                        "stopped": not row.in_force_on(day),
                        "state": authorisation_state(row, day),
                    }
                    for row in grants.get(role, {}).values()
                ],
            }
            for role in IN_A_FIELD
        ],
    }
