"""Everything a record rests on, read once, as of its day: what the gates judge and the certificate reports."""

from datetime import date
from decimal import Decimal
from functools import cached_property

from django.db.models import prefetch_related_objects

from equipment.models import Equipment, MeasurementStandard, Traceability
from institutions.models import Authorisation, MethodAdoption, ScopeItem
from orders.models import Item

from . import datasheet, decimals, units
from .models import RawRecord, Reading


class Dossier:
    """The evidence of one record: readings with their history, standards, scope, authorisations, the computed sheet."""

    def __init__(self, record: RawRecord):
        self.record = record

    @property
    def day(self) -> date:
        """The day that decides: validity is judged on the day of measurement."""
        return self.record.performed_on

    @property
    def definition(self) -> dict:
        return self.record.procedure.definition

    @cached_property
    def history(self) -> dict[str, list[Reading]]:
        """Every value ever entered, per cell, oldest first."""
        cells: dict[str, list[Reading]] = {}
        for reading in self.record.readings.select_related("recorded_by").order_by("pk"):
            cells.setdefault(reading.cell, []).append(reading)
        return cells

    @property
    def corrections(self) -> list[Reading]:
        """Every value that took the place of an earlier one, oldest first."""
        later = [reading for values in self.history.values() for reading in values[1:]]
        return sorted(later, key=lambda reading: reading.pk)

    def value(self, cell: str) -> str | None:
        """The text now standing in a cell."""
        return self.history[cell][-1].text if cell in self.history else None

    def values(self, kind: str) -> dict[str, str]:
        """The current texts of all "condition" or "observation" cells by their key."""
        prefix = f"{kind}:"
        return {cell.removeprefix(prefix): v[-1].text for cell, v in self.history.items() if cell.startswith(prefix)}

    @cached_property
    def sheet(self) -> datasheet.Sheet:
        """The data sheet computed from the current readings, half-filled or whole."""
        readings = {}
        for cell, values in self.history.items():
            kind, _, rest = cell.partition(":")
            if kind == "reading":
                point, _, key = rest.partition(":")
                readings[int(point), key] = values[-1].text
        return datasheet.evaluate(
            self.definition,
            self.record.device,
            self.record.points,
            readings,
            self.values("observation"),
            self.values("condition"),
            self.standard_figures,
            self.record.decision_rule,
            activity=self.record.item.activity,
        )

    @cached_property
    def parts(self) -> list[Equipment]:
        """The equipment of the measurement standard, main standards first."""
        parts = [part.equipment for part in self.record.standard.parts.select_related("equipment")]
        prefetch_related_objects([*parts, self.environment], "traceabilities")
        return sorted(parts, key=lambda e: (e.role != Equipment.Role.STANDARD, e.asset_number))

    @cached_property
    def environment(self) -> Equipment:
        return self.record.environment_equipment

    @cached_property
    def used(self) -> list[tuple[Equipment, Traceability | None]]:
        """Each piece of equipment used, with the certificate that covered the day of measurement."""
        return [(equipment, equipment.traced_on(self.day)) for equipment in [*self.parts, self.environment]]

    @property
    def standard(self) -> MeasurementStandard:
        return self.record.standard

    @cached_property
    def main(self) -> Equipment | None:
        return next((e for e in self.parts if e.role == Equipment.Role.STANDARD), None)

    @cached_property
    def standard_figures(self) -> dict[str, str]:
        """U, k and unit of the main standard's certificate of that day, for the uncertainty budget."""
        trace = self.main and (self.main.traced_on(self.day) or self.main.latest_traceability)
        if not trace or not trace.expanded_uncertainty:
            return {}
        return {"U": trace.expanded_uncertainty, "k": trace.coverage_factor, "unit": trace.uncertainty_unit}

    @property
    def field(self) -> str:
        return self.definition["field"]

    @cached_property
    def scope(self) -> list[ScopeItem]:
        """Lines of scope in force on the day for this instrument, quantity, method and site.

        A verification rests only on those whose qualification permits it. Source: C-4.1.2-c-s1.
        """
        lines = (
            ScopeItem.objects.filter(
                institution_id=self.record.institution_id,
                state=ScopeItem.State.ACTIVE,
                instrument=self.definition["instrument"],
                measurand=self.definition["measurand"],
                method_id=self.record.procedure.method_id,
                site_id=self.record.site_id,
            )
            .valid_on(self.day)
            .select_related("qualification")
        )
        verification = self.record.item.activity == Item.Activity.VERIFICATION
        return [line for line in lines if line.qualification.permits_verification or not verification]

    def scope_at(self, point: Decimal) -> ScopeItem | None:
        """The line that covers a point given in the unit of the sheet; the one with the smallest CMC of several."""
        covering = []
        for line in self.scope:
            there = self.converted(point, line.unit)
            if there is not None and line.covers(there):
                covering.append(line)
        return min(covering, key=lambda line: self.cmc_at(line, point), default=None)

    def cmc_at(self, line: ScopeItem, point: Decimal) -> Decimal:
        """The CMC of a line that covers the point; both in the unit of the sheet."""
        cmc, unit = line.cmc_at(self.converted(point, line.unit)), self.definition["unit"]
        return cmc if line.unit == unit else units.convert(cmc, line.unit, unit, difference=True)

    def converted(self, value: Decimal, unit: str) -> Decimal | None:
        """A value of the sheet in another unit; None when that is a unit of another quantity."""
        if unit == self.definition["unit"]:
            return value
        try:
            return units.convert(value, self.definition["unit"], unit)
        except ValueError:
            return None

    @cached_property
    def authorisations(self) -> list[Authorisation]:
        """The authorisations in this field of everybody in the institution."""
        grants = Authorisation.objects.filter(institution_id=self.record.institution_id, field=self.field)
        return list(grants.select_related("employment"))

    def authorised(self, employment_id: int | None, roles, day: date) -> bool:
        """Whether the employee worked here that day and held one of the roles in this field."""
        return any(
            grant.employment_id == employment_id and grant.role in roles
            and grant.in_force_on(day) and grant.employment.active_on(day)
            for grant in self.authorisations
        )  # fmt: skip

    def who_may(self, role: str, day: date) -> list[str]:
        """Names of those who hold the role in this field that day, for a sentence that says whom to ask."""
        grants = [grant for grant in self.authorisations if grant.role == role and grant.in_force_on(day)]
        return sorted({grant.employment.name for grant in grants if grant.employment.active_on(day)})

    @cached_property
    def adoption(self) -> MethodAdoption | None:
        return MethodAdoption.objects.filter(
            institution_id=self.record.institution_id,
            method_id=self.record.procedure.method_id,
            site_id=self.record.site_id,
        ).first()

    @cached_property
    def points(self) -> list[Decimal]:
        """The nominal points, in the unit of the data sheet."""
        return [decimals.parse(text) for text in self.record.points]
