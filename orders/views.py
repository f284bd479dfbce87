"""Pages of the counter: items, a new item, one item, its receipt."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history, qr
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.personal import masked_phone
from portal.routes import door
from portal.transitions import Refusal, Refused

from . import workflow
from .forms import DECISION_RULES, ItemFilter, ItemForm, first_values
from .models import Item
from .panels import ITEM_PANELS


@door("GET", limit="search")
def item_list(request: HttpRequest, slug: str) -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    everything = Item.objects.visible_to(actor)
    form = ItemFilter(request.GET)
    form.is_valid()
    rows = _matching(everything, form.cleaned_data, today)
    page = page_of(rows.select_related("customer"), "-pk", request=request)
    new_url = reverse("orders:new", args=[slug]) if actor.may(Permission.ITEM_RECEIVE) else ""
    filtered = any(form.cleaned_data.values())
    context = {
        "problems": form.errors,
        "new_url": new_url,
        "tabs": _tabs(request, everything, today),
        "table": {
            "caption": _("样品"),
            "filters": _filters(form),
            "clear_url": request.path if filtered else "",
            "columns": [
                {"title": _("样品编号"), "day": True, "sort": "descending"},
                {"title": _("器具")},
                {"title": _("客户")},
                {"title": _("委托单号"), "day": True},
                {"title": _("服务")},
                {"title": _("接收日期"), "day": True},
                {"title": _("承诺完成"), "day": True},
                {"title": _("状态")},
            ],
            "rows": [_row(request, item, today) for item in page.rows],
            "count": _("共 %(count)d 件，新的在前") % {"count": rows.count()},
            "empty": _nothing(request, filtered, new_url),
            **page.links(request),
        },
    }
    return render(request, "orders/list.html", context, status=400 if form.errors else 200)


def _matching(rows: QuerySet, wanted: dict[str, Any], today: date) -> QuerySet:
    """The items the filter asks for; what it could not read is not asked for."""
    if text := wanted.get("q"):
        searched = ("number", "order_number", "name", "model", "serial_number")
        condition = Q()
        for name in searched:
            condition |= Q(**{f"{name}__icontains": text})
        rows = rows.filter(condition)
    if wanted.get("customer"):
        rows = rows.filter(customer__name__icontains=wanted["customer"])
    for name in ("state", "received_on"):
        if wanted.get(name):
            rows = rows.filter(**{name: wanted[name]})
    if wanted.get("promise") == "overdue":
        rows = rows.filter(Item.overdue_on(today))
    elif wanted.get("promise") == "today":
        rows = rows.filter(promised_on=today).exclude(state=Item.State.DONE)
    return rows


def _filters(form: ItemFilter) -> list[dict[str, Any]]:
    kinds = {"state": "select", "promise": "select", "received_on": "date"}
    return [
        {
            "name": bound.name,
            "label": bound.label,
            "value": bound.value() or "",
            "kind": kinds.get(bound.name, "search"),
            "choices": [choice for choice in getattr(bound.field, "choices", ()) if choice[0]],
        }
        for bound in form
    ]


def _tabs(request: HttpRequest, everything: QuerySet, today: date) -> list[dict[str, Any]]:
    """The views that everybody needs, as ready-made filters, with their counts. One query."""
    counts = everything.aggregate(
        all=Count("pk"),
        received=Count("pk", filter=Q(state=Item.State.RECEIVED)),
        in_lab=Count("pk", filter=Q(state=Item.State.IN_LAB)),
        overdue=Count("pk", filter=Item.overdue_on(today)),
    )
    views = (
        (_("全部"), "", "all"),
        (_("未开始"), "?state=received", "received"),
        (_("检校中"), "?state=in_lab", "in_lab"),
        (_("已逾期"), "?promise=overdue", "overdue"),
    )
    asked = {name: value for name, value in request.GET.items() if value and name not in ("after", "before")}
    return [
        {
            "title": title,
            "url": request.path + query,
            "count": counts[name],
            "current": QueryDict(query.lstrip("?")).dict() == asked,
        }
        for title, query, name in views
    ]


def _row(request: HttpRequest, item: Item, today: date) -> list[Any]:
    late = (today - item.promised_on).days if item.state != Item.State.DONE else 0
    return [
        {"text": item.number, "url": reverse("orders:item", args=[request.institution.slug, item.ref])},
        {"text": item.name, "note": f"{item.model} · {item.serial_number}"},
        item.customer.name,
        item.order_number,
        item.get_activity_display(),
        str(item.received_on),
        {"text": str(item.promised_on), "tone": "bad", "note": _("逾期 %(days)d 天") % {"days": late}}
        if late > 0
        else str(item.promised_on),
        {"badge": item.state, "text": item.get_state_display()},
    ]


def _nothing(request: HttpRequest, filtered: bool, new_url: str) -> dict[str, str]:
    """What an empty list says: how to see more, or what the first step is."""
    if filtered:
        return {
            "title": _("没有符合条件的样品"),
            "text": _("换一个条件，或清除筛选看全部样品。"),
            "url": request.path,
            "label": _("看全部"),
        }
    return {
        "title": _("还没有收过样品"),
        "text": _("客户送来的器具在这里登记，得到编号后才能开始检定或校准。"),
        "url": new_url,
        "label": _("接收样品"),
    }


@door("GET", "POST", right=Permission.ITEM_RECEIVE)
def item_new(request: HttpRequest, slug: str) -> HttpResponse:
    actor, at = actor_of(request), timezone.now()
    if request.method == "GET":
        form = ItemForm(actor=actor, initial=first_values(timezone.localdate(at), _same_order(request)))
        return _new_page(request, form)
    form = ItemForm(request.POST, actor=actor)
    if not form.is_valid():
        return _new_page(request, form, status=422)
    try:
        item = workflow.receive(form.facts(), actor=actor, at=at)
    except Refused as refused:
        return _new_page(request, form, status=409, refusals=refused.refusals)
    messages.success(
        request, _("已接收，样品编号 %(number)s。请贴标签，并把接收单交给客户。") % {"number": item.number}
    )
    return redirect(item)


def _same_order(request: HttpRequest) -> Item | None:
    """The item named by `same`, of whose order another one comes in."""
    ref = request.GET.get("same", "")
    if not ref.isalnum():
        return None
    return Item.objects.visible_to(actor_of(request)).select_related("customer").filter(ref=ref).first()


def _new_page(
    request: HttpRequest, form: ItemForm, *, status: int = 200, refusals: tuple[Refusal, ...] = ()
) -> HttpResponse:
    context = {"form": form, "refusals": refusals, "suggestions": form.suggestions()}
    return render(request, "orders/new.html", context, status=status)


@door("GET", ref="orders.Item.ref")
def item_detail(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    actor, today = actor_of(request), timezone.localdate()
    item = _item(request, ref)
    panels = [panel for build in ITEM_PANELS if (panel := build(actor, item)) is not None]
    context = {
        "item": item,
        "facts": _facts(item),
        "late": (today - item.promised_on).days if item.state != Item.State.DONE else 0,
        "may_receive": actor.may(Permission.ITEM_RECEIVE),
        # Whoever deals with customers sees the number as it is.
        "phone": item.customer.phone if actor.may(Permission.ITEM_RECEIVE) else masked_phone(item.customer.phone),
        "panels": [
            render_to_string(panel.template, {**panel.context, "institution": request.institution}, request)
            for panel in panels
        ],
        "siblings": Item.objects.visible_to(actor).filter(order_number=item.order_number).exclude(pk=item.pk)[:20],
        "history": history.timeline(item),
    }
    return render(request, "orders/item.html", context)


@door("GET", ref="orders.Item.ref")
def item_receipt(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    item = _item(request, ref)
    context = {"item": item, "facts": _facts(item), "code": qr.drawn(item.number)}
    return render(request, "orders/receipt.html", context)


def _item(request: HttpRequest, ref: str) -> Item:
    return get_object_or_404(
        Item.objects.visible_to(actor_of(request)).select_related("customer", "institution"), ref=ref
    )


def _facts(item: Item) -> list[dict[str, Any]]:
    return [
        {"label": _("器具名称"), "value": item.name, "note": item.name_en},
        {"label": _("型号规格"), "value": item.model},
        {"label": _("出厂编号"), "value": item.serial_number},
        {"label": _("制造单位"), "value": item.manufacturer},
        {"label": _("服务类别"), "value": item.get_activity_display()},
        {"label": _("判定规则"), "value": _rule(item)},
        {"label": _("样品状态"), "value": item.condition},
        {"label": _("委托单号"), "value": item.order_number},
        {"label": _("接收日期"), "value": str(item.received_on)},
        {"label": _("承诺完成日期"), "value": str(item.promised_on)},
    ]


def _rule(item: Item) -> str:
    """What was agreed about conformity, in words."""
    if item.activity == Item.Activity.VERIFICATION:
        return _("按检定规程")
    return str(dict(DECISION_RULES).get(item.decision_rule, item.decision_rule))
