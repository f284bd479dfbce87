"""Work of this app that happens in a worker."""

from celery.signals import worker_process_init
from django.utils import timezone

from portal import faults
from portal.outbox import work

from . import workflow
from .models import Certificate


@work(queue="pdf")
def render_pdf(certificate_id: int) -> None:
    """An issued certificate has its PDF and its public page. Running it twice changes nothing."""
    from weasyprint.urls import FatalURLFetchingError  # WeasyPrint is heavy, and only workers need it

    from . import rendering

    certificate = Certificate.objects.get(pk=certificate_id)
    if certificate.pdf_sha256:
        return
    try:
        pdf = rendering.pdf(certificate.content)
    except FatalURLFetchingError as refused:  # a BaseException, which would otherwise take the worker down
        raise RuntimeError(f"the certificate asks for something that is not packaged: {refused}") from refused
    faults.reach("pdf.before_write")
    workflow.attach_pdf(certificate, pdf, at=timezone.now())
    faults.reach("pdf.after_write")


@worker_process_init.connect
def warm_up(**kwargs) -> None:
    """Fonts and stylesheet are read once for each worker process, before its first certificate."""
    from . import rendering

    rendering.warm_up()
