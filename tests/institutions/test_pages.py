"""An institution's own pages."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from institutions.models import Authorisation, Method, Qualification, ScopeItem
from institutions.words import changes_text, method_state, validity
from portal import audit
from portal.actors import Actor
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 10)


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def desk(client, lab):
    """A browser in which the quality manager is signed in."""
    client.force_login(make.user(lab, Role.QUALITY_MANAGER, name="周岚"))
    return client


def qualification(lab, number, until, since=date(2020, 1, 1)):
    values = {"kind": Qualification.Kind.CNAS, "issuer": "认可机构（示）", "valid_from": since, "valid_until": until}
    return make._row(Qualification, lab, number=number, **values)


def page(client, path, **query):
    answer = client.get(path, query)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize(
    ("since", "until", "state"),
    [
        ("2026-03-11", None, "planned"), ("2020-01-01", None, "valid"), ("2020-01-01", "2026-03-09", "expired"),
        ("2020-01-01", "2026-03-10", "due"), ("2020-01-01", "2026-05-09", "due"), ("2020-01-01", "2026-05-10", "valid"),
    ],
)  # fmt: skip
def test_a_validity_is_told_by_the_day(since, until, state):
    row = Qualification(valid_from=date.fromisoformat(since), valid_until=date.fromisoformat(until) if until else None)
    assert validity(row, TODAY)["badge"] == state


@pytest.mark.parametrize(
    ("since", "until", "replaced_by", "word"),
    [
        ("2013-01-01", None, "", "现行有效"), ("2026-03-11", None, "", "未实施"),
        ("2013-01-01", "2026-03-10", "", "已废止"), ("2013-01-01", "2026-03-10", "JJG 1-2026", "已被 JJG 1-2026 代替"),
    ],
)  # fmt: skip
def test_the_currency_of_a_method_is_told_by_the_day(since, until, replaced_by, word):
    method = Method(
        in_force_from=date.fromisoformat(since), in_force_until=date.fromisoformat(until) if until else None,
        replaced_by=replaced_by,
    )  # fmt: skip
    assert method_state(method, TODAY)["text"] == word


@pytest.mark.parametrize(
    ("constant", "slope", "text"),
    [("0.0020", "0", "0.002 MPa"), ("0.002", "0.0005", "0.002 MPa + 0.0005·|x|"), ("0", "0.0005", "0.0005·|x|")],
)
def test_a_cmc_is_written_with_its_parts(constant, slope, text):
    assert ScopeItem(unit="MPa", cmc_constant=Decimal(constant), cmc_slope=Decimal(slope)).cmc.text == text


@pytest.mark.parametrize(
    ("state", "shown", "hidden"), [("expired", "旧证", "新证"), ("valid", "新证", "旧证"), ("due", "临证", "旧证")]
)
def test_qualifications_are_filtered_by_their_state(desk, lab, state, shown, hidden):
    today = timezone.localdate()
    qualification(lab, "旧证", today - timedelta(days=1))
    qualification(lab, "新证", today + timedelta(days=400))
    qualification(lab, "临证", today + timedelta(days=5))
    html = page(desk, "/i/alpha/qualifications/", state=state)
    assert shown in html and hidden not in html


def test_a_search_without_a_match_says_what_to_do(desk, lab):
    qualification(lab, "甲证", None)
    assert "换一个条件再试" in page(desk, "/i/alpha/qualifications/", q="乙")


@pytest.mark.parametrize(
    "query", [{"q": "\x00"}, {"q": "x" * 2000}, {"state": "nonsense"}, {"after": "\x00", "q": "%"}]
)
@pytest.mark.parametrize("path", ["qualifications", "people", "scope", "methods", "audit", "settings/members"])
def test_a_strange_question_still_gets_a_page(desk, path, query):
    page(desk, f"/i/alpha/{path}/", **query)


def test_people_show_the_authorisations_in_force_today_only(desk, lab):
    person = make.employment(lab, "沈若川")
    make.authorisation(lab, person, Authorisation.Role.CALIBRATOR, field="压力")
    make.authorisation(lab, person, Authorisation.Role.SIGNATORY, field="长度", valid_until=date(2021, 1, 1))
    html = page(desk, "/i/alpha/people/")
    assert "校准员（压力）" in html and "授权签字人（长度）" not in html
    assert "已失效" in page(desk, f"/i/alpha/people/{person.ref}/")


def test_no_page_shows_more_of_a_birth_date_than_the_year(desk, lab):
    person = make.employment(lab, "沈若川", birth_date=date(1977, 7, 8))
    one = page(desk, f"/i/alpha/people/{person.ref}/")
    assert "1977 年" in one and "1977-07" not in one and "7 月" not in one
    assert "1977" not in page(desk, "/i/alpha/people/")


def test_people_who_left_are_found_by_the_filter(desk, lab):
    make.employment(lab, "已走的人", ended_on=date(2020, 1, 1))
    make.employment(lab, "还在的人")
    assert "还在的人" not in page(desk, "/i/alpha/people/", state="left")
    assert "已走的人" not in page(desk, "/i/alpha/people/", state="on")


def test_scope_and_methods_show_what_the_laboratory_can_do(desk, lab):
    make.laboratory()
    assert "0.002 MPa" in page(desk, "/i/alpha/scope/")
    html = page(desk, "/i/alpha/methods/", state="current")
    assert "JJG 52-2013" in html and "现行有效" in html
    assert "JJG 52-2013" not in page(desk, "/i/alpha/methods/", state="ended")


def test_the_profile_shows_facts_and_qualifications_in_force(desk, lab):
    qualification(lab, "有效证", None)
    qualification(lab, "过期证", date(2021, 1, 1))
    html = page(desk, "/i/alpha/profile/")
    assert lab.credit_code in html and "有效证" in html and "过期证" not in html


def test_pages_cost_the_same_number_of_queries_however_many_rows(desk, lab):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            page(desk, "/i/alpha/people/")
        return len(queries)

    cost()  # the first page of a session writes its clock
    for number in range(3):
        make.authorisation(lab, make.employment(lab, f"甲{number}"), Authorisation.Role.CHECKER)
    few = cost()
    for number in range(20):
        make.authorisation(lab, make.employment(lab, f"乙{number}"), Authorisation.Role.CHECKER)
    assert cost() == few


def names_on(html):
    return re.findall(r">(第\d\d号)<", html)


def link(html, rel):
    found = re.search(rf'rel="{rel}"[^>]*href="([^"]+)"', html)
    return found and found.group(1).replace("&amp;", "&")


def test_paging_shows_every_row_once_and_leads_back(desk, lab):
    for number in range(60):
        make.employment(lab, f"第{number:02}号", staff_number=f"A{number:02}")
    first = page(desk, "/i/alpha/people/?q=第")
    second = desk.get(link(first, "next")).content.decode()
    assert names_on(first) + names_on(second) == [f"第{number:02}号" for number in range(60)]
    assert link(first, "prev") is None and link(second, "next") is None
    assert names_on(desk.get(link(second, "prev")).content.decode()) == names_on(first)


def record(lab, verb, **values):
    with tenant(lab.pk):
        audit.record(Actor(name=values.pop("who", "周岚")), verb, institution_id=lab.pk, **values)


def test_the_trail_is_newest_first_and_found_by_person(desk, lab):
    record(lab, "invitation.invite", who="程以恒", reason="甲事")
    record(lab, "invitation.withdraw", who="周岚", reason="乙事")
    html = page(desk, "/i/alpha/audit/")
    assert html.index("乙事") < html.index("甲事")
    assert "乙事" not in page(desk, "/i/alpha/audit/", person="程以恒")


def test_the_trail_names_acts_in_words(desk, lab):
    record(lab, "invitation.withdraw")
    assert "撤回邀请" in page(desk, "/i/alpha/audit/")


def test_a_denied_look_is_in_the_trail(client, desk, lab):
    curious = Client()
    curious.force_login(make.user(lab, Role.OPERATOR, name="好奇的人"))
    assert curious.get("/i/alpha/audit/").status_code == 403
    html = page(desk, "/i/alpha/audit/", result="refused")
    assert "好奇的人" in html and "越权访问" in html


@pytest.mark.parametrize(
    ("target", "changes", "text"),
    [
        ("institutions.Membership", {"state": ["active", "ended"]}, "状态：有效 → 已停用"),
        ("institutions.Membership", {"roles": ["['operator']", "['checker', 'operator']"]},
         "角色：检定/校准员 → 核验员、检定/校准员"),
        ("institutions.Membership", {"employment_id": ["1", "2"]}, ""),
        ("institutions.Invitation", {"refused": [["C-1", "没有资质。"]]}, "没有资质。（C-1）"),
        ("gone.Model", {"name": ["a", "b"]}, ""),
        ("", {"address": ["", "/i/alpha/"]}, "/i/alpha/"),
    ],
)  # fmt: skip
def test_changes_are_told_in_words(target, changes, text):
    assert changes_text(AuditEntry(target=target, changes=changes, was="active")) == text


def test_a_regulators_look_is_shown_to_the_institution(desk, lab):
    office = Client()
    office.force_login(make.user(None, Role.REGULATOR, region_code="4403", name="监管员甲"))
    assert office.get("/i/alpha/people/").status_code == 200
    html = page(desk, "/i/alpha/audit/", person="监管员甲")
    assert "监管查看" in html and "/i/alpha/people/" in html


def test_what_ends_soon_is_on_the_keepers_list(desk, lab):
    today = timezone.localdate()
    qualification(lab, "快到期的证", today + timedelta(days=3))
    qualification(lab, "早着呢的证", today + timedelta(days=300))
    html = page(desk, "/i/alpha/due/?window=7")
    assert "快到期的证" in html and "早着呢的证" not in html
