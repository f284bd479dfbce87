"""Units made comparable: values of one kind of quantity in the same unit, so that ranges can be searched across institutions."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from functools import lru_cache

from institutions import units

CEILING, FLOOR = ROUND_CEILING, ROUND_FLOOR
PLACE = Decimal(1).scaleb(-24)
LARGEST = Decimal(10) ** 24
BASES = ("m", "kg", "s", "A", "K", "mol", "cd")


@dataclass(frozen=True)
class Coherent:
    """What a unit is in coherent SI. `key` names the kind of quantity: two units with the same key can be compared."""

    key: str
    factor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)

    def value(self, stated: Decimal, rounding: str = FLOOR) -> Decimal | None:
        """A value stated in the unit, in coherent SI to 24 places; None when it is too large to be searched."""
        return self._kept(stated, self.offset, rounding)

    def difference(self, stated: Decimal, rounding: str = FLOOR) -> Decimal | None:
        """An uncertainty stated in the unit, in coherent SI to 24 places: the zero of a scale does not enter."""
        return self._kept(stated, Decimal(0), rounding)

    def _kept(self, stated: Decimal, offset: Decimal, rounding: str) -> Decimal | None:
        with localcontext() as context:
            context.prec = 60
            found = stated * self.factor + offset
            return found.quantize(PLACE, rounding=rounding) if abs(found) < LARGEST else None


@lru_cache(maxsize=2000)
def coherent(unit: str) -> Coherent:
    """The unit in coherent SI; a scale such as HRC is comparable with itself only. Raises: units.UnknownUnit."""
    if units.is_scale(unit):
        return Coherent(units.normalise(unit))
    known = units.unit(unit)
    if known.symbol == "dB":
        return Coherent("dB")
    powers = [f"{base}{power}" for base, power in zip(BASES, known.dimension, strict=True) if power]
    # Both are numbers; but nobody who asks for 30° means 52 % of humidity.
    number = "rad" if known.quantity == "平面角" else "1"
    return Coherent("·".join(powers) or number, known.factor, known.offset)
