"""One laboratory of the demonstration with one issued certificate, and as many copies of it as are measured."""

import tomllib
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from certificates import content
from certificates.demo import registers, stories, world
from certificates.demo.furnishing import furnish
from certificates.demo.laboratory import Laboratory, institution
from certificates.models import Certificate, RawRecord
from institutions import catalogue
from orders.models import Item
from portal import codes
from portal.tenancy import new_ref, scope, tenant

SLUG = "yunting"
STORY = {
    "day": -12, "customer": 0, "activity": "calibration", "serial": "BENCH-1", "upper": "1.6", "division": "0.05",
    "class": "1.6", "standard": "BZ-0388", "rule": "simple_acceptance", "ends": "issued",
}  # fmt: skip


@dataclass
class Bench:
    """The laboratory, its issued certificate, and the environment of processes that work on the same database.

    `documents`: how many certificates one round of the throughput renders; `scale`: how much of the full amounts of rows.
    """

    lab: Laboratory
    certificate: Certificate
    environ: dict[str, str]
    now: datetime
    documents: int
    scale: float
    made: int = 0

    @property
    def institution_id(self) -> int:
        return self.lab.institution.pk

    def scaled(self, amount: int) -> int:
        """So many rows of this run, where a full one has that amount."""
        return max(int(amount * self.scale), 100)

    def issued(self, count: int) -> list[Certificate]:
        """So many further issued certificates, each with its own item, record, number and token, without PDF."""
        return self._copies(count, self._as_issued)

    def approved(self, count: int) -> list[Certificate]:
        """So many certificates that wait for their number, each with its own item and record."""
        return self._copies(count, self._as_approved)

    def _copies(self, count: int, finish) -> list[Certificate]:
        """Rows stored beside the verbs, which would take a hundred times as long to bring each one here."""
        numbers = range(self.made, self.made + count)
        self.made += count
        with tenant(self.institution_id):
            record = self.certificate.record
            items = [self._anew(record.item, number=f"BS-{n}", state=Item.State.IN_LAB) for n in numbers]
            Item.objects.bulk_create(items)
            records = [self._anew(record, number=f"BR-{n}", item=item) for n, item in zip(numbers, items, strict=True)]
            RawRecord.objects.bulk_create(records)
            copies = [
                finish(self._anew(self.certificate, record=record, pdf_sha256="", pdf_stored_as=""), n)
                for n, record in zip(numbers, records, strict=True)
            ]
            return Certificate.objects.bulk_create(copies)

    @staticmethod
    def _anew(row, **values):
        columns = {field.name: getattr(row, field.name) for field in row._meta.concrete_fields}
        return type(row)(**{**columns, "id": None, "ref": new_ref(), **values})

    @staticmethod
    def _as_issued(copy: Certificate, number: int) -> Certificate:
        copy.number, copy.token = f"B-{number:06d}", codes.new_token()
        said = {"number": copy.number, "token": copy.token, "url": codes.printed_address(copy.token)}
        copy.content = {**copy.content, "issue": {**copy.content["issue"], **said}}
        copy.content_sha256 = content.sha256(copy.content)
        return copy

    @staticmethod
    def _as_approved(copy: Certificate, number: int) -> Certificate:
        copy.state, copy.number, copy.token, copy.verification_code = Certificate.State.APPROVED, "", "", ""
        copy.issued_at, copy.content, copy.content_sha256, copy.valid_until = None, None, "", None
        return copy


def built(environ: dict[str, str], documents: int, scale: float = 1) -> Bench:
    """The laboratory is there, with the one certificate that everything is a copy of."""
    now = timezone.now()
    catalogue.load()
    plan = tomllib.loads((world.HERE / f"{SLUG}.toml").read_text(encoding="utf-8"))
    plan |= {"stories": [STORY], "afterwards": [], "registers": registers.rows_of(SLUG)}
    with scope():
        lab = Laboratory(plan, now, institution(plan))
        with tenant(lab.institution.pk):
            furnish(lab)
            stories.tell(lab)
            certificate = Certificate.objects.for_work().get()
    return Bench(lab, certificate, environ, now, documents, scale)
