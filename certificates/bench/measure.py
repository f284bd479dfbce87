"""Limit and candidate in turn, their medians, and the verdict on their ratio."""

import operator
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time

COMPARED = {">=": operator.ge, "<=": operator.le}


@dataclass(frozen=True)
class Spent:
    """Milliseconds for one piece of work: by the clock, and of processor time; the latter 0 where it is not known."""

    wall: float
    cpu: float = 0


@dataclass(frozen=True)
class Line:
    """One comparison: `goal` is ">=0.45" for limit / ours, a share of the limit's speed, or "<=1.20" for ours / limit.

    An empty goal stands for limit / ours that is only told.
    """

    name: str
    limit: Spent
    ours: Spent
    goal: str

    @property
    def ratio(self) -> float:
        """By the clock, the way round the goal asks for."""
        return _ratio(self.goal, self.limit.wall, self.ours.wall)

    @property
    def cpu_ratio(self) -> float | None:
        """The same of processor time, for comparison; it decides nothing."""
        known = self.limit.cpu and self.ours.cpu
        return _ratio(self.goal, self.limit.cpu, self.ours.cpu) if known else None

    @property
    def passed(self) -> bool:
        """Whether the ratio, as printed with two decimals, meets the goal."""
        return not self.goal or COMPARED[self.goal[:2]](round(self.ratio, 2), float(self.goal[2:]))


def _ratio(goal: str, limit: float, ours: float) -> float:
    return ours / limit if goal.startswith("<=") else limit / ours


def in_turn(rounds: int, *, each: int = 1, **works: Callable[[], float | None]) -> dict[str, Spent]:
    """Medians over the rounds of every work; each round does all, beginning with another one.

    A work does `each` pieces; what it returns is processor time, in seconds, that other processes spent for it.
    """
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    names = list(works)
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            wall, cpu = perf_counter(), process_time()
            elsewhere = works[name]() or 0
            seconds[name].append((perf_counter() - wall, process_time() - cpu + elsewhere))
    return {
        name: Spent(*(1000 * median(column) / each for column in zip(*pairs, strict=True)))
        for name, pairs in seconds.items()
    }


def judged(part: Callable[[], Iterable[Line]], *, again: bool = True) -> Iterator[tuple[Line, bool]]:
    """Every line of the part with its verdict.

    With `again`, a part that misses a goal is measured a second time, and a line fails when it misses both times.
    """
    lines, missed_before = list(part()), None
    if again and not all(line.passed for line in lines):
        missed_before = {line.name for line in lines if not line.passed}
        lines = list(part())
    for line in lines:
        yield line, line.passed or (missed_before is not None and line.name not in missed_before)


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process and its children have taken so far; 0 where the system does not tell."""
    with suppress(OSError):
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(child) for child in file.read().split()]
        own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return own + sum(map(processor_time, children))
    return 0
