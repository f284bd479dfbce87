"""What of the equipment is due soon, one module to a topic, and who is told."""

from . import borrowed, clocks, mandatory, materials, plans, rooms, standards, traceability

__all__ = ["borrowed", "clocks", "mandatory", "materials", "plans", "rooms", "standards", "traceability"]
