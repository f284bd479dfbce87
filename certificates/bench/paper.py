"""The PDF of a certificate: what the work around it adds, and what its tuning saves."""

from collections.abc import Iterator
from io import BytesIO
from itertools import cycle
from resource import RUSAGE_CHILDREN, getrusage

import pikepdf

from certificates import rendering, tasks
from portal import outbox
from portal.models import OutboxEntry
from portal.tenancy import tenant

from .children import processes
from .laboratory import Bench
from .measure import Line, Spent, in_turn

LARGEST_KIB = 70
PAGES = 2


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """The whole task beside its rendering, and rendering as it is beside WeasyPrint as it comes."""
    yield from _task(bench, rounds)
    yield from _tuning(bench, rounds)


def _task(bench: Bench, rounds: int) -> Iterator[Line]:
    """Lock, render in a sandbox, store, publish, mark as done: against rendering the same content right here."""
    certificates = bench.issued(rounds + 1)
    with tenant(bench.institution_id):
        entries = [
            outbox.enqueue(tasks.render_pdf, row.pk, institution_id=bench.institution_id).pk for row in certificates
        ]
    rendering.warm_up()
    file = rendering.pdf(certificates[0].content)
    outbox.perform(entries[0])
    rendered, performed = iter(certificates[1:]), iter(entries[1:])
    spent = in_turn(
        rounds,
        bare=lambda: rendering.pdf(next(rendered).content) and None,
        task=lambda: _with_children(next(performed)),
    )
    if OutboxEntry.objects.filter(pk__in=entries).exclude(state=OutboxEntry.State.DONE).exists():
        raise RuntimeError("some of the work was not done")
    with pikepdf.open(BytesIO(file)) as opened:
        pages = len(opened.pages)
    yield Line("pdf/task-to-bare", spent["bare"], spent["task"], "<=1.20")
    yield Line("pdf/kib", Spent(LARGEST_KIB), Spent(len(file) / 1024), "<=1.00")
    yield Line("pdf/pages", Spent(PAGES), Spent(pages), "<=1.00")


def _with_children(entry: int) -> float:
    """The work is done. Returns: seconds of processor time that the processes it ended have spent."""
    before = getrusage(RUSAGE_CHILDREN)
    outbox.perform(entry)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _tuning(bench: Bench, rounds: int) -> Iterator[Line]:
    """Each in a process of its own, so that the tuning of one does not help the other."""
    contents = cycle(row.content for row in bench.issued(rounds))
    with processes(2, bench.environ) as (untuned, tuned):
        tuned.do("certificates.rendering.warm_up")
        first = next(contents)
        untuned.do("certificates.bench.untuned.pdf", first)
        tuned.do("certificates.rendering.pdf", first)
        spent = in_turn(
            rounds,
            untuned=lambda: untuned.do("certificates.bench.untuned.pdf", next(contents))[0],
            tuned=lambda: tuned.do("certificates.rendering.pdf", next(contents))[0],
        )
    yield Line("pdf/tuned-to-untuned", spent["untuned"], spent["tuned"], "<=0.45")
