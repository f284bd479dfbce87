"""Pages of methods: those in use with their 查新, the catalogue, one method."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused

from .methods import currency, workflow
from .methods.forms import BulkReviewForm
from .methods.uses import impact
from .models import Method, MethodAdoption, MethodReview, OwnMethod
from .words import day_text, method_state

KEEP = Permission.METHOD_KEEP
DUE = timedelta(days=30)


def tabs_of(request: HttpRequest, current: str) -> list[dict[str, Any]]:
    """The views of methods, the current one marked."""
    slug = request.institution.slug
    views = [
        ("methods", _("在用方法与查新"), reverse("institutions:methods", args=[slug])),
        ("catalogue", _("方法目录"), reverse("institutions:method_catalogue", args=[slug])),
        ("own-methods", _("目录外方法"), reverse("portal:register", args=[slug, "own-methods"])),
        ("adoptions", _("采用登记"), reverse("portal:register", args=[slug, "adoptions"])),
        ("method-reviews", _("查新记录"), reverse("portal:register", args=[slug, "method-reviews"])),
    ]
    return [{"title": title, "url": url, "current": name == current} for name, title, url in views]


def _search(request: HttpRequest) -> dict[str, Any]:
    text = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    return {"kind": "search", "name": "q", "label": _("编号、名称"), "value": text}


def _choice(request: HttpRequest, name: str, label: str, choices: list[tuple[str, str]]) -> dict[str, Any]:
    value = request.GET.get(name, "")
    known = {key for key, _title in choices}
    return {
        "kind": "select",
        "name": name,
        "label": label,
        "choices": choices,
        "value": value if value in known else "",
    }


def _matching(rows: QuerySet[Method], text: str) -> QuerySet[Method]:
    return rows.filter(Q(code__icontains=text) | Q(title__icontains=text)) if text else rows


# --- in use


@door("GET", limit="search")
def methods(request: HttpRequest, slug: str) -> HttpResponse:
    """The methods in use: those whose 查新 is overdue first, with whether each is still current."""
    actor = actor_of(request)
    form = BulkReviewForm(actor=actor, rows=_in_use(request), today=timezone.localdate()) if actor.may(KEEP) else None
    return _methods_page(request, form)


def _in_use(request: HttpRequest) -> QuerySet[Method]:
    return currency.in_use(request.institution.pk)


def _methods_page(
    request: HttpRequest, form: BulkReviewForm | None, *, ticked: frozenset[str] = frozenset(), status: int = 200,
    refusals: Any = (),
) -> HttpResponse:  # fmt: skip
    day = timezone.localdate()
    states = [("due", _("查新到期")), ("ended", _("已失效")), ("current", _("现行有效"))]
    filters = [_search(request), _choice(request, "state", _("状态"), states)]
    rows = _matching(_in_use(request), filters[0]["value"])
    rows = {
        "due": lambda: rows.filter(due_on__lte=day),
        "ended": lambda: rows.filter(ended_on__lte=day),
        "current": lambda: rows.filter(Q(ended_on=None) | Q(ended_on__gt=day), in_force_from__lte=day),
    }.get(filters[1]["value"], lambda: rows)()
    page = page_of(rows, "due_on", "pk", request=request)
    context = {
        "tabs": tabs_of(request, "methods"),
        "form": form,
        "refusals": refusals,
        "lines": _lines(request, page.rows, day, ticked),
        "filters": filters,
        "clear_url": request.path if any(one["value"] for one in filters) else "",
        "adopt_url": reverse("portal:register_new", args=[request.institution.slug, "adoptions"]) if form else "",
        "late": _in_use(request).filter(due_on__lt=day).count(),
        "ended": _in_use(request).filter(ended_on__lte=day).count(),
        "pager": page.links(request),
    }
    return render(request, "institutions/methods.html", context, status=status)


def _lines(request: HttpRequest, rows: list[Method], day: date, ticked: frozenset[str]) -> list[dict[str, Any]]:
    """What stands in the list about each of these methods; four queries, however many they are."""
    institution = request.institution
    reviews = currency.latest_reviews(institution.pk, [row.pk for row in rows])
    adopted = (
        MethodAdoption.objects.visible_to(actor_of(request)).living().filter(method__in=rows).select_related("site")
    )
    sites: dict[int, list[str]] = {}
    for adoption in adopted.order_by("site__name", "pk"):
        sites.setdefault(adoption.method_id, []).append(adoption.site.name)
    gone = [row for row in rows if row.ended_on and row.ended_on <= day]
    relied = impact(institution, gone)
    return [
        {
            "method": row,
            "url": reverse("institutions:method", args=[institution.slug, row.ref]),
            "sites": "、".join(sites.get(row.pk, ())),
            "review": reviews.get(row.pk),
            "state": standing(row, reviews.get(row.pk), day),
            "due": _clock(row.due_on, day),
            "uses": len(relied.get(row.pk, ())),
            "ticked": row.ref in ticked,
        }
        for row in rows
    ]


def standing(method: Method, review: MethodReview | None, day: date) -> dict[str, str]:
    """A badge cell: what the catalogue says of the method on the day, unless the institution found that it has ended."""
    end = currency.ending_of(method, review)
    if end is None and review is not None and method.in_force_on(day):
        return {"badge": "current", "text": _("现行有效")}
    if end is None or not end.by_review or end.on > day:
        return method_state(method, day)
    if end.successor:
        return {"badge": "bad", "text": _("已被 %(code)s 代替") % {"code": end.successor}}
    return {"badge": "bad", "text": _("已废止")}


def _clock(due_on: date, day: date) -> dict[str, str]:
    left = (due_on - day).days
    if left < 0:
        return {"badge": "overdue", "text": _("已超期 %(days)d 天") % {"days": -left}}
    return {"badge": "due" if left <= DUE.days else "valid", "text": _("还有 %(days)d 天") % {"days": left}}


@door("POST", right=KEEP)
def methods_review(request: HttpRequest, slug: str) -> HttpResponse:
    """The ticked methods were looked up and have not changed."""
    actor = actor_of(request)
    form = BulkReviewForm(request.POST, actor=actor, rows=_in_use(request), today=timezone.localdate())
    ticked = frozenset(request.POST.getlist("methods"))
    if not form.is_valid():
        return _methods_page(request, form, ticked=ticked, status=422)
    facts = {name: form.cleaned_data[name] for name in ("reviewed_on", "reviewer", "source")}
    try:
        count = workflow.review_unchanged(form.cleaned_data["methods"], **facts, actor=actor, at=timezone.now())
    except Refused as refused:
        return _methods_page(request, form, ticked=ticked, status=409, refusals=refused.refusals)
    messages.success(request, _("已登记 %(count)d 项查新，均为现行有效。") % {"count": count})
    return redirect("institutions:methods", slug)


# --- the catalogue and one method


@door("GET", limit="search")
def method_catalogue(request: HttpRequest, slug: str) -> HttpResponse:
    """The platform's JJG and JJF and the institution's own methods: current, to come, replaced, abolished."""
    actor, day = actor_of(request), timezone.localdate()
    states = [
        ("current", _("现行有效")), ("planned", _("未实施")), ("superseded", _("已被代替")), ("abolished", _("已废止")),
    ]  # fmt: skip
    kinds = [(str(value), str(title)) for value, title in Method.Kind.choices]
    filters = [
        _search(request),
        _choice(request, "state", _("状态"), states),
        _choice(request, "kind", _("种类"), kinds),
    ]
    rows = _matching(Method.objects.visible_to(actor), filters[0]["value"])
    rows = {
        "current": lambda: rows.in_force_on(day),
        "planned": lambda: rows.filter(in_force_from__gt=day),
        "superseded": lambda: rows.filter(in_force_until__lte=day).exclude(replaced_by=""),
        "abolished": lambda: rows.filter(in_force_until__lte=day, replaced_by=""),
    }.get(filters[1]["value"], lambda: rows)()
    if filters[2]["value"]:
        rows = rows.filter(kind=filters[2]["value"])
    page = page_of(rows, "code", "pk", request=request)
    adopted = MethodAdoption.objects.visible_to(actor).living().filter(method__in=page.rows)
    here = set(adopted.values_list("method_id", flat=True))
    narrow = any(one["value"] for one in filters)
    table = {
        "caption": _("方法目录"), "filters": filters, "clear_url": request.path if narrow else "",
        "columns": [{"title": title} for title in (_("编号"), _("名称"), _("种类"), _("实施日期"), _("状态"), _("本机构"))],
        "rows": [
            [
                {"text": row.code, "url": reverse("institutions:method", args=[slug, row.ref])},
                row.title,
                row.get_kind_display(),
                {"text": begins_text(row), "day": True},
                method_state(row, day),
                _("已采用") if row.pk in here else "",
            ]
            for row in page.rows
        ],
        "count": _("本页 %(count)d 行") % {"count": len(page.rows)} if page.rows else "",
        "empty": {
            "title": _("没有符合条件的方法"),
            "text": _("目录里没有的标准方法或自编方法，可以在“目录外方法”登记后采用。"),
            "url": reverse("portal:register", args=[slug, "own-methods"]), "label": _("去目录外方法"),
        },
        **page.links(request),
    }  # fmt: skip
    return render(
        request, "institutions/method_catalogue.html", {"table": table, "tabs": tabs_of(request, "catalogue")}
    )


def begins_text(method: Method) -> str:
    """The day it came into force; of one whose day nobody has checked, the year of its code."""
    if method.status_checked:
        return day_text(method.in_force_from)
    return _("%(year)s 年（日期待核）") % {"year": method.code[-4:]}


@door("GET", ref="institutions.Method.ref")
def method(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One method: its editions, who relies on it here, and every time it was looked up."""
    actor, day, institution = actor_of(request), timezone.localdate(), request.institution
    found = get_object_or_404(Method.objects.visible_to(actor), ref=ref)
    latest = currency.latest_reviews(institution.pk, [found.pk]).get(found.pk)
    end = currency.ending_of(found, latest)
    uses = impact(institution, [found])[found.pk]
    own = OwnMethod.objects.visible_to(actor).filter(method=found).select_related("institution").first()
    reviews = MethodReview.objects.visible_to(actor).filter(method=found, state=MethodReview.State.CURRENT)
    may = actor.may(KEEP)
    context = {
        "tabs": tabs_of(request, ""),
        "method": found,
        "state": standing(found, latest, day),
        "end": end if end and end.on <= day else None,
        "coming_end": end if end and end.on > day else None,
        "successor": _named(request, end.successor) if end else None,
        "uses": uses,
        "facts": _facts(found),
        "editions": {
            "caption": _("版本沿革"),
            "columns": [{"title": title} for title in (_("编号"), _("名称"), _("实施日期"), _("状态"))],
            "rows": [
                [
                    {"text": row.code, "url": "" if row == found else reverse("institutions:method", args=[slug, row.ref])},
                    row.title, {"text": begins_text(row), "day": True},
                    standing(found, latest, day) if row == found else method_state(row, day),
                ]
                for row in editions(request, found)
            ],
        },
        "users": {
            "caption": _("本机构谁在用"),
            "columns": [{"title": title} for title in (_("类别"), _("名称"), _("说明"))],
            "rows": [[use.kind, {"text": use.label, "url": use.url}, use.note] for use in uses],
            "empty": {"title": _("本机构没有用到它"), "text": _("采用后，能力范围、数据表、记录和人员会列在这里。")},
        },
        "reviews": {
            "caption": _("查新记录"),
            "columns": [{"title": title} for title in (_("查新日期"), _("结果"), _("来源"), _("查新人"), _("下次查新"))],
            "rows": [
                [
                    {"text": day_text(row.reviewed_on), "day": True,
                     "url": reverse("portal:register_row", args=[slug, "method-reviews", row.ref])},
                    row.get_result_display(), row.source, row.reviewer.name, {"text": day_text(row.next_review_on), "day": True},
                ]
                for row in reviews.select_related("reviewer").order_by("-reviewed_on", "-pk")[:20]
            ],
            "empty": {"title": _("还没有查新"), "text": _("采用的方法每 180 天查新一次。")},
        },
        "own_url": reverse("portal:register_row", args=[slug, "own-methods", own.ref]) if own else "",
        "adopt_url": reverse("portal:register_new", args=[slug, "adoptions"]) if may and not end else "",
        "review_url": reverse("portal:register_new", args=[slug, "method-reviews"]) if may and uses else "",
    }  # fmt: skip
    return render(request, "institutions/method.html", context)


def _facts(row: Method) -> list[dict[str, str]]:
    facts = [
        (_("种类"), row.get_kind_display()),
        (_("实施日期"), begins_text(row)),
        (_("废止日期"), day_text(row.in_force_until) if row.in_force_until else ""),
        (_("代替标准"), row.replaced_by),
        (_("英文名称"), row.title_en),
        (_("来自"), _("本机构") if row.owner_id else _("平台目录")),
        (_("说明"), row.note),
    ]
    return [{"label": label, "value": value} for label, value in facts if value]


def _named(request: HttpRequest, code: str) -> Method | None:
    """The method of this code that the reader may see."""
    return Method.objects.visible_to(actor_of(request)).filter(code=code).first() if code else None


MOST_EDITIONS = 10


def editions(request: HttpRequest, found: Method) -> list[Method]:
    """What it replaced and what replaced it, newest first, itself among them."""
    visible = Method.objects.visible_to(actor_of(request))
    later: list[Method] = []
    while len(later) < MOST_EDITIONS and (code := (later[-1] if later else found).replaced_by):
        following = visible.filter(code=code).exclude(pk__in=[found.pk, *(row.pk for row in later)]).first()
        if following is None:
            break
        later.append(following)
    earlier, known = [], [found]
    while len(earlier) < MOST_EDITIONS and known:
        codes, seen = [row.code for row in known], [found.pk, *(row.pk for row in [*later, *earlier])]
        known = list(visible.filter(replaced_by__in=codes).exclude(pk__in=seen).order_by("-in_force_from", "code"))
        earlier += known
    return [*reversed(later), found, *earlier]
