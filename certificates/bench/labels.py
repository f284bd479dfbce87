"""A sheet of a thousand codes beside one of a hundred: as long for each of them, and in no more memory."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

from equipment.labels import sheets
from equipment.labels.formats import FORMATS
from portal import codes

from .children import processes
from .laboratory import Bench
from .measure import Line, Spent

FEW, MANY = 100, 1000
GROWTH_KIB = 32 * 1024
PAPER = "a4-3x8"


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """Each sheet in a process of its own, whose memory at its height is what counts."""
    many = bench.scaled(MANY)
    few_spent, few_kib = _sheet(bench, FEW)
    many_spent, many_kib = _sheet(bench, many)
    tenfold = Spent(few_spent.wall * many / FEW, few_spent.cpu * many / FEW)
    yield Line("labels/thousand-to-ten-hundreds", tenfold, many_spent, "<=1.20")
    yield Line("labels/growth-kib", Spent(GROWTH_KIB), Spent(max(many_kib - few_kib, 1)), "<=1.00")


def _sheet(bench: Bench, count: int) -> tuple[Spent, int]:
    """Milliseconds for the sheet, and the KiB that its process had at its height."""
    with processes(1, bench.environ) as (child,):
        _cpu, (wall, cpu, kib) = child.do(f"{__name__}.drawn", count)
    return Spent(1000 * wall, 1000 * cpu), kib


def drawn(count: int) -> tuple[float, float, int]:
    """A sheet of so many codes is drawn. Returns: seconds by the clock and of the processor, KiB at the height."""
    sheets.pdf(_faces(2), FORMATS[PAPER])  # fonts and stylesheet are read
    wall, cpu = perf_counter(), process_time()
    sheets.pdf(_faces(count), FORMATS[PAPER])
    return perf_counter() - wall, process_time() - cpu, _peak_kib()


def _peak_kib() -> int:
    """Of this program alone: what getrusage tells begins with the memory of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


def _faces(count: int) -> list[dict[str, str]]:
    tokens = [codes.new_token() for _ in range(count)]
    return [
        {
            "url": codes.printed_address(token),
            "token": token,
            "name": "数字压力计",
            "asset_number": f"YB-{number:04d}",
            "serial_number": f"S{number * 7919:08d}",
            "institution": "长表计量所",
        }
        for number, token in enumerate(tokens)
    ]
