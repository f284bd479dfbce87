"""What this app announces."""

from django.dispatch import Signal

equipment_traced = Signal()  # row (Traceability), actor, at
equipment_quarantined = Signal()  # row (Equipment), actor, at
