"""DCC: a digital calibration certificate in the format of PTB, read into what the form of a traceability asks for."""

from .certificate import Dcc, Item, read
from .schema import NotADcc
from .tables import DccPoint

__all__ = ["Dcc", "DccPoint", "Item", "NotADcc", "read"]
