"""The registers of this app: importing them is registering them."""

from . import devices, environment, equipment, measurement_standards, plans, standards  # noqa: F401
