"""Ten thousand rows of a spreadsheet into a register, beside reading the file and copying rows into a table like it."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import connections, transaction
from openpyxl import Workbook
from python_calamine import CalamineWorkbook

from portal import sandbox
from portal.actors import Actor
from portal.inspection import XLSX, tables
from portal.permissions import Role
from portal.registers import REGISTERS, Register, bulk, columns
from portal.registers.judging import judge, tried
from portal.tenancy import tenant

from .laboratory import Bench
from .measure import Line, in_turn

ROWS, WRONG = 10_000, 37
ROUNDS = 5  # a round takes seconds
TRAININGS = (
    "title", "kind", "field", "organiser_kind", "organiser", "held_on", "hours", "trainer", "plan", "effectiveness",
    "evaluated_on",
)  # fmt: skip


DEVICES = (
    "asset_number", "role", "name", "model", "serial_number", "manufacturer", "range_text", "accuracy", "range_low",
    "range_high", "unit", "site", "acquired_on",
)  # fmt: skip

Said = Callable[[int, bool], dict[str, Any]]


def lines(bench: Bench, rounds: int) -> Iterator[Line]:
    """Reading with the report of what is wrong; and the whole way, with every row's entry in the audit trail."""
    yield from _lines(bench, rounds, "import", "trainings", TRAININGS, _training)
    with tenant(bench.institution_id):
        site = bench.lab.equipment[next(iter(bench.lab.equipment))].site.name
    yield from _lines(bench, rounds, "import-equipment", "equipment", DEVICES, partial(_device, site))


def _lines(bench: Bench, rounds: int, title: str, name: str, names: tuple[str, ...], said: Said) -> Iterator[Line]:
    register, actor = REGISTERS[name], _keeper(bench)
    with tenant(bench.institution_id):
        labels = {
            column.name: column.label for column in columns.columns_of(register, columns.form_of(register, actor))
        }
    count = bench.scaled(ROWS)
    content = _workbook([labels[one] for one in names], names, said, count)
    copy = _bare_table(register, content, bench)

    def read_and_copy() -> None:
        CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        copy()

    def report() -> None:
        with _undone(bench):
            table = tables.Table.from_data(sandbox.run(tables.read, XLSX, content, seconds=60))
            judged = judge(register, table, actor=actor, at=bench.now)
            _must(len(judged.flaws) == WRONG and len(judged.plans) == count - WRONG)

    def whole() -> None:
        with _undone(bench):
            table = tables.Table.from_data(sandbox.run(tables.read, XLSX, content, seconds=60))
            _must(len(tried(register, table, actor=actor, at=bench.now).flaws) == WRONG)
            judged = judge(register, table, actor=actor, at=bench.now, locked=True)
            _must(not bulk.write(register, judged.plans, actor=actor, at=bench.now, source="bench"))

    whole()
    spent = in_turn(min(rounds, ROUNDS), bare=read_and_copy, report=report, whole=whole)
    yield Line(f"{title}/read-and-report", spent["bare"], spent["report"], "<=4.00")
    yield Line(f"{title}/preview-and-write", spent["bare"], spent["whole"], "")


@contextmanager
def _undone(bench: Bench) -> Iterator[None]:
    """Inside, everything happens in the institution's scope; behind it nothing has."""
    with tenant(bench.institution_id):
        yield
        transaction.set_rollback(True)


def _must(holds: bool) -> None:
    if not holds:
        raise RuntimeError("the import of the bench did not find what it was made to find")


def _keeper(bench: Bench) -> Actor:
    roles = [Role.QUALITY_MANAGER, Role.METROLOGY_MANAGER]
    return Actor.member(name="bench", institution_id=bench.institution_id, roles=roles)


def _workbook(heads: list[str], names: tuple[str, ...], said: Said, count: int) -> bytes:
    """So many lines in the register's own columns, of which 37 are wrong."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(heads)
    for number in range(count):
        wrong = number % (count // WRONG) == 0 and number < count // WRONG * WRONG
        line = said(number, wrong)
        sheet.append([line[name] for name in names])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _training(number: int, wrong: bool) -> dict[str, Any]:
    """One of the trainings of many years; of a wrong one the day cannot be read."""
    day = date(2000, 1, 1) + timedelta(number % 9000)
    return {
        "title": f"第 {number} 期压力计量培训", "kind": ("专业技术", "安全", "诚信计量")[number % 3],
        "field": "压力", "organiser_kind": "内部" if number % 4 else "协会", "organiser": "" if number % 4 else "市计量协会（示）",
        "held_on": "三月" if wrong else day.isoformat(), "hours": Decimal(4 + number % 8) / 2, "trainer": "",
        "plan": "", "effectiveness": f"抽查 {number % 50} 人，合格", "evaluated_on": (day + timedelta(30)).isoformat(),
    }  # fmt: skip


def _device(site: str, number: int, wrong: bool) -> dict[str, Any]:
    """One of the instruments of a large laboratory; the unit of a wrong one is no legal one."""
    return {
        "asset_number": f"BENCH-{number:05d}", "role": ("计量标准器", "配套设备", "工作计量器具")[number % 3],
        "name": ("数字压力计", "精密压力表", "压力变送器")[number % 3], "model": f"XY-{number % 97}",
        "serial_number": f"S{number * 7919:08d}", "manufacturer": "仪表厂（示）", "range_text": "(0～2.5) MPa",
        "accuracy": "0.05 级", "range_low": "0", "range_high": "2.5", "unit": "kgf/cm²" if wrong else "MPa", "site": site,
        "acquired_on": (date(2010, 1, 1) + timedelta(number % 5000)).isoformat(),
    }  # fmt: skip


def _bare_table(register: Register, content: bytes, bench: Bench) -> Callable[[], None]:
    """Copies the same rows into a table with the same keys, indexes and checks; what is copied does not stay."""
    owner, model = connections["owner"], register.model
    with _undone(bench):
        table = tables.Table.from_data(tables.read(XLSX, content))
        rows = [plan.row for plan in judge(register, table, actor=_keeper(bench), at=bench.now).plans]
    columns = [
        one for one in model._meta.concrete_fields if not one.generated and one.name not in ("id", "recorded_at")
    ]
    text = "".join("\t".join(_copied(getattr(row, one.attname)) for one in columns) + "\n" for row in rows)
    with owner.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS bench_bare_{register.name} (LIKE {model._meta.db_table} INCLUDING ALL)"
        )

    def copy() -> None:
        with transaction.atomic(using="owner"), owner.cursor() as cursor:
            names = ", ".join(one.column for one in columns)
            cursor.copy_expert(f"COPY bench_bare_{register.name} ({names}) FROM STDIN", io.StringIO(text))
            transaction.set_rollback(True, using="owner")

    return copy


def _copied(value: object) -> str:
    return "\\N" if value is None else str(value)
