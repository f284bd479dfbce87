"""Clauses decided by what each method in scope needs, and what fills the need."""

from collections.abc import Callable, Collection
from datetime import date
from functools import cached_property

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from institutions import units
from institutions.checks.rows import current, lines, listed, page
from institutions.models import Institution, Method, Qualification
from portal.clauses import Evidence, Verdict, clause, none_in_breach

from ..models import Equipment, ResourceSlot, StandardPart
from ..usability import obstacles
from .rows import State, register_row, standards_in_use, untraced, unvalidated

Category = ResourceSlot.Category
# The seven of the document: consumables and auxiliary devices are one. Source: B-4.4.1-g, D-4.4.1.1.
SEVEN = (
    {Category.MEASURING_INSTRUMENT}, {Category.SOFTWARE}, {Category.MEASUREMENT_STANDARD}, {Category.REFERENCE_MATERIAL},
    {Category.REFERENCE_DATA}, {Category.REAGENT}, {Category.CONSUMABLE, Category.AUXILIARY},
)  # fmt: skip
EQUIPMENT = frozenset({Category.MEASURING_INSTRUMENT, Category.MEASUREMENT_STANDARD, Category.AUXILIARY})


class Needs:
    """The slots of the methods in scope that day. At most seven queries."""

    def __init__(self, institution: Institution, day: date):
        self.institution, self.day = institution, day
        self.methods: dict[int, Method] = {line.method_id: line.method for line in lines(institution, day)}
        rows = current(ResourceSlot, institution).filter(method__in=self.methods)
        rows = rows.select_related("method", "equipment").order_by("method__code", "category", "pk")
        self.slots = list(rows)

    def of(self, categories: Collection[str]) -> list[ResourceSlot]:
        """What is needed of these categories."""
        return [slot for slot in self.slots if slot.needed and slot.category in categories]

    @cached_property
    def assessed(self) -> set[int]:
        """Equipment that belongs to a measurement standard in use whose assessment is valid that day."""
        day = self.day
        there = (Q(added_on=None) | Q(added_on__lte=day)) & (Q(removed_on=None) | Q(removed_on__gt=day))
        parts = StandardPart.objects.filter(
            there, institution=self.institution, standard__in=standards_in_use(self.institution, day).order_by(),
            standard__assessed_on__lte=day, standard__assessed_until__gte=day,
        ).exclude(standard__assessment_certificate="")  # fmt: skip
        return set(parts.values_list("equipment_id", flat=True))

    @cached_property
    def accredited(self) -> bool:
        rows = Qualification.objects.filter(institution=self.institution, kind=Qualification.Kind.CNAS)
        return rows.valid_on(self.day).exists()

    @cached_property
    def _fillers(self) -> QuerySet[Equipment]:
        return Equipment.objects.filter(pk__in={slot.equipment_id for slot in self.slots if slot.equipment_id})

    @cached_property
    def states(self) -> dict[int, str]:
        """The state that day of everything that fills a slot."""
        rows = self._fillers.annotate(state_that_day=obstacles.state_on(self.day))
        return dict(rows.values_list("pk", "state_that_day"))

    @cached_property
    def untraced(self) -> set[int]:
        return set(untraced(self._fillers, self.day).values_list("pk", flat=True))

    @cached_property
    def unvalidated(self) -> set[int]:
        return set(unvalidated(self._fillers, self.day).values_list("pk", flat=True))

    def empty(self, slot: ResourceSlot) -> str:
        """Why nothing fills the slot that day; "" when something does."""
        if slot.equipment is None:
            return _("没有配备")
        state = State(self.states[slot.equipment_id])
        if state != State.IN_USE:
            return _("%(name)s%(state)s") % {"name": slot.equipment, "state": state.label}
        if not reaches(slot):
            return _("%(name)s的测量范围不够") % {"name": slot.equipment}
        judge = JUDGES.get(Category(slot.category))
        return judge(self, slot.equipment) if judge else ""

    def breaches(self, slots: Collection[ResourceSlot]) -> list[Evidence]:
        return [
            register_row(self.institution, "resource-slots", slot, text) for slot in slots if (text := self.empty(slot))
        ]

    def unstated(self, wanted: Collection[Collection[str]]) -> list[Evidence]:
        """The methods of which it is not written down whether and what they need of a group of categories."""
        said: dict[int, set[str]] = {}
        for slot in self.slots:
            said.setdefault(slot.method_id, set()).add(slot.category)
        found = []
        for pk, method in sorted(self.methods.items(), key=lambda pair: pair[1].code):
            silent = [min(group) for group in wanted if not said.get(pk, set()) & set(group)]
            if silent:
                names = _("、").join(str(Category(name).label) for name in silent)
                url = page(self.institution, "resource-slots", method=str(method.ref), category=silent[0])
                found.append(Evidence(str(method), url, _("没有写明需要什么：%(names)s") % {"names": names}, pk))
        return found

    def verdict(self, count: int, breaches: list[Evidence], nothing: str) -> Verdict:
        return none_in_breach(
            count, breaches, nothing=nothing, advice=_("请在“资源配备”写明方法的要求，配备在用、有效、范围够的设备。"),
            fix=listed(self.institution, "resource-slots"),
        )  # fmt: skip


def reaches(slot: ResourceSlot) -> bool:
    """Whether the equipment's range contains what the method asks for; what is not stated in figures is not compared."""
    row = slot.equipment
    if slot.range_low is None and slot.range_high is None:
        return True
    if row.range_low is None or row.range_high is None:
        return False
    low, high = row.range_low, row.range_high
    try:
        if units.normalise(row.unit) != units.normalise(slot.unit):
            low, high = units.convert(low, row.unit, slot.unit), units.convert(high, row.unit, slot.unit)
    except ValueError:  # of another kind, or no unit at all
        return False
    return (slot.range_low is None or low <= slot.range_low) and (slot.range_high is None or high >= slot.range_high)


# --- what each category asks for besides being in use


def _software(needs: Needs, row: Equipment) -> str:
    validated = row.pk not in needs.unvalidated
    return "" if row.software_version and validated else _("%(name)s没有版本，或没有确认") % {"name": row}


def _standard(needs: Needs, row: Equipment) -> str:
    if row.pk in needs.assessed or needs.accredited:
        return ""
    return _("%(name)s不在考核有效的计量标准里，也没有认可") % {"name": row}


def _material(needs: Needs, row: Equipment) -> str:
    if row.expires_on is None:
        return _("%(name)s没有失效日期") % {"name": row}
    if row.expires_on < needs.day:
        return _("%(name)s已在 %(day)s 失效") % {"name": row, "day": row.expires_on}
    return ""


def _data(needs: Needs, row: Equipment) -> str:
    return "" if row.manufacturer and row.software_version else _("%(name)s没有来源或版本") % {"name": row}


def _reagent(needs: Needs, row: Equipment) -> str:
    return _material(needs, row) if row.lot else _("%(name)s没有批号") % {"name": row}


def _consumable(needs: Needs, row: Equipment) -> str:
    return _("%(name)s没有库存") % {"name": row} if row.stock is not None and row.stock <= 0 else ""


JUDGES: dict[Category, Callable[[Needs, Equipment], str]] = {
    Category.SOFTWARE: _software,
    Category.MEASUREMENT_STANDARD: _standard,
    Category.REFERENCE_MATERIAL: _material,
    Category.REFERENCE_DATA: _data,
    Category.REAGENT: _reagent,
    Category.CONSUMABLE: _consumable,
}


# --- the clauses


def _no_scope() -> str:
    return _("没有有效的能力范围。")


@clause("B-4.4.1", "D-4.4.1.1")
def all_seven_resources_are_there(institution: Institution, day: date) -> Verdict:
    """Of every method in scope it is stated what it needs of the seven categories, and everything needed is there."""
    needs = Needs(institution, day)
    return needs.verdict(
        len(needs.methods), needs.unstated(SEVEN) + needs.breaches(needs.of(Category.values)), _no_scope()
    )


@clause("A-6.2.1.1-s1")
def equipment_is_provided(institution: Institution, day: date) -> Verdict:
    """Every method in scope says which equipment it needs, and that is in use with range enough."""
    needs = Needs(institution, day)
    breaches = needs.unstated([EQUIPMENT]) + needs.breaches(needs.of(EQUIPMENT))
    return needs.verdict(len(needs.methods), breaches, _no_scope())


@clause("C-5.3.1-s1")
def equipment_suffices_and_is_traced(institution: Institution, day: date) -> Verdict:
    """Every method in scope says which equipment it needs, and that is in use and traced that day."""
    needs = Needs(institution, day)
    slots = needs.of(EQUIPMENT)
    breaches = needs.unstated([EQUIPMENT]) + needs.breaches(slots)
    for slot in slots:
        if slot.equipment_id in needs.untraced and not needs.empty(slot):
            text = _("%(name)s没有有效溯源") % {"name": slot.equipment}
            breaches.append(register_row(institution, "resource-slots", slot, text))
    return needs.verdict(len(needs.methods), breaches, _no_scope())


def _category(institution: Institution, day: date, *categories: Category) -> Verdict:
    needs = Needs(institution, day)
    slots = needs.of(categories)
    names = _("、").join(str(category.label) for category in categories)
    return needs.verdict(len(slots), needs.breaches(slots), _("能力范围内没有方法需要%(names)s。") % {"names": names})


@clause("B-4.4.1-a")
def instruments_are_there(institution: Institution, day: date) -> Verdict:
    """The measuring instruments that methods in scope need are in use."""
    return _category(institution, day, Category.MEASURING_INSTRUMENT)


@clause("B-4.4.1-b")
def software_is_there(institution: Institution, day: date) -> Verdict:
    """The software that methods in scope need is in use, with its version, and was validated by that day."""
    return _category(institution, day, Category.SOFTWARE)


@clause("B-4.4.1-c")
def measurement_standards_are_there(institution: Institution, day: date) -> Verdict:
    """The standards that methods in scope need are in use, and assessed or accredited."""
    return _category(institution, day, Category.MEASUREMENT_STANDARD)


@clause("B-4.4.1-d")
def reference_materials_are_there(institution: Institution, day: date) -> Verdict:
    """The reference materials that methods in scope need are in use and not expired."""
    return _category(institution, day, Category.REFERENCE_MATERIAL)


@clause("B-4.4.1-e")
def reference_data_are_there(institution: Institution, day: date) -> Verdict:
    """The reference data that methods in scope need are in use, with source and version."""
    return _category(institution, day, Category.REFERENCE_DATA)


@clause("B-4.4.1-f")
def reagents_are_there(institution: Institution, day: date) -> Verdict:
    """The reagents that methods in scope need are in use, of a known batch that has not expired."""
    return _category(institution, day, Category.REAGENT)


@clause("B-4.4.1-g")
def consumables_are_there(institution: Institution, day: date) -> Verdict:
    """The consumables and auxiliary devices that methods in scope need are in use or in stock."""
    return _category(institution, day, Category.CONSUMABLE, Category.AUXILIARY)
