"""What this app announces."""

from django.dispatch import Signal

member_invited = Signal()  # row, actor, at
authorisation_granted = Signal()  # row, actor, at
authorisation_stopped = Signal()  # row, actor, at: suspended or revoked
