"""Clauses decided by sites, rooms, what keeps activities apart, and the public statement of capability."""

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from institutions.models import Isolation, Room
from tests import make
from tests.clauses import DAY, WITHDRAWN, change, declaration, judge, row, said, state

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)


def placed(slug):
    """A leased site with a room, a pair kept apart and declarations, everything good until the day itself."""
    lab = make.institution(slug)
    site = make.site(
        lab, name="南湾场所", tenure="leased", tenure_proof=make.document(lab), tenure_valid_until=DAY,
        layout_file=make.document(lab), access_controlled=True, total_area=Decimal("120.5"),
    )  # fmt: skip
    return SimpleNamespace(
        lab=lab, site=site,
        room=row(
            Room, lab, site=site, name="恒温室", quality_critical=True, access_list=make.document(lab),
            access_log=make.document(lab),
        ),
        pair=row(Isolation, lab, first="力值", second="振动", measure="隔振沟", file=make.document(lab)),
        premises=declaration(lab, "premises"),
    )  # fmt: skip


@pytest.fixture
def w():
    return placed("alpha")


MET = (
    "B-4.2-s1", "B-4.2-s2", "C-5.4.3-s1", "D-4.2.1.4-s2", "C-5.4.3-s2", "D-4.2.1.4-s1", "D-4.2.1.1",
)  # fmt: skip
ROOMS, PAIRS = ("C-5.4.3-s1", "D-4.2.1.4-s2"), ("C-5.4.3-s2", "D-4.2.1.4-s1")
SPOILT = [
    ("B-4.2-s1", "site", {"layout_file": None}, "not_met", "南湾场所 没有平面图"),
    ("B-4.2-s1", "site", {"layout_file": "quarantined"}, "not_met", "南湾场所 没有平面图"),
    ("B-4.2-s1", "site", {"access_controlled": False}, "not_met", "南湾场所 没有出入管理"),
    ("B-4.2-s2", "site", {"tenure_proof": None}, "not_met", "南湾场所 没有租约"),
    ("B-4.2-s2", "site", {"tenure_proof": "quarantined"}, "not_met", "南湾场所 没有租约"),
    ("B-4.2-s2", "site", {"tenure_valid_until": YESTERDAY}, "not_met", f"南湾场所 使用期至 {YESTERDAY}"),
    ("B-4.2-s2", "site", {"tenure_valid_until": None}, "not_met", "南湾场所 使用期至 没有填写"),
    ("B-4.2-s2", "site", {"tenure": "lent", "tenure_proof": None}, "not_met", "南湾场所 没有租约"),
    ("B-4.2-s2", "site", {"tenure": "own"}, "not_applicable", "自有"),
    *[("B-4.2-s2", "site", gone, "not_applicable", "") for gone in (WITHDRAWN, {"closed_on": YESTERDAY})],
    *[("B-4.2-s1", "site", gone, "not_applicable", "没有启用的场所") for gone in (WITHDRAWN, {"opened_on": TOMORROW})],
    *[
        (name, "room", {column: value}, "not_met", "南湾场所 恒温室 没有准入名单或进出记录")
        for name in ROOMS
        for column in ("access_list", "access_log")
        for value in (None, "quarantined")
    ],
    *[(name, "room", {"quality_critical": False}, "not_applicable", "") for name in ROOMS],
    *[(name, "room", WITHDRAWN, "not_applicable", "") for name in ROOMS],
    *[(name, "site", {"closed_on": YESTERDAY}, "not_applicable", "") for name in ROOMS],
    *[(name, "pair", {"file": None}, "not_met", "力值 / 振动 没有证明文件") for name in PAIRS],
    *[(name, "pair", {"file": "quarantined"}, "not_met", "力值 / 振动 没有证明文件") for name in PAIRS],
    *[(name, "pair", {"measure": ""}, "not_met", "力值 / 振动 没有隔离措施") for name in PAIRS],
    *[(name, "pair", WITHDRAWN, "not_met", "没有登记隔离措施") for name in PAIRS],
    ("D-4.2.1.1", "site", {"total_area": None}, "not_met", "南湾场所 没有面积"),
    ("D-4.2.1.1", "room", WITHDRAWN, "not_met", "南湾场所 没有登记房间"),
    ("D-4.2.1.1", "site", WITHDRAWN, "not_met", "没有启用的场所"),
    ("D-4.2.1.1", "premises", WITHDRAWN, "not_met", "场所条件满足声明"),
    ("D-4.2.1.1", "premises", {"kind": "window_check"}, "not_met", "场所条件满足声明"),
    ("D-4.2.1.1", "premises", {"file": "quarantined"}, "not_met", "场所条件满足声明"),
    ("D-4.2.1.1", "premises", {"valid_until": YESTERDAY}, "not_met", "场所条件满足声明"),
    ("D-4.2.1.1", "premises", {"valid_from": DAY - timedelta(366)}, "not_met", "场所条件满足声明"),
]


@pytest.mark.parametrize("name", MET)
def test_places_in_order_are_met(w, name):
    assert state(w.lab, name) == "met"


@pytest.mark.parametrize(("name", "what", "changes", "expected", "text"), SPOILT)
def test_each_fact_about_places_is_asked_for(w, name, what, changes, expected, text):
    change(getattr(w, what), **changes)
    found = judge(w.lab, name)
    assert found.state == expected and text in said(found)


@pytest.mark.parametrize("name", MET)
def test_the_places_of_another_institution_do_not_count(w, name):
    empty = make.institution("beta")
    assert state(empty, name) == ("not_applicable" if name in ("B-4.2-s1", "B-4.2-s2", *ROOMS) else "not_met")


@pytest.mark.parametrize("name", ["B-4.2-s2", "D-4.2.1.1"])
def test_what_ends_today_has_ended_tomorrow(w, name):
    assert state(w.lab, name, TOMORROW) == "not_met"


@pytest.mark.parametrize("name", ["B-4.2-s1", "D-4.2.1.1"])
def test_every_site_is_asked_about(w, name):
    other = make.site(w.lab, name="西塬场所")
    found = judge(w.lab, name)
    assert (found.state, [row.row_id for row in found.evidence]) == ("not_met", [other.pk])


def test_own_sites_need_no_proof_beside_a_leased_one(w):
    make.site(w.lab, name="西塬场所")
    assert judge(w.lab, "B-4.2-s2").figures == {"检查": 1, "不符合": 0}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "met"), ({"valid_until": YESTERDAY}, "not_met"), ({"file": "quarantined"}, "not_met"), (WITHDRAWN, "not_met"),
        ({"kind": "premises"}, "not_met"), ({"valid_from": DAY - timedelta(366)}, "not_met"),
    ],
)  # fmt: skip
def test_who_has_nothing_to_keep_apart_signs_for_it(w, name, changes, expected):
    change(w.pair, **WITHDRAWN)
    signed = declaration(w.lab, "nothing_to_isolate")
    if changes:
        change(signed, **changes)
    assert state(w.lab, name) == expected


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_without_proof_beats_the_word_that_there_is_none(w, name):
    declaration(w.lab, "nothing_to_isolate")
    change(w.pair, file=None)
    assert state(w.lab, name) == "not_met"


def test_lines_of_scope_in_force_are_public_by_themselves(w):
    lab = make.laboratory().institution
    found = judge(lab, "B-4.3-s3")
    assert (found.state, found.figures["检查"]) == ("met", 1)


@pytest.mark.parametrize("changes", [WITHDRAWN, {"valid_until": YESTERDAY}, {"valid_from": TOMORROW}])
def test_without_a_line_of_scope_nothing_is_to_be_public(changes):
    world = make.laboratory()
    change(world.scope, **changes)
    make.laboratory("beta")
    assert state(world.institution, "B-4.3-s3") == "not_applicable"
