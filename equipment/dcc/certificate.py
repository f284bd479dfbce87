"""What a DCC says of itself: which certificate, by whom, when, of which item, with which standards."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from .schema import NAMES, NotADcc, tree_of
from .tables import DccPoint, points_of, words

CORE = "dcc:administrativeData/dcc:coreData"
LABORATORY = "dcc:administrativeData/dcc:calibrationLaboratory"
LONGEST_IDENTIFIER = 120


@dataclass(frozen=True)
class Item:
    """What was calibrated: as named, by whom made, with the numbers it bears."""

    name: str
    model: str
    maker: str
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Dcc:
    """A DCC as the form of a traceability takes it. `notices`: sentences about what whoever records it must look at."""

    identifier: str
    version: str
    issuer: str
    qualification: str
    calibrated_on: date
    valid_until: date | None
    items: tuple[Item, ...]
    standards: str
    points: tuple[DccPoint, ...]
    notices: tuple[str, ...] = field(default=())

    def is_about(self, serial_number: str) -> bool:
        """Whether one of the items bears this number."""
        return any(_bare(serial_number) in map(_bare, item.numbers) for item in self.items) and bool(serial_number)

    @property
    def numbers(self) -> list[str]:
        return [number for item in self.items for number in item.numbers]


def read(content: bytes, *, unit: str = "") -> Dcc:
    """The DCC in these bytes. `unit`: the printed symbol in which points are wanted where a DCC gives several.

    Raises: NotADcc with a sentence that says what to do.
    """
    root = tree_of(content)
    notices: list[str] = []
    core = root.find(CORE, NAMES)
    identifier = _text(core, "dcc:uniqueIdentifier")
    if not identifier or len(identifier) > LONGEST_IDENTIFIER:
        raise NotADcc(
            _("DCC 的唯一标识（uniqueIdentifier）为空或超过 %(most)d 个字。请出具机构更正。")
            % {"most": LONGEST_IDENTIFIER}
        )
    began, ended = _day(core, "dcc:beginPerformanceDate"), _day(core, "dcc:endPerformanceDate")
    issued = _day(core, "dcc:issueDate", needed=False)
    if began > ended or (issued and issued < ended):
        raise NotADcc(_("DCC 里的日期前后矛盾：开始、结束、签发应依次在后。请出具机构更正。"))
    items = tuple(map(_item, root.iterfind("dcc:administrativeData/dcc:items/dcc:item", NAMES)))
    return Dcc(
        identifier=identifier,
        version=root.get("schemaVersion"),
        issuer=words(root.find(f"{LABORATORY}/dcc:contact", NAMES), "dcc:name"),
        qualification=_text(root, f"{LABORATORY}/dcc:calibrationLaboratoryCode"),
        calibrated_on=ended,
        valid_until=_recalibration(root),
        items=items,
        standards=_standards(root.iterfind(".//dcc:measuringEquipment", NAMES)),
        points=tuple(points_of(root, unit, notices)),
        notices=tuple(notices),
    )


def _item(element: Any) -> Item:
    numbers = element.iterfind("dcc:identifications/dcc:identification/dcc:value", NAMES)
    return Item(
        name=words(element, "dcc:name"),
        model=_text(element, "dcc:model"),
        maker=words(found, "dcc:name") if (found := element.find("dcc:manufacturer", NAMES)) is not None else "",
        numbers=tuple(" ".join((one.text or "").split()) for one in numbers),
    )


def _standards(found: Iterable[Any]) -> str:
    """The standards by name with their numbers and certificates, each once."""
    lines = []
    for one in found:
        numbers = [_text(one, "dcc:certificate/dcc:referralID")]
        numbers += [
            " ".join((value.text or "").split())
            for value in one.iterfind("dcc:identifications/dcc:identification/dcc:value", NAMES)
        ]
        named = " ".join(filter(None, [words(one, "dcc:name"), *numbers]))
        if named and named not in lines:
            lines.append(named)
    return "；".join(lines)


def _recalibration(root: Any) -> date | None:
    """The day by which a statement of the DCC asks for the next calibration."""
    for statement in root.iterfind("dcc:administrativeData/dcc:statements/dcc:statement", NAMES):
        kinds = [word.rpartition("_")[2] for word in statement.get("refType", "").split()]
        if "recalibration" in kinds:
            return _day(statement, "dcc:date", needed=False)
    return None


def _day(element: Any, path: str, *, needed: bool = True) -> date | None:
    text = _text(element, path)
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        if not text and not needed:
            return None
        raise NotADcc(_("DCC 里的日期“%(text)s”看不懂。请照证书键入。") % {"text": text[:30]}) from error


def _text(element: Any, path: str) -> str:
    return " ".join((element.findtext(path, namespaces=NAMES) or "").split())


def _bare(number: str) -> str:
    """A number without what people write differently: case, spaces, hyphens."""
    return "".join(letter for letter in number.casefold() if letter.isalnum())
