"""Legal units of measurement: symbols, D-SI tokens, conversion, and advice about units that may not be used.

A unit is kept as a code; its printed symbol is one of the legal ones. Source: GB 3100-1993, SI Brochure,
the State Council order on legal units of 1984, SAMR Order 90 (in force 2024-06-01), D-SI 2.2.1.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache

Dimension = tuple[int, ...]

ONE: Dimension = (0, 0, 0, 0, 0, 0, 0)


class UnknownUnit(ValueError):
    """The text is not a legal unit; the sentence says so and, where known, which unit to use."""


@dataclass(frozen=True)
class Unit:
    """A legal unit: value in coherent SI = value x factor + offset; dimension in m, kg, s, A, K, mol, cd."""

    code: str
    symbol: str
    token: str
    quantity: str
    factor: Decimal
    dimension: Dimension
    name_zh: str
    offset: Decimal = Decimal(0)


@dataclass(frozen=True)
class IllegalUnit:
    """An illegal unit found in a text: where, as written, and what to write instead."""

    symbol: str
    advice: str
    start: int


def _dimension(**powers: int) -> Dimension:
    order = ("m", "kg", "s", "A", "K", "mol", "cd")
    return tuple(powers.get(name, 0) for name in order)


# Per symbol: D-SI token, Chinese name, quantity, factor to coherent SI, dimension, whether it takes prefixes.
_PASCAL = _dimension(m=-1, kg=1, s=-2)
_JOULE = _dimension(m=2, kg=1, s=-2)
_WATT = _dimension(m=2, kg=1, s=-3)
_PER_SECOND = _dimension(s=-1)
_ATOMS: dict[str, tuple[str, str, str, str, Dimension, bool]] = {
    "m": ("metre", "米", "长度", "1", _dimension(m=1), True),
    "g": ("gram", "克", "质量", "0.001", _dimension(kg=1), True),
    "s": ("second", "秒", "时间", "1", _dimension(s=1), True),
    "A": ("ampere", "安", "电流", "1", _dimension(A=1), True),
    "K": ("kelvin", "开", "热力学温度", "1", _dimension(K=1), True),
    "mol": ("mole", "摩", "物质的量", "1", _dimension(mol=1), True),
    "cd": ("candela", "坎", "发光强度", "1", _dimension(cd=1), True),
    "rad": ("radian", "弧度", "平面角", "1", ONE, True),
    "sr": ("steradian", "球面度", "立体角", "1", ONE, False),
    "Hz": ("hertz", "赫", "频率", "1", _PER_SECOND, True),
    "N": ("newton", "牛", "力", "1", _dimension(m=1, kg=1, s=-2), True),
    "Pa": ("pascal", "帕", "压力", "1", _PASCAL, True),
    "J": ("joule", "焦", "能量", "1", _JOULE, True),
    "W": ("watt", "瓦", "功率", "1", _WATT, True),
    "C": ("coulomb", "库", "电荷量", "1", _dimension(s=1, A=1), True),
    "V": ("volt", "伏", "电压", "1", _dimension(m=2, kg=1, s=-3, A=-1), True),
    "F": ("farad", "法", "电容", "1", _dimension(m=-2, kg=-1, s=4, A=2), True),
    "Ω": ("ohm", "欧", "电阻", "1", _dimension(m=2, kg=1, s=-3, A=-2), True),
    "S": ("siemens", "西", "电导", "1", _dimension(m=-2, kg=-1, s=3, A=2), True),
    "Wb": ("weber", "韦", "磁通量", "1", _dimension(m=2, kg=1, s=-2, A=-1), True),
    "T": ("tesla", "特", "磁感应强度", "1", _dimension(kg=1, s=-2, A=-1), True),
    "H": ("henry", "亨", "电感", "1", _dimension(m=2, kg=1, s=-2, A=-2), True),
    "℃": ("degreecelsius", "摄氏度", "摄氏温度", "1", _dimension(K=1), False),
    "lm": ("lumen", "流", "光通量", "1", _dimension(cd=1), True),
    "lx": ("lux", "勒", "光照度", "1", _dimension(m=-2, cd=1), True),
    "Bq": ("becquerel", "贝可", "放射性活度", "1", _PER_SECOND, True),
    "Gy": ("gray", "戈", "吸收剂量", "1", _dimension(m=2, s=-2), True),
    "Sv": ("sievert", "希", "剂量当量", "1", _dimension(m=2, s=-2), True),
    "kat": ("katal", "开特", "催化活性", "1", _dimension(s=-1, mol=1), True),
    "min": ("minute", "分", "时间", "60", _dimension(s=1), False),
    "h": ("hour", "小时", "时间", "3600", _dimension(s=1), False),
    "d": ("day", "天", "时间", "86400", _dimension(s=1), False),
    "°": ("degree", "度", "平面角", "0.01745329251994329576923690768488612713", ONE, False),
    "′": ("arcminute", "角分", "平面角", "0.0002908882086657215961539484614147687856", ONE, False),
    "″": ("arcsecond", "角秒", "平面角", "0.000004848136811095359935899141023579479759", ONE, False),
    "n mile": ("nauticalmile", "海里", "长度", "1852", _dimension(m=1), False),
    "kn": ("knot", "节", "速度", "0.5144444444444444444444444444444444444444", _dimension(m=1, s=-1), False),
    "t": ("tonne", "吨", "质量", "1000", _dimension(kg=1), True),
    "u": ("dalton", "原子质量单位", "质量", "1.66053906660E-27", _dimension(kg=1), False),
    "L": ("litre", "升", "体积", "0.001", _dimension(m=3), True),
    "l": ("litre", "升", "体积", "0.001", _dimension(m=3), True),
    "eV": ("electronvolt", "电子伏", "能量", "1.602176634E-19", _JOULE, True),
    "dB": ("decibel", "分贝", "级差", "1", ONE, False),
    "tex": ("tex", "特克斯", "线密度", "0.000001", _dimension(m=-1, kg=1), True),
    "hm²": ("hectare", "公顷", "面积", "10000", _dimension(m=2), False),
    "r": ("one", "转", "转数", "1", ONE, False),
    "%": ("percent", "百分之一", "比值", "0.01", ONE, False),
    "1": ("one", "一", "比值", "1", ONE, False),
}
# tonne and tex take only the prefixes that are in use; minute, hour, day, degrees, knot and n mile take none.
_FEW_PREFIXES = {"t": "kM", "tex": "mdk"}
_PREFIXES: dict[str, tuple[str, str, int]] = {
    "Q": ("quetta", "昆", 30), "R": ("ronna", "容", 27), "Y": ("yotta", "尧", 24), "Z": ("zetta", "泽", 21),
    "E": ("exa", "艾", 18), "P": ("peta", "拍", 15), "T": ("tera", "太", 12), "G": ("giga", "吉", 9),
    "M": ("mega", "兆", 6), "k": ("kilo", "千", 3), "h": ("hecto", "百", 2), "da": ("deca", "十", 1),
    "d": ("deci", "分", -1), "c": ("centi", "厘", -2), "m": ("milli", "毫", -3), "μ": ("micro", "微", -6),
    "n": ("nano", "纳", -9), "p": ("pico", "皮", -12), "f": ("femto", "飞", -15), "a": ("atto", "阿", -18),
    "z": ("zepto", "仄", -21), "y": ("yocto", "幺", -24), "r": ("ronto", "柔", -27), "q": ("quecto", "亏", -30),
}  # fmt: skip
_COMPOUND_QUANTITIES = {
    "m²": "面积",
    "mm²": "面积",
    "cm²": "面积",
    "m³": "体积",
    "cm³": "体积",
    "dm³": "体积",
    "m/s": "速度",
    "km/h": "速度",
    "m/s²": "加速度",
    "r/min": "转速",
    "m³/h": "体积流量",
    "m³/s": "体积流量",
    "L/min": "体积流量",
    "L/h": "体积流量",
    "kg/h": "质量流量",
    "kg/s": "质量流量",
    "kg/m³": "密度",
    "g/cm³": "密度",
    "kW·h": "能量",
    "W·h": "能量",
    "A·h": "电荷量",
    "V·A": "视在功率",
    "N·m": "力矩",
    "mg/L": "质量浓度",
    "μg/L": "质量浓度",
    "g/L": "质量浓度",
    "mg/m³": "质量浓度",
    "mg/kg": "质量分数",
    "mol/L": "物质的量浓度",
    "mmol/L": "物质的量浓度",
    "μmol/mol": "摩尔分数",
    "μS/cm": "电导率",
    "S/m": "电导率",
    "Ω·m": "电阻率",
    "Pa·s": "动力黏度",
    "mm²/s": "运动黏度",
    "m²/s": "运动黏度",
    "V/m": "电场强度",
    "A/m": "磁场强度",
    "W/m²": "辐照度",
    "cd/m²": "亮度",
    "W/(m·K)": "导热系数",
    "mV/V": "灵敏度",
    "N/mm²": "应力",
}
# Conventional scales: no units, but they may stand where a unit stands when the method names them.
SCALES = ("HRC", "HRB", "HRA", "HV", "HBW", "HLD", "HA", "pH", "dB(A)", "NTU", "var", "kvar", "Mvar")

_SUPERSCRIPTS = {"⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9"}
_SUPERSCRIPTS["⁻"] = "-"
# One character per meaning: micro sign, ohm sign, the dots of a product, the marks of minutes and seconds.
_SAME_CHARACTER = str.maketrans(
    "\u00b5\u2126\u22c5\u2022\u2219\u2019'\u201d\"",
    "\u03bc\u03a9\u00b7\u00b7\u00b7\u2032\u2032\u2033\u2033",
)
_FACTOR = re.compile(r"(?P<symbol>n mile|[^\d\s·/()^⁰¹²³⁴⁵⁶⁷⁸⁹⁻*]+|1)(?P<power>\^?-?\d+|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?")


def normalise(symbol: str) -> str:
    """The symbol with one character per meaning: Greek mu and omega, ℃ for °C, a middle dot between factors."""
    return symbol.strip().translate(_SAME_CHARACTER).replace("°C", "℃")


@lru_cache(maxsize=1024)
def _atom(symbol: str) -> Unit | None:
    """A unit without product or power, with its prefix if it has one; never two prefixes."""
    if symbol in _ATOMS:
        token, name, quantity, factor, dimension, _ = _ATOMS[symbol]
        offset = Decimal("273.15") if symbol == "℃" else Decimal(0)
        return Unit(token, symbol, f"\\{token}", quantity, Decimal(factor), dimension, name, offset)
    for length in (2, 1):
        prefix, rest = symbol[:length], symbol[length:]
        if prefix not in _PREFIXES or rest not in _ATOMS or len(prefix) < length:
            continue
        token, name, quantity, factor, dimension, takes_prefix = _ATOMS[rest]
        if not takes_prefix or prefix not in _FEW_PREFIXES.get(rest, prefix):
            continue
        prefix_token, prefix_name, power = _PREFIXES[prefix]
        code = f"{prefix_token}{token}"
        d_si = "\\kilogram" if symbol == "kg" else f"\\{prefix_token}\\{token}"
        scaled = Decimal(factor).scaleb(power)
        return Unit(code, symbol, d_si, quantity, scaled, dimension, f"{prefix_name}{name}")
    return None


def _power(text: str | None) -> int:
    if not text:
        return 1
    digits = "".join(_SUPERSCRIPTS.get(character, character) for character in text.lstrip("^"))
    return int(digits) if re.fullmatch(r"-?[1-9]", digits) else 0


def _factors(symbol: str) -> list[tuple[Unit, int]] | None:
    """The factors of a compound with their powers, or None when the text is no unit. At most one solidus."""
    numerator, slash, denominator = symbol.partition("/")
    if "/" in denominator or (slash and not denominator):
        return None
    if denominator.startswith("(") and denominator.endswith(")"):
        denominator = denominator[1:-1]
    elif "·" in denominator:
        return None
    factors: list[tuple[Unit, int]] = []
    for part, sign in ((numerator, 1), (denominator, -1)):
        for piece in part.split("·") if part else ():
            match = _FACTOR.fullmatch(piece.strip())
            found = _atom(match["symbol"]) if match else None
            power = _power(match["power"]) if match else 0
            if found is None or power == 0 or (found.symbol == "1" and power != 1):
                return None
            factors.append((found, sign * power))
    return factors or None


_PLACES_OF_DIGITS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Unit | None:
    symbol = normalise(text)
    if symbol in _ALWAYS or symbol in _AFTER_NUMBER:
        # Read letter by letter, "Gs" would be a gigasecond and "PA" a petaampere; nobody means that.
        return None
    single = _atom(symbol)
    if single is not None:
        return single
    factors = _factors(symbol)
    if factors is None:
        return None
    with localcontext() as context:
        context.prec = 40
        factor, dimension = Decimal(1), ONE
        codes, tokens, names = [], [], []
        for part, power in factors:
            factor *= part.factor**power
            dimension = tuple(have + power * more for have, more in zip(dimension, part.dimension, strict=True))
            size = abs(power)
            codes.append(("per_" if power < 0 else "") + part.code + (f"_tothe{size}" if size > 1 else ""))
            tokens.append(("\\per" if power < 0 else "") + part.token + (f"\\tothe{{{size}}}" if size > 1 else ""))
            how = {1: "", 2: "平方", 3: "立方"}.get(size, f"{size}次方")
            names.append(("每" if power < 0 else "") + how + part.name_zh)
    printed = re.sub(r"\^?(-?\d+)", lambda match: match[1].translate(_PLACES_OF_DIGITS), symbol)
    if symbol.startswith("1/"):
        printed = f"1{printed[1:]}"
    quantity = _COMPOUND_QUANTITIES.get(printed, "")
    return Unit("_".join(codes), printed, "".join(tokens), quantity, factor, dimension, "".join(names))


def unit(text: str) -> Unit:
    """The legal unit with this code, printed symbol or D-SI token; symbols are case-sensitive.

    Raises: UnknownUnit with the unit to use instead where that is known.
    """
    found = TABLE.get(text) or _BY_TOKEN.get(text) or _parsed(text)
    if found is None:
        advice = advice_for(text)
        raise UnknownUnit(advice or f"“{text[:20]}”不是法定计量单位，请从单位表里选。")
    return found


_UNITS_OF_TOKENS = {entry[0]: symbol for symbol, entry in _ATOMS.items() if symbol not in ("r", "l")} | {
    "kilogram": "kg"
}
_PREFIXES_OF_TOKENS = {entry[0]: symbol for symbol, entry in _PREFIXES.items()}


def from_d_si(text: str) -> Unit:
    r"""The legal unit that a D-SI expression names, such as \metre\second\tothe{-1} or \watt\per\metre\per\kelvin.

    Raises: UnknownUnit when it names none. Source: D-SI 2.2.1.
    """
    unreadable = UnknownUnit(f"看不懂 D-SI 单位“{text[:40]}”，请照证书改成法定计量单位的符号。")
    words = re.findall(r"\\(tothe\{-?[1-9]\}|[a-z]+)", text)
    if "".join(f"\\{word}" for word in words) != text:
        raise unreadable
    factors: list[tuple[str, int]] = []
    sign, prefix = 1, ""
    for word in words:
        if word == "per":
            sign = -1
        elif word.startswith("tothe"):
            if not factors or prefix:
                raise unreadable
            factors[-1] = (factors[-1][0], factors[-1][1] * int(word[6:-1]))
        elif word in _PREFIXES_OF_TOKENS and not prefix:
            prefix = _PREFIXES_OF_TOKENS[word]
        elif word in _UNITS_OF_TOKENS:
            factors.append((prefix + _UNITS_OF_TOKENS[word], sign))
            sign, prefix = 1, ""
        else:
            raise unreadable
    if not factors or prefix:
        raise unreadable
    above = "·".join(symbol + (str(power) if power > 1 else "") for symbol, power in factors if power > 0)
    below = "·".join(symbol + (str(-power) if power < -1 else "") for symbol, power in factors if power < 0)
    return unit(f"{above or 1}/({below})" if "·" in below else f"{above or 1}/{below}" if below else above)


def symbol(code: str) -> str:
    """The printed symbol of a unit given by code, symbol or token: "MPa" for "megapascal"."""
    return unit(code).symbol


def is_legal(text: str) -> bool:
    """Whether the printed symbol is a legal unit, alone or as a compound; conventional scales are not units."""
    return _parsed(text) is not None


def is_scale(text: str) -> bool:
    """Whether the text is a conventional scale, such as HRC or pH, that may stand in the place of a unit."""
    return normalise(text) in SCALES


def convert(value: Decimal, source: str, target: str, *, difference: bool = False) -> Decimal:
    """The value in another unit of the same kind, unrounded.

    difference: the value is a difference or an uncertainty, so that the zero of the Celsius scale does not enter.
    Raises: UnknownUnit for an illegal unit, ValueError when the units are not of the same kind.
    """
    origin, goal = unit(source), unit(target)
    if origin.dimension != goal.dimension or (origin.symbol == "dB") != (goal.symbol == "dB"):
        raise ValueError(f"{origin.symbol} 与 {goal.symbol} 不是同一种量的单位，不能换算。")
    if origin == goal:
        return value
    with localcontext() as context:
        context.prec = 40
        base = value * origin.factor + (Decimal(0) if difference else origin.offset)
        converted = (base - (Decimal(0) if difference else goal.offset)) / goal.factor
        shorter = +converted.normalize()
    with localcontext() as context:
        context.prec = 34
        written_out = shorter.as_tuple().exponent <= 0 or shorter.adjusted() >= context.prec
        return +shorter if written_out else shorter.quantize(Decimal(1))


# What may not be used, and what to write instead. Words that are also ordinary text stand in _AFTER_NUMBER.
_PRESSURE = "应改用 Pa、kPa 或 MPa"
_ALWAYS: dict[str, str] = {
    "kgf/cm²": f"{_PRESSURE}（1 kgf/cm² = 98.0665 kPa）",
    "kgf/cm2": f"{_PRESSURE}（1 kgf/cm² = 98.0665 kPa）",
    "kg/cm²": f"{_PRESSURE}；压力不用质量单位表示",
    "kg/cm2": f"{_PRESSURE}；压力不用质量单位表示",
    "kgf·m": "应改用 N·m（1 kgf·m = 9.80665 N·m）",
    "kgf": "应改用 N（1 kgf = 9.80665 N）",
    "gf": "应改用 N（1 gf = 9.80665 mN）",
    "tf": "应改用 kN（1 tf = 9.80665 kN）",
    "atm": f"{_PRESSURE}（1 atm = 101.325 kPa）",
    "mbar": f"{_PRESSURE}（1 mbar = 100 Pa）",
    "psi": f"{_PRESSURE}（1 psi ≈ 6.895 kPa）",
    "PSI": f"{_PRESSURE}（1 psi ≈ 6.895 kPa）",
    "mmHg": f"{_PRESSURE}（1 mmHg ≈ 133.322 Pa）；血压计可与 kPa 并列",
    "mmH₂O": f"{_PRESSURE}（1 mmH₂O ≈ 9.807 Pa）",
    "mmH2O": f"{_PRESSURE}（1 mmH₂O ≈ 9.807 Pa）",
    "Torr": f"{_PRESSURE}（1 Torr ≈ 133.322 Pa）",
    "kcal": "应改用 kJ（1 kcal = 4.1868 kJ）",
    "ppm": "应改用 10⁻⁶、mg/kg 或 μmol/mol",
    "ppb": "应改用 10⁻⁹、μg/kg 或 nmol/mol",
    "rpm": "应改用 r/min",
    "RPM": "应改用 r/min",
    "Å": "应改用 nm（1 Å = 0.1 nm）",
    "°F": "应改用 ℃ 或 K",
    "℉": "应改用 ℃ 或 K",
    "kilogauss": "应改用 T",
    "马力": "应改用 W 或 kW（1 米制马力 = 735.499 W）",
    "英寸": "应改用 mm（1 in = 25.4 mm）",
    "英尺": "应改用 m（1 ft = 0.3048 m）",
    "英里": "应改用 km",
    "华氏度": "应改用 ℃ 或 K",
    "市斤": "应改用 kg（1 斤 = 0.5 kg）",
    "公斤力": "应改用 N（1 kgf = 9.80665 N）",
    "毫米汞柱": _PRESSURE,
    "标准大气压": f"{_PRESSURE}（1 atm = 101.325 kPa）",
    "大卡": "应改用 kJ（1 kcal = 4.1868 kJ）",
    "千卡": "应改用 kJ（1 kcal = 4.1868 kJ）",
}
# Written with the wrong case or without the dot of a product.
_MISWRITTEN_WORDS = (
    "KG=kg Kg=kg KM=km Km=km MM=mm CM=cm HZ=Hz hz=Hz KHz=kHz KHZ=kHz MHZ=MHz Mhz=MHz Mpa=MPa "
    "MPA=MPa Kpa=kPa KPa=kPa KPA=kPa kpa=kPa pa=Pa PA=Pa KV=kV Kv=kV kv=kV KW=kW Kw=kW kw=kW "
    "KN=kN Kn=kN KΩ=kΩ ML=mL Db=dB DB=dB db=dB kWh=kW·h KWh=kW·h KWH=kW·h kwh=kW·h mAh=mA·h "
    "Ah=A·h VA=V·A kVA=kV·A KVA=kV·A "
)
_MISWRITTEN = dict(pair.split("=") for pair in _MISWRITTEN_WORDS.split())
_AFTER_NUMBER: dict[str, str] = {
    "bar": f"{_PRESSURE}（1 bar = 100 kPa）",
    "at": f"{_PRESSURE}（1 at = 98.0665 kPa）",
    "cal": "应改用 J（1 cal = 4.1868 J）",
    "in": "应改用 mm（1 in = 25.4 mm）",
    "ft": "应改用 m（1 ft = 0.3048 m）",
    "inch": "应改用 mm（1 in = 25.4 mm）",
    "lb": "应改用 kg（1 lb = 0.45359237 kg）",
    "lbs": "应改用 kg（1 lb = 0.45359237 kg）",
    "oz": "应改用 g（1 oz ≈ 28.35 g）",
    "gal": "应改用 L（1 US gal ≈ 3.785 L）",
    "hp": "应改用 W 或 kW（1 米制马力 = 735.499 W）",
    "HP": "应改用 W 或 kW",
    "dyn": "应改用 N（1 dyn = 10 μN）",
    "erg": "应改用 J（1 erg = 0.1 μJ）",
    "P": "应改用 Pa·s（1 P = 0.1 Pa·s）",
    "cP": "应改用 mPa·s（1 cP = 1 mPa·s）",
    "St": "应改用 m²/s（1 St = 1 cm²/s）",
    "cSt": "应改用 mm²/s（1 cSt = 1 mm²/s）",
    "Gs": "应改用 T（1 Gs = 0.1 mT）",
    "kGs": "应改用 T（1 kGs = 0.1 T）",
    "Oe": "应改用 A/m（1 Oe ≈ 79.577 A/m）",
    "Mx": "应改用 Wb（1 Mx = 10 nWb）",
    "Ci": "应改用 Bq（1 Ci = 37 GBq）",
    "mCi": "应改用 Bq（1 mCi = 37 MBq）",
    "R": "应改用 C/kg（1 R = 0.258 mC/kg）",
    "rem": "应改用 Sv（1 rem = 0.01 Sv）",
    "M": "摩尔浓度应改用 mol/L",
    "mM": "摩尔浓度应改用 mmol/L",
    "μ": "应改用 μm",
    "γ": "应改用 μg",
    "sec": "应改用 s",
    "hr": "应改用 h",
    "hrs": "应改用 h",
    "cc": "应改用 cm³ 或 mL",
    "斤": "应改用 kg（1 斤 = 0.5 kg）",
    "两": "应改用 g（1 两 = 50 g）",
    "尺": "应改用 m（1 尺 ≈ 0.333 m）",
    "寸": "应改用 cm（1 寸 ≈ 3.33 cm）",
    "里": "应改用 km（1 里 = 0.5 km）",
    "亩": "应改用 m²（1 亩 ≈ 666.7 m²）",
    "mpa": "应写作 MPa（兆帕）或 mPa（毫帕）",
    "Nm³": "应写明标准状态，单位写作 m³",
    "Nm": "力矩应写作 N·m",
    **{wrong: f"应写作 {right}" for wrong, right in _MISWRITTEN.items()},
}


def _table() -> dict[str, Unit]:
    """Every unit the portal offers, by code."""
    common = (
        "m km dm cm mm μm nm kg g mg μg t s ms μs min h d A mA μA K mol mmol cd rad mrad sr Hz kHz MHz GHz "
        "N kN MN mN Pa hPa kPa MPa GPa mPa J kJ MJ W kW MW mW C V kV mV μV F μF nF pF Ω kΩ MΩ GΩ mΩ S mS μS "
        "Wb T mT H mH μH ℃ lm lx Bq kBq MBq Gy mGy Sv mSv μSv ° ′ ″ L mL μL eV keV dB tex % 1 r kn hm²"
    )
    symbols = [*common.split(), "n mile", *_COMPOUND_QUANTITIES]
    table: dict[str, Unit] = {}
    for entry in map(_parsed, symbols):
        if entry is not None:
            table.setdefault(entry.code, entry)
    table["one"] = _ATOM_ONE
    return table


_ATOM_ONE = Unit("one", "1", "\\one", "比值", Decimal(1), ONE, "一")
TABLE: Mapping[str, Unit] = _table()
_BY_TOKEN = {entry.token: entry for entry in TABLE.values()}


# Letters, digits and marks that would make a word of the unit. A Chinese word may follow a unit directly.
_WORD = r"A-Za-zμΩ℃°·²³⁻/0-9_"
# A number before these is more often part of a model or serial number than a quantity.
_NAMES_TOO = frozenset({"M", "P", "R"})


def _one_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# The unit of a range stands behind its bracket: (0～25) bar.
_RANGE_END = r"[～~]\s?[-−+]?\d+(?:[.,]\d+)?\s?[)）]"
_ALWAYS_PATTERN = re.compile(rf"(?<![A-Za-zμΩ_])(?P<unit>{_one_of(_ALWAYS)})(?![A-Za-z_])")
_AFTER_NUMBER_PATTERN = re.compile(
    rf"(?:(?<![A-Za-z0-9_.\-])(?:\d+(?:[.,]\d+)?|一|二|三|四|五|六|七|八|九|十|半)|{_RANGE_END})\s?"
    rf"(?P<unit>{_one_of(_AFTER_NUMBER.keys() - _NAMES_TOO)})(?![{_WORD}])"
)
# After "3 in" a lower-case word or a number makes it an English sentence, not a length.
_ENGLISH = frozenset({"in", "at"})
_CONTINUES = re.compile(r"\s+[A-Za-z0-9]")
# Ordinary Chinese words in which a market unit is no unit at all.
_CHINESE_WORDS = re.compile(
    r"(?:两(?:次|个|点|种|端|侧|位|人|名|台|块|组|年|月|天|者|级|面|根|条|只|支|套|线|相|次)|里(?:程|面|氏|边)|尺寸|寸照)"
)


def advice_for(text: str) -> str | None:
    """What to write instead of a unit that is not legal, as a sentence, or None when nothing is known about it."""
    given = normalise(text)
    advice = _ALWAYS.get(given) or _AFTER_NUMBER.get(given)
    return f"{given} {advice}" if advice else None


def illegal_units_in(text: str) -> list[IllegalUnit]:
    """The units in a free text that are not legal, in the order they stand there, each with what to write instead.

    A word that is also ordinary language counts only right after a number.
    """
    return list(_illegal(text))


@lru_cache(maxsize=4096)  # ranges and accuracies of a register repeat: an import asks about ten thousand of them
def _illegal(text: str) -> tuple[IllegalUnit, ...]:
    same_length = text.translate(_SAME_CHARACTER)
    found = [
        IllegalUnit(match["unit"], f"{match['unit']} {_ALWAYS[match['unit']]}", match.start("unit"))
        for match in _ALWAYS_PATTERN.finditer(same_length)
    ]
    for match in _AFTER_NUMBER_PATTERN.finditer(same_length):
        name, start = match["unit"], match.start("unit")
        if name in _ENGLISH and _CONTINUES.match(same_length, match.end("unit")):
            continue
        if _CHINESE_WORDS.match(same_length, start):
            continue
        found.append(IllegalUnit(name, f"{name} {_AFTER_NUMBER[name]}", start))
    return tuple(sorted(found, key=lambda each: each.start))
