"""What ends when, as pages show it: counted by how soon, listed by day, narrowed by kind and person."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from institutions.models import Authorisation
from portal import calendar, due_view, duelists, panels, windows
from portal.due_view import Wanted
from portal.permissions import GRANTS, Role
from portal.tenancy import tenant
from tests import make

DAY = make.DAY
TRACED = "equipment.traceability"
GRANTED = "institutions.authorisation"

pytestmark = pytest.mark.django_db


@pytest.fixture
def w(monkeypatch):
    """A laboratory whose own rows end years from now, and two rules; the test runs inside its scope, on DAY."""
    monkeypatch.setattr(duelists, "RULES", {name: duelists.RULES[name] for name in (TRACED, GRANTED)})
    world = make.laboratory()
    for row in (world.equipment, world.environment):
        make.traceability(
            world.institution, row, world.operator_employment, calibrated_on=DAY, valid_until=date(2030, 1, 1)
        )
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: DAY)
    with tenant(world.institution.pk):
        yield world


def traced(w, *lefts, **kwargs):
    """Equipment whose traceability has so many days left, one for each."""
    for left in lefts:
        row = make.equipment(w.institution, w.site, **kwargs)
        make.traceability(w.institution, row, w.operator_employment, valid_until=DAY + timedelta(left))


def granted(w, employment, left, **kwargs):
    values = {"field": "温度", "valid_until": DAY + timedelta(left), **kwargs}
    return make.authorisation(w.institution, employment, Authorisation.Role.CHECKER, **values)


def wanted(w, *rules, **kwargs):
    return Wanted(
        w.institution.pk, rules or tuple(duelists.RULES), DAY, kwargs.pop("last", DAY + timedelta(60)), **kwargs
    )


def lefts(rows):
    return [(row.due_on - DAY).days for row in rows]


def page(client, w, role, address):
    client.force_login(make.regulator() if role is Role.REGULATOR else make.user(w.institution, role))
    return client.get(address)


@pytest.mark.parametrize(
    ("left", "window"),
    [(-400, "expired"), (-1, "expired"), (0, "7"), (7, "7"), (8, "30"), (30, "30"), (31, "60"), (60, "60"), (61, None)],
)
def test_every_day_lies_in_one_counted_window(left, window):
    day, inside = DAY + timedelta(left), []
    for name in windows.COUNTED:
        first, last = windows.limits(name, DAY)
        inside += [name] if (first is None or first <= day) and day <= last else []
    assert inside == ([window] if window else [])


def test_counts_tell_of_each_window_what_lies_in_it(w):
    traced(w, -5, -1, 0, 7, 8, 30, 31, 60, 61)
    [counts] = due_view.due_counts(wanted(w, TRACED))
    assert counts.windows == {"expired": 2, "7": 2, "30": 2, "60": 2}


def test_the_worst_row_is_the_one_that_ends_first(w):
    traced(w, 30, -5, 3)
    assert lefts([due_view.due_counts(wanted(w, TRACED))[0].worst]) == [-5]


def test_the_rule_with_the_most_urgent_row_comes_first(w):
    traced(w, 20)
    granted(w, w.checker_employment, 3)
    assert [counts.rule for counts in due_view.due_counts(wanted(w))] == [GRANTED, TRACED]


def test_counts_and_rows_agree(w):
    traced(w, -5, 3, 3, 59)
    granted(w, w.checker_employment, 12)
    assert sum(counts.sum for counts in due_view.due_counts(wanted(w))) == due_view.due_total(wanted(w)) == 5


def test_what_was_renewed_is_not_due(w):
    traced(w, 3)
    granted(w, w.checker_employment, 12)
    granted(w, w.checker_employment, 400, valid_from=DAY)
    assert [row.rule for row in due_view.due_rows(wanted(w), most=9)] == [TRACED]


def test_however_many_rules_there_are_a_list_asks_one_query(w, django_assert_num_queries):
    traced(w, 3, 4)
    for ask in (due_view.due_counts, due_view.due_days, due_view.due_total, due_view.people_of):
        with django_assert_num_queries(1):
            ask(wanted(w))
    with django_assert_num_queries(1):
        due_view.due_rows(wanted(w), most=50)


def test_rows_of_another_institution_are_not_among_them(w):
    beta = make.laboratory("beta")
    traced(beta, 3)
    theirs = Wanted(beta.institution.pk, tuple(duelists.RULES), DAY, DAY + timedelta(60))
    with tenant(beta.institution.pk):
        assert due_view.due_total(theirs) == 1
    assert due_view.due_total(theirs) == due_view.due_total(wanted(w)) == 0


def test_the_query_itself_names_the_institution(w, monkeypatch):
    """The wall in the code, beside the one in the database."""
    asked = []
    monkeypatch.setattr(due_view, "_asked", lambda query, parameters: asked.append((query, parameters)) or [])
    due_view.due_rows(wanted(w), most=1)
    [(query, parameters)] = asked
    assert "institution_id = %s" in query and w.institution.pk in parameters


def test_only_members_see_what_is_due(w):
    with pytest.raises(PermissionDenied):
        due_view.view_of(w.checker, w.institution.pk + 1, DAY)


def test_a_list_goes_on_after_its_last_row_and_back_again(w):
    traced(w, *range(10))
    first = due_view.due_rows(wanted(w), most=4)
    second = due_view.due_rows(wanted(w), most=4, after=first[-1].key)
    assert lefts(first) + lefts(second) == list(range(8))
    assert due_view.due_rows(wanted(w), most=4, before=second[0].key) == first


@pytest.mark.parametrize("key", ["x", "2026-03-10", "2026-03-10.1.nobody", "2026-13-99.1." + TRACED, f"..{TRACED}"])
def test_a_key_that_is_none_counts_as_no_key(w, key):
    traced(w, 3)
    assert len(due_view.due_rows(wanted(w), most=4, after=key)) == 1


@pytest.mark.parametrize("role", [role for role in GRANTS if role is not Role.PLATFORM_OPERATOR])
def test_overseers_see_every_rule_and_others_those_they_are_told_of(w, role):
    rules = due_view.rules_for(make.actor(w.institution, role), DAY)
    told = tuple(name for name, rule in duelists.RULES.items() if role in rule.recipients)
    assert rules == (tuple(duelists.RULES) if role in due_view.OVERSEERS else told)


def test_whoever_is_told_of_nothing_sees_what_is_his_own(w):
    mine = granted(w, w.checker_employment, 12)
    granted(w, w.signatory_employment, 12)
    view = due_view.view_of(w.checker, w.institution.pk, DAY)
    assert [row.target_id for row in due_view.due_rows(view, most=9)] == [mine.pk]


def test_whoever_is_told_of_nothing_and_has_no_employment_sees_nothing(w):
    granted(w, w.checker_employment, 12)
    view = due_view.view_of(make.actor(w.institution, Role.RECEPTIONIST), w.institution.pk, DAY)
    assert due_view.due_counts(view) == due_view.due_days(view) == due_view.due_rows(view, most=9) == []
    assert due_view.due_total(view) == 0 and due_view.people_of(view) == {}


def test_the_panel_counts_what_its_links_list(w, client):
    traced(w, -6, -1, 3, 20, 45, 200)
    granted(w, w.checker_employment, 5)
    keeper = make.actor(w.institution, Role.QUALITY_MANAGER)
    context = panels.due_dates(keeper, w.institution, DAY).context
    cells = [cell for row in context["rows"] for cell in row["cells"]] + context["sums"]
    assert [cell["count"] for cell in context["sums"]] == [2, 2, 1, 1]
    for cell in cells:
        table = page(client, w, Role.QUALITY_MANAGER, cell["url"]).context["table"]
        assert len(table["rows"]) == cell["count"], cell["url"]


def test_the_panel_names_the_rules_of_which_nothing_is_due(w):
    traced(w, 3)
    context = panels.due_dates(make.actor(w.institution, Role.QUALITY_MANAGER), w.institution, DAY).context
    assert "人员授权" in context["quiet"] and "设备溯源" not in context["quiet"]


def test_a_checker_has_a_panel_of_his_own_papers_and_no_counts(w):
    granted(w, w.checker_employment, 12)
    assert panels.due_dates(w.checker, w.institution, DAY) is None
    [entry] = panels.own_due_dates(w.checker, w.institution, DAY).context["entries"]
    assert (entry["words"], entry["tone"]) == ("还有 12 天", "due")


def test_with_nothing_of_his_own_due_a_checker_has_no_such_panel(w):
    assert panels.own_due_dates(w.checker, w.institution, DAY) is None


def test_a_list_can_be_narrowed_to_a_person(w, client):
    granted(w, w.checker_employment, 12)
    granted(w, w.signatory_employment, 12)
    address = reverse("portal:due", args=["alpha"])
    answer = page(client, w, Role.QUALITY_MANAGER, f"{address}?person={w.checker_employment.pk}")
    assert [row[2] for row in answer.context["table"]["rows"]] == ["许知远"]


def test_a_list_can_be_narrowed_to_days(w, client):
    traced(w, 3, 100, 200)
    first, last = DAY + timedelta(90), DAY + timedelta(110)
    answer = page(
        client, w, Role.QUALITY_MANAGER, reverse("portal:due", args=["alpha"]) + f"?first={first}&last={last}"
    )
    assert len(answer.context["table"]["rows"]) == 1


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("first=gestern", "日期看不懂"),
        ("rule=nobody", "请从列表里选"),
        ("first=2026-05-01&last=2026-04-01", "请对调两个日期"),
    ],
)
def test_a_filter_that_cannot_be_read_is_answered_in_words(w, client, query, sentence):
    answer = page(client, w, Role.QUALITY_MANAGER, reverse("portal:due", args=["alpha"]) + f"?{query}")
    assert answer.status_code == 400 and sentence in answer.content.decode()


def test_the_calendar_has_twelve_months_from_this_one_on(w):
    months = calendar.months([], DAY)
    assert [month.first for month in months][:: calendar.MONTHS - 1] == [date(2026, 3, 1), date(2027, 2, 1)]
    assert calendar.span(DAY) == (date(2026, 3, 1), date(2027, 2, 28))


def test_a_week_is_cut_where_its_month_ends(w):
    counted = [(date(2026, 3, 31), TRACED, 1), (date(2026, 4, 1), TRACED, 2)]
    march, april = calendar.months(counted, DAY)[:2]
    assert [(week.first, week.last, week.count) for week in march.weeks + april.weeks] == [
        (date(2026, 3, 30), date(2026, 3, 31), 1),
        (date(2026, 4, 1), date(2026, 4, 5), 2),
    ]


def test_every_link_of_the_calendar_lists_what_it_counts(w, client):
    traced(w, -3, 3, 3, 4, 40, 300)
    answer = page(client, w, Role.QUALITY_MANAGER, reverse("portal:calendar", args=["alpha"]))
    months, url = answer.context["months"], answer.context["list_url"]
    assert answer.context["total"] == 6 and answer.context["expired"] == 1
    for part in [week for month in months for week in month.weeks]:
        listed = client.get(f"{url}first={part.first}&last={part.last}").context["table"]["rows"]
        assert len(listed) == part.count
        for one in part.days:
            assert len(client.get(f"{url}first={one.day}&last={one.day}").context["table"]["rows"]) == one.count


def test_the_calendar_shows_one_kind_when_asked(w, client):
    traced(w, 3)
    granted(w, w.checker_employment, 12)
    answer = page(client, w, Role.QUALITY_MANAGER, reverse("portal:calendar", args=["alpha"]) + f"?rule={GRANTED}")
    assert answer.context["total"] == 1 and f"rule={GRANTED}&" in answer.context["list_url"]


def test_the_calendar_is_a_table_without_script(w, client):
    traced(w, 3)
    text = page(client, w, Role.QUALITY_MANAGER, reverse("portal:calendar", args=["alpha"])).content.decode()
    assert "first=2026-03-13&amp;last=2026-03-13" in text.replace("&last", "&amp;last").replace("&amp;amp;", "&amp;")
    assert 'data-calendar="calendar-days" hidden' in text
