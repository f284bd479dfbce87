"""Corrections: made from a certificate, and every copy of them updated before the equipment is used again."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from equipment.life import workflow
from equipment.models import CopyUpdate, CorrectionCopy, CorrectionSet
from equipment.traceability import corrections
from equipment.usability import reasons_against
from portal.permissions import Role
from portal.transitions import Refused
from tests import make

DAY, NOON = make.DAY, make.NOON


@pytest.fixture
def trace(lab):
    """A confirmed certificate with three points, one of them without an error."""
    row = make.traceability(lab.institution, lab.equipment, lab.keeper)
    for nominal, error in (("1", "-0.00020"), ("2.5", "0.0005"), ("2", "0"), ("0", None)):
        make.trace_point(lab.institution, row, nominal=nominal, error=error)
    return row


@pytest.fixture
def copy(lab):
    return CorrectionCopy.objects.create(
        institution=lab.institution, equipment=lab.equipment, kind="software", place="压力数据处理软件"
    )


def made(lab, trace, at=NOON):
    return corrections.make(trace, actor=lab.metrologist, at=at)


def update(lab, copy, edition, **changes):
    values = {"updated_on": DAY, "updated_by": lab.keeper, **changes}
    return corrections.update_copy(copy, edition, **values, actor=lab.operator, at=NOON)


def newer(lab, **kwargs):
    row = make.traceability(lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY - timedelta(5), **kwargs)
    make.trace_point(lab.institution, row)
    return row


def against(lab):
    return [refusal.clause for refusal in reasons_against(make.fresh(lab.equipment), DAY)]


def url(lab, name, row):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, row.ref])


def test_a_correction_is_minus_the_error(lab, trace):
    edition = made(lab, trace)
    assert (edition.edition, edition.made_on) == (1, DAY)
    assert [(one["nominal"], one["correction"], one["unit"]) for one in edition.values] == [
        ("1", "0.0002", "MPa"), ("2.5", "-0.0005", "MPa"), ("2", "0", "MPa"),
    ]  # fmt: skip


def test_corrections_add_up_with_the_errors_to_nothing(lab, trace):
    points = trace.points.filter(error__isnull=False).order_by("pk")
    values = corrections.values_of(trace)
    assert all(point.error + Decimal(one["correction"]) == 0 for point, one in zip(points, values, strict=True))


def test_the_next_certificate_makes_the_next_edition(lab, trace):
    made(lab, trace)
    assert made(lab, newer(lab)).edition == 2


def test_corrections_are_never_changed(lab, trace):
    edition = made(lab, trace)
    with pytest.raises(DatabaseError), transaction.atomic():
        CorrectionSet.objects.filter(pk=edition.pk).update(values=[])


def test_one_certificate_makes_one_edition(lab, trace):
    made(lab, trace)
    with pytest.raises(Refused, match="就是由这份证书生成的"):
        made(lab, trace)


def test_an_older_certificate_does_not_replace_the_corrections_of_a_newer_one(lab, trace):
    made(lab, newer(lab))
    with pytest.raises(Refused, match="比这一份新"):
        made(lab, trace)


def test_a_certificate_without_errors_makes_no_corrections(lab):
    with pytest.raises(Refused, match="没有带误差的校准点"):
        made(lab, make.traceability(lab.institution, lab.equipment, lab.keeper))


def test_a_certificate_that_nobody_confirmed_makes_no_corrections(lab):
    row = newer(lab, confirmed_on=None)
    with pytest.raises(Refused, match="还没有计量确认") as refused:
        made(lab, row)
    assert [one.clause for one in refused.value.refusals] == ["C-5.5.4"]


def test_an_operator_makes_no_corrections(lab, trace):
    with pytest.raises(PermissionDenied):
        corrections.make(trace, actor=lab.operator, at=NOON)


def test_equipment_waits_until_every_copy_holds_the_newest_edition(lab, trace, copy):
    assert "D-4.4.3.6" not in against(lab)
    edition = made(lab, trace)
    assert "D-4.4.3.6" in against(lab)
    update(lab, copy, edition)
    assert "D-4.4.3.6" not in against(lab)
    made(lab, newer(lab))
    assert "D-4.4.3.6" in against(lab)


def test_a_copy_is_confirmed_for_the_newest_edition_only(lab, trace, copy):
    first = made(lab, trace)
    made(lab, newer(lab))
    with pytest.raises(Refused, match="已不是最新一版"):
        update(lab, copy, first)


def test_a_copy_is_confirmed_once(lab, trace, copy):
    edition = made(lab, trace)
    update(lab, copy, edition)
    with pytest.raises(Refused, match="已经确认更新"):
        update(lab, copy, edition)


@pytest.mark.parametrize("days", [-1, 1])
def test_a_copy_is_confirmed_from_the_edition_on_and_not_ahead_of_time(lab, trace, copy, days):
    edition = made(lab, trace)
    with pytest.raises(Refused, match="更新日期"):
        update(lab, copy, edition, updated_on=DAY + timedelta(days))


def test_a_copy_is_confirmed_by_somebody_employed(lab, trace, copy):
    gone = make.employment(lab.institution, "罗闻", ended_on=DAY - timedelta(1))
    edition = made(lab, trace)
    with pytest.raises(Refused, match="不在职"):
        update(lab, copy, edition, updated_by=gone)


def test_a_withdrawn_copy_is_not_updated(lab, trace, copy):
    CorrectionCopy.objects.filter(pk=copy.pk).update(state="withdrawn")
    edition = made(lab, trace)
    with pytest.raises(Refused, match="已经作废"):
        update(lab, make.fresh(copy), edition)
    assert "D-4.4.3.6" not in against(lab)


def taken_back_into_use(lab):
    workflow.take_out_of_use(lab.equipment, "暂无任务", actor=lab.metrologist, at=NOON)
    return workflow.return_to_use(lab.equipment, "核对合格", actor=lab.metrologist, at=NOON)


def test_equipment_does_not_return_to_use_while_a_place_holds_older_corrections(lab, trace, copy):
    make_another = {"institution": lab.institution, "equipment": lab.equipment, "kind": "sheet"}
    CorrectionCopy.objects.create(place="原始记录模板", **make_another)
    edition = made(lab, trace)
    update(lab, CorrectionCopy.objects.create(place="控制器", **make_another), edition)
    with pytest.raises(Refused, match="：压力数据处理软件、原始记录模板。") as refused:
        taken_back_into_use(lab)
    assert [one.clause for one in refused.value.refusals] == ["D-4.4.3.6"]


def test_equipment_returns_to_use_once_every_place_holds_the_newest_corrections(lab, trace, copy):
    update(lab, copy, made(lab, trace))
    assert taken_back_into_use(lab).state == "in_use"


def test_places_without_any_corrections_keep_nothing_from_use(lab, trace, copy):
    assert taken_back_into_use(lab).state == "in_use"


# --- pages


def test_the_page_of_a_certificate_makes_corrections(lab, trace, copy, signed_in):
    browser = signed_in(Role.METROLOGY_MANAGER)
    assert "生成修正值" in browser.get(trace.get_absolute_url()).content.decode()
    page = browser.post(url(lab, "corrections_make", trace), follow=True).content.decode()
    assert "第 1 版" in page and "−0.0005" in page and "未更新" in page and "!!" not in page


def test_a_refused_edition_is_said_on_the_page(lab, trace, signed_in):
    browser = signed_in(Role.METROLOGY_MANAGER)
    browser.post(url(lab, "corrections_make", trace))
    page = browser.post(url(lab, "corrections_make", trace))
    assert page.status_code == 409 and "D-4.4.3.6" in page.content.decode()


def test_a_copy_is_confirmed_on_the_page(lab, trace, copy, signed_in):
    edition = corrections.make(trace, actor=lab.metrologist, at=timezone.now())
    sent = {"edition": edition.ref, "updated_by": lab.keeper.ref, "updated_on": timezone.localdate()}
    page = signed_in(Role.OPERATOR).post(url(lab, "copy_updated", copy), sent, follow=True).content.decode()
    assert "各处都是最新" in page and CopyUpdate.objects.get().edition == edition


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"updated_on": "昨天"}, 422, "日期看不懂"),
        ({"updated_by": "nobody"}, 422, "已经不在列表里"),
        ({"edition": "\x00"}, 409, "没有这一版"),
        ({"updated_on": "2026-01-01"}, 409, "更新日期"),
    ],
)
def test_what_cannot_be_confirmed_is_said(lab, trace, copy, signed_in, changes, status, sentence):
    edition = corrections.make(trace, actor=lab.metrologist, at=timezone.now())
    sent = {"edition": edition.ref, "updated_by": lab.keeper.ref, "updated_on": timezone.localdate(), **changes}
    page = signed_in(Role.OPERATOR).post(url(lab, "copy_updated", copy), sent)
    assert page.status_code == status and sentence in page.content.decode()


def test_the_page_of_the_equipment_shows_which_copies_lag(lab, trace, copy, signed_in):
    made(lab, trace)
    page = signed_in(Role.OPERATOR).get(lab.equipment.get_absolute_url()).content.decode()
    assert "1 处未更新" in page and "压力数据处理软件" in page


def test_what_an_earlier_certificate_asked_to_correct_is_no_longer_open(lab, trace, copy):
    trace.confirmations.create(
        institution=lab.institution, conclusion="corrected", confirmed_by=lab.keeper, confirmed_on=DAY - timedelta(8)
    )
    assert against(lab) == ["D-4.4.3.6"]
    newer(lab)
    assert against(lab) == []
