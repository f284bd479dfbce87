"""What a regulator's page is made of: institutions that were evaluated, clauses not met, refused employments."""

from datetime import timedelta

from django.db.models import Value
from django.utils import timezone

from institutions.models import Employment, EmploymentConflict
from oversight.looks import _Entered
from portal.models import AuditEntry, ClauseStanding, Evaluation
from portal.permissions import Role
from portal.tenancy import scope, tenant
from tests import make

LOOK = "oversight.look"


def today(days=0):
    return timezone.localdate() + timedelta(days)


def evaluation(lab, not_met=0, duties=None, met=0, unknown=0, day=None, chapters=None):
    """The institution was evaluated; without `chapters` all its clauses are of document A."""
    part = {"not_met": not_met, "met": met, "unknown": unknown, "not_applicable": 0}
    by_chapter = {letter: {} for letter in "ABCDE"} | (chapters or {"A": {"4": part}})
    values = {
        "day": day or today(), "not_met": not_met, "met": met, "unknown": unknown, "not_applicable": 0,
        "duties_not_met": not_met if duties is None else duties, "by_chapter": by_chapter,
    }  # fmt: skip
    return make._row(Evaluation, lab, **values)


def evaluated(labs):
    """Each of many institutions was evaluated, with one thing wrong; in two statements."""
    part = {**{letter: {} for letter in "BCDE"}, "A": {"4": {"not_met": 1}}}
    counts = {"met": 3, "not_met": 1, "unknown": 2, "not_applicable": 0, "duties_not_met": 1, "by_chapter": part}
    broken = {"clause": "A-4.1.1", "state": "not_met", "since": today(-3), "advice": "没有当天有效的营业执照。"}
    with scope():
        Evaluation.objects.bulk_create(
            [Evaluation(institution_id=_Entered(Value(str(lab.pk))), day=today(), **counts) for lab in labs]
        )
        ClauseStanding.objects.bulk_create(
            [ClauseStanding(institution_id=_Entered(Value(str(lab.pk))), **broken) for lab in labs]
        )


def not_met(lab, clause, advice="没有当天有效的营业执照。请登记。", since=-40, rows=2):
    evidence = [{"label": f"第 {number} 行", "url": "", "text": "", "row_id": number} for number in range(rows)]
    values = {"clause": clause, "state": "not_met", "since": today(since), "advice": advice, "evidence": evidence}
    return make._row(ClauseStanding, lab, **values)


def conflict(trying, other, name="两处人", **employed):
    """A person works for `other` and was refused by `trying`."""
    row = make.employment(other, name, **{"started_on": today(-900), **employed})
    make._row(EmploymentConflict, trying, person=row.person, name=name, started_on=today(-5))
    return row


def amend(row, **values):
    with tenant(row.institution_id):
        Employment.objects.filter(pk=row.pk).update(**values)


def looks_at(lab):
    """The regulators' looks that stand in the institution's own trail, oldest first: the page, as told in it."""
    with tenant(lab.pk):
        entries = AuditEntry.objects.filter(institution=lab, verb=LOOK).order_by("pk")
        return [entry.changes.get("page", ["", ""])[1] for entry in entries]


def regulator(client, region="4403", name="监管员甲"):
    """A browser in which a regulator of this region is signed in."""
    account = make.user(None, Role.REGULATOR, region_code=region, name=name)
    client.force_login(account)
    return account


def page(client, path, **query):
    answer = client.get(path, query)
    assert answer.status_code == 200, path
    return answer.content.decode()
