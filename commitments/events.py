"""What this app announces."""

from django.dispatch import Signal

commitment_published = Signal()  # row, actor, at
commitment_confirmed = Signal()  # row (the Commitment), actor, at
commitment_withdrawn = Signal()  # row, actor, at
remediation_accepted = Signal()  # row, actor, at
