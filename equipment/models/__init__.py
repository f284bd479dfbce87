"""What is measured with: the register, its traceability, clocks, checks, rooms, labels and codes."""

from .checking import CheckPlan, IntermediateCheck
from .clocks import EquipmentClock, EquipmentEvent
from .corrections import CopyUpdate, CorrectionCopy, CorrectionSet
from .environment import Element, EnvironmentAction, EnvironmentReading, EnvironmentRequirement
from .equipment import Equipment
from .impact import ImpactQuestion
from .labels import CodeLink, DeviceCode, Label
from .papers import AlternativeTraceability, EquipmentPaper, ExternalUse, MandatoryFile
from .plans import EquipmentPlan, PlanLine, ResourceSlot
from .standards import (
    MeasurementStandard,
    StandardChange,
    StandardEvent,
    StandardItem,
    StandardPaper,
    StandardPart,
    StandardTest,
)
from .stock import StockCheck, StockLine
from .traceability import Confirmation, Traceability, TracePoint

__all__ = [
    "AlternativeTraceability",
    "CheckPlan",
    "CodeLink",
    "Confirmation",
    "CopyUpdate",
    "CorrectionCopy",
    "CorrectionSet",
    "DeviceCode",
    "Element",
    "EnvironmentAction",
    "EnvironmentReading",
    "EnvironmentRequirement",
    "Equipment",
    "EquipmentClock",
    "EquipmentEvent",
    "EquipmentPaper",
    "EquipmentPlan",
    "ExternalUse",
    "ImpactQuestion",
    "IntermediateCheck",
    "Label",
    "MandatoryFile",
    "MeasurementStandard",
    "PlanLine",
    "ResourceSlot",
    "StandardChange",
    "StandardEvent",
    "StandardItem",
    "StandardPaper",
    "StandardPart",
    "StandardTest",
    "StockCheck",
    "StockLine",
    "TracePoint",
    "Traceability",
]
