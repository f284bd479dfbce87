"""An institution on one page: what it is, how it stands, what ends, what was refused there."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from institutions.models import Qualification
from oversight.refused import refused_lately
from portal import audit
from portal.actors import Actor
from portal.clauses import catalogue
from portal.tenancy import tenant
from tests import make

from .rows import conflict, evaluation, not_met, page, regulator, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(db):
    return make.institution("alpha")


@pytest.fixture
def office(client, lab):
    """A browser in which the city's regulator is signed in."""
    regulator(client)
    return client


def refused(lab, verb="certificate.issue", **kwargs):
    with tenant(lab.pk):
        changes = kwargs.pop("changes", {"refused": [["A-6.2.2", "标准器已过有效期。请先溯源。"]]})
        return audit.record(
            Actor(name="签发人"), verb, institution_id=lab.pk, succeeded=False, changes=changes, **kwargs
        )


def test_the_public_facts_are_shown(office, lab):
    html = page(office, "/o/alpha/")
    assert lab.credit_code in html and lab.address in html and lab.complaint_phone in html


def test_an_institution_never_evaluated_says_so(office):
    assert "还没有评定过" in page(office, "/o/alpha/")


def test_the_counts_of_each_document_lead_to_its_clauses(office, lab):
    evaluation(lab, not_met=7)
    assert "/i/alpha/compliance/?doc=A&amp;state=not_met" in page(office, "/o/alpha/")


def test_clauses_not_met_are_listed_with_their_evidence_duties_first(office, lab):
    evaluation(lab, not_met=2)
    wish = next(row.id for row in catalogue().values() if row.level == "should")
    not_met(lab, wish, "这是宜。", since=-90, rows=0)
    not_met(lab, "A-4.1.1", "没有营业执照。", since=-3, rows=20)
    html = page(office, "/o/alpha/")
    assert "没有营业执照" in html and "已 3 天 · 依据至少 20 条" in html
    assert html.index("没有营业执照") < html.index("这是宜")


def test_of_many_clauses_the_gravest_are_shown_and_a_link_to_all(office, lab):
    evaluation(lab, not_met=20)
    duties = [row.id for row in catalogue().values() if row.level == "shall" and row.kind == "computed"][:19]
    for clause in duties:
        not_met(lab, clause, since=-90)
    gate = next(row.id for row in catalogue().values() if row.level == "shall" and row.kind == "gate")
    not_met(lab, gate, since=-1)
    html = page(office, "/o/alpha/")
    shown = [clause for clause in [gate, *duties] if f'/compliance/{clause}/"' in html]
    assert len(shown) == 12 and gate in shown and "看全部 20 条" in html


def test_a_qualification_shows_its_validity(office, lab):
    make.qualification(lab, number="证-过期", valid_until=today(-10))
    make.qualification(lab, number="证-将到期", valid_until=today(9))
    make.qualification(lab, number="证-停用", state=Qualification.State.SUSPENDED)
    html = page(office, "/o/alpha/")
    assert "已失效 10 天" in html and "剩 9 天" in html and "已暂停" in html


def test_acts_that_gates_refused_are_told_with_their_reasons(office, lab):
    refused(lab)
    html = page(office, "/o/alpha/")
    assert "标准器已过有效期。请先溯源。（A-6.2.2）" in html and "签发人" not in html


def test_other_failures_are_not_refused_acts(lab):
    refused(lab, "access.denied", changes={"address": ["", "/i/alpha/audit/"]})
    with tenant(lab.pk):
        assert refused_lately(lab, timezone.now()).total == 0


def test_refused_acts_are_those_of_thirty_days(lab):
    refused(lab)
    with tenant(lab.pk):
        assert refused_lately(lab, timezone.now() + timedelta(days=29)).total == 1
        assert refused_lately(lab, timezone.now() + timedelta(days=31)).total == 0


def test_refused_acts_of_others_stay_out(office, lab):
    refused(make.institution("beta"))
    assert "标准器已过有效期" not in page(office, "/o/alpha/")


def test_the_sheet_takes_as_many_queries_for_much_as_for_little(office, lab):
    page(office, "/o/alpha/")  # what only the first request of a session asks
    taken = []
    clauses = ["A-4.1.1", "A-6.2.2", "C-7.1.3", "C-5.1.2-s3", "C-5.1.1-s2", "C-4.1.1-s1"]
    for count in (1, 5):
        beta = make.institution(f"beta{count}")
        for number in range(count):
            refused(lab)
            make.qualification(lab, number=f"证{count}-{number}")
            not_met(lab, clauses.pop())
            conflict(lab, beta, f"人{count}-{number}")
            make.alert(lab, make.equipment(lab, make.site(lab, name=f"所{count}-{number}")), due_on=today(count))
        with CaptureQueriesContext(connection) as queries:
            page(office, "/o/alpha/")
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 60, taken
