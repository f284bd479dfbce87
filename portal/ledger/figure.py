"""The tree as a small drawing: its complete subtrees side by side, joined to one root."""

from dataclasses import dataclass, field

from . import merkle

WIDTH, BASE, TOP = 640, 190, 34  # of the drawing, in units of its own
GAP = 14
SMALLEST = 26


@dataclass(frozen=True)
class Peak:
    """A complete subtree: a triangle with its corners, the middle of its base, and how many entries it holds."""

    points: str
    x: float
    y: float
    leaves: int


@dataclass(frozen=True)
class Figure:
    """Triangles from left to right, and the lines that join their tips to the root."""

    peaks: list[Peak] = field(default_factory=list)
    lines: list[tuple[float, float, float, float]] = field(default_factory=list)
    root: tuple[float, float] = (WIDTH / 2, TOP)


def of_tree(size: int) -> Figure:
    """The drawing of a tree of this size. Widths and heights follow the levels, so that small subtrees stay visible."""
    places = merkle.peaks(size)
    if not places:
        return Figure()
    weights = [level + 1 for level, _index in places]
    room = WIDTH - GAP * (len(places) - 1)
    least = min(SMALLEST, room / len(places))
    rest = room - least * len(places)
    widths = [least + rest * weight / sum(weights) for weight in weights]
    widths = [min(width, 2 * (BASE - TOP)) for width in widths]
    begin = (WIDTH - sum(widths) - GAP * (len(places) - 1)) / 2
    peaks, tips = [], []
    for (level, _index), width in zip(places, widths, strict=True):
        height = 16 + (BASE - TOP - 66) * (level + 1) / (places[0][0] + 1)
        x, y = begin + width / 2, BASE - height
        points = f"{begin:.1f},{BASE} {x:.1f},{y:.1f} {begin + width:.1f},{BASE}"
        peaks.append(Peak(points, round(x, 1), round(y, 1), 1 << level))
        tips.append((x, y))
        begin += width + GAP
    lines, (x, y) = [], tips[-1]
    for position, (left, top) in enumerate(reversed(tips[:-1])):
        joint = ((left + x) / 2, TOP + (len(tips) - 2 - position) * 6)
        lines += [(left, top, *joint), (x, y, *joint)]
        x, y = joint
    rounded = [tuple(round(value, 1) for value in line) for line in lines]
    return Figure(peaks, rounded, (round(x, 1), round(y, 1)))
