"""The register of all pledges of a region, and the register as a file. Every institution on it reads that it was looked at."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from commitments.models import Commitment, CommitmentWithdrawal
from institutions import exporting, second_factor
from portal import exports
from portal.actors import Actor
from portal.digest import left_words
from portal.paging import page_of
from portal.routes import Audience, door
from portal.tenancy import scope

from .. import jurisdiction, looks
from .standing import COUNTED, STATES, pledges_of, standing, totals

SIZE = 25
NEWEST_FIRST = ("-pk",)
TONES = {"valid": "ok", "overdue": "due", "lapsed": "bad", "hearing": "due", "review": "progress", "withdrawn": "off"}
NAMES = ("text", "state", "cause")


@never_cache
@login_required
@door("GET", to=Audience.REGULATOR, limit="search")
def pledges(request: HttpRequest) -> HttpResponse:
    """The pledges of a region, the newest first, narrowed by state, cause, place and words."""
    request.actor = actor = jurisdiction.regulator(request.user)
    asked, day = _asked(request, actor), timezone.localdate()
    region = asked["region"]
    with scope(user_id=actor.user_id, region=region):
        page = page_of(_rows(asked, day), *NEWEST_FIRST, request=request, size=SIZE)
        counts = totals(pledges_of(region, day), day)
        filtered = any(asked[name] for name in NAMES)
        context = {
            "region": region,
            "regions": jurisdiction.tabs(actor, region, request.path),
            "figures": [
                {"title": STATES[name], "count": counts[name], "tone": TONES[name] if counts[name] else "off",
                 "url": f"?region={region}&state={name}"}
                for name in COUNTED
            ],
            "table": {
                "caption": _("承诺登记"),
                "filters": _filters(actor, asked),
                "clear_url": request.path if filtered else "",
                "columns": [{"title": title} for title in (_("机构"), _("承诺"), _("公开日期"), _("确认截止"), _("条件有效至"), _("撤销"))],
                "rows": [_cells(row, day) for row in page.rows],
                "count": _("本页 %(count)d 份") % {"count": len(page.rows)},
                "empty": {
                    "title": _("没有承诺书"),
                    "text": _("换一个条件，或清除筛选再看。") if filtered else _("辖区内的机构还没有起草承诺书。"),
                    "url": "",
                    "label": "",
                },
                **page.links(request),
            },
            "export": _export(request),
        }  # fmt: skip
        looks.looked(request, actor, looks.PLEDGES, [row.institution_id for row in page.rows])
        return render(request, "oversight/pledges/register.html", context)


@never_cache
@login_required
@door("POST", to=Audience.REGULATOR, limit="export")
def export(request: HttpRequest) -> HttpResponseBase:
    """The pledges that the filters leave, as a file; each institution in it reads so."""
    request.actor = actor = jurisdiction.regulator(request.user)
    asked, query, day = _asked(request, actor), request.GET.urlencode(), timezone.localdate()
    back = reverse("oversight:pledges") + (f"?{query}" if query else "")
    with scope(user_id=actor.user_id, region=asked["region"]):
        rows = _rows(asked, day).order_by(*NEWEST_FIRST)
        if rows.count() > looks.MOST:
            messages.error(
                request, _("一次最多导出 %(most)d 份承诺。请先用筛选缩小范围，再导出。") % {"most": looks.MOST}
            )
            return redirect(back)
        found = list(rows)
        answer = exporting.send(
            request, "oversight.export_pledges", name=_("承诺登记"), rows=found, columns=_columns(day), back=back,
            narrowed_by={row["label"]: str(dict(row.get("choices", ())).get(row["value"], row["value"]))
                         for row in _filters(actor, asked)},
        )  # fmt: skip
        if answer.status_code == 200:
            looks.looked(request, actor, looks.PLEDGES_EXPORT, [row.institution_id for row in found])
        return answer


def _asked(request: HttpRequest, actor: Actor) -> dict[str, str]:
    """What the address asks for, as far as it makes sense: region, text, state, cause of a withdrawal."""
    given = {
        name: request.GET.get(name, "").replace("\x00", "").strip()[:80] for name in ("region", "q", "state", "cause")
    }
    return {
        "region": jurisdiction.region_of(actor, given["region"]),
        "text": given["q"],
        "state": given["state"] if given["state"] in STATES else "",
        "cause": given["cause"] if given["cause"] in CommitmentWithdrawal.Cause.values else "",
    }


def _rows(asked: dict[str, str], day: date) -> QuerySet[Commitment]:
    rows = pledges_of(asked["region"], day, **{name: asked[name] for name in NAMES})
    return rows.select_related("institution", "template", "signed_by", "withdrawal__remediation")


def _filters(actor: Actor, asked: dict[str, str]) -> list[dict[str, Any]]:
    whole = actor.regions[0] if len(actor.regions) == 1 else ""
    places = [
        (code, _("%(code)s（%(count)d 家）") % {"code": code, "count": count})
        for code, count in jurisdiction.parts(actor).items()
        if code != whole
    ]
    place = asked["region"] if asked["region"] != whole else ""
    return [
        {"kind": "search", "name": "q", "label": _("机构名称、信用代码、编号"), "value": asked["text"]},
        {"kind": "select", "name": "state", "label": _("情况"), "value": asked["state"], "choices": list(STATES.items())},
        {"kind": "select", "name": "cause", "label": _("撤销情形"), "value": asked["cause"],
         "choices": CommitmentWithdrawal.Cause.choices},
        {"kind": "select", "name": "region", "label": _("行政区划"), "value": place, "choices": places},
    ]  # fmt: skip


def _export(request: HttpRequest) -> dict[str, Any]:
    query, url = request.GET.urlencode(), reverse("oversight:pledges_export")
    return {
        "url": f"{url}?{query}" if query else url,
        "formats": exports.FORMATS,
        "most": looks.MOST,
        "proof": second_factor.proof_form(request, name="export"),
    }


def _cells(row: Commitment, day: date) -> list[Any]:
    """A pledge as the table shows it; its dates are told as far as they still mean something."""
    stands, ended = standing(row, row.holds_until, day), getattr(row, "withdrawal", None)
    public = row.state == Commitment.State.PUBLIC
    return [
        {"text": row.institution.name, "url": reverse("oversight:pledge", args=[row.institution.slug]),
         "note": " · ".join(filter(None, (row.number, _("区划 %(code)s") % {"code": row.institution.region_code})))},
        {"badge": stands.tone, "text": stands.word, "note": _what_it_asks_for(row)},
        {"text": _day(row.published_at), "day": True},
        {"text": str(row.confirm_by or ""), "day": True, "tone": stands.tone if row.is_overdue(day) else "",
         "note": stands.note if row.is_overdue(day) else left_words(row.confirm_by.year, (row.confirm_by - day).days)} if public else "",
        {"text": str(row.holds_until or _("没有已知的期限")), "day": True,
         "tone": "bad" if row.holds_until and row.holds_until < day else ""} if public else "",
        {"text": ended.get_cause_display(), "note": _day(ended.withdrawn_at)} if ended else "",
    ]  # fmt: skip


def _what_it_asks_for(row: Commitment) -> str:
    """What the regulator has to look at, or ""."""
    if row.in_hearing and row.state == Commitment.State.PUBLIC:
        return _("拟撤销，待陈述或决定")
    remedy = getattr(getattr(row, "withdrawal", None), "remediation", None)
    return str(remedy.get_state_display()) if remedy is not None else ""


def _day(moment: Any) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d}" if moment else ""


def _columns(day: date) -> dict[str, Callable[[Commitment], Any]]:
    """The columns of the file."""

    def ended(name: str) -> Callable[[Commitment], Any]:
        return lambda row: getattr(getattr(row, "withdrawal", None), name, None)

    def local(moment: Any) -> date | None:
        return timezone.localdate(moment) if moment else None

    def cause(row: Commitment) -> str:
        return str(row.withdrawal.get_cause_display()) if hasattr(row, "withdrawal") else ""

    def remedy(row: Commitment) -> str:
        found = getattr(getattr(row, "withdrawal", None), "remediation", None)
        return str(found.get_state_display()) if found else ""

    return {
        _("机构"): lambda row: row.institution.name,
        _("统一社会信用代码"): lambda row: row.institution.credit_code,
        _("行政区划"): lambda row: row.institution.region_code,
        _("编号"): lambda row: row.number,
        _("情况"): lambda row: standing(row, row.holds_until, day).word,
        _("承诺书模板"): lambda row: str(row.template),
        _("签署人"): lambda row: row.signed_by.name if row.signed_by else "",
        _("签署日期"): lambda row: row.signed_on,
        _("公开日期"): lambda row: local(row.published_at),
        _("确认截止"): lambda row: row.confirm_by,
        _("条件有效至"): lambda row: row.holds_until,
        _("拟撤销"): lambda row: _("是") if row.in_hearing else "",
        _("撤销情形"): cause,
        _("情形出现日期"): ended("trigger_on"),
        _("撤销时间"): ended("withdrawn_at"),
        _("事由"): ended("reason"),
        _("作出者"): lambda row: _who(ended("decided_by")(row)),
        _("整改"): remedy,
    }


def _who(name: str | None) -> str:
    return _("系统") if (name or "").startswith("system:") else name or ""
