"""Faults on purpose: only under test, only at points the table names."""

import pytest
from django.conf import settings

from portal import faults

POINT = "pdf.before_write"


def test_nothing_happens_without_the_variable(settings):
    settings.FAULTPOINTS = ""
    faults.reach(POINT)


def test_nothing_happens_outside_a_test(settings):
    settings.APP_ENV, settings.FAULTPOINTS = "dev", f"{POINT}=raise"
    faults.reach(POINT)


def test_a_fault_happens_at_its_point_only(settings):
    settings.FAULTPOINTS = f"{POINT}=raise, pdf.after_write=sleep:0"
    faults.reach("pdf.after_write")
    with pytest.raises(faults.Fault, match=POINT):
        faults.reach(POINT)


@pytest.mark.parametrize("asked", ["pdf.nowhere=raise", f"{POINT}=raise,issue.x=kill"])
def test_a_point_nobody_knows_is_an_error(settings, asked):
    settings.FAULTPOINTS = asked
    with pytest.raises(KeyError, match="no such fault point"):
        faults.reach(POINT)


def test_an_action_nobody_knows_is_an_error(settings):
    settings.FAULTPOINTS = f"{POINT}=explode"
    with pytest.raises(ValueError, match="explode"):
        faults.reach(POINT)


def test_the_documentation_names_every_point():
    page = (settings.BASE_DIR / "docs/acceptance.md").read_text(encoding="utf-8")
    assert {f"| `{name}` | {when} |" for name, when in faults.POINTS.items()} <= set(page.splitlines())
