"""Files that no row names: left behind by a crash between the file and the commit. Set aside first, removed days later.

An app says which of its fields name files, and in which folder of MEDIA_ROOT they lie:

    orphans.named_by(Certificate, "pdf_stored_as", folder="certificates")

Only `<folder>/<institution's id>/<file>` of folders that were named is ever looked at. Source: E6.35.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from django.conf import settings

from .tenancy import TenantModel, tenant

log = logging.getLogger("portal.orphans")

# Far longer than any transaction that stores a file and then names it.
YOUNGEST = timedelta(hours=24)
KEPT = timedelta(days=7)
ASIDE = "orphans"
ONE_QUERY = 10_000

FIELDS: list[tuple[type[TenantModel], str]] = []
FOLDERS: set[str] = set()


@dataclass(frozen=True)
class Swept:
    """What a sweep has done, in numbers of files."""

    set_aside: int
    put_back: int
    removed: int

    def __str__(self) -> str:
        return f"set aside {self.set_aside}, put back {self.put_back}, removed {self.removed}"


def named_by(model: type[TenantModel], field: str, *, folder: str = "") -> None:
    """Files named in this field are kept. With `folder`, what lies there and is named nowhere is swept."""
    if (model, field) not in FIELDS:
        FIELDS.append((model, field))
    if folder:
        FOLDERS.add(folder)


def sweep(*, at: datetime) -> Swept:
    """Unnamed files older than a day are set aside, those set aside for a week are gone, and what a row names is in place."""
    root = Path(settings.MEDIA_ROOT)
    put_back, removed = _review(root, at)
    return Swept(_set_aside(root, at), put_back, removed)


def found(*, at: datetime) -> list[str]:
    """The names of the files that a sweep at that time would set aside."""
    parts = _files(Path(settings.MEDIA_ROOT))
    return [name for institution_id, names in parts for name in _orphans(institution_id, names, at)]


def _set_aside(root: Path, at: datetime) -> int:
    names = found(at=at)
    for name in names:
        aside = root / ASIDE / name
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.replace(root / name, aside)
        os.utime(aside, (at.timestamp(), at.timestamp()))  # from now on its age says how long it has been here
        log.warning("orphan.set_aside", extra={"file": name})
    return len(names)


def _review(root: Path, at: datetime) -> tuple[int, int]:
    """What was set aside is looked at again. Returns: files put back, files removed."""
    put_back = removed = 0
    for institution_id, names in _files(root / ASIDE):
        held = _held(institution_id, names)
        for name in names:
            aside, place = root / ASIDE / name, root / name
            if name in held:
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(aside, place)
                    put_back += 1
                    log.error("orphan.put_back", extra={"file": name})
            elif _age(aside, at) > KEPT:
                aside.unlink()
                removed += 1
                log.warning("orphan.removed", extra={"file": name})
    return put_back, removed


def _files(root: Path) -> Iterator[tuple[int, list[str]]]:
    """Institution and names, relative to the root, of files in the named folders; many of them come in several parts."""
    for folder in sorted(FOLDERS):
        for place in sorted(root.glob(f"{folder}/*/")):
            if not place.name.isdecimal():
                continue
            files = (entry.name for entry in os.scandir(place) if entry.is_file(follow_symlinks=False))
            while part := [f"{folder}/{place.name}/{name}" for name in islice(files, ONE_QUERY)]:
                yield int(place.name), part


def _orphans(institution_id: int, names: list[str], at: datetime) -> list[str]:
    old = [name for name in names if _age(Path(settings.MEDIA_ROOT) / name, at) > YOUNGEST]
    held = _held(institution_id, old)
    return [name for name in old if name not in held]


def _held(institution_id: int, names: list[str]) -> set[str]:
    """Which of the names stand in a row of the institution."""
    if not names:
        return set()
    held: set[str] = set()
    with tenant(institution_id):
        for model, field in FIELDS:
            rows = model.objects.filter(institution_id=institution_id, **{f"{field}__in": names})
            held.update(rows.values_list(field, flat=True))
    return held


def _age(file: Path, at: datetime) -> timedelta:
    try:
        return timedelta(seconds=at.timestamp() - file.stat().st_mtime)
    except FileNotFoundError:  # somebody took it away in the meantime
        return timedelta()
