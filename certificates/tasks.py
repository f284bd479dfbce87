"""Work of this app that happens in a worker."""

from celery.signals import worker_process_init
from django.utils import timezone

from portal import faults
from portal.outbox import work

from . import workflow
from .models import Certificate


@work(queue="pdf")
def render_pdf(certificate_id: int) -> None:
    """An issued certificate has its PDF and its public page. Running it twice changes nothing. Source: E7.38."""
    from . import rendering  # WeasyPrint is heavy, and only workers need it

    certificate = Certificate.objects.get(pk=certificate_id)
    if certificate.pdf_sha256:
        return
    pdf = rendering.sandboxed(certificate.content)
    faults.reach("pdf.before_write")
    workflow.attach_pdf(certificate, pdf, at=timezone.now())
    faults.reach("pdf.after_write")


@worker_process_init.connect
def warm_up(**kwargs) -> None:
    """Fonts, stylesheet and template are read once for each worker process, before its first certificate."""
    from . import rendering

    rendering.warm_up()
