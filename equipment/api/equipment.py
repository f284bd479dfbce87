"""Doors for programs: the register of equipment, read, brought in and given out."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from portal import api, audit, exports
from portal.actors import actor_of
from portal.paging import page_of
from portal.permissions import Permission
from portal.registers import REGISTERS, machines
from portal.registers.exporting import titles
from portal.routes import Audience, door

from .. import usability
from ..forms import RegisterFilter
from ..listing import equipment_of, of_register
from ..models import Equipment, EquipmentClock

MOST = 200  # rows of one answer
SHOWN_FLAWS, SHOWN_CHANGES = 500, 100
REGISTER = "equipment"


def _wanted(request: Request) -> QuerySet[Equipment]:
    """The rows that the filters of the address leave. Raises: Malformed."""
    form = RegisterFilter(request.GET, actor=actor_of(request))
    if not form.is_valid():
        flaws = [api.flaw(str(text), field=name) for name, texts in form.errors.items() for text in texts]
        raise api.Malformed(_("筛选条件看不懂。请改正后再查。"), flaws=flaws)
    rows = Equipment.objects.visible_to(actor_of(request))
    return of_register(form, rows, timezone.localdate()).select_related(*REGISTERS[REGISTER].relations)


@door("GET", to=Audience.API)
def equipment(request: Request) -> Response:
    """Equipment by its number, page after page: `after` names the last row of the page before."""
    size = request.GET.get("size", "")
    if size and not (size.isascii() and size.isdecimal() and len(size) <= 3 and 1 <= int(size) <= MOST):
        text = _("size 要是 1 到 %(most)d 的整数。") % {"most": MOST}
        raise api.Malformed(text, field="size")
    page = page_of(_wanted(request), "asset_number", "pk", request=request, size=int(size or 50))
    return Response({"rows": [_facts(row) for row in page.rows], "after": page.after or None})


def _facts(row: Equipment) -> dict[str, Any]:
    until = row.traced_until
    return machines.facts_of(REGISTERS[REGISTER], row) | {"traced_until": until.isoformat() if until else None}


@door("GET", to=Audience.API, ref="equipment.Equipment.ref")
def one(request: Request, ref: str) -> Response:
    """One piece of equipment: its facts, its certificates, its clocks, and whether it may be used today."""
    found, today = equipment_of(request, ref), timezone.localdate()
    reasons = usability.reasons_against(found, today)
    clocks = EquipmentClock.objects.visible_to(actor_of(request)).filter(
        equipment=found, state=EquipmentClock.State.CURRENT, needed=True
    )
    return Response(
        _facts(found)
        | {
            "usable": not reasons,
            "reasons": [{"clause": reason.clause, "detail": reason.text} for reason in reasons],
            "clocks": [
                {"kind": clock.kind, "due_on": clock.due_on.isoformat() if clock.due_on else None}
                for clock in clocks.order_by("kind", "pk")
            ],
            "traceabilities": [
                {
                    "certificate_number": trace.certificate_number,
                    "issuer": trace.issuer,
                    "calibrated_on": trace.calibrated_on.isoformat(),
                    "valid_until": trace.valid_until.isoformat(),
                }
                for trace in found.traceabilities.all()
            ],
        }
    )


@door("POST", to=Audience.API, right=Permission.EQUIPMENT_MANAGE, limit="api_import")
def bring_in(request: Request) -> Response:
    """Up to a thousand rows are new or changed by their number, judged as a spreadsheet is; or only tried.

    `mode`: "preview" writes nothing, "all" writes when every row is good, "good" writes the good ones.
    """
    actor, register = actor_of(request), REGISTERS[REGISTER]
    mode = request.data.get("mode")
    if mode not in ("preview", "all", "good"):
        raise api.Malformed(_("mode 要是 preview、all 或 good。"), field="mode")
    table = machines.table_of(register, api.rows_of(request.data, "rows", machines.MOST), actor)
    judged, written = machines.bring_in(
        register, table, write=mode != "preview", good_only=mode == "good", source=actor.name, actor=actor,
        at=timezone.now(),
    )  # fmt: skip
    flaws = machines.flaws_of(register, judged, actor)[:SHOWN_FLAWS]
    if judged.problems or (mode == "all" and not written):
        text = " ".join(judged.problems) or _("%(n)d 条有误，所以一条也没有写。请改正后重发。") % {
            "n": len(judged.flawed)
        }
        raise api.Broken(text, flaws=flaws)
    return Response(
        {
            "written": written,
            "new": len(judged.new),
            "changed": len(judged.changed),
            "same": len(judged.same),
            "flawed": len(judged.flawed),
            "changes": [
                {"row": plan.line - 1, "asset_number": plan.row.asset_number, "changes": plan.changes()}
                for plan in judged.changed[:SHOWN_CHANGES]
            ],
            "errors": flaws,
        }
    )


@door("GET", to=Audience.API, right=Permission.EXPORT, limit="api_import")
def give_out(request: Request) -> HttpResponseBase:
    """The equipment that the filters leave as a file, `format=csv` or `xlsx`, and the audit trail says so. Source: E8.45."""
    actor, kind, register = actor_of(request), request.GET.get("format", "csv"), REGISTERS[REGISTER]
    if kind not in exports.FORMATS:
        text = _("format 要是 csv 或 xlsx。")
        raise api.Malformed(text, field="format")
    rows = _wanted(request).order_by(*register.order)
    exports.refuse_too_many(rows.count())
    columns = titles(register)
    cells = [[value(row) for value in columns.values()] for row in rows.iterator(chunk_size=2000)]
    told = "，".join(f"{name}={text}" for name, text in request.GET.items() if text and name != "format")[:400]
    audit.record(
        actor, "equipment.export", institution_id=actor.institution_id,
        changes={
            "filter": ["", told or _("全部")], "format": ["", kind],
            "rows": ["", _("%(count)d 行") % {"count": len(cells)}],
        },
    )  # fmt: skip
    return exports.answer(kind, f"{register.title} {timezone.localdate():%Y-%m-%d}", list(columns), cells)
