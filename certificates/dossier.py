"""Everything a record rests on, read once, as of its day: what the gates judge and the certificate reports."""

from datetime import date
from decimal import Decimal
from functools import cached_property

from django.db.models import prefetch_related_objects

from equipment.models import Equipment, MeasurementStandard, Traceability
from equipment.standards.rules import rules_against
from equipment.usability import reasons_of
from institutions.methods.currency import Ending, ending
from institutions.models import Authorisation, MethodAdoption, OwnMethod, ScopeItem
from institutions.scope import judging
from orders.models import Item
from portal import decimals
from portal.transitions import Refusal

from . import datasheet
from .models import RawRecord, Reading


class Dossier:
    """The evidence of one record: readings with their history, standards, scope, authorisations, the computed sheet."""

    def __init__(self, record: RawRecord):
        self.record = record
        self._judgements: dict[Decimal, judging.Judgement] = {}

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
        """What the measurement standard was made of on the day, main standards first."""
        rows = self.record.standard.parts.select_related("equipment__institution")
        parts = [part.equipment for part in rows if part.there_on(self.day)]
        prefetch_related_objects([*parts, self.environment], "traceabilities__confirmations")
        return sorted(parts, key=lambda e: (e.role != Equipment.Role.STANDARD, e.asset_number))

    @cached_property
    def environment(self) -> Equipment:
        return self.record.environment_equipment

    @cached_property
    def used(self) -> list[tuple[Equipment, Traceability | None]]:
        """Each piece of equipment used, with the certificate that covered the day of measurement."""
        return [(equipment, equipment.traced_on(self.day)) for equipment in [*self.parts, self.environment]]

    @cached_property
    def against_equipment(self) -> dict[int, list[Refusal]]:
        """What kept each piece of equipment from being used on the day, by its key."""
        return reasons_of([*self.parts, self.environment], self.day)

    @property
    def standard(self) -> MeasurementStandard:
        return self.record.standard

    @cached_property
    def against_standard(self) -> list[Refusal]:
        """What kept the measurement standard, but for its parts, from being used on the day for this work."""
        item, points = self.record.item, self.points
        external = item.customer.name != self.record.institution.name
        return rules_against(
            self.standard, self.day, activity=item.activity, external_customer=external, mandatory=False,
            instrument=self.definition["instrument"], measurand=self.definition["measurand"],
            low=min(points, default=None), high=max(points, default=None), unit=self.definition["unit"],
        )  # fmt: skip

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
    def subject(self) -> judging.Subject:
        """What the scope is asked about: instrument, quantity, method, site, and whether it is a verification."""
        return judging.Subject(
            instrument=self.definition["instrument"], measurand=self.definition["measurand"],
            method_id=self.record.procedure.method_id, site_id=self.record.site_id, unit=self.definition["unit"],
            verification=self.record.item.activity == Item.Activity.VERIFICATION,
        )  # fmt: skip

    @cached_property
    def book(self) -> judging.Book:
        """The lines of scope of the institution for this instrument, read once."""
        return judging.Book.of(self.record.institution_id, self.definition["instrument"])

    @cached_property
    def scope(self) -> list[ScopeItem]:
        """Lines of scope in force on the day for this instrument, quantity, method and site, whatever their range."""
        return self.book.in_force(self.subject, self.day)[0]

    def judged(self, point: Decimal) -> judging.Judgement:
        """Whether a point, in the unit of the sheet, lies inside the scope of the day, and its CMC in that unit."""
        if point not in self._judgements:
            self._judgements[point] = self.book.judge(self.subject, self.day, point)
        return self._judgements[point]

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
        """The verification of the method at the site that covers the day."""
        rows = MethodAdoption.objects.in_force_on(self.day).filter(
            institution_id=self.record.institution_id,
            method_id=self.record.procedure.method_id,
            site_id=self.record.site_id,
        )
        return rows.first()

    @cached_property
    def method_was_validated(self) -> bool:
        """Whether a non-standard method was validated before it was verified at the site."""
        papers = OwnMethod.objects.filter(
            institution_id=self.record.institution_id, method_id=self.record.procedure.method_id
        ).first()
        on = papers and papers.validated_on
        return bool(on and self.adoption and on <= self.adoption.verified_on)

    @cached_property
    def method_ends(self) -> Ending | None:
        """When the method is no longer current: by the catalogue, or by what the institution found itself."""
        return ending(self.record.institution_id, self.record.procedure.method)

    @cached_property
    def points(self) -> list[Decimal]:
        """The nominal points, in the unit of the data sheet."""
        return [decimals.parse(text) for text in self.record.points]
