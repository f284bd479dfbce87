"""Names by the first letters of their pinyin: `ylb` finds 压力表."""

import re
from functools import lru_cache

LETTERS = re.compile(r"[a-z]{2,12}")


def are_initials(text: str) -> bool:
    """Whether the text can be the first letters of a name: two to twelve Latin letters and nothing else."""
    return LETTERS.fullmatch(text.lower()) is not None


@lru_cache(maxsize=50_000)
def initials(name: str) -> tuple[frozenset[str], ...]:
    """The letters each character of the name can begin with; a character of several readings has several."""
    # The dictionary takes 57 MB: only a process in which somebody searches by letters reads it.
    from pypinyin import Style, pinyin

    readings = pinyin(name.lower(), style=Style.FIRST_LETTER, heteronym=True, errors=list)
    return tuple(frozenset(letters) for letters in readings)


def spelled(letters: str, name: str) -> bool:
    """Whether neighbouring characters of the name begin with these letters, in any of their readings."""
    wanted, known = letters.lower(), initials(name)
    return any(
        all(letter in known[start + place] for place, letter in enumerate(wanted))
        for start in range(len(known) - len(wanted) + 1)
    )
