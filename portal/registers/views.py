"""The pages of every register: the overview, a list, a row, and the forms to record, amend and withdraw one."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.forms import Textarea
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import documents, exports, history, searching, ticking
from ..actors import actor_of
from ..clauses import catalogue
from ..forms import ReasonForm
from ..models import Document, RegisterRow
from ..paging import counted, page_of
from ..permissions import Permission
from ..routes import door
from ..transitions import Refused
from . import REGISTERS, WITHDRAWN, Part, Register, verbs
from .forms import RowForm, differences, refused_onto
from .shown import cells_of, columns_of, facts_of, files_of, standing


def register_named(name: str) -> Register:
    """The register of this address. Raises: Http404."""
    if name not in REGISTERS:
        raise Http404(name)
    return REGISTERS[name]


def keeper_of(name: str, **other: str) -> Permission:
    """The right to write in a register; of one that is not there, the right to be told so."""
    return REGISTERS[name].keeper if name in REGISTERS else Permission.INSTITUTION_READ


@door("GET")
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """All registers by group, with how many rows each has and when one was last added."""
    actor = actor_of(request)
    groups: dict[str, list[dict[str, Any]]] = {}
    for register in REGISTERS.values():
        rows = register.model.objects.visible_to(actor).exclude(state=WITHDRAWN)
        groups.setdefault(str(register.group), []).append(
            {
                "register": register,
                "count": rows.count(),
                "url": register.list_url(slug),
                "new_url": _new_url(request, register),
            }
        )
    context = {"groups": [{"title": title, "entries": entries} for title, entries in groups.items()]}
    return render(request, "portal/registers.html", context)


@door("GET", limit="search", name="portal.Register.name")
def rows(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The rows of one register, narrowed by search, state and its own filters."""
    register, day = register_named(name), timezone.localdate()
    if register.pages:
        return redirect("?".join(filter(None, [register.list_url(slug), request.GET.urlencode()])))
    found, filters = narrowed(request, register, day)
    page = page_of(found.select_related(*register.relations), *register.order, request=request)
    narrow = any(one["value"] for one in filters)
    context = {
        "register": register,
        "new_url": _new_url(request, register),
        "import_url": reverse("portal:register_import", args=[slug, name])
        if register.importable and actor_of(request).may(register.keeper)
        else "",
        "export": exports.offer(request, reverse("portal:register_export", args=[slug, name])),
        "clauses": clauses_of(request, register),
        "table": {
            "caption": register.title,
            "filters": filters,
            "clear_url": request.path if narrow else "",
            "columns": columns_of(register),
            "rows": [cells_of(register, row, row_url(request, register, row), day) for row in page.rows],
            "count": _("本页 %(count)d 行") % {"count": len(page.rows)} if page.rows else "",
            "empty": {
                "title": _("没有符合条件的记录") if narrow else _("还没有登记"),
                "text": _("换一个条件，或清除筛选。") if narrow else register.about,
                "url": request.path if narrow else _new_url(request, register),
                "label": _("看全部") if narrow else _("登记第一条"),
            },
            "ticks": ticking.bar(request, acts_of(request, register), [row.ref for row in page.rows], counted(found)),
            **page.links(request),
        },
    }
    return render(request, "portal/register.html", context)


def acts_of(request: HttpRequest, register: Register) -> list[ticking.Act]:
    """What this actor can do with many rows of the register at once."""
    slug, actor, acts = request.institution.slug, actor_of(request), []
    if actor.may(Permission.EXPORT):
        acts.append(ticking.Act(_("导出"), register.list_url(slug), "download", do="export"))
    if actor.may(register.keeper) and amendable(register):
        acts.append(
            ticking.Act(_("一起更正"), reverse("portal:register_amend_many", args=[slug, register.name]), "edit")
        )
    return acts


def amendable(register: Register) -> list[str]:
    """The fields that many rows can be given the same value of: neither what tells rows apart nor a file."""
    columns = [register.model._meta.get_field(name) for name in register.fields if name not in register.key]
    return [one.name for one in columns if not one.unique and one.related_model is not Document]


def narrowed(request: HttpRequest, register: Register, day: date) -> tuple[QuerySet, list[dict[str, Any]]]:
    """The register's rows that this actor may see and the request's filters leave; and the filters as they stand."""
    found = register.model.objects.visible_to(actor_of(request))
    if register.narrowed is not None:
        return register.narrowed(request, found, day)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    columns = [register.model._meta.get_field(one) for one in register.filters]
    filters = [_choice(request, one.name, one.verbose_name, (one.choices or one.base_field.choices)) for one in columns]
    states = [("current", _("现有的")), ("withdrawn", _("已作废"))]
    if any(column.name == "valid_until" for column in register.model._meta.fields):
        states = [("valid", _("有效")), ("expired", _("已失效")), *states]
    state = _choice(request, "state", _("状态"), states)
    if text:
        found = found.filter(searching.holding(register.model, [text], register.search))
    for column, chosen in zip(columns, filters, strict=True):
        if chosen["value"]:
            suffix = "__contains" if not column.choices else ""
            found = found.filter(**{f"{column.name}{suffix}": [chosen["value"]] if suffix else chosen["value"]})
    found = {
        "withdrawn": lambda: found.filter(state=WITHDRAWN),
        "valid": lambda: found.exclude(state=WITHDRAWN).exclude(valid_until__lt=day),
        "expired": lambda: found.exclude(state=WITHDRAWN).filter(valid_until__lt=day),
    }.get(state["value"], lambda: found.exclude(state=WITHDRAWN))()
    search = [{"kind": "search", "name": "q", "label": _("搜索"), "value": text}] if register.search else []
    found, only = ticking.narrowed(request, found)
    return found, [*search, *filters, state, *only]


def _choice(request: HttpRequest, name: str, label: Any, choices: Any) -> dict[str, Any]:
    value = request.GET.get(name, "")
    known = {str(key) for key, _title in choices}
    return {
        "kind": "select",
        "name": name,
        "label": label,
        "choices": choices,
        "value": value if value in known else "",
    }


def row_url(request: HttpRequest, register: Register, row: RegisterRow) -> str:
    return register.row_url(request.institution.slug, row)


def _new_url(request: HttpRequest, register: Register) -> str:
    may = actor_of(request).may(register.keeper)
    return reverse("portal:register_new", args=[request.institution.slug, register.name]) if may else ""


def clauses_of(request: HttpRequest, register: Register) -> list[dict[str, str]]:
    """The clauses that the register's rows are evidence for."""
    return [{"id": name, "title": catalogue()[name].title} for name in register.clauses]


# --- one row


@door("GET", name="portal.Register.name", ref="portal.RegisterRow.ref")
def row(request: HttpRequest, slug: str, name: str, ref: str) -> HttpResponse:
    """What is on record about one thing, its files, and what happened to it."""
    register = register_named(name)
    return _row_page(request, register, _row(request, register, ref))


def _row(request: HttpRequest, register: Register, ref: str) -> RegisterRow:
    found = register.model.objects.visible_to(actor_of(request)).select_related("institution", *register.relations)
    return get_object_or_404(found, ref=ref)


def _row_page(
    request: HttpRequest, register: Register, found: RegisterRow, *, form: ReasonForm | None = None, status: int = 200
) -> HttpResponse:
    actor, day = actor_of(request), timezone.localdate()
    args = [request.institution.slug, register.name, found.ref]
    shut = register.why_shut(found)
    may = actor.may(register.keeper) and found.state in register.live and not shut
    facts = facts_of(register, found)
    context = {
        "register": register,
        "row": found,
        "standing": standing(found, day),
        "shut": shut,
        "facts": [fact for fact in facts if fact["value"]],
        "unfilled": "、".join(str(fact["label"]) for fact in facts if not fact["value"]),
        "files": files_of(register, found),
        "clauses": clauses_of(request, register),
        "history": history.timeline(found),
        "panels": [panel for build in register.panels if (panel := build(request, found)) is not None],
        "amend_url": reverse("portal:register_amend", args=args) if may else "",
        "withdraw": _withdraw_dialog(register, found, reverse("portal:register_withdraw", args=args), form)
        if may
        else None,
    }
    return render(request, "portal/register_row.html", context, status=status)


def _withdraw_dialog(register: Register, found: RegisterRow, url: str, form: ReasonForm | None) -> dict[str, Any]:
    form = form or ReasonForm(auto_id="withdraw-%s")
    form.fields["reason"].label = _("作废原因")
    form.fields["reason"].help_text = _("例如：登记错了；已被新的代替。写清楚，以后查得到")
    form.fields["reason"].widget = Textarea(attrs={"rows": 2})
    return {
        "id": "withdraw",
        "title": _("作废这条记录"),
        "url": url,
        "facts": [{"label": register.one, "value": str(found)}],
        "fields": form,
        "statement": _("我知道作废后它不再作为依据；记录和历史仍然保留"),
        "submit": _("作废"),
        "opener": _("作废…"),
        "icon": "x",
        "danger": True,
    }


@door("POST", right=keeper_of, name="portal.Register.name", ref="portal.RegisterRow.ref")
def withdraw(request: HttpRequest, slug: str, name: str, ref: str) -> HttpResponse:
    register = register_named(name)
    found, form = _row(request, register, ref), ReasonForm(request.POST, auto_id="withdraw-%s")
    if not form.is_valid():
        return _row_page(request, register, found, form=form, status=422)
    try:
        verbs.withdraw(register, found, form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        refused_onto(form, refused.refusals)
        return _row_page(request, register, found, form=form, status=409)
    messages.success(request, _("已作废：%(row)s。") % {"row": found})
    return redirect(row_url(request, register, found))


# --- the form


@door("GET", "POST", right=keeper_of, limit="upload", name="portal.Register.name")
def new(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """One more row, with the fields that the address names filled in."""
    register, actor = register_named(name), actor_of(request)
    made = register.form or RowForm
    if request.method == "GET":
        known = {key: value for key, value in request.GET.items() if key in register.fields}
        if register.choose_first and known.get(register.choose_first) not in dict(_first_choices(register)):
            return _choose_page(request, register)
        return _form_page(request, register, made(register=register, actor=actor, initial=known))
    form = made(request.POST, request.FILES, register=register, actor=actor)
    if not form.is_valid():
        return _form_page(request, register, form, status=422)
    try:
        found = verbs.record(register, form.facts(), actor=actor, at=timezone.now())
    except Refused as refused:
        return _form_page(request, register, form, status=409, refusals=refused.refusals)
    messages.success(request, _("已登记：%(row)s。") % {"row": found})
    return redirect(row_url(request, register, found))


def _first_choices(register: Register) -> list[tuple[str, Any]]:
    return list(register.model._meta.get_field(register.choose_first).choices)


def _choose_page(request: HttpRequest, register: Register) -> HttpResponse:
    """What the form depends on, each choice with how many rows it has already."""
    name = register.choose_first
    rows = register.model.objects.visible_to(actor_of(request)).exclude(state=WITHDRAWN)
    counts = dict(rows.values_list(name).annotate(Count("pk")))
    choices = [
        {"title": title, "count": counts.get(value, 0), "url": f"{request.path}?{urlencode({name: value})}"}
        for value, title in _first_choices(register)
    ]
    return render(request, "portal/register_choose.html", {"register": register, "choices": choices})


@door("GET", "POST", right=keeper_of, limit="upload", name="portal.Register.name", ref="portal.RegisterRow.ref")
def amend(request: HttpRequest, slug: str, name: str, ref: str) -> HttpResponse:
    """New values for a row, unless somebody else has changed it since the form was opened."""
    register, actor = register_named(name), actor_of(request)
    found = _row(request, register, ref)
    if found.state not in register.live:
        messages.error(request, _("“%(row)s”已作废，不能再更正。请另行登记。") % {"row": found})
        return redirect(row_url(request, register, found))
    if shut := register.why_shut(found):
        messages.error(request, shut)
        return redirect(row_url(request, register, found))
    made = register.form or RowForm
    if request.method == "GET":
        return _form_page(request, register, made(register=register, actor=actor, row=found), row=found)
    form = made(request.POST, request.FILES, register=register, actor=actor, row=found)
    if not form.is_valid():
        return _form_page(request, register, form, row=found, status=422)
    revision = form.cleaned_data["revision"] or 0
    try:
        verbs.amend(register, found, form.facts(), revision, actor=actor, at=timezone.now())
    except Refused as refused:
        found = _row(request, register, ref)
        late = found.revision != revision
        if late:  # the next attempt knows what it overwrites
            form.data = form.data.copy()
            form.data["revision"] = found.revision
        return _form_page(
            request, register, form, row=found, status=409, refusals=refused.refusals,
            changed=differences(form, found) if late else [],
        )  # fmt: skip
    messages.success(request, _("已更正：%(row)s。") % {"row": found})
    return redirect(row_url(request, register, found))


def _form_page(
    request: HttpRequest, register: Register, form: RowForm, *, row: RegisterRow | None = None, status: int = 200,
    refusals: Any = (), changed: Any = (),
) -> HttpResponse:  # fmt: skip
    if status != 200:
        form.ask_for_files_again()
    back = row_url(request, register, row) if row else register.list_url(request.institution.slug)
    context = {
        "register": register,
        "form": form,
        "parts": _parts(register, form),
        "row": row,
        "submit": _("保存更正") if row else _("登记"),
        "refusals": refusals,
        "changed": changed,
        "back": back,
        "clauses": clauses_of(request, register),
    }
    return render(request, "portal/register_form.html", context, status=status)


def _parts(register: Register, form: RowForm) -> list[dict[str, Any]]:
    """The fields under the headings of the form, those before the first heading under none."""
    headings = {part.first: part for part in register.parts}
    parts: list[dict[str, Any]] = [{"heading": None, "fields": []}]
    for bound in form.visible_fields():
        if bound.name in headings:
            parts.append({"heading": headings[bound.name], "fields": []})
        parts[-1]["fields"].append(bound)
    return [part | {"folded": _folded(form, **part)} for part in parts if part["fields"]]


def _folded(form: RowForm, heading: Part | None, fields: list[Any]) -> bool:
    """Whether the part stays closed: it may, and nothing is in it yet."""
    filled = (form.is_bound or form.row) and any(bound.value() for bound in fields)
    return heading is not None and heading.folded and not filled and not any(bound.errors for bound in fields)


# --- files


@door("GET", ref="portal.Document.ref")
def document(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """A file of the institution, as an attachment."""
    actor = actor_of(request)
    return documents.download(request, get_object_or_404(Document.objects.visible_to(actor), ref=ref), actor=actor)
