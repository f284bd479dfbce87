"""A change of state: right, lock, state, gates, fill, save, audit, event; in one transaction or not at all."""

from contextlib import contextmanager

import pytest
from django.core.exceptions import PermissionDenied
from django.dispatch import Signal

from institutions.models import Customer
from orders.models import Item
from portal.models import AuditEntry
from portal.permissions import Permission, Role
from portal.tenancy import tenant
from portal.transitions import Refusal, Refused, Transition
from tests import make
from tests.concurrency import at_once, kinds
from tests.make import NOON

State = Item.State
moved = Signal()


def closed(row, actor, at):
    yield Refusal("X-1", "闸门一关着。")


def also_closed(row, actor, at):
    yield Refusal("X-2", "闸门二关着。", link="/there", link_text="去开")


def move(*gates, target=State.IN_LAB, event=None):
    return Transition("move", frozenset({State.RECEIVED}), target, Permission.RECORD_WRITE, gates=gates, event=event)


@contextmanager
def listening(handler):
    moved.connect(handler)
    yield
    moved.disconnect(handler)


@pytest.fixture
def lab(db):
    with tenant(make.institution().pk):
        yield make.institution()


@pytest.fixture
def operator(lab):
    return make.actor(lab, Role.OPERATOR, name="沈若川")


@pytest.fixture
def item(lab):
    return make.item(lab)


def apply(transition, row, actor, **fields):
    with transition.applied_to(row, actor=actor, at=NOON) as row:
        for name, value in fields.items():
            setattr(row, name, value)
    return row


def entries():
    return list(AuditEntry.objects.filter(verb__endswith=".move").order_by("pk"))


def test_a_move_saves_what_the_verb_filled_in_and_the_new_state(lab, operator, item):
    apply(move(), item, operator, order_number="WT26-9999")
    row = make.fresh(item)
    assert (row.state, row.order_number) == (State.IN_LAB, "WT26-9999")


def test_a_move_that_creates_gives_the_row_its_identity(lab, operator):
    create = Transition("move", frozenset({""}), State.RECEIVED, Permission.RECORD_WRITE)
    blank = Item(
        institution=lab, customer=make.customer(lab), number="SP26-77777", order_number="WT26-0001", name="压力表",
        model="Y-100", serial_number="1", manufacturer="西塬仪表厂", activity=Item.Activity.CALIBRATION,
        received_on=make.DAY, promised_on=make.DAY,
    )  # fmt: skip
    row = apply(create, blank, operator)
    assert row.pk and entries()[0].target_id == row.pk


def test_a_refused_creation_leaves_no_row_and_an_entry_about_none(lab, operator):
    create = Transition("move", frozenset({""}), "", Permission.RECORD_WRITE, event=moved)
    customer = Customer(institution=lab, name="岭上热力")

    def refuse(sender, **kwargs):
        raise Refused(Refusal("X-4", "后续不行。"))

    with listening(refuse), pytest.raises(Refused):
        apply(create, customer, operator)
    assert customer.pk is None and not Customer.objects.exists()
    assert [(entry.target_id, entry.was, entry.succeeded) for entry in entries()] == [(None, "", False)]


def test_all_closed_gates_speak_at_once(lab, operator, item):
    with pytest.raises(Refused) as refused:
        apply(move(closed, also_closed), item, operator)
    assert [(refusal.clause, refusal.link) for refusal in refused.value.refusals] == [("X-1", ""), ("X-2", "/there")]


def test_a_refused_attempt_leaves_one_entry_and_nothing_else(lab, operator, item):
    before = Item.objects.filter(pk=item.pk).values().get()
    with pytest.raises(Refused):
        apply(move(closed), item, operator, order_number="x")
    assert Item.objects.filter(pk=item.pk).values().get() == before
    (entry,) = entries()
    assert not entry.succeeded
    assert entry.changes == {"refused": [["X-1", "闸门一关着。"]]}


def test_the_verb_may_refuse_while_it_fills_in(lab, operator, item):
    with pytest.raises(Refused), move().applied_to(item, actor=operator, at=NOON) as row:
        row.order_number = "x"
        raise Refused(Refusal("X-3", "填写时发现不对。"))
    assert make.fresh(item).order_number == "WT26-0482"
    assert [entry.succeeded for entry in entries()] == [False]


def test_a_refusal_by_a_handler_names_the_state_the_row_was_in(lab, operator, item):
    def refuse(sender, **kwargs):
        raise Refused(Refusal("X-4", "后续不行。"))

    with listening(refuse), pytest.raises(Refused):
        apply(move(event=moved), item, operator)
    assert make.fresh(item).state == State.RECEIVED
    (entry,) = entries()
    assert (entry.succeeded, entry.was, entry.became) == (False, State.RECEIVED, "")


def test_a_wrong_state_is_refused_with_what_it_is_now(lab, operator, item):
    apply(move(), item, operator)
    with pytest.raises(Refused, match="当前状态"):
        apply(move(), item, operator)


def test_the_state_that_counts_is_the_databases_not_the_one_in_hand(lab, operator, item):
    apply(move(), make.fresh(item), operator)
    assert item.state == State.RECEIVED
    with pytest.raises(Refused, match="当前状态"):
        apply(move(), item, operator)


def test_without_the_right_nothing_is_written_at_all(lab, item):
    receptionist = make.actor(lab, Role.RECEPTIONIST)
    with pytest.raises(PermissionDenied):
        apply(move(), item, receptionist)
    assert (make.fresh(item).state, entries()) == (State.RECEIVED, [])


def test_a_right_in_another_institution_is_none_here(lab, item):
    stranger = make.actor(make.institution("beta"), Role.OPERATOR)
    with pytest.raises(PermissionDenied):
        apply(move(), item, stranger)


def test_a_handler_that_fails_undoes_the_whole_verb(lab, operator, item):
    def fail(sender, row, **kwargs):
        make.site(lab, name="写了一半")
        raise ZeroDivisionError

    with listening(fail), pytest.raises(ZeroDivisionError):
        apply(move(event=moved), item, operator)
    assert (make.fresh(item).state, entries()) == (State.RECEIVED, [])
    assert not type(make.site(lab)).objects.filter(name="写了一半").exists()


def test_a_handler_hears_of_the_row_as_it_is_stored(lab, operator, item):
    heard = []

    def hear(sender, row, actor, at, **kwargs):
        heard.append((sender, row.pk, make.fresh(row).state, actor.name, at))

    with listening(hear):
        apply(move(event=moved), item, operator)
    assert heard == [(Item, item.pk, State.IN_LAB, "沈若川", NOON)]


def test_what_the_model_refuses_comes_back_in_words(lab, operator, item):
    with pytest.raises(Refused, match="order|委托|单号|名称") as refused:
        apply(move(), item, operator, name="")
    assert {refusal.clause for refusal in refused.value.refusals} == {"data"}


def test_what_the_database_refuses_comes_back_in_words(lab, operator, item):
    other = make.item(lab)
    with pytest.raises(Refused, match="与已有数据冲突") as refused:
        apply(move(), item, operator, number=other.number)
    assert {refusal.clause for refusal in refused.value.refusals} == {"data"}
    assert make.fresh(item).number == item.number


def test_a_page_can_ask_what_stands_in_the_way(lab, operator, item):
    assert [refusal.clause for refusal in move(closed).refusals(item, actor=operator, at=NOON)] == ["X-1"]
    assert entries() == []


def test_a_move_is_open_in_its_state_for_those_who_may(lab, operator, item):
    assert move().is_open(item, operator)
    assert not move().is_open(item, make.actor(lab, Role.CHECKER))
    assert not move().is_open(apply(move(), item, operator), operator)


@pytest.mark.django_db(transaction=True)
def test_two_people_making_the_same_move_at_once_make_it_once():
    lab = make.institution()
    operator, item = make.actor(lab, Role.OPERATOR), make.item(lab)

    def act():
        with tenant(lab.pk):
            return apply(move(), item, operator)

    results = at_once(act, act)
    assert kinds(results) == ["Item", "Refused"]
    with tenant(lab.pk):
        assert [entry.succeeded for entry in entries()] == [True]


@pytest.mark.django_db(transaction=True)
def test_a_refusal_caught_inside_the_scope_stays_in_the_trail():
    lab = make.institution()
    operator, item = make.actor(lab, Role.OPERATOR), make.item(lab)
    with tenant(lab.pk):
        try:
            apply(move(closed), item, operator)
        except Refused as refused:
            assert refused.refusals
    with tenant(lab.pk):
        assert [entry.succeeded for entry in entries()] == [False]
