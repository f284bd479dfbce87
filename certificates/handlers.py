"""What follows from an event, in the same transaction."""

from portal.outbox import enqueue

from . import events, tasks, workflow


def render_when_issued(sender, *, row, **kwargs):
    enqueue(tasks.render_pdf, row.pk, institution_id=row.institution_id)


def publish_when_voided(sender, *, row, at, **kwargs):
    workflow.publish(row, at=at)


def connect():
    events.certificate_issued.connect(render_when_issued, dispatch_uid="certificates.render_when_issued")
    events.certificate_voided.connect(publish_when_voided, dispatch_uid="certificates.publish_when_voided")
