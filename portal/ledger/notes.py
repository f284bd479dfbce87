"""A signed head of the log as text: a signed note as other transparency logs write it (C2SP tlog-checkpoint)."""

import base64
import binascii
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate

from django.conf import settings
from django.utils.translation import gettext as _

from . import keys

DASH = "\u2014 "
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
LONGEST = 10_000
BODY = re.compile(
    r"([^\s+]+)\n(0|[1-9][0-9]{0,17})\n([A-Za-z0-9+/]{43}=)\n(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (\S+) (\S+)\n"
)


class Malformed(ValueError):
    """A text that is no checkpoint of this ledger; the message is a sentence."""


@dataclass(frozen=True)
class Head:
    """What a checkpoint states: at that instant the log had `size` entries under this root."""

    origin: str
    size: int
    root: bytes
    at: datetime
    algorithm: str


def origin() -> str:
    """The name of this log, and of the key that signs it."""
    return f"{settings.SITE_HOST or 'localhost'}/ledger"


def written(size: int, root: bytes, at: datetime) -> str:
    """The signed text that states this head."""
    key = keys.public_key()
    instant = at.astimezone(UTC).strftime(INSTANT)
    lines = [origin(), str(size), base64.b64encode(root).decode()]
    lines.append(f"{instant} {key.algorithm.name} {key.algorithm.hash_name}")
    body = "".join(f"{line}\n" for line in lines)
    signature = base64.b64encode(key.note_id(origin()) + keys.sign(body.encode())).decode()
    return f"{body}\n{DASH}{origin()} {signature}\n"


def parse(text: str) -> Head:
    """The head a text states, its signature having been checked against the ledger's keys. Raises: Malformed."""
    body, blank, signatures = text.partition("\n\n")
    found = BODY.fullmatch(f"{body}\n")
    if not blank or not found or len(text) > LONGEST:
        raise Malformed(_("不是检查点的格式"))
    name, size, encoded, instant, algorithm, _hash = found.groups()
    _check(f"{body}\n".encode(), name, algorithm, signatures)
    try:
        at = datetime.strptime(instant, INSTANT).replace(tzinfo=UTC)
    except ValueError as error:
        raise Malformed(_("时间不存在")) from error
    return Head(name, int(size), base64.b64decode(encoded), at, algorithm)


def newest_before(heads: Iterable[Head]) -> Callable[[int], datetime | None]:
    """A function of an entry's number: the latest instant at which a signed head did not cover it yet; None for none.

    What the entry bears witness to was not in the log then, whatever date it carries.
    """
    ordered = sorted(heads, key=lambda head: head.size)
    sizes, instants = [head.size for head in ordered], list(accumulate((head.at for head in ordered), max))

    def before(index: int) -> datetime | None:
        covering = bisect_right(sizes, index)
        return instants[covering - 1] if covering else None

    return before


def root_named(text: str) -> str:
    """The root that a text names, in hexadecimal, whoever signed it; empty when it names none."""
    try:
        return base64.b64decode(text.split("\n")[2], validate=True).hex()
    except (IndexError, binascii.Error, ValueError):
        return ""


def _check(signed: bytes, name: str, algorithm: str, signatures: str) -> None:
    """One line at least is a good signature of a key of ours, and none that claims to be one is bad."""
    known = {key.note_id(name): key for key in keys.known() if key.algorithm.name == algorithm}
    good = False
    for line in signatures.splitlines():
        signer, _blank, encoded = line.removeprefix(DASH).partition(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Malformed(_("签名行读不懂")) from error
        if signer == name and raw[:4] in known:
            if not keys.verify(signed, raw[4:], known[raw[:4]]):
                raise Malformed(_("签名不符"))
            good = True
    if not good:
        raise Malformed(_("没有本账本密钥的签名"))
