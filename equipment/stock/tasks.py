"""Work of stock checks that happens in a worker."""

from django.utils import timezone

from portal import sandbox
from portal.outbox import enqueue, work

from ..models import StockCheck
from . import verbs


@work(queue="pdf")
def write_stock_report(check_id: int) -> None:
    """A closed stock check has its report. Running it twice changes nothing. Source: E7.38."""
    from . import report

    check = StockCheck.objects.select_related("institution", "site", "room__site", "opened_by", "closed_by").get(
        pk=check_id
    )
    if check.report_id is None:
        report.warm_up()
        pdf = sandbox.run(report.pdf, report.content(check), seconds=report.SECONDS)
        verbs.attach_report(check, pdf, at=timezone.now())


def report_when_closed(sender: type, *, row: StockCheck, **kwargs: object) -> None:
    enqueue(write_stock_report, row.pk, institution_id=row.institution_id)
