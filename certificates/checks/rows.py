"""The rows that the checks of this app judge: a year of submitted records and of issued certificates."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db.models import BooleanField, Func, Prefetch, QuerySet, Value
from django.urls import reverse

from equipment.models import AlternativeTraceability, Equipment, StandardPart
from institutions.models import Institution
from portal.clauses import MOST_EVIDENCE, WINDOW_DAYS, Evidence
from portal.clock import CHINA
from portal.models import Document

from ..models import Certificate, RawRecord

ISSUED = (Certificate.State.ISSUED, Certificate.State.VOID)


def year_before(day: date) -> tuple[date, date]:
    """First and last day of the window that ends on this day."""
    return day - timedelta(WINDOW_DAYS - 1), day


def records(institution: Institution, day: date) -> QuerySet[RawRecord]:
    """Submitted records of measurements in the year that ends on the day."""
    return RawRecord.objects.filter(
        institution=institution, state=RawRecord.State.SUBMITTED, performed_on__range=year_before(day)
    )


def papers(institution: Institution, day: date, *kinds: str) -> QuerySet[Certificate]:
    """Certificates issued in the year that ends on the day, voided ones too; of these kinds, if any are named."""
    first, last = (datetime.combine(limit, time(), CHINA) for limit in year_before(day))
    rows = Certificate.objects.filter(
        institution=institution, state__in=ISSUED, issued_at__gte=first, issued_at__lt=last + timedelta(1)
    )
    return rows.filter(kind__in=kinds) if kinds else rows


def shown_records(rows: QuerySet[RawRecord], institution: Institution, text: str = "") -> list[Evidence]:
    """The first of these records as evidence, all of the same breach."""
    return [
        Evidence(row.number, reverse("certificates:record", args=[institution.slug, row.ref]), text, row.pk)
        for row in rows.order_by("pk").only("number", "ref", "institution_id")[:MOST_EVIDENCE]
    ]


def shown_papers(rows: QuerySet[Certificate], institution: Institution, text: str = "") -> list[Evidence]:
    """The first of these certificates as evidence, all of the same breach."""
    return [
        Evidence(row.number, reverse("certificates:certificate", args=[institution.slug, row.ref]), text, row.pk)
        for row in rows.order_by("pk").only("number", "ref", "institution_id")[:MOST_EVIDENCE]
    ]


class Says(Func):
    """Whether the frozen content of a certificate holds something at this SQL/JSON path."""

    function = "jsonb_path_exists"
    output_field = BooleanField()

    def __init__(self, path: str):
        super().__init__("content", Value(path))


class Uses:
    """Which equipment was used on which days of the year: each standard's parts and the environment device.

    Equipment counts on the days on which it belonged to the standard. Six queries, however many records. Equipment comes
    with its traceabilities, and with what stands in for them.
    """

    def __init__(self, institution: Institution, day: date):
        self.institution = institution
        uses = records(institution, day).values_list("standard_id", "environment_equipment_id", "performed_on")
        uses = list(uses.distinct().order_by("performed_on"))
        parts: dict[int, list[StandardPart]] = {}
        for part in StandardPart.objects.filter(standard_id__in={standard for standard, _room, _day in uses}):
            parts.setdefault(part.standard_id, []).append(part)
        self.measured: dict[int, set[date]] = {}
        self.monitored: dict[int, set[date]] = {}
        for standard, room, performed_on in uses:
            for part in parts.get(standard, ()):
                if part.there_on(performed_on):
                    self.measured.setdefault(part.equipment_id, set()).add(performed_on)
            self.monitored.setdefault(room, set()).add(performed_on)
        devices = Equipment.objects.filter(pk__in=self.measured.keys() | self.monitored.keys())
        devices = devices.prefetch_related(
            "traceabilities__file", "traceabilities__dcc", "traceabilities__confirmations",
            Prefetch("alternatives", AlternativeTraceability.objects.filter(state="current")),
        )  # fmt: skip
        self.devices = {row.pk: row for row in devices.order_by("asset_number")}

    def all(self) -> dict[int, set[date]]:
        """Days of use by equipment, whatever it was used for."""
        keys = self.measured.keys() | self.monitored.keys()
        return {key: self.measured.get(key, set()) | self.monitored.get(key, set()) for key in keys}

    def evidence(self, breaches: dict[int, Iterable[date]], wrong: str) -> list[Evidence]:
        """Each piece of equipment with what is wrong and the days of the breach; those without a day are left out."""
        slug = self.institution.slug
        return [
            Evidence(str(device), reverse("equipment:detail", args=[slug, device.ref]), f"{wrong}：{told(days)}", pk)
            for pk, device in self.devices.items()
            if (days := sorted(breaches.get(pk, ())))
        ]

    @staticmethod
    def is_traced(device: Equipment) -> bool:
        """Whether the equipment is to be traced at all."""
        return device.traced and device.role not in Equipment.UNTRACED

    def untraced(self, uses: dict[int, set[date]], *, with_file: bool = False) -> dict[int, list[date]]:
        """The days on which no confirmed traceability covered the equipment, or none whose certificate is on file.

        What needs none is traced, and so is what something else stands in for that day.
        """

        def holds(device: Equipment, on: date) -> bool:
            stands_in = any(
                row.valid_from <= on and (row.valid_until is None or on <= row.valid_until)
                for row in device.alternatives.all()
            )
            if not self.is_traced(device) or stands_in:
                return True
            trace = device.traced_on(on)
            return trace is not None and (not with_file or is_on_file(trace.file) or is_on_file(trace.dcc))

        return {pk: [on for on in days if not holds(self.devices[pk], on)] for pk, days in uses.items()}


def is_on_file(document: Document | None) -> bool:
    """Whether the file was taken in: not one that waits for its inspection or was refused."""
    return document is not None and document.state == Document.State.ACCEPTED


def told(days: list[date]) -> str:
    """Some days in words: the first ones, and how many more."""
    first = "、".join(day.isoformat() for day in days[:3])
    return f"{first} …（{len(days)}）" if len(days) > 3 else first
