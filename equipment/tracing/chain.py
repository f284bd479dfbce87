"""溯源链: from a piece of equipment or a measurement standard up to where its values come from, as it stood on a day.

What stands above was used on the day of the calibration below it, so it is judged on that day, not on today's.
Source: C-5.3.2.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from ..models import AlternativeTraceability, Confirmation, Equipment, MeasurementStandard, StandardPart, Traceability

HIGHEST = 8  # levels; a chain that is longer turns in a circle
MOST_NODES = 400
Chain = Traceability.Chain


@dataclass
class Node:
    """One link. `tone` is ok, due or bad, `reason` says why when it is not ok; `above` is what it was calibrated with."""

    title: str
    kind: str
    note: str = ""
    tone: str = "ok"
    reason: str = ""
    url: str = ""
    above: list["Node"] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Nothing in the chain from here on up is broken."""
        return self.tone != "bad" and all(node.is_sound for node in self.above)

    def broken(self) -> Iterator["Node"]:
        """The links from here on up that do not hold."""
        if self.tone == "bad":
            yield self
        for node in self.above:
            yield from node.broken()

    @property
    def data(self) -> dict[str, Any]:
        """What portal/static/portal/js/tree.js draws."""
        return {
            "title": self.title,
            "reason": self.reason,
            "tone": self.tone,
            "above": [node.data for node in self.above],
        }


def chain_of(row: Equipment | MeasurementStandard, day: date) -> Node:
    """The chain of the equipment, or of everything in the standard, as of that day. A fixed number of queries a level."""
    return _Tree(row, day).root


def way_back(standard: MeasurementStandard, equipment: Equipment, day: date) -> list[str]:
    """The way from the standard up to the equipment, by name; empty when the equipment is nowhere above it."""
    known = _Known.around([], [standard.pk], standard.institution_id)

    def search(one: MeasurementStandard, at: date, path: tuple[int, ...]) -> list[str]:
        for part in known.parts(one, at):
            if part.equipment_id == equipment.pk:
                return [str(one), str(equipment)]
            trace = known.trace(part.equipment, at)
            above = trace and known.standards.get(trace.own_standard_id)
            if above and above.pk not in path and (found := search(above, trace.calibrated_on, (*path, above.pk))):
                return [str(one), str(part.equipment), *found]
        return []

    return search(known.standards[standard.pk], day, (standard.pk,))


def why_not(equipment: Equipment, trace: Traceability | None, day: date) -> str:
    """Why the certificate that stood last does not cover the day; "" when it does."""
    if trace is None:
        return _("到 %(day)s 没有溯源证书") % {"day": day}
    if trace.valid_until < day:
        return _("证书 %(number)s 有效期至 %(until)s") % {
            "number": trace.certificate_number,
            "until": trace.valid_until,
        }
    confirmation = trace.confirmation_on(day)
    if confirmation is None:
        return _("证书 %(number)s 到 %(day)s 没有计量确认") % {"number": trace.certificate_number, "day": day}
    if confirmation.conclusion not in Confirmation.USABLE:
        said = confirmation.get_conclusion_display()
        return _("证书 %(number)s 的计量确认结论是“%(said)s”") % {"number": trace.certificate_number, "said": said}
    return "" if trace.is_filed else _("证书 %(number)s 没有附文件") % {"number": trace.certificate_number}


class _Known:
    """Everything above some rows, read level by level."""

    def __init__(self) -> None:
        self.equipment: dict[int, Equipment] = {}
        self.standards: dict[int, MeasurementStandard] = {}

    @classmethod
    def around(cls, equipment: Iterable[int], standards: Iterable[int], institution_id: int) -> "_Known":
        known, pieces, facilities = cls(), set(equipment), set(standards)
        for _level in range(HIGHEST):
            if facilities:
                pieces |= known._read_standards(facilities, institution_id)
            pieces -= known.equipment.keys()
            if not pieces:
                break
            facilities = known._read_equipment(pieces, institution_id) - known.standards.keys()
            pieces = set()
        return known

    def _read_standards(self, keys: set[int], institution_id: int) -> set[int]:
        """The standards are known. Returns: the keys of their parts."""
        rows = MeasurementStandard.objects.filter(institution_id=institution_id, pk__in=keys)
        found = {row.pk: row for row in rows.select_related("institution").prefetch_related("parts")}
        self.standards |= found
        return {part.equipment_id for row in found.values() for part in row.parts.all()}

    def _read_equipment(self, keys: set[int], institution_id: int) -> set[int]:
        """The equipment is known with its certificates. Returns: the keys of the standards it was calibrated with."""
        traces = Traceability.objects.select_related("institution", "file", "dcc").prefetch_related("confirmations")
        stand_ins = AlternativeTraceability.objects.filter(state=AlternativeTraceability.State.CURRENT)
        rows = Equipment.objects.filter(institution_id=institution_id, pk__in=keys).select_related("institution")
        rows = rows.prefetch_related(
            Prefetch("traceabilities", traces.order_by("-calibrated_on", "-pk")),
            Prefetch("alternatives", stand_ins, to_attr="stand_ins"),
        )
        found = {row.pk: row for row in rows}
        self.equipment |= found
        traces = (trace for row in found.values() for trace in row.traceabilities.all())
        return {trace.own_standard_id for trace in traces if trace.own_standard_id}

    def parts(self, standard: MeasurementStandard, day: date) -> list[StandardPart]:
        """The parts of the standard that day, the main ones first, each with its equipment."""
        parts = [part for part in standard.parts.all() if part.there_on(day) and part.equipment_id in self.equipment]
        for part in parts:
            part.equipment = self.equipment[part.equipment_id]
        return sorted(parts, key=lambda part: (part.role != StandardPart.Role.MAIN, part.equipment.asset_number))

    def trace(self, equipment: Equipment, day: date) -> Traceability | None:
        """The certificate that decides about the day, whether it covers it or not."""
        return equipment.deciding_trace(day)


class _Tree:
    """The chain being drawn."""

    def __init__(self, row: Equipment | MeasurementStandard, day: date) -> None:
        is_standard = isinstance(row, MeasurementStandard)
        pieces, facilities = ([], [row.pk]) if is_standard else ([row.pk], [])
        self.known = _Known.around(pieces, facilities, row.institution_id)
        self.left = MOST_NODES
        if is_standard:
            self.root = self._standard(self.known.standards[row.pk], day, ())
        else:
            self.root = self._equipment(self.known.equipment[row.pk], day, ())

    def _standard(self, standard: MeasurementStandard, day: date, path: tuple[Any, ...]) -> Node:
        node = Node(
            str(standard), _("计量标准"), url=standard.get_absolute_url(),
            note=_("%(day)s 使用，%(kind)s") % {"day": day, "kind": standard.get_kind_display()},
        )  # fmt: skip
        parts = self.known.parts(standard, day)
        needs_papers = standard.kind != MeasurementStandard.Kind.WORKING or standard.assessment_certificate
        if needs_papers and not standard.assessed_for(day):
            node.tone, node.reason = "bad", _("考核证书在 %(day)s 不有效") % {"day": day}
        elif not parts:
            node.tone, node.reason = "bad", _("%(day)s 没有登记计量标准器") % {"day": day}
        return self._with_above(node, standard, path, ((self._equipment, part.equipment, day) for part in parts))

    def _equipment(self, equipment: Equipment, day: date, path: tuple[Any, ...]) -> Node:
        node = Node(str(equipment), equipment.get_role_display(), url=equipment.get_absolute_url())
        if not equipment.traced or equipment.role in Equipment.UNTRACED:
            node.note = _("不需要溯源：%(why)s") % {"why": equipment.untraced_because or equipment.get_role_display()}
            return node
        trace = self.known.trace(equipment, day)
        why = why_not(equipment, trace, day)
        stand_in = next((one for one in equipment.stand_ins if _in_force(one, day)), None)
        if why and stand_in is not None:
            node.note = _("替代溯源：%(reference)s") % {"reference": stand_in.get_reference_display()}
            return node
        if why:
            node.tone, node.reason = "bad", why
        if trace is None:
            return node
        node.note = _("%(day)s 使用，证书至 %(until)s 有效") % {"day": day, "until": trace.valid_until}
        return self._with_above(node, equipment, path, [(self._certificate, trace, day)])

    def _certificate(self, trace: Traceability, day: date, path: tuple[Any, ...]) -> Node:
        node = Node(
            trace.certificate_number, trace.get_kind_display(), url=trace.get_absolute_url(),
            note=_("%(day)s，%(issuer)s") % {"day": trace.calibrated_on, "issuer": trace.issuer},
        )  # fmt: skip
        above = self.known.standards.get(trace.own_standard_id)
        if above is not None:
            return self._with_above(node, trace, path, [(self._standard, above, trace.calibrated_on)])
        if trace.chain == Chain.OWN_STANDARD:
            node.tone, node.reason = "bad", _("没有登记是本机构哪一项计量标准")
        elif not trace.chain:
            node.tone, node.reason = "bad", _("证书没有写明量值溯源到哪里")
        else:
            node.above = [Node(trace.get_chain_display(), _("量值源头"), note=trace.reference_standard)]
            if not trace.issuer_qualification and trace.chain not in (Chain.NMI, Chain.CERTIFIED_MATERIAL):
                node.tone, node.reason = "due", _("没有登记溯源机构的资质编号")
            elif trace.issuer_qualification:
                node.note += _("，资质 %(number)s") % {"number": trace.issuer_qualification}
        return node

    def _with_above(self, node: Node, row: Any, path: tuple[Any, ...], above: Iterable[tuple]) -> Node:
        """The node with what stands above it, but for what stands below it already."""
        me = (type(row), row.pk)
        if me in path:
            node.tone, node.reason = "bad", _("溯源链绕回了自己")
            return node
        for draw, next_row, day in above:
            if self.left <= 0 or len(path) >= 3 * HIGHEST:
                node.above.append(Node(_("……"), "", tone="due", reason=_("链太长，没有画完")))
                break
            self.left -= 1
            node.above.append(draw(next_row, day, (*path, me)))
        return node


def _in_force(row: AlternativeTraceability, day: date) -> bool:
    return row.valid_from <= day and (row.valid_until is None or day <= row.valid_until)
