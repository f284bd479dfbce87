"""Several who change a pledge at the same moment: one counts, and the public page says what is true in the end."""

import contextlib
from datetime import timedelta

import psycopg2
import pytest

from commitments import ending, following, workflow
from commitments.models import CommitmentWithdrawal
from portal import codes, invariants
from portal.models import LedgerLeaf
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.commitments import pledges
from tests.concurrency import at_once
from tests.conftest import as_owner

LATER = make.NOON + timedelta(days=1)


def withdraw(w):
    with tenant(w.institution.pk):
        return ending.withdraw(w.pledge, "机构搬迁", actor=w.legal, at=LATER)


def fall(w):
    with tenant(w.institution.pk):
        return ending.fall(w.institution, "complaint", "查证属实", None, on=make.DAY, at=LATER)


def close(w):
    make.legal_status(w.institution, since=make.DAY, business_status="closed")


def move(w):
    with tenant(w.institution.pk):
        lab = type(w.institution).objects.get(pk=w.institution.pk)
        lab.complaint_phone = "0990-7"
        lab.save(update_fields=["complaint_phone"])


def confirm(w):
    with tenant(w.institution.pk):
        workflow.confirm(w.pledge, actor=w.keeper, at=LATER)


def is_taken(institution):
    """Whether somebody else would have to wait for the institution."""
    with contextlib.closing(as_owner()) as other, other.cursor() as cursor:
        try:
            cursor.execute(
                "SELECT FROM institutions_institution WHERE id = %s FOR NO KEY UPDATE NOWAIT", [institution.pk]
            )
        except psycopg2.errors.LockNotAvailable:
            return True
    return False


@pytest.mark.django_db(transaction=True)
def test_of_several_withdrawals_at_once_one_counts_and_the_page_says_so():
    w = pledges.public(make.laboratory())
    for act in (confirm, withdraw, fall, move, lambda w: following.follow(w.institution.pk, at=LATER)):
        with tenant(w.institution.pk), pledges.taken_back():
            assert not is_taken(w.institution)
            act(w)
            assert is_taken(w.institution), act
    results = at_once(*(lambda act=act: act(w) for act in (withdraw, fall, close, move)))
    failed = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, Refused) for error in failed), results
    with tenant(w.institution.pk):
        assert CommitmentWithdrawal.objects.count() == LedgerLeaf.objects.filter(kind="pledge.withdrawn").count() == 1
        card = codes.find(w.pledge.token)
    assert (card["state"], card["institution"]["complaint_phone"]) == ("withdrawn", "0990-7")
    assert [str(breach) for breach in invariants.breaches()] == []
