"""承诺书模板: the editions of a region's wording, read by every regulator, written by that of the region."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from commitments import wording as verbs
from commitments.models import CommitmentTemplate
from portal.actors import Actor
from portal.clauses import catalogue
from portal.registers.forms import refused_onto
from portal.routes import Audience, door
from portal.tenancy import scope
from portal.transitions import Refused

from .. import jurisdiction
from .forms import ActivateForm, RetireForm, WordingForm, as_typed
from .shown import OWN, wording_url
from .standing import Standing

S = CommitmentTemplate.State
MOST_EDITIONS = 10_000  # beyond what the column holds there is nothing to look for
FEEDS = {"region": "commitments.CommitmentTemplate.region", "edition": "commitments.CommitmentTemplate.edition"}


@never_cache
@login_required
@door("GET", to=Audience.REGULATOR)
def wordings(request: HttpRequest) -> HttpResponse:
    """Every edition that institutions of the regulator's regions pledge by or have pledged by, also wider regions'."""
    request.actor = actor = jurisdiction.regulator(request.user)
    day = timezone.localdate()
    rows = _readable(actor).order_by("-region_code", "-edition")
    context = {
        "table": {
            "caption": _("承诺书模板"),
            "columns": [{"title": title} for title in (_("名称"), _("发布机关"), _("适用"), _("启用"), _("停用"), _("情况"))],
            "rows": [_cells(row, day) for row in rows],
        },
        "in_force": [(region, CommitmentTemplate.objects.for_region(region, day).first()) for region in actor.regions],
    }  # fmt: skip
    return render(request, "oversight/pledges/wordings.html", context)


@never_cache
@login_required
@door("GET", "POST", to=Audience.REGULATOR)
def new(request: HttpRequest) -> HttpResponse:
    """The next edition of a region is drafted, beginning with what is in force there."""
    request.actor = actor = jurisdiction.regulator(request.user)
    regions = actor.regions
    if request.method == "GET":
        before = CommitmentTemplate.objects.for_region(regions[0], timezone.localdate()).first()
        told = as_typed(before) | ({} if before.region_code else {"made_by": ""}) if before else None
        return _form_page(request, WordingForm(regions=regions, edition=told))
    form = WordingForm(request.POST, regions=regions)
    if not form.is_valid():
        return _form_page(request, form, status=422)
    region = form.cleaned_data.get("region", regions[0])
    try:
        with scope(user_id=actor.user_id, region=region):
            row = verbs.draft(region, form.facts(), actor=actor, at=timezone.now())
    except Refused as refused:
        refused_onto(form, refused.refusals)
        return _form_page(request, form, status=409)
    messages.success(request, _("已起草第 %(edition)d 版。启用之前可以修改。") % {"edition": row.edition})
    return redirect("oversight:wording", region, row.edition)


@never_cache
@login_required
@door("GET", to=Audience.REGULATOR, **FEEDS)
def wording(request: HttpRequest, region: str, edition: int) -> HttpResponse:
    """One edition word for word, and what its own regulator can do with it now."""
    actor, row = _one(request, region, edition)
    return _page(request, actor, row)


@never_cache
@login_required
@door("GET", "POST", to=Audience.REGULATOR, **FEEDS)
def amend(request: HttpRequest, region: str, edition: int) -> HttpResponse:
    """A draft says something else; an edition that was in force is answered with the reason why not."""
    actor, row = _one(request, region, edition, writes=True)
    if request.method == "GET":
        if row.state != S.DRAFT:
            messages.error(request, _("启用过的版本不再修改。要改内容，请起草新的一版。"))
            return redirect("oversight:wording", region, edition)
        return _form_page(request, WordingForm(edition=as_typed(row)), row)
    form = WordingForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, row, status=422)
    try:
        with scope(user_id=actor.user_id, region=row.region_code):
            verbs.amend(row, form.facts(), actor=actor, at=timezone.now())
    except Refused as refused:
        refused_onto(form, refused.refusals)
        return _form_page(request, form, row, status=409)
    messages.success(request, _("草稿已保存。"))
    return redirect("oversight:wording", region, edition)


@never_cache
@login_required
@door("POST", to=Audience.REGULATOR, **FEEDS)
def activate(request: HttpRequest, region: str, edition: int) -> HttpResponse:
    """The edition is in force from a day on."""
    return _acted(request, region, edition, "activate", ActivateForm(request.POST, auto_id="activate-%s"))


@never_cache
@login_required
@door("POST", to=Audience.REGULATOR, **FEEDS)
def retire(request: HttpRequest, region: str, edition: int) -> HttpResponse:
    """The edition is out of use from a day on."""
    return _acted(request, region, edition, "retire", RetireForm(request.POST, auto_id="retire-%s"))


def _acted(request: HttpRequest, region: str, edition: int, act: str, form: Form) -> HttpResponse:
    actor, row = _one(request, region, edition, writes=True)
    if form.is_valid() and request.POST.get("confirmed") != "yes":
        form.add_error(None, _("请先勾选确认，再提交。"))
    if not form.is_valid():
        return _page(request, actor, row, {act: form}, status=422)
    day, at = form.cleaned_data["day"], timezone.now()
    try:
        with scope(user_id=actor.user_id, region=row.region_code):
            if act == "activate":
                verbs.activate(row, day, actor=actor, at=at)
            else:
                verbs.retire(row, day, form.cleaned_data["reason"], actor=actor, at=at)
    except Refused as refused:
        refused_onto(form, refused.refusals)
        row.refresh_from_db()
        return _page(request, actor, row, {act: form}, status=409)
    done = _("第 %(edition)d 版从 %(day)s 起启用。") if act == "activate" else _("第 %(edition)d 版从 %(day)s 起停用。")
    messages.success(request, done % {"edition": edition, "day": day})
    return redirect("oversight:wording", region, edition)


def _readable(actor: Actor):
    """The wordings of the actor's regions, of wider ones, of those inside, and the portal's own."""
    mine = Q(region_code="")
    for region in actor.regions:
        mine |= Q(region_code__startswith=region) | Q(region_code__in=[region[:length] for length in (2, 4, 6)])
    return CommitmentTemplate.objects.filter(mine)


def _one(request: HttpRequest, region: str, edition: int, *, writes: bool = False) -> tuple[Actor, CommitmentTemplate]:
    """The regulator and the edition. Raises: Http404 for a foreign region, to write also for a wider or inner one."""
    request.actor = actor = jurisdiction.regulator(request.user)
    code = "" if region == OWN else region
    if edition > MOST_EDITIONS or (writes and code not in actor.regions):
        raise Http404
    return actor, get_object_or_404(_readable(actor), region_code=code, edition=edition)


def _page(
    request: HttpRequest, actor: Actor, row: CommitmentTemplate, forms: dict[str, Form] | None = None, status: int = 200
) -> HttpResponse:
    day, forms = timezone.localdate(), forms or {}
    dialogs = _dialogs(actor, row, forms, day)
    # Where an act's dialog is gone meanwhile, its refusal is said above the page.
    gone = [form for act, form in forms.items() if act not in {dialog["id"] for dialog in dialogs}]
    context = {
        "row": row,
        "standing": standing(row, day),
        "where": _where(row),
        "clauses": [{"id": name, "title": catalogue()[name].title} for name in row.clauses if name in catalogue()],
        "amend_url": wording_url(row, "_amend") if row.state == S.DRAFT and row.region_code in actor.regions else "",
        "dialogs": dialogs,
        "problems": [text for form in gone for text in form.non_field_errors()],
    }
    return render(request, "oversight/pledges/wording.html", context, status=status)


def _dialogs(actor: Actor, row: CommitmentTemplate, forms: dict[str, Form], day: date) -> list[dict[str, Any]]:
    """Putting a draft in force, taking an edition out of use: for the regulator of its region."""
    if row.region_code not in actor.regions or row.state == S.RETIRED:
        return []
    drafted = row.state == S.DRAFT
    act = "activate" if drafted else "retire"
    blank = ActivateForm(initial={"day": day}, auto_id="activate-%s") if drafted else RetireForm(auto_id="retire-%s")
    form = forms.get(act, blank)
    said = (
        {"title": _("启用这一版"), "submit": _("启用"), "opener": _("启用…"), "icon": "check",
         "statement": _("我知道启用后不能再改一个字；现行版同日停用")}
        if drafted
        else {"title": _("停用这一版"), "submit": _("停用"), "opener": _("停用…"), "icon": "archive", "danger": True,
              "statement": _("我知道停用后，机构改用上级或平台的模板；已公开的承诺不变")}
    )  # fmt: skip
    dialog = {
        "id": act, "url": wording_url(row, f"_{act}"), "fields": form,
        "facts": [{"label": _("模板"), "value": str(row)}, {"label": _("适用"), "value": _where(row)}],
        "problems": form.non_field_errors(), **said,
    }  # fmt: skip
    return [dialog]


def standing(row: CommitmentTemplate, day: date) -> Standing:
    """Whether the edition is in use that day, by its dates."""
    if row.active_from is None:
        return Standing("progress", _("起草中"))
    if row.retired_on is not None and row.retired_on <= max(day, row.active_from):
        return Standing("off", _("已停用"))
    if row.active_from > day:
        return Standing("due", _("待启用"), _("%(day)s 起") % {"day": row.active_from})
    until = _("用到 %(day)s 前一天") % {"day": row.retired_on} if row.retired_on else ""
    return Standing("ok", _("使用中"), until)


def _cells(row: CommitmentTemplate, day: date) -> list[Any]:
    stands = standing(row, day)
    return [
        {
            "text": str(row),
            "url": wording_url(row),
            "note": row.title_en,
        },
        row.made_by,
        _where(row),
        {"text": str(row.active_from or ""), "day": True},
        {"text": str(row.retired_on or ""), "day": True},
        {"badge": stands.tone, "text": stands.word},
    ]


def _where(row: CommitmentTemplate) -> str:
    return _("行政区划 %(code)s") % {"code": row.region_code} if row.region_code else _("平台通用")


def _form_page(
    request: HttpRequest, form: WordingForm, row: CommitmentTemplate | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "row": row,
        "back": wording_url(row) if row else reverse("oversight:wordings"),
    }
    return render(request, "oversight/pledges/wording_form.html", context, status=status)
