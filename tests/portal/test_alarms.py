"""Alarms: each is raised by what it names, with since when, and by nothing else."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import DatabaseError
from django.test import Client, RequestFactory

from portal import alarms, denials, limits, observe, vitals
from portal.alarms import raised
from portal.denials import Lately
from portal.models import JobRun
from portal.vitals import BACKUP, DRILL, HEARTBEAT, NIGHTLY, QUEUES, VERIFY, Job, Queue, Vitals
from tests.portal.test_health import ran

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
QUIET = Lately({}, 0)


def ago(**length):
    return NOW - timedelta(**length)


def world(**known):
    """A portal in which everything is well, but for what is given; `jobs` replaces single jobs."""
    good = dict.fromkeys(
        [VERIFY, BACKUP, DRILL, *NIGHTLY, *(HEARTBEAT + queue for queue in QUEUES)], (ago(seconds=30), True)
    )
    jobs = {name: Job(name, *run, "") for name, run in (good | known.pop("jobs", {})).items()}
    return Vitals(**{"at": NOW, "installed_at": ago(days=90), "jobs": jobs, "tree_size": 5, **known})


def names(found, lately=QUIET):
    return [alarm.name for alarm in raised(found, lately)]


def test_where_all_is_well_nothing_is_raised():
    assert names(world()) == []
    assert names(world(), None) == []


@pytest.mark.parametrize(
    ("name", "known", "since"),
    [
        ("verify_failed", {"jobs": {VERIFY: (ago(hours=1), False)}}, ago(hours=1)),
        ("verify_late", {"jobs": {VERIFY: (ago(hours=27), True)}}, ago(hours=27)),
        ("checkpoint_late", {"uncovered_since": ago(minutes=21)}, ago(minutes=21)),
        ("outbox_late", {"queues": (Queue("pdf", 3, ago(minutes=6)),)}, ago(minutes=6)),
        ("dead_letter", {"dead": 2, "dead_since": ago(days=3)}, ago(days=3)),
        ("backup_failed", {"jobs": {BACKUP: (ago(hours=1), False)}}, ago(hours=1)),
        ("backup_late", {"jobs": {BACKUP: (ago(hours=27), True)}}, ago(hours=27)),
        ("drill_late", {"jobs": {DRILL: (ago(days=36), True)}}, ago(days=36)),
        ("drill_late", {"jobs": {DRILL: (ago(days=1), False)}}, ago(days=1)),
        ("job_failed", {"jobs": {"sweep": (ago(hours=2), False)}}, ago(hours=2)),
        ("job_late", {"jobs": {"scan_due": (ago(hours=27), True)}}, ago(hours=27)),
        ("clock_skew", {"skew": timedelta(seconds=6)}, NOW),
        ("clock_skew", {"skew": timedelta(days=-3)}, NOW),
        ("worker_silent", {"jobs": {f"{HEARTBEAT}pdf": (ago(seconds=121), True)}}, ago(seconds=121)),
    ],
)
def test_each_alarm_is_raised_by_what_it_names_with_since_when(name, known, since):
    (alarm,) = raised(world(**known), QUIET)
    assert (alarm.name, alarm.since) == (name, since)
    assert alarm.sentence.endswith("。")


@pytest.mark.parametrize(
    "known",
    [
        {"jobs": {VERIFY: (ago(hours=25), True), BACKUP: (ago(hours=25), True), DRILL: (ago(days=34), True)}},
        {"jobs": {name: (ago(hours=25), True) for name in NIGHTLY}},
        {"uncovered_since": ago(minutes=19)},
        {"queues": (Queue("pdf", 3, ago(minutes=4)),)},
        {"skew": timedelta(seconds=4)},
        {"jobs": {f"{HEARTBEAT}pdf": (ago(seconds=119), True)}},
        {"tree_size": 0, "jobs": {VERIFY: (ago(days=9), True)}},
    ],
)
def test_nothing_is_raised_before_its_time(known):
    assert names(world(**known)) == []


def test_what_never_ran_is_late_when_it_could_have_run_for_the_first_time():
    young = Vitals(at=NOW, installed_at=ago(seconds=100), tree_size=5)
    assert names(young) == []
    old = Vitals(at=NOW, installed_at=ago(days=36), tree_size=5)
    assert names(old) == ["verify_late", "backup_late", "drill_late", "job_late", "worker_silent"]


@pytest.mark.parametrize(
    ("lately", "burst"),
    [
        (Lately({"access": 30, "login": 20}, 3), True),
        (Lately({"access": 49}, 3), False),  # too few
        (Lately({"access": 500}, 2), False),  # one institution's trouble, or two
        (Lately({"act": 500}, 9), False),  # members who try what their own institution does not allow
    ],
)
def test_many_denials_at_several_institutions_are_a_burst(lately, burst):
    assert (names(world(), lately) == ["denial_burst"]) == burst


def test_every_alarm_that_can_be_raised_has_its_figure_and_its_row_in_the_documentation():
    page = (django_settings.BASE_DIR / "docs/operations.md").read_text(encoding="utf-8")
    assert [name for name in alarms.NAMES if f"| `{name}` |" not in page] == []


# --- what was denied, counted in Redis


@pytest.fixture
def counted(monkeypatch):
    """A name of its own in Redis for this test."""
    own = uuid4()
    monkeypatch.setattr(denials, "_key", lambda window: f"denials:test:{own}:{window}")
    monkeypatch.setattr(denials, "_away_until", 0.0)


def test_denials_are_counted_by_kind_and_by_the_institutions_they_touch(counted):
    for slug in ("alpha", "beta", "alpha", ""):
        denials.count("access", slug)
    denials.count("act", "gamma")
    assert denials.lately() == Lately({"access": 4, "act": 1}, 2)


def test_whoever_makes_institutions_up_fills_no_memory(counted, monkeypatch):
    monkeypatch.setattr(denials, "MARKS", 8)
    for number in range(40):
        denials.count("access", f"lab-{number}")
    assert denials.lately().institutions <= 8


def test_denials_of_the_last_window_still_count_and_older_ones_do_not(counted, monkeypatch):
    denials.count("access", "alpha")
    window = denials._window()
    monkeypatch.setattr(denials, "_window", lambda: window + 1)
    assert denials.lately().by_kind == {"access": 1}
    monkeypatch.setattr(denials, "_window", lambda: window + 2)
    assert denials.lately().by_kind == {}


def test_with_redis_away_nobody_can_say_and_no_request_waits_twice(counted, settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    asked, server = [], limits.server
    monkeypatch.setattr(limits, "server", lambda url: asked.append(url) or server(url))
    denials.count("access", "alpha")
    denials.count("access", "alpha")
    assert len(asked) == 1
    assert denials.lately() is None


@pytest.mark.parametrize(
    ("status", "found", "kinds"),
    [
        (200, [], set()), (200, ["login"], {"login"}), (429, [], {"rate"}), (429, ["login"], {"rate", "login"}),
        (403, [], {"access"}), (403, ["access"], {"access"}), (409, ["act"], {"act"}), (404, [], set()), (405, [], set()),
    ],
)  # fmt: skip
def test_an_answer_tells_what_was_denied(status, found, kinds):
    assert observe.denial_kinds(RequestFactory().get("/"), SimpleNamespace(status_code=status), found) == kinds


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        ("access.denied", "access"), ("session.start", "login"), ("user.prove", "step_up"),
        ("certificate.issue", "act"),
    ],
)  # fmt: skip
def test_a_failed_entry_of_the_audit_trail_is_a_denial_of_its_kind(verb, kind):
    found = []
    token = observe._denials.set(found)
    observe.note_denial(verb)
    observe._denials.reset(token)
    assert found == [kind]


# --- the command and the page


def told(*arguments):
    out = StringIO()
    with pytest.raises(SystemExit) if arguments[0] else pytest.MonkeyPatch.context() as ended:
        call_command("alarms", *arguments[1:], stdout=out)
    return out.getvalue(), getattr(getattr(ended, "value", None), "code", 0)


@pytest.fixture
def all_well(db, monkeypatch):
    monkeypatch.setattr(denials, "lately", lambda: QUIET)
    for name in (VERIFY, BACKUP, DRILL, *(HEARTBEAT + queue for queue in QUEUES)):
        ran(name)


def test_the_command_ends_with_0_when_there_is_nothing(all_well):
    assert told(False, "--json") == ('{"alarms": []}\n', 0)


def test_the_command_ends_with_1_and_tells_each_alarm(all_well):
    JobRun.note_run("sweep", ok=False)
    text, code = told(True, "--json")
    (alarm,) = json.loads(text)["alarms"]
    assert (code, alarm["name"], set(alarm)) == (1, "job_failed", {"name", "sentence", "since"})
    assert "sweep" in told(True)[0]


def test_without_the_database_there_is_one_alarm(monkeypatch):
    def silent():
        raise DatabaseError("timeout")

    monkeypatch.setattr(vitals, "read", silent)
    text, code = told(True, "--json")
    assert ([alarm["name"] for alarm in json.loads(text)["alarms"]], code) == (["database"], 1)


def test_the_page_of_operations_shows_alarms_dependencies_figures_and_jobs(all_well):
    JobRun.note_run("sweep", ok=False, note="OSError")
    page = Client().get("/ops/").content.decode()
    for text in ("定期任务最近一次失败：sweep", "worker 在取任务", "import", "OSError", "最近备份", "迁移已全部执行"):
        assert text in page


def test_the_page_of_operations_says_so_when_the_database_is_away(all_well, monkeypatch):
    def silent():
        raise DatabaseError("timeout")

    monkeypatch.setattr(vitals, "read", silent)
    answer = Client().get("/ops/")
    assert answer.status_code == 503
    assert "数据库没有回应" in answer.content.decode()
