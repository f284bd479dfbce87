"""Pages of due dates: the rows behind every count, and the year ahead as a calendar."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from . import calendar, due_view, windows
from .actors import actor_of
from .digest import left_words
from .due_view import Row, Wanted
from .forms import DueFilter
from .paging import SIZE
from .panels import tone
from .routes import door


@door("GET", limit="search")
def due(request: HttpRequest, slug: str) -> HttpResponse:
    """What ends, the earliest day first, narrowed by kind, window, days and person."""
    day = timezone.localdate()
    view = due_view.view_of(actor_of(request), request.institution.pk, day)
    known = due_view.titles(view.rules)
    form = DueFilter(request.GET, rules=known.items())
    form.is_valid()
    wanted = _wanted(view, form.cleaned_data, day)
    people, person = due_view.people_of(wanted), request.GET.get("person", "")
    if person in map(str, people):
        wanted = replace(wanted, person_id=int(person))
    shown, before, after = _page(wanted, request)
    total = due_view.due_total(wanted)
    narrow = any(form.cleaned_data.values()) or bool(person)
    context = {
        "own": view.person_id is not None,
        "errors": form,
        "table": {
            "caption": _("到期"),
            "filters": _filters(form, known, people, person),
            "clear_url": request.path if narrow or form.errors else "",
            "columns": [
                {"title": _("事项")}, {"title": _("类别")}, {"title": _("人员")},
                {"title": _("到期日"), "sort": "ascending"},
            ],
            "rows": [_cells(row, known[row.rule], day) for row in shown],
            "count": _("共 %(count)d 项，按到期日先后") % {"count": total} if total else "",
            "empty": _nothing(request, narrow, bool(known)),
            "previous_url": _address(request, before=before) if before else "",
            "next_url": _address(request, after=after) if after else "",
        },
    }  # fmt: skip
    return render(request, "portal/due.html", context, status=400 if form.errors else 200)


def _wanted(view: Wanted, asked: dict[str, Any], day: date) -> Wanted:
    """The rows that the filters leave; without a word about days what has ended and what ends within 60 days."""
    rules = (asked["rule"],) if asked.get("rule") else view.rules
    window = asked.get("window")
    if not window and (asked.get("first") or asked.get("last")):
        return replace(view, rules=rules, first=asked.get("first"), last=asked.get("last") or calendar.span(day)[1])
    first, last = windows.limits(window or "soon", day)
    first = max(filter(None, [first, asked.get("first")]), default=None)
    return replace(view, rules=rules, first=first, last=min(filter(None, [last, asked.get("last")])))


def _page(wanted: Wanted, request: HttpRequest) -> tuple[list[Row], str, str]:
    """The rows of the page that the address names, and the keys before and after which the list goes on."""
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    rows = due_view.due_rows(wanted, most=SIZE + 1, before=before, after=after)
    more = len(rows) > SIZE
    if before:
        rows, back, on = rows[-SIZE:], more, True
    else:
        rows, back, on = rows[:SIZE], bool(after), more
    return rows, rows[0].key if rows and back else "", rows[-1].key if rows and on else ""


def _address(request: HttpRequest, **place: str) -> str:
    kept = {name: value for name, value in request.GET.items() if value and name not in ("before", "after")}
    return f"{request.path}?{urlencode(kept | place)}"


def _filters(form: DueFilter, known: dict[str, str], people: dict[int, str], person: str) -> list[dict[str, Any]]:
    """The filters as the data table draws them; people only where rows belong to somebody."""
    choices = {"rule": list(known.items()), "window": list(windows.TITLES.items())}
    filters = [
        {
            "name": bound.name,
            "label": bound.label,
            "value": bound.value() or "",
            "kind": "select" if bound.name in choices else "date",
            "choices": choices.get(bound.name, []),
        }
        for bound in form
    ]
    if people or person:
        chosen = {"name": "person", "label": _("人员"), "value": person, "kind": "select", "choices": _texts(people)}
        filters.insert(2, chosen)
    return filters


def _texts(people: dict[int, str]) -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in people.items()]


def _cells(row: Row, title: str, day: date) -> list[Any]:
    left = (row.due_on - day).days
    clock = {
        "day": "" if row.never else row.due_on.isoformat(),
        "remaining": left_words(row.due_on.year, left),
        "tone": tone(row.due_on, day),
        "share": 100 if left < 0 else max(2, min(100, 100 * left // 60)),
    }
    return [{"text": row.subject, "url": row.link}, title, row.person_name, {"clock": clock}]


def _nothing(request: HttpRequest, narrow: bool, told: bool) -> dict[str, str]:
    slug = request.institution.slug
    if not told:
        return {
            "title": _("您的角色没有到期清单"),
            "text": _("到期清单给管理人员看。需要时，请机构管理员给您加上角色。"),
            "url": reverse("institutions:today", args=[slug]),
            "label": _("回到今日"),
        }
    calendar_url = reverse("portal:calendar", args=[slug])
    if narrow:
        text = _("换一个条件，或在日历上看以后的月份。")
        return {"title": _("没有符合条件的到期事项"), "text": text, "url": calendar_url, "label": _("到期日历")}
    text = _("没有已失效的，60 天内也没有到期的。")
    return {"title": _("现在没有到期事项"), "text": text, "url": calendar_url, "label": _("看全年")}


@door("GET")
def year(request: HttpRequest, slug: str) -> HttpResponse:
    """Twelve months of due dates, as a picture and as a table; every day and week opens its rows. Two queries."""
    day = timezone.localdate()
    view = due_view.view_of(actor_of(request), request.institution.pk, day)
    known = due_view.titles(view.rules)
    rule = request.GET.get("rule", "")
    rule = rule if rule in known else ""
    first, last = calendar.span(day)
    view = replace(view, rules=(rule,) if rule else view.rules)
    found = calendar.months(due_view.due_days(replace(view, first=first, last=last)), day)
    list_url = reverse("portal:due", args=[slug]) + "?" + (f"rule={rule}&" if rule else "")
    context = {
        "own": view.person_id is not None,
        "known": known,
        "filter": {"name": "rule", "label": _("类别"), "value": rule, "kind": "select", "choices": known.items()},
        "months": found,
        "total": sum(month.count for month in found),
        "expired": due_view.due_total(replace(view, last=day - timedelta(1))),
        "list_url": list_url,
        "first": first,
        "last": last,
        "chart": {
            "first": first.isoformat(),
            "last": last.isoformat(),
            "today": day.isoformat(),
            "url": list_url,
            "days": [
                [one.day.isoformat(), one.count, one.words] for m in found for week in m.weeks for one in week.days
            ],
        },
    }
    return render(request, "portal/calendar.html", context)
