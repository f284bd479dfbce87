"""Which institutions a regulator sees, in which order, and what it is told of each at first sight."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from institutions.models import Institution, Membership
from institutions.sessions import PROVEN
from portal.clauses import catalogue
from portal.permissions import Role
from portal.tenancy import scope
from tests import make

from .rows import evaluated, evaluation, looks_at, not_met, page, regulator, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab(db):
    return make.institution("alpha", region_code="440305")


def order_of(html, *slugs):
    """The slugs in the order of their rows."""
    return sorted(slugs, key=lambda slug: html.index(f'href="/o/{slug}/"'))


@pytest.mark.parametrize(
    ("region", "seen"),
    [("4403", {"near"}), ("44", {"near", "province"}), ("440305", set()), ("11", {"far"})],
)
def test_a_regulator_sees_the_institutions_whose_code_begins_with_its_region(client, region, seen):
    for slug, code in (("near", "440300"), ("province", "440100"), ("far", "110100")):
        make.institution(slug, region_code=code)
    regulator(client, region)
    html = page(client, "/o/")
    assert {slug for slug in ("near", "province", "far") if f'href="/o/{slug}/"' in html} == seen


@pytest.mark.parametrize(
    ("region", "code", "status"),
    [("4403", "440305", 200), ("44", "440305", 200), ("4401", "440305", 404), ("33", "440305", 404)],
)
def test_the_sheet_is_there_for_the_regulator_of_the_region_only(client, region, code, status):
    make.institution("alpha", region_code=code)
    regulator(client, region)
    assert client.get("/o/alpha/").status_code == status


@pytest.mark.parametrize("path", ["/o/", "/o/alpha/", "/o/region/pairs/"])
def test_nobody_but_a_regulator_finds_the_pages(lab, path):
    member = Client()
    member.force_login(make.user(lab, Role.ADMINISTRATOR, Role.QUALITY_MANAGER))
    assert member.get(path).status_code == 404
    assert Client().get(path).status_code == 302


def test_a_regulator_without_a_second_factor_is_sent_to_set_one_up(client, lab):
    regulator(client)
    session = client.session
    del session[PROVEN]
    session.save()
    answer = client.get("/o/alpha/")
    assert answer.status_code == 302 and "/account/" in answer["Location"]


def test_a_regulator_cannot_ask_for_a_region_that_is_not_its_own(client, lab):
    make.institution("far", region_code="110100")
    regulator(client, "4403")
    for asked in ("11", "44", "", "%", "4403%"):
        assert 'href="/o/far/"' not in page(client, "/o/", region=asked)


def test_a_province_is_narrowed_to_one_of_its_cities(client, lab):
    make.institution("beta", region_code="440100")
    regulator(client, "44")
    html = page(client, "/o/", region="4401")
    assert 'href="/o/beta/"' in html and 'href="/o/alpha/"' not in html
    assert 'value="440305"' in html and "4403（1 家）" in html


def test_a_regulator_of_two_regions_looks_at_one_after_the_other(client, lab):
    make.institution("far", region_code="110100")
    account = regulator(client, "4403")
    with scope(user_id=account.pk, appoints=True):
        Membership.objects.create(institution=None, user=account, roles=[Role.REGULATOR], region_code="11")
    first, second = page(client, "/o/", region="11"), page(client, "/o/", region="4403")
    assert 'href="/o/far/"' in first and 'href="/o/alpha/"' not in first
    assert 'href="/o/alpha/"' in second and 'href="/o/far/"' not in second


def test_most_broken_duties_come_first_and_who_was_never_evaluated_comes_last(client, lab):
    beta, gamma, delta = (make.institution(slug) for slug in ("beta", "gamma", "delta"))
    evaluation(lab, not_met=1)
    evaluation(beta, not_met=9, duties=3)
    evaluation(gamma, not_met=3, duties=3)
    regulator(client)
    assert order_of(page(client, "/o/"), "alpha", "beta", "gamma", "delta") == ["beta", "gamma", "alpha", delta.slug]


def test_only_the_latest_evaluation_counts(client, lab):
    evaluation(lab, not_met=8, day=today(-1))
    evaluation(lab, not_met=0)
    regulator(client)
    assert 'href="/o/alpha/"' in page(client, "/o/", state="clean")
    assert 'href="/o/alpha/"' not in page(client, "/o/", state="broken")


def test_a_document_orders_and_counts_by_its_own_clauses(client, lab):
    beta = make.institution("beta")
    evaluation(lab, not_met=5, chapters={"A": {"4": {"not_met": 5}}, "B": {"5": {"not_met": 0, "met": 1}}})
    evaluation(beta, not_met=3, chapters={"B": {"5": {"not_met": 2}, "6": {"not_met": 1}}})
    regulator(client)
    assert order_of(page(client, "/o/"), "alpha", "beta") == ["alpha", "beta"]
    assert order_of(page(client, "/o/", doc="B"), "alpha", "beta") == ["beta", "alpha"]
    assert 'href="/o/alpha/"' not in page(client, "/o/", doc="B", state="broken")


def test_institutions_never_evaluated_can_be_found(client, lab):
    evaluation(make.institution("beta"), not_met=1)
    regulator(client)
    html = page(client, "/o/", state="never")
    assert 'href="/o/alpha/"' in html and 'href="/o/beta/"' not in html


def test_the_number_of_institutions_that_break_a_duty_leads_to_just_these(client, lab):
    evaluation(lab, not_met=3, duties=0)
    evaluation(make.institution("beta"), not_met=3, duties=1)
    regulator(client)
    assert '"?region=4403&state=duties"' in page(client, "/o/")
    html = page(client, "/o/", state="duties")
    assert 'href="/o/beta/"' in html and 'href="/o/alpha/"' not in html


def test_search_finds_by_name_and_by_credit_code(client, lab):
    make.institution("beta", credit_code="91440300MA5FAKE001")
    regulator(client)
    assert 'href="/o/alpha/"' not in page(client, "/o/", q="MA5FAKE")
    assert 'href="/o/beta/"' in page(client, "/o/", q="ma5fake")
    assert 'href="/o/alpha/"' in page(client, "/o/", q="alpha计量")


def test_the_three_worst_facts_are_told_in_words(client, lab):
    evaluation(lab, not_met=4)
    not_met(lab, "A-4.1.1", "营业执照已过期。请更新。", since=-40)
    for clause, since in (("A-6.2.2", -30), ("C-4.1.1-s1", -20), ("C-7.1.3", -10)):
        not_met(lab, clause, f"{clause} 的事实。", since=since)
    regulator(client)
    html = page(client, "/o/")
    assert "营业执照已过期" in html and "请更新" not in html
    assert f"A-4.1.1 {catalogue()['A-4.1.1'].title} · 已 40 天 · 依据 2 条" in html
    assert "C-4.1.1-s1 的事实" in html and "C-7.1.3 的事实" not in html


def test_what_ends_within_sixty_days_is_told(client, lab):
    make.alert(lab, lab_equipment(lab), subject="标准器到期：压力计", due_on=today(12))
    make.alert(lab, lab_equipment(lab), subject="还早", due_on=today(61))
    make.alert(lab, lab_equipment(lab), subject="早过了", due_on=today(-1))
    make.alert(lab, lab_equipment(lab), subject="已换证", due_on=today(3), settled_at=timezone.now())
    regulator(client)
    html = page(client, "/o/")
    assert "标准器到期：压力计（还有 12 天）" in html and "1 项" in html
    assert "还早" not in html and "早过了" not in html and "已换证" not in html


def lab_equipment(lab):
    return make.equipment(lab, make.site(lab, name=f"场所{today()}"))


def test_the_reminders_of_one_thing_count_once(client, lab):
    thing = lab_equipment(lab)
    for threshold in (60, 30):
        make.alert(lab, thing, subject="压力计到期", due_on=today(12), threshold=threshold)
    regulator(client)
    assert "1 项" in page(client, "/o/")


def many(count, name="lab"):
    """So many evaluated institutions."""
    known = Institution.objects.count()
    numbers = range(known, known + count)
    labs = Institution.objects.bulk_create(
        Institution(
            slug=f"{name}-{number}", name=f"机构{number}", short_code=f"N{number}", credit_code=f"N{number:017d}",
            region_code="440300", address="衡量路", phone="0990", complaint_phone="0990",
        )
        for number in numbers
    )  # fmt: skip
    evaluated(labs)
    return labs


def test_five_hundred_institutions_take_as_many_queries_as_five(client):
    taken = []
    for count in (5, 495):
        many(count)
        regulator(client, name=f"监管员{count}")
        with CaptureQueriesContext(connection) as queries:
            page(client, "/o/")
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 40, taken


def test_paging_shows_every_institution_once(client):
    labs = many(47)
    regulator(client)
    url, seen = "/o/", []
    while url:
        html = client.get(url).content.decode()
        seen += [lab.slug for lab in labs if f'href="/o/{lab.slug}/"' in html]
        found = html.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
        url = found
    assert sorted(seen) == sorted(lab.slug for lab in labs)


def test_only_institutions_on_the_page_were_looked_at(client):
    labs = many(47)
    regulator(client)
    html = page(client, "/o/")
    shown = [lab for lab in labs if f'href="/o/{lab.slug}/"' in html]
    assert len(shown) == 20
    assert all(looks_at(lab) == (["辖区机构"] if lab in shown else []) for lab in labs)


@pytest.mark.parametrize("query", ["q=%00", "q=" + "x" * 300, "doc=Z", "state=x", "after=nobody", "region=x", "doc=A'"])
def test_an_odd_address_still_shows_the_list(client, lab, query):
    regulator(client)
    assert client.get(f"/o/?{query}").status_code == 200
