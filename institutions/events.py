"""What this app announces."""

from django.dispatch import Signal

member_invited = Signal()  # row, actor, at
