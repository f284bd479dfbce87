"""What this app announces."""

from django.dispatch import Signal

equipment_registered = Signal()  # rows (list of Equipment), actor, at
equipment_traced = Signal()  # row (Traceability), actor, at
equipment_confirmed = Signal()  # row (Confirmation), actor, at
corrections_made = Signal()  # row (CorrectionSet), actor, at
copy_updated = Signal()  # row (CopyUpdate), actor, at
equipment_quarantined = Signal()  # row (Equipment), actor, at
intermediate_check_recorded = Signal()  # row (IntermediateCheck), actor, at
standard_tested = Signal()  # row (StandardTest), actor, at
stock_check_closed = Signal()  # row (StockCheck), actor, at
