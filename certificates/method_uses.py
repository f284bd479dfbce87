"""What of this app rests on a method: data sheets, unfinished records, certificates that are not out yet."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Min
from django.utils.translation import gettext as _

from institutions.methods.uses import Use, measures_by_methods, uses_methods

from .models import Certificate, Procedure, RawRecord

C = Certificate.State


@uses_methods
def data_sheets(institution: Any, methods: list[int]) -> Iterator[Use]:
    """Data sheets that new records are or will be made with."""
    living = (Procedure.State.DRAFT, Procedure.State.APPROVED)
    rows = Procedure.objects.filter(institution=institution, method__in=methods, state__in=living)
    for row in rows.select_related("institution").order_by("code", "pk"):
        yield Use(row.method_id, _("数据表"), str(row), row.get_absolute_url(), row.get_state_display())


@uses_methods
def open_records(institution: Any, methods: list[int]) -> Iterator[Use]:
    """Records that are still being written, and those whose certificate is not out yet. Two queries."""
    drafts = RawRecord.objects.filter(
        institution=institution, procedure__method__in=methods, state=RawRecord.State.DRAFT
    )  # fmt: skip
    for row in drafts.select_related("institution", "procedure").order_by("pk"):
        yield Use(row.procedure.method_id, _("未完成的记录"), row.number, row.get_absolute_url(), str(row.performed_on))
    waiting = Certificate.objects.filter(
        institution=institution, record__procedure__method__in=methods,
        state__in=(C.DRAFT, C.RETURNED, C.CHECKED, C.APPROVED),
    )  # fmt: skip
    for row in waiting.select_related("institution", "record__procedure").order_by("pk"):
        method_id = row.record.procedure.method_id
        yield Use(method_id, _("未签发的证书"), str(row), row.get_absolute_url(), row.get_state_display())


@measures_by_methods
def first_day(institution_id: int, method_id: int, site_id: int) -> date | None:
    """The first day of a submitted record by the method at the site."""
    rows = RawRecord.objects.filter(
        institution_id=institution_id, procedure__method=method_id, site=site_id, state=RawRecord.State.SUBMITTED
    )
    return rows.aggregate(first=Min("performed_on"))["first"]
