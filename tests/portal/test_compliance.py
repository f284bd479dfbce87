"""The compliance pages: stored verdicts, narrowed and searched; a day gone by; one clause with its history."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal import clauses, limits, outbox, standing
from portal.clauses import Evidence, State, Verdict, catalogue
from portal.models import AuditEntry, ClauseStanding, Evaluation, OutboxEntry
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY
WORK = "C-5.3.2"


@pytest.fixture
def says(monkeypatch):
    """Clause -> verdict; what is not in it is unknown, and everything of A and C applies."""
    said = {}
    monkeypatch.setattr(clauses, "CHECKS", {})
    monkeypatch.setattr(clauses, "APPLIES", {})
    for row in catalogue().values():
        clauses.CHECKS[row.id] = lambda institution, day, name=row.id: said.get(name, Verdict(State.UNKNOWN))
    return said


@pytest.fixture
def lab(db):
    return make.institution()


@pytest.fixture
def member(client, lab):
    client.force_login(make.user(lab, Role.QUALITY_MANAGER))
    return client


@pytest.fixture
def stored(lab, says):
    """alpha as of DAY: two clauses are not met, one is met, the others are unknown or do not apply."""
    says[WORK] = Verdict(
        State.NOT_MET, {"不符合": 1}, (Evidence("天平 7 号", "/scale/", "超期"),), "超期了。请送检。", "/fix/"
    )
    says["A-4.1.1"] = Verdict(State.NOT_MET, advice="没有营业执照。")
    says["C-4.2"] = Verdict(State.MET)
    standing.store(lab, DAY)
    return says


def opened(client, lab, query="", **kwargs):
    return client.get(reverse("portal:compliance", args=[lab.slug]) + query, **kwargs)


def shown(response):
    return [row["id"] for chapter in response.context["chapters"] for row in chapter["rows"]]


# --- the list


def test_the_page_shows_first_what_is_not_met(member, lab, stored):
    assert shown(opened(member, lab)) == ["A-4.1.1", WORK]


def test_the_page_shows_the_rows_the_advice_and_the_page_that_puts_it_right(member, lab, stored):
    text = opened(member, lab).content.decode()
    for piece in ("超期了。请送检。", 'href="/scale/"', "天平 7 号", 'href="/fix/"'):
        assert piece in text


def test_opening_the_page_evaluates_nothing(member, lab, stored, monkeypatch):
    monkeypatch.setattr(standing, "evaluate", None)
    assert opened(member, lab).status_code == 200


def test_the_page_says_as_of_when_it_is(member, lab, stored):
    with tenant(lab.pk):
        at = timezone.localtime(standing.latest(lab).evaluated_at)
    assert f"{at:%Y-%m-%d %H:%M} 评定" in opened(member, lab).content.decode()


def test_every_clause_of_a_document_is_on_its_pages_once(member, lab, stored):
    found, page = [], "?doc=C&state=all"
    while page:
        response = opened(member, lab, page)
        found += shown(response)
        page = response.context["next_url"].removeprefix(response.request["PATH_INFO"]).removesuffix("#list")
    assert found == [row.id for row in catalogue().values() if row.letter == "C"]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("state=met", lambda row: row.id == "C-4.2"),
        ("state=all&doc=A&chapter=6", lambda row: row.letter == "A" and row.chapter == "6"),
        ("state=all&level=shall_not&doc=C", lambda row: row.level == "shall_not" and row.letter == "C"),
        ("state=all&kind=alert", lambda row: row.kind == "alert"),
        ("state=all&app=commitments", lambda row: row.app == "commitments"),
        ("state=all&q=c-5.3.2", lambda row: "C-5.3.2" in row.id),
        ("state=all&q=营业执照", lambda row: "营业执照" in row.title),
    ],
)
def test_the_list_can_be_narrowed(member, lab, stored, query, holds):
    found = shown(opened(member, lab, f"?{query}"))
    assert found and set(found) == {row.id for row in catalogue().values() if holds(row)}


def test_the_tabs_count_what_the_filters_leave(member, lab, stored):
    tabs = {str(tab["title"]): tab["count"] for tab in opened(member, lab, "?doc=A").context["tabs"]}
    assert (tabs["不符合"], tabs["全部"]) == (1, sum(row.letter == "A" for row in catalogue().values()))


@pytest.mark.parametrize(
    "query",
    ["?doc=Z", "?state=nonsense", "?doc=&state=", "?chapter=9", "?page=0", "?page=-1", "?page=x", "?page=²", "?page=99999"],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_none(member, lab, stored, query):
    response = opened(member, lab, query)
    assert (response.status_code, shown(response)) == (200, ["A-4.1.1", WORK])


def test_a_search_that_finds_nothing_says_so(member, lab, stored):
    assert "没有这样的条款" in opened(member, lab, "?q=没有这个词").content.decode()


def test_a_page_of_the_list_takes_the_same_queries_for_few_and_many_rows(
    member, lab, stored, django_assert_max_num_queries
):
    with django_assert_max_num_queries(30):
        opened(member, lab, "?state=all")


def test_the_overview_counts_documents_and_chapters(member, lab, stored):
    context = opened(member, lab).context
    assert [cell["count"] for cell in context["totals"]][0] == 2
    (row,) = [row for row in context["documents"] if row["letter"] == "C"]
    shades = {str(part["title"]): (part["shade"], part["text"]) for part in row["chapters"]}
    assert shades["第 5 章"] == ("heat-1", "1 条不符合")
    assert shades["第 4 章"][0] == "off"


def test_what_changed_within_a_week_is_told(member, lab, stored):
    stored[WORK] = Verdict(State.MET)
    standing.store(lab, DAY + timedelta(8))
    context = opened(member, lab).context
    assert [(row["id"], row["became"]) for row in context["changed"]] == [(WORK, "met")]
    assert "较 03-10 -1" in context["totals"][0]["note"]
    standing.store(lab, DAY + timedelta(20))
    assert opened(member, lab).context["changed"] == []


def test_an_institution_that_was_never_evaluated_is_told_what_to_do(member, lab):
    response = opened(member, lab)
    assert response.status_code == 200
    assert "还没有评定过" in response.content.decode()


def test_a_clause_that_a_register_feeds_leads_to_the_register(member, lab, stored, monkeypatch):
    from portal import compliance

    register = type("R", (), {"title": "证照台账", "name": "papers", "clauses": ("A-4.1.1",)})
    monkeypatch.setattr(compliance, "REGISTERS", {"papers": register})
    url = reverse("portal:register", args=[lab.slug, "papers"])
    assert f'href="{url}"' in opened(member, lab).content.decode()


def test_a_clause_without_a_page_of_its_own_leads_to_the_first_row_at_fault(member, lab, says, monkeypatch):
    from portal import compliance

    monkeypatch.setattr(compliance, "REGISTERS", {})
    evidence = (Evidence("全部设备", text="2 台"), Evidence("天平 7 号", "/scale/", "超期"))
    says[WORK] = Verdict(State.NOT_MET, evidence=evidence, advice="超期了。")
    says["C-4.2"] = Verdict(State.UNKNOWN, evidence=evidence, advice="尚不能判定。")
    standing.store(lab, DAY)
    with tenant(lab.pk):
        rows = {row.clause: compliance.fix_of(row, lab) for row in standing.current(lab)}
    assert (rows[WORK], rows["C-4.2"]) == ("/scale/", "")


# --- a day gone by


def test_a_day_gone_by_is_evaluated_as_of_that_day_and_not_stored(member, lab, says):
    days = []
    clauses.CHECKS[WORK] = lambda institution, day: days.append(day) or Verdict(State.NOT_MET)
    response = opened(member, lab, "?on=2025-06-01")
    assert f"{days[0]}" == "2025-06-01"
    assert shown(response) == [WORK]
    assert "不存档" in response.content.decode()
    with tenant(lab.pk):
        assert not Evaluation.objects.exists() and not ClauseStanding.objects.exists()


def test_the_links_of_a_day_gone_by_stay_on_that_day(member, lab, says):
    context = opened(member, lab, "?on=2025-06-01").context
    addresses = [cell["url"] for cell in context["totals"]] + [tab["url"] for tab in context["tabs"]]
    addresses += [part["url"] for row in context["documents"] for part in row["chapters"]]
    assert [url for url in addresses if "on=2025-06-01" not in url] == []


@pytest.mark.parametrize("typed", ["morgen", "2026-13-40", "1066-01-01", "9999-12-31", "2025-06-01x\x00"])
def test_a_day_that_cannot_be_is_answered_with_a_sentence(member, lab, stored, typed):
    response = opened(member, lab, f"?on={typed.replace(chr(0), '%00')}")
    known = typed.startswith("2025")
    assert response.status_code == (200 if known else 422)
    assert known or "请" in response.context["seen"].problem


def test_days_gone_by_cannot_be_asked_for_without_end(member, lab, says, monkeypatch):
    monkeypatch.setitem(limits.FEATURES, "evaluate", limits.Feature(600, None, 1, None, "any"))
    monkeypatch.setattr(standing, "evaluate", lambda institution, day: {})
    assert opened(member, lab, "?on=2025-06-01").status_code == 200
    assert opened(member, lab, "?on=2025-06-02").status_code == 429


# --- the button


def asked(client, lab):
    return client.post(reverse("portal:compliance_evaluate", args=[lab.slug]), follow=True)


def progress(client, lab):
    return json.loads(client.get(reverse("portal:compliance_progress", args=[lab.slug])).content)


def test_the_button_evaluates_in_the_background_and_the_page_shows_how_far_it_is(member, lab, stored):
    assert "正在按现在的记录逐条评定" in asked(member, lab).content.decode()
    assert opened(member, lab).context["job"]["state"] == progress(member, lab)["state"] == "running"
    outbox.drain()
    assert opened(member, lab).context["job"] is None
    assert progress(member, lab)["state"] == "done"
    with tenant(lab.pk):
        assert standing.latest(lab).day == timezone.localdate()


def test_while_an_evaluation_runs_there_is_no_button(member, lab, stored):
    assert "立即重新评定" in opened(member, lab).content.decode()
    assert "立即重新评定" not in asked(member, lab).content.decode()


def test_the_button_pressed_twice_asks_once(member, lab, stored):
    asked(member, lab)
    assert "不必再点" in asked(member, lab).content.decode()
    assert OutboxEntry.objects.filter(task="portal.evaluate_institution").count() == 1


def test_an_evaluation_that_was_given_up_is_told(member, lab, stored):
    asked(member, lab)
    OutboxEntry.objects.update(state=OutboxEntry.State.DEAD)
    assert progress(member, lab)["state"] == "failed"
    OutboxEntry.objects.update(state=OutboxEntry.State.PENDING, last_error="x")
    assert "自动重试" in progress(member, lab)["text"]


def test_a_regulator_sees_the_page_without_the_button(client, lab, stored):
    client.force_login(make.regulator())
    response = opened(client, lab)
    assert response.status_code == 200
    assert "立即重新评定" not in response.content.decode()


def test_a_regulator_is_sent_to_no_page_on_which_something_is_changed(client, lab, stored):
    client.force_login(make.regulator())
    assert "超期了。请送检。" in opened(client, lab).content.decode()
    assert 'href="/fix/"' not in opened(client, lab).content.decode()
    page = client.get(reverse("portal:compliance_clause", args=[lab.slug, WORK])).content.decode()
    assert "天平 7 号" in page and 'href="/fix/"' not in page


# --- as a file


def exported(client, lab, query="", **form):
    url = reverse("portal:compliance_export", args=[lab.slug]) + query
    return client.post(url, {"format": "csv", "own_password": make.PASSWORD, **form})


def told(response):
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))


def test_the_list_can_be_taken_along_as_a_file_in_the_order_of_the_catalogue(client, lab, stored):
    client.force_login(make.user(lab, Role.ADMINISTRATOR, Role.QUALITY_MANAGER))
    rows = told(exported(client, lab, "?state=all"))
    assert [row[0] for row in rows[1:]] == list(catalogue())
    (row,) = [dict(zip(rows[0], row, strict=True)) for row in rows if row[0] == WORK]
    assert (row["情况"], row["自何日起"], row["依据"], row["建议"]) == (
        "不符合", "2026-03-10", "天平 7 号 超期", "超期了。请送检。",
    )  # fmt: skip


def test_the_file_holds_what_the_list_is_narrowed_to_and_the_audit_trail_knows(client, lab, stored):
    client.force_login(make.user(lab, Role.ADMINISTRATOR))
    assert [row[0] for row in told(exported(client, lab, "?doc=C"))[1:]] == [WORK]
    with tenant(lab.pk):
        entry = AuditEntry.objects.get(verb="compliance.export")
    assert "不符合" in entry.changes["filter"][1] and "C" in entry.changes["filter"][1]


def test_no_file_leaves_without_a_proof_of_the_person(client, lab, stored):
    client.force_login(make.user(lab, Role.ADMINISTRATOR))
    assert exported(client, lab, own_password="wrong").status_code == 302


# --- one clause


def clause_page(client, lab, name, query=""):
    return client.get(reverse("portal:compliance_clause", args=[lab.slug, name]) + query)


def test_the_page_of_a_clause_shows_its_wording_rows_and_history(member, lab, stored):
    stored[WORK] = Verdict(State.MET, {"检查": 3})
    standing.store(lab, DAY + timedelta(3))
    response = clause_page(member, lab, WORK)
    text = response.content.decode()
    assert catalogue()[WORK].title in text and "检查 3" in text
    assert [(row["at"], row["title"]) for row in response.context["history"]] == [
        ("2026-03-13", "符合"), ("2026-03-10", "不符合"),
    ]  # fmt: skip


def test_the_page_of_a_clause_names_the_gates_that_refuse_in_its_name(member, lab, stored):
    assert "设备溯源有效" in clause_page(member, lab, "A-6.2.2").context["gates"]


def test_the_page_of_a_clause_can_show_a_day_gone_by(member, lab, stored):
    stored[WORK] = Verdict(State.MET)
    response = clause_page(member, lab, WORK, "?on=2025-06-01")
    assert response.context["entry"]["state"] == "met"
    assert "不存档" in response.content.decode()


@pytest.mark.parametrize("name", ["A-99.9", "x", "a-4.1.1", "%00"])
def test_a_clause_that_is_not_there_is_not_found(member, lab, stored, name):
    assert member.get(f"/i/{lab.slug}/compliance/{name}/").status_code == 404


def test_a_clause_that_was_never_evaluated_says_so(member, lab):
    response = clause_page(member, lab, WORK)
    assert response.status_code == 200
    assert "还没有评定过" in response.content.decode()
