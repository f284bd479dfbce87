"""Institutions in the public directory with lines of scope, without the rows behind them: what searches are tested on."""

from datetime import date
from decimal import Decimal

from django.utils import timezone

from commitments import capabilities
from commitments.directory import terms
from commitments.models import DirectoryEntry, DirectoryLine
from institutions.models import Institution, Method, Qualification, ScopeItem, Site
from portal.tenancy import tenant
from tests import make

SINCE = date(2020, 1, 1)


def entered(slug: str, *lines: dict, region_code: str = "440300", fields=None, **said) -> DirectoryEntry:
    """The institution is in the directory, with these lines and what is said of its pledge."""
    lab = make.institution(slug, region_code=region_code, address=said.pop("address", "衡量路 18 号"))
    facts = {
        "name": lab.name, "name_en": lab.name_en, "slug": slug, "region_code": region_code, "address": lab.address,
        "fields": fields if fields is not None else sorted({line.get("field", "压力") for line in lines}),
        "lines": len(lines), "updated_at": timezone.now(), **said,
    }  # fmt: skip
    with tenant(lab.pk):
        entry, _made = DirectoryEntry.objects.update_or_create(institution=lab, defaults=facts)
        DirectoryLine.objects.bulk_create(told(lab, entry, number, values) for number, values in enumerate(lines, 1))
    terms.forget()
    return entry


def told(lab: Institution, entry: DirectoryEntry, number: int, values: dict) -> DirectoryLine:
    """The line of the directory that says what a line of scope with these values would say."""
    dates = {"valid_from": SINCE, "valid_until": None}
    given = {name: values.pop(name) for name in dates if name in values}
    item = ScopeItem(
        **{
            "instrument": "压力表", "measurand": "示值误差", "field": "压力", "range_low": Decimal(0),
            "range_high": Decimal("2.5"), "unit": "MPa", "cmc_form": "linear", "cmc_constant": Decimal("0.002"),
            "cmc_slope": Decimal(0), "method": Method(code="JJG 52-2013"), "site": Site(name="本部", address="x"),
            "qualification": Qualification(kind="cnas_accreditation", number="L1"), **values,
        }
    )  # fmt: skip
    said = capabilities.said(lab, item, **dates | given)
    return DirectoryLine(institution=lab, entry=entry, line=lab.pk * 1000 + number, **said)
