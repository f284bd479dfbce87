"""What this app announces."""

from django.dispatch import Signal

certificate_issued = Signal()  # row, actor, at
certificate_voided = Signal()  # row, actor, at
