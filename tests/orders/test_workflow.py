"""Receiving an item, beginning and finishing it."""

import itertools
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from institutions.models import Customer
from orders import workflow
from orders.models import Item
from portal.models import AuditEntry
from portal.transitions import Refused
from tests import make

DAY, NOON = make.DAY, make.NOON


SERIALS = itertools.count(21087743)


def received(lab, **changes):
    values = {
        "customer": make.customer(lab.institution), "activity": Item.Activity.CALIBRATION, "name": "一般压力表",
        "model": "Y-100", "serial_number": str(next(SERIALS)), "manufacturer": "西塬仪表厂", "condition": "外观完好",
        "received_on": DAY, "promised_on": DAY + timedelta(7), **changes,
    }  # fmt: skip
    return workflow.receive(values, actor=lab.receptionist, at=NOON)


def stranger(lab, name="新来的客户有限公司"):
    return Customer(institution_id=lab.institution.pk, name=name, address="水泵街 1 号")


def test_items_are_numbered_one_after_the_other(lab):
    assert [received(lab).number for _ in range(3)] == ["SP26-00001", "SP26-00002", "SP26-00003"]


def test_the_same_instrument_sent_twice_is_one_item(lab):
    first = received(lab, serial_number="A1")
    with pytest.raises(Refused, match=first.number):
        received(lab, serial_number="A1")
    assert Item.objects.count() == 1


def test_a_refused_item_takes_no_number(lab):
    received(lab)
    with pytest.raises(Refused):
        received(lab, promised_on=DAY - timedelta(1))
    assert received(lab).number == "SP26-00002"


def test_an_item_without_an_order_opens_one(lab):
    assert [received(lab).order_number for _ in range(2)] == ["WT26-00001", "WT26-00002"]


def test_a_further_item_joins_the_order_of_its_customer(lab):
    order = received(lab).order_number
    assert received(lab, order_number=order).order_number == order


def test_an_order_of_another_customer_is_refused(lab):
    order = received(lab).order_number
    with pytest.raises(Refused, match="是“海曙热力有限公司”的") as refused:
        received(lab, order_number=order, customer=stranger(lab))
    assert refused.value.refusals[0].clause == "C-6.1.1"


def test_a_new_customer_is_on_record_with_its_first_item(lab):
    assert received(lab, customer=stranger(lab)).customer == Customer.objects.get(name="新来的客户有限公司")


def test_a_new_customer_is_in_the_audit_trail(lab):
    received(lab, customer=stranger(lab))
    assert AuditEntry.objects.filter(verb="customer.add", target_name="新来的客户有限公司").count() == 1


def test_a_refused_item_leaves_no_customer_behind(lab):
    with pytest.raises(Refused):
        received(lab, customer=stranger(lab), promised_on=DAY - timedelta(1))
    assert not Customer.objects.filter(name="新来的客户有限公司").exists()


def test_a_customer_added_meanwhile_is_not_added_twice(lab):
    received(lab, customer=stranger(lab))
    with pytest.raises(Refused, match="customer_name_once"):
        received(lab, customer=stranger(lab))


def test_an_item_from_the_future_is_refused(lab):
    with pytest.raises(Refused, match="实际收到的日期"):
        received(lab, received_on=DAY + timedelta(1))


def test_a_promise_before_the_receipt_is_refused(lab):
    with pytest.raises(Refused, match="与客户重新约定日期"):
        received(lab, promised_on=DAY - timedelta(1))


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("scope", {"valid_until": DAY - timedelta(1)}), ("scope", {"valid_from": DAY + timedelta(1)}),
        ("scope", {"state": "suspended"}), ("scope", {"state": "withdrawn"}),
        ("qualification", {"valid_until": DAY - timedelta(1)}), ("qualification", {"state": "pending"}),
    ],
)  # fmt: skip
def test_without_scope_on_the_day_no_calibration_is_taken_in_but_a_verification_is(lab, what, changes):
    row = getattr(lab, what)
    type(row).objects.filter(pk=row.pk).update(**changes)
    with pytest.raises(Refused, match="不能受理校准") as refused:
        received(lab)
    assert {one.clause for one in refused.value.refusals} == {"B-4.3-s1"}
    assert received(lab, activity=Item.Activity.VERIFICATION).number


def test_the_scope_of_another_institution_is_none(lab):
    type(lab.scope).objects.update(state="withdrawn")
    make.laboratory("beta")
    with pytest.raises(Refused, match="不能受理校准"):
        received(lab)


def test_a_verification_takes_no_agreed_decision_rule(lab):
    with pytest.raises(Refused) as refused:
        received(lab, activity=Item.Activity.VERIFICATION, decision_rule="jjf1094")
    assert refused.value.refusals[0].clause == "C-6.4.2.3-s3"


def test_an_operator_does_not_receive_items(lab):
    values = {"customer": make.customer(lab.institution), "name": "压力表"}
    with pytest.raises(PermissionDenied):
        workflow.receive(values, actor=lab.operator, at=NOON)


def test_an_item_goes_from_the_counter_to_the_bench_and_back(lab):
    item = workflow.begin(received(lab), actor=lab.operator, at=NOON)
    assert workflow.finish(item, actor=workflow.BENCH, at=NOON).state == Item.State.DONE


def test_an_item_is_not_finished_before_it_is_begun(lab):
    with pytest.raises(Refused, match="当前状态是“已接收”"):
        workflow.finish(received(lab), actor=workflow.BENCH, at=NOON)


def test_no_person_finishes_an_item_by_hand(lab):
    item = workflow.begin(received(lab), actor=lab.operator, at=NOON)
    with pytest.raises(PermissionDenied):
        workflow.finish(item, actor=lab.operator, at=NOON)
