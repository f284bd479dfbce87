"""The bench: what it prints and how it judges. How long anything takes is no matter of the tests."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from certificates.bench import code_page, database, directory, measure, untuned
from certificates.bench.measure import Line, Spent
from certificates.management.commands import bench
from tests.conftest import schema_fingerprint

SEARCHED = (
    "last-page",
    "name",
    "kind",
    "number",
    "serial",
    "nothing",
    "initials",
    "everywhere",
    "two-letters",
    "points",
)
WHOLE = ("last-page", "name", "nothing", "whole-to-rows")
NAMES = [
    "code-page/no-middleware", "code-page/all-middleware", "code-page/device-no-middleware",
    "code-page/device-all-middleware", "code-page/kept-connection", "code-page/without-server", "code-page/queries",
    *(f"directory/{line}" for line in directory.NAMES),
    "due/night-to-aggregate", "due/loop-to-night", "due/growth-kib", "due/again-to-in-sight", "due/night-to-in-sight",
    "due/settle-to-aggregate", "due/first-night", "due/telling-a-laboratory",
    "import/read-and-report", "import/preview-and-write", "import-equipment/read-and-report",
    "import-equipment/preview-and-write", "issuing/locked-counter", "labels/thousand-to-ten-hundreds", "labels/growth-kib",
    "act/issue-witnessed", "act/roles-witnessed", "ledger/verify-to-hash",
    *(f"lists/equipment-{line}" for line in SEARCHED), *(f"lists/register-{line}" for line in WHOLE),
    *(f"lists/scope-{line}" for line in SEARCHED),
    "lists/trainings-last-page",
    "pdf/task-to-bare", "pdf/kib", "pdf/pages", "pdf/tuned-to-untuned", "pledges/loop-to-night",
    "pledges/loop-to-calendar", "pdf/workers-to-processes",
]  # fmt: skip
SURE = ("code-page/queries", "due/growth-kib", "labels/growth-kib", "pdf/kib", "pdf/pages")


def run(*arguments):
    template = f"test_portal_{schema_fingerprint()}"
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "BENCH_TEMPLATE": template}
    command = [sys.executable, "manage.py", "bench", *arguments]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True, timeout=300, check=False
    )


def line(goal, limit, ours, name="some"):
    return Line(name, Spent(limit), Spent(ours), goal)


@pytest.fixture(scope="module")
def measured(django_db_setup):
    """One round of everything, as JSON."""
    answer = run("--rounds", "1", "--documents", "2", "--scale", "0.01", "--once", "--json")
    assert answer.returncode in (0, 1), answer.stderr
    return SimpleNamespace(code=answer.returncode, **json.loads(answer.stdout))


def test_every_part_prints_its_lines_in_order(measured):
    assert [found["name"] for found in measured.lines] == NAMES


def test_every_line_has_limit_ours_ratio_goal_and_verdict(measured):
    for found in measured.lines:
        assert found["limit_ms"] > 0 and found["ours_ms"] > 0 and found["ratio"] >= 0, found
        assert re.fullmatch(r"([<>]=\d+\.\d\d)?", found["goal"])
        assert found["passed"] in (True, False)


def test_processor_time_stands_beside_what_is_timed(measured):
    timed = [found for found in measured.lines if found["name"] not in SURE]
    assert [found["name"] for found in timed if not found["limit_cpu_ms"] or not found["ours_cpu_ms"]] == []


def test_the_exit_code_says_whether_every_goal_was_met(measured):
    assert measured.code == (0 if all(found["passed"] for found in measured.lines) else 1)


def test_what_does_not_depend_on_the_machine_is_met(measured):
    assert {found["name"]: found["passed"] for found in measured.lines if found["name"] in SURE} == dict.fromkeys(
        SURE, True
    )


def test_a_line_for_the_terminal_begins_with_the_six_columns():
    text = bench.row(Line("a/b", Spent(2, 1), Spent(4, 3), ">=0.45"), True)
    assert text.split() == ["a/b", "2.00", "4.00", "0.50", ">=0.45", "PASS", "1.00", "3.00", "0.33"]


def test_a_line_without_a_goal_is_told_and_not_judged():
    assert bench.row(Line("a", Spent(1), Spent(2), ""), True).split() == ["a", "1.00", "2.00", "0.50", "-", "-"]


def test_a_share_of_the_limits_speed_and_a_multiple_of_its_time_are_the_two_ways_round():
    assert (line(">=0.40", 2, 5).ratio, line("<=1.20", 2, 5).ratio) == (0.4, 2.5)


@pytest.mark.parametrize(
    ("goal", "limit", "ours", "passed"),
    [(">=0.40", 40, 100, True), (">=0.40", 39, 100, False), ("<=1.20", 100, 120, True), ("<=1.20", 100, 121, False)],
)
def test_a_goal_is_met_up_to_its_last_decimal(goal, limit, ours, passed):
    assert line(goal, limit, ours).passed is passed


def test_what_misses_once_is_measured_again_and_passes():
    runs = iter([[line(">=0.40", 1, 9)], [line(">=0.40", 1, 1)]])
    assert [(found.ratio, good) for found, good in measure.judged(lambda: next(runs))] == [(1, True)]


def test_what_misses_twice_fails():
    runs = iter([[line(">=0.40", 1, 9)], [line(">=0.40", 1, 8)]])
    assert [(found.ratio, good) for found, good in measure.judged(lambda: next(runs))] == [(1 / 8, False)]


def test_what_misses_fails_at_once_when_asked_not_to_measure_again():
    runs = iter([[line(">=0.40", 1, 9)]])
    assert [good for _, good in measure.judged(lambda: next(runs), again=False)] == [False]


def test_what_misses_only_the_second_time_does_not_fail():
    good, bad = line(">=0.40", 1, 1, "good"), line(">=0.40", 1, 9, "bad")
    runs = iter([[good, bad], [line(">=0.40", 1, 9, "good"), bad]])
    assert {found.name: passed for found, passed in measure.judged(lambda: next(runs))} == {"good": True, "bad": False}


def test_limit_and_candidate_take_turns_in_beginning():
    order = []
    measure.in_turn(4, limit=lambda: order.append("limit"), ours=lambda: order.append("ours"))
    assert order == ["limit", "ours", "ours", "limit", "limit", "ours", "ours", "limit"]


def test_processor_time_of_other_processes_is_added():
    assert measure.in_turn(1, each=2, work=lambda: 3.0)["work"].cpu >= 1500


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ("redis+socket:///tmp/a b/v.sock?virtual_host=0", "redis+socket:///tmp/a b/v.sock?virtual_host=9"),
        ("redis://:secret@host:6379/0", "redis://:secret@host:6379/9"),
    ],
)
def test_the_bench_has_a_broker_number_of_its_own(given, own):
    assert database.broker(given) == own


def test_the_bench_does_not_run_in_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="does not run"):
        call_command("bench")


def test_untuned_draws_each_module_of_the_code_by_itself():
    assert untuned._modules("M4 5h2v1h-2z").count("<rect") == 2


def test_untuned_takes_no_packaged_font_where_the_system_has_one(monkeypatch):
    monkeypatch.setattr(untuned, "system_font", lambda: untuned.SYSTEM_FONT)
    css = untuned._stylesheet()
    assert "@font-face" not in css and "packaged:" not in css and 'font: 9pt/1.35 "Noto Sans CJK SC"' in css
    assert "Certificate No." in css  # the words stay


def test_the_page_to_compare_with_has_no_middleware(db):
    handler = code_page.without_middleware()
    assert "Referrer-Policy" not in code_page._static(handler)[0]
