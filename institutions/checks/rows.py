"""What the checks of this app share: rows of a register as evidence, pages on which something is put right, periods."""

from datetime import date, timedelta

from django.db.models import QuerySet
from django.urls import reverse

from portal.clauses import Evidence, window
from portal.models import Document, RegisterRow

from ..models import Authorisation, Declaration, Employment, Institution, LegalStatus, ScopeItem, ServiceWindow, Site

CURRENT = RegisterRow.State.CURRENT
OPERATORS = Authorisation.OPERATORS


def page(institution: Institution, register: str, **values: str) -> str:
    """The form of a register with these fields filled in."""
    address = reverse("portal:register_new", args=[institution.slug, register])
    return address + ("?" + "&".join(f"{name}={value}" for name, value in values.items()) if values else "")


def listed(institution: Institution, register: str) -> str:
    """The list of a register."""
    return reverse("portal:register", args=[institution.slug, register])


def everybody(institution: Institution) -> str:
    """The list of the people; on the page of each an authorisation can be proposed."""
    return reverse("institutions:people", args=[institution.slug])


def evidence(institution: Institution, register: str, row: RegisterRow, text: str = "") -> Evidence:
    """A row of a register with its page."""
    return Evidence(str(row), reverse("portal:register_row", args=[institution.slug, register, row.ref]), text, row.pk)


def person(institution: Institution, row: Employment, text: str = "") -> Evidence:
    """Somebody who works here, with the page about the person."""
    return Evidence(row.name, reverse("institutions:person", args=[institution.slug, row.ref]), text, row.pk)


def current(model: type[RegisterRow], institution: Institution) -> QuerySet:
    """The institution's rows that were not withdrawn."""
    return model.objects.filter(institution=institution, state=CURRENT)


def lately(rows: QuerySet, field: str, day: date, days: int = 365) -> QuerySet:
    """Of the rows those whose day lies in the window that ends today."""
    first, last = window(day, days)
    return rows.filter(**{f"{field}__range": (first, last)})


def filed(rows: QuerySet) -> QuerySet:
    """Of the rows those whose file was taken in."""
    return rows.filter(file__state=Document.State.ACCEPTED)


def declarations(institution: Institution, kind: str, day: date) -> QuerySet[Declaration]:
    """Declarations of the kind that count that day: signed, on file, in date, and for twelve months at most."""
    rows = filed(current(Declaration, institution).filter(kind=kind)).exclude(signed_by=None, employment=None)
    rows = rows.valid_on(day).filter(valid_from__gte=years_before(day, 1))
    return rows.select_related("signed_by", "employment")


def years_before(day: date, years: int) -> date:
    """The same calendar day so many years earlier; 28 February where there is no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def staff(institution: Institution, day: date) -> list[Employment]:
    """Who works here that day."""
    return list(Employment.objects.filter(institution=institution).active_on(day).order_by("staff_number", "pk"))


def grants(institution: Institution, day: date, *roles: str) -> list[Authorisation]:
    """Authorisations in force that day in these roles, with their people, whether these still work here or not."""
    rows = Authorisation.objects.filter(institution=institution, role__in=roles).in_force_on(day)
    return list(rows.select_related("employment").order_by("employment__staff_number", "pk"))


def lines(institution: Institution, day: date) -> list[ScopeItem]:
    """The lines of scope that count that day."""
    rows = ScopeItem.objects.filter(institution=institution).valid_on(day)
    return list(rows.select_related("method", "site").order_by("instrument", "pk"))


def has_window(institution: Institution, day: date) -> bool:
    """Whether the institution receives customers at a service window that day."""
    return current(ServiceWindow, institution).valid_on(day).exists()


def open_sites(institution: Institution, day: date) -> list[Site]:
    """The sites at which work may be done that day, with their papers."""
    rows = current(Site, institution).select_related("layout_file", "tenure_proof").order_by("name", "pk")
    return [row for row in rows if row.open_on(day)]


def status(institution: Institution, day: date) -> LegalStatus | None:
    """The legal status as stated for that day."""
    return LegalStatus.objects.filter(institution=institution).on(day).first()


def ago(day: date, days: int) -> date:
    """So many days earlier."""
    return day - timedelta(days)
