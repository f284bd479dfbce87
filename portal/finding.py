"""Search over everything a member may open. Apps register finders; each knows one kind of thing.

    @finder("equipment", title=_("设备"), icon="gauge", order=50, more="equipment:list")
    def equipment(actor, institution, wanted):
        rows = wanted.among(Equipment.objects.visible_to(actor), "asset_number", "name", letters="name")
        return [Hit(row.name, row.get_absolute_url(), row.asset_number) for row in rows[: wanted.most]]

A finder reads its rows through `visible_to` and asks a fixed number of queries, whatever there is to find.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode

from . import searching
from .actors import Actor
from .permissions import Permission
from .pinyin import are_initials, spelled

SHORTEST, LONGEST, MOST_WORDS = 2, 60, 4
# Names of one kind that are spelled out to compare them with letters; and of these the most that are looked up.
MOST_NAMES, MOST_SPELLED = 5000, 200


@dataclass(frozen=True)
class Hit:
    """Something found: what it is called, the page it opens, and what tells it from others of the name."""

    title: str
    url: str
    note: str = ""


@dataclass(frozen=True)
class Wanted:
    """What somebody searches for; of each kind not more than `most`."""

    text: str
    most: int = 6

    @classmethod
    def typed(cls, text: str, most: int = 6) -> "Wanted":
        """From what was typed: what nobody sees becomes a gap, gaps become one space, too long is cut."""
        seen = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)
        return cls(" ".join(seen.split())[:LONGEST].strip(), most)

    @property
    def too_short(self) -> bool:
        return len(self.text) < SHORTEST

    @cached_property
    def words(self) -> list[tuple[str, ...]]:
        """Each word in the ways it can be written: as typed, in half width, and with full-width brackets."""
        found = []
        for word in self.text.split()[:MOST_WORDS]:
            half = unicodedata.normalize("NFKC", word)
            found.append(tuple(dict.fromkeys((word, half, half.replace("(", "（").replace(")", "）")))))
        return found

    @cached_property
    def letters(self) -> str:
        """The text when it can be the initials of a name, else nothing."""
        half = unicodedata.normalize("NFKC", self.text)
        return half if are_initials(half) else ""

    def fits(self, *texts: str, letters: bool = True) -> bool:
        """Whether each word is in one of the texts, or the `letters` spell one of them."""
        told = [str(text).lower() for text in texts]
        if all(any(way.lower() in text for text in told for way in word) for word in self.words):
            return True
        return letters and bool(self.letters) and any(spelled(self.letters, text) for text in told)

    def among(self, rows: QuerySet, *fields: str, letters: str = "") -> QuerySet:
        """The rows in which each word is in one of the fields; or whose field `letters` is spelled by the text.

        One query, and with `letters` one more for the different names; those of `searching` for a model made for it.
        """
        made_for_it = searching.is_for(rows.model)
        words = [way[0] for way in self.words]
        found = searching.holding(rows.model, words, fields) if made_for_it else self.in_one_of(*fields)
        if letters and self.letters:
            names = searching.different(rows.model, letters, MOST_NAMES) if made_for_it else None
            if names is None:
                names = rows.order_by(letters).values_list(letters, flat=True).distinct()[:MOST_NAMES]
            found |= Q(**{f"{letters}__in": [name for name in names if spelled(self.letters, name)][:MOST_SPELLED]})
        return rows.filter(found)

    def in_one_of(self, *fields: str) -> Q:
        """Each word, in one of its ways, is in one of the fields."""
        found = Q()
        for word in self.words:
            in_one = Q()
            for field in fields:
                for way in word:
                    in_one |= Q(**{f"{field}__icontains": way})
            found &= in_one
        return found


Find = Callable[[Actor, Any, Wanted], Iterable[Hit]]


@dataclass(frozen=True)
class Finder:
    """One kind of things. `more`: the list that takes the same words as `?q=`, for those with too many hits.

    `model`: the label of the table whose rows it finds, so that no other finder shows them again.
    """

    title: str | Promise
    icon: str
    order: int
    permission: Permission | None
    more: str
    model: str
    find: Find


FINDERS: dict[str, Finder] = {}


def finder(
    name: str,
    *,
    title: str | Promise,
    icon: str,
    order: int,
    permission: Permission | None = None,
    more: str = "",
    model: str = "",
) -> Callable[[Find], Find]:
    """The decorated function is asked whenever somebody who holds the right searches. Raises: ValueError for a name twice."""

    def register(find: Find) -> Find:
        if name in FINDERS:
            raise ValueError(f"{name} is registered twice")
        FINDERS[name] = Finder(title, icon, order, permission, more, model, find)
        return find

    return register


@dataclass(frozen=True)
class Group:
    """The hits of one finder; `more_url` leads to the whole list when there are more."""

    title: str
    icon: str
    hits: list[Hit]
    more_url: str


def found(actor: Actor, institution: Any, wanted: Wanted) -> list[Group]:
    """What there is for this actor, by kind in their order; kinds without a hit are left out, too short a text finds nothing."""
    if wanted.too_short:
        return []
    groups = []
    one_more = Wanted(wanted.text, wanted.most + 1)
    for known in finders_of(actor):
        hits = list(known.find(actor, institution, one_more))
        if hits:
            # The lists look for what stands in them; only search reads initials.
            more = len(hits) > wanted.most and known.more and not wanted.letters
            url = f"{reverse(known.more, args=[institution.slug])}?{urlencode({'q': wanted.text})}" if more else ""
            groups.append(Group(str(known.title), known.icon, hits[: wanted.most], url))
    return groups


def finders_of(actor: Actor) -> list[Finder]:
    """The kinds of things this actor may search, in their order."""
    known = sorted(FINDERS.values(), key=lambda one: one.order)
    return [one for one in known if one.permission is None or actor.may(one.permission)]
