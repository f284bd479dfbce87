"""The verbs of items: receive at the counter, begin at the bench, finish when the document is out."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from institutions.models import Customer
from portal.actors import Actor
from portal.numbering import next_number
from portal.permissions import Permission
from portal.transitions import Transition

from . import gates
from .models import Item

State = Item.State

RECEIVE = Transition(
    "receive", frozenset({""}), State.RECEIVED, Permission.ITEM_RECEIVE,
    gates=(
        gates.received_and_promised_in_order, gates.calibration_is_offered, gates.verification_follows_its_regulation,
        gates.order_has_one_customer, gates.not_registered_twice,
    ),
)  # fmt: skip
ADD_CUSTOMER = Transition("add", frozenset({""}), "", Permission.ITEM_RECEIVE)
BEGIN = Transition("begin", frozenset({State.RECEIVED}), State.IN_LAB, Permission.RECORD_WRITE)
FINISH = Transition("finish", frozenset({State.IN_LAB}), State.DONE, Permission.ITEM_FINISH)

# An item is finished by what happens to its certificate, not by a person.
BENCH = Actor.system("bench", Permission.ITEM_FINISH)

PROMISE_DAYS = 5


def receive(values: dict[str, Any], *, actor: Actor, at: datetime) -> Item:
    """The item is on record with a number of its own, and so is its customer.

    `values` holds the fields of Item; its `customer` may be new and unsaved. An empty order_number opens a new order.
    Raises: Refused, and nothing is kept: no number is lost.
    """
    blank = Item(institution_id=actor.institution_id, **values)
    with RECEIVE.applied_to(blank, actor=actor, at=at) as item:
        if item.customer.pk is None:
            item.customer = add_customer(item.customer, actor=actor, at=at)
        year = timezone.localdate(at).year
        item.number = f"SP{year % 100:02d}-{next_number(item.institution_id, 'item', year):05d}"
        if not item.order_number:
            item.order_number = f"WT{year % 100:02d}-{next_number(item.institution_id, 'order', year):05d}"
    return item


def add_customer(customer: Customer, *, actor: Actor, at: datetime) -> Customer:
    """The customer can be chosen from now on."""
    with ADD_CUSTOMER.applied_to(customer, actor=actor, at=at) as customer:
        pass
    return customer


def begin(item: Item, *, actor: Actor, at: datetime) -> Item:
    """The item is being measured."""
    with BEGIN.applied_to(item, actor=actor, at=at) as item:
        pass
    return item


def finish(item: Item, *, actor: Actor, at: datetime) -> Item:
    """The item is ready to go back to its customer."""
    with FINISH.applied_to(item, actor=actor, at=at) as item:
        pass
    return item
