"""The verbs of a wording: a regulator drafts an edition for its region, puts it in force from a day, takes it out of use.

A wording belongs to no institution. The database lets it be written in the scope of its own region only; who did what
stands in the trail of the platform. Source: A-8.2.2.1-s1.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from portal import audit
from portal.actors import Actor
from portal.clauses import catalogue
from portal.permissions import Permission
from portal.transitions import Refusal, Refused

from .gates import day_of
from .models import CommitmentTemplate

S = CommitmentTemplate.State
WRITTEN = ("title", "title_en", "made_by", "paragraphs", "clauses")
MOST_PARAGRAPHS = 12


def draft(region_code: str, values: Mapping[str, Any], *, actor: Actor, at: datetime) -> CommitmentTemplate:
    """The region's next edition is drafted. `values`: of WRITTEN. Raises: Refused, PermissionDenied."""
    with _writing(actor, region_code):
        last = CommitmentTemplate.objects.filter(region_code=region_code).aggregate(last=Max("edition"))["last"] or 0
        row = CommitmentTemplate(region_code=region_code, edition=last + 1, **_said(values))
        row.save()
        _record(actor, "draft", row)
    return row


def amend(row: CommitmentTemplate, values: Mapping[str, Any], *, actor: Actor, at: datetime) -> CommitmentTemplate:
    """The draft says what `values` say; what was once in force is never changed. Raises: Refused, PermissionDenied."""
    with _writing(actor, row.region_code):
        row = _locked(row, S.DRAFT)
        before = audit.snapshot(row)
        for name, value in _said(values).items():
            setattr(row, name, value)
        row.save(update_fields=WRITTEN)
        _record(actor, "amend", row, before)
    return row


def activate(row: CommitmentTemplate, day: date, *, actor: Actor, at: datetime) -> CommitmentTemplate:
    """The edition is in force in its region from the day on, and the one before it until then. Raises: Refused, PermissionDenied."""
    with _writing(actor, row.region_code):
        row = _locked(row, S.DRAFT)
        if day < day_of(at):
            raise Refused(Refusal("active_from", _("启用日期已过。请填今天或以后的日期。")))
        before = audit.snapshot(row)
        for other in CommitmentTemplate.objects.filter(region_code=row.region_code, state=S.ACTIVE):
            _retire(other, day, actor)
        row.state, row.active_from = S.ACTIVE, day
        row.save(update_fields=["state", "active_from"])
        _record(actor, "activate", row, before)
    return row


def retire(row: CommitmentTemplate, day: date, reason: str, *, actor: Actor, at: datetime) -> CommitmentTemplate:
    """From the day on the edition is out of use; institutions pledge by the next wider wording. Raises: Refused, PermissionDenied."""
    with _writing(actor, row.region_code):
        row = _locked(row, S.ACTIVE)
        if not reason.strip():
            raise Refused(Refusal("reason", _("请写明停用的原因。")))
        if day < day_of(at):
            raise Refused(Refusal("retired_on", _("停用日期已过。请填今天或以后的日期。")))
        _retire(row, day, actor, reason)
    return row


def _retire(row: CommitmentTemplate, day: date, actor: Actor, reason: str = "") -> None:
    before = audit.snapshot(row)
    row.state, row.retired_on = S.RETIRED, day
    row.save(update_fields=["state", "retired_on"])
    _record(actor, "retire", row, before, reason)


@contextmanager
def _writing(actor: Actor, region_code: str) -> Iterator[None]:
    """Who writes is a regulator of just this region, and everybody else who would write its wordings waits."""
    actor.require(Permission.PLEDGE_OVERSEE, None)
    if region_code not in actor.regions:
        raise PermissionDenied(f"{actor.name} is no regulator of {region_code}")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('wording'), hashtext(%s))", [region_code])
        yield


def _locked(row: CommitmentTemplate, state: str) -> CommitmentTemplate:
    row = CommitmentTemplate.objects.select_for_update().get(pk=row.pk)
    if row.state != state:
        told = {"state": row.get_state_display()}
        raise Refused(Refusal("state", _("这一版现在是“%(state)s”，不能做这一步。请刷新页面。") % told))
    return row


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, as far as an edition is made of them. Raises: Refused."""
    said = {name: values[name] for name in WRITTEN}
    refusals = list(_wrong(said))
    if refusals:
        raise Refused(*refusals)
    return said


def _wrong(said: Mapping[str, Any]) -> Iterator[Refusal]:
    pairs = said["paragraphs"]
    if not said["title"] or not said["made_by"]:
        yield Refusal("title", _("请填写名称和发布机关。"))
    if not pairs:
        yield Refusal("paragraphs", _("请至少写一条承诺。"))
    if len(pairs) > MOST_PARAGRAPHS:
        yield Refusal("paragraphs", _("最多 %(most)d 条承诺。请合并。") % {"most": MOST_PARAGRAPHS})
    if any(not pair["zh"] for pair in pairs):
        yield Refusal("paragraphs", _("有一条只写了英文。每条都要有中文。"))
    if missing := unknown_clauses(said["clauses"]):
        yield Refusal("clauses", _("没有这些条款：%(names)s。请核对条款号。") % {"names": "、".join(missing)})


def unknown_clauses(names: Iterable[str]) -> list[str]:
    """Those of the names that are no clause of the catalogue."""
    return [name for name in names if name not in catalogue()]


def _record(
    actor: Actor, act: str, row: CommitmentTemplate, before: Mapping[str, str] | None = None, reason: str = ""
) -> None:
    changes = audit.differences(dict(before or {}), audit.snapshot(row))
    name = ["", f"{row.region_code} {row.edition}"]
    audit.record(
        actor, f"oversight.wording_{act}", institution_id=None, changes={"edition_of": name, **changes}, reason=reason
    )
