"""The chain of traceability: drawn up to its end, red where it does not hold on the day."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from equipment.models import (
    AlternativeTraceability,
    Confirmation,
    Equipment,
    MeasurementStandard,
    StandardPart,
    Traceability,
)
from equipment.traceability import workflow
from equipment.tracing import chain as tracing
from portal.permissions import Role
from portal.transitions import Refused
from tests import make

DAY, NOON = make.DAY, make.NOON
Chain = Traceability.Chain


def standard(lab, *equipment, code="BZ-1", **kwargs):
    values = {
        "kind": MeasurementStandard.Kind.HIGHEST, "code": code, "name": "压力标准装置", "range_text": "(0～6) MPa",
        "accuracy": "0.02 级", "assessment_certificate": "量标 0417", "assessed_on": date(2020, 1, 1),
        "assessed_until": date(2030, 1, 1), "responsible": lab.keeper, "site": lab.site, **kwargs,
    }  # fmt: skip
    row = MeasurementStandard.objects.create(institution=lab.institution, **values)
    for part in equipment:
        StandardPart.objects.create(institution=lab.institution, standard=row, equipment=part)
    return row


def traced(lab, equipment, **kwargs):
    values = {
        "chain": Chain.NATIONAL, "issuer_qualification": "（国）法计（2024）01001 号",
        "confirmed_on": kwargs.get("calibrated_on", date(2025, 9, 1)), **kwargs,
    }  # fmt: skip
    return make.traceability(lab.institution, equipment, lab.keeper, **values)


@pytest.fixture
def top(lab):
    """A dead-weight gauge calibrated by a national institute."""
    row = make.equipment(lab.institution, lab.site, name="活塞式压力计", asset_number="HS-1")
    traced(lab, row, calibrated_on=date(2025, 1, 10), valid_until=date(2026, 12, 31))
    return row


@pytest.fixture
def own(lab, top):
    """The standard that the gauge makes, with which the laboratory's own equipment was calibrated."""
    row = standard(lab, top)
    traced(lab, lab.equipment, chain=Chain.OWN_STANDARD, own_standard=row, issuer="alpha计量院")
    return row


def chain(row, day=DAY):
    return tracing.chain_of(row, day)


def reasons(node):
    return [one.reason for one in node.broken()]


def titles(node):
    """The way up along the first links."""
    return [node.title, *(titles(node.above[0]) if node.above else [])]


def test_a_chain_goes_through_the_own_standard_up_to_the_national_one(lab, own, top):
    root = chain(lab.equipment)
    assert [title.split()[0] for title in titles(root)] == [
        "数字压力计", root.above[0].title, "压力标准装置", "活塞式压力计", root.above[0].above[0].above[0].above[0].title,
        "国家计量基准",
    ]  # fmt: skip
    assert root.is_sound and reasons(root) == []


def test_the_chain_of_a_standard_begins_with_its_parts(lab, own, top):
    assert [node.title for node in chain(own).above] == [str(top)]


def test_what_stands_above_is_judged_on_the_day_it_was_used(lab, top, own):
    """The gauge runs out after it was used: today's date does not matter to what was calibrated with it then."""
    traced(lab, top, calibrated_on=date(2025, 8, 1), valid_until=date(2025, 9, 1))
    assert chain(lab.equipment, date(2026, 8, 30)).is_sound
    assert not chain(top, date(2027, 1, 1)).is_sound


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid_until": DAY - timedelta(1)}, "有效期至 2026-03-09"),
        ({"confirmed_on": None}, "没有计量确认"),
        ({"chain": ""}, "没有写明量值溯源到哪里"),
        ({"chain": Chain.OWN_STANDARD}, "没有登记是本机构哪一项计量标准"),
    ],
)
def test_a_link_that_does_not_hold_says_why(lab, changes, reason):
    traced(lab, lab.equipment, **changes)
    assert reason in reasons(chain(lab.equipment))[0]


def test_equipment_that_nobody_traced_is_red(lab):
    assert reasons(chain(lab.equipment)) == ["到 2026-03-10 没有溯源证书"]


def test_a_certificate_that_found_it_unfit_is_red(lab):
    row = traced(lab, lab.equipment, confirmed_on=None)
    values = {"confirmed_by": lab.keeper, "confirmed_on": DAY, "conclusion": Confirmation.Conclusion.UNFIT}
    workflow.confirm(row, values, actor=lab.metrologist, at=NOON)
    assert "不满足要求" in reasons(chain(lab.equipment))[0]


def test_a_provider_without_a_qualification_is_noted_but_breaks_nothing(lab):
    traced(lab, lab.equipment, issuer_qualification="")
    root = chain(lab.equipment)
    assert root.is_sound and root.above[0].tone == "due"


def test_an_own_standard_that_was_not_assessed_then_breaks_the_chain(lab, own):
    MeasurementStandard.objects.filter(pk=own.pk).update(assessed_until=date(2025, 8, 31))
    assert reasons(chain(lab.equipment)) == ["考核证书在 2025-09-01 不有效"]


def test_an_own_standard_without_its_instrument_breaks_the_chain(lab, own):
    StandardPart.objects.filter(standard=own).update(removed_on=date(2025, 8, 1))
    assert reasons(chain(lab.equipment)) == ["2025-09-01 没有登记计量标准器"]


def test_a_part_that_came_later_is_no_part_of_the_chain(lab, own):
    late = make.equipment(lab.institution, lab.site)
    StandardPart.objects.create(institution=lab.institution, standard=own, equipment=late, added_on=date(2025, 9, 2))
    assert chain(lab.equipment).is_sound


def test_what_needs_no_traceability_breaks_nothing(lab):
    Equipment.objects.filter(pk=lab.equipment.pk).update(traced=False, untraced_because="只作夹具")
    root = chain(make.fresh(lab.equipment))
    assert root.is_sound and "只作夹具" in root.note


@pytest.mark.parametrize(("until", "sound"), [(None, True), (DAY - timedelta(1), False)])
def test_an_approved_alternative_stands_in_while_it_lasts(lab, until, sound):
    AlternativeTraceability.objects.create(
        institution=lab.institution, equipment=lab.equipment, reference="consensus", justification="无上级标准",
        approved_by=lab.keeper, valid_from=date(2025, 1, 1), valid_until=until,
    )  # fmt: skip
    assert chain(lab.equipment).is_sound is sound


def test_a_circle_that_is_on_record_ends_in_red(lab, own, top):
    traced(lab, top, chain=Chain.OWN_STANDARD, own_standard=standard(lab, lab.equipment, code="BZ-2"),
           calibrated_on=date(2025, 8, 1))  # fmt: skip
    traced(lab, lab.equipment, chain=Chain.OWN_STANDARD, own_standard=own, calibrated_on=date(2025, 7, 1))
    assert "溯源链绕回了自己" in reasons(chain(lab.equipment))


def test_a_calibration_with_a_standard_that_rests_on_the_equipment_itself_is_refused(lab, top):
    mine = standard(lab, lab.equipment, code="BZ-2")
    traced(lab, top, chain=Chain.OWN_STANDARD, own_standard=mine, calibrated_on=date(2025, 10, 1))
    above = standard(lab, top)
    values = {
        "certificate_number": "1", "issuer": "alpha计量院", "calibrated_on": DAY, "valid_until": DAY + timedelta(300),
        "own_standard": above, "chain": Chain.OWN_STANDARD, "file": make.paper(lab.institution),
    }  # fmt: skip
    with pytest.raises(
        Refused, match="溯源链绕回了自己：压力标准装置 BZ-1 → 活塞式压力计 HS-1 → 压力标准装置 BZ-2"
    ) as refused:
        workflow.trace(lab.equipment, values, None, actor=lab.metrologist, at=NOON)
    assert [one.clause for one in refused.value.refusals] == ["C-5.3.2"]


def test_a_part_of_a_standard_is_not_calibrated_with_it(lab):
    mine = standard(lab, lab.equipment)
    values = {
        "certificate_number": "1", "issuer": "alpha计量院", "calibrated_on": DAY, "valid_until": DAY + timedelta(300),
        "own_standard": mine, "chain": Chain.OWN_STANDARD, "file": make.paper(lab.institution),
    }  # fmt: skip
    with pytest.raises(Refused, match="绕回了自己"):
        workflow.trace(lab.equipment, values, None, actor=lab.metrologist, at=NOON)


def test_a_chain_asks_as_often_for_many_parts_as_for_few(lab, own, django_assert_max_num_queries):
    for _ in range(15):
        part = make.equipment(lab.institution, lab.site)
        traced(lab, part)
        StandardPart.objects.create(institution=lab.institution, standard=own, equipment=part)
    with django_assert_max_num_queries(18):
        chain(lab.equipment)


# --- pages


def page(browser, lab, name, row, **query):
    return browser.get(reverse(f"equipment:{name}", args=[lab.institution.slug, row.ref]), query)


def test_the_page_shows_the_chain_as_a_list_and_as_data(signed_in, lab, own, top):
    answer = page(signed_in(Role.OPERATOR), lab, "chain", lab.equipment, on=DAY)
    text = answer.content.decode()
    assert (
        "连续" in text
        and "国家计量基准" in text
        and str(top) in text
        and 'id="chain-data"' in text
        and "!!" not in text
    )
    assert answer.context["data"]["above"][0]["above"][0]["title"] == str(own)


def test_the_page_names_what_is_broken_and_where_to_go(signed_in, lab):
    text = page(signed_in(Role.OPERATOR), lab, "chain", lab.equipment, on=DAY).content.decode()
    assert "有断开的地方" in text and "到 2026-03-10 没有溯源证书" in text


def test_the_chain_of_a_standard_has_its_page(signed_in, lab, own, top):
    assert str(top) in page(signed_in(Role.OPERATOR), lab, "standard_chain", own, on=DAY).content.decode()


def test_a_day_that_is_none_is_said_in_words(signed_in, lab):
    answer = page(signed_in(Role.OPERATOR), lab, "chain", lab.equipment, on="昨天")
    assert answer.status_code == 400 and "日期看不懂" in answer.content.decode()


def test_a_certificate_that_nobody_confirmed_breaks_the_chain_however_long_the_earlier_one_holds(lab, top):
    traced(lab, top, calibrated_on=date(2026, 2, 1), confirmed_on=None, certificate_number="NEW-1")
    node = tracing.chain_of(top, DAY)
    assert (node.tone, node.reason) == ("bad", f"证书 NEW-1 到 {DAY} 没有计量确认")


def test_a_certificate_without_its_file_breaks_the_chain(lab):
    traced(lab, lab.equipment, file=None, certificate_number="BARE-1")
    assert tracing.chain_of(lab.equipment, DAY).reason == "证书 BARE-1 没有附文件"
