"""Searching long lists: what is found, through which door, and that no page grows with the length of the list."""

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from commitments.models import DirectoryEntry
from equipment.models import Equipment
from institutions.models import Employment, ScopeItem, Training
from portal import searching
from portal.paging import counted, page_of
from portal.tenancy import scope, tenant
from tests import make

COLUMNS = ("asset_number", "name", "serial_number", "model")
SEARCHED = [model for model in (Equipment, ScopeItem) if searching.is_for(model)]


@pytest.fixture
def w(db):
    world = make.laboratory()
    with tenant(world.institution.pk):
        yield world


def found(*texts, rows=None, names=COLUMNS):
    rows = Equipment.objects.all() if rows is None else rows
    return list(rows.filter(searching.holding(rows.model, texts, names)).order_by("pk"))


@pytest.fixture
def gauge(w):
    return make.equipment(
        w.institution, w.site, name="活塞式压力计（二等）", serial_number="SN%9_f3A7", asset_number="Ａ-1"
    )


@pytest.mark.parametrize(
    "text", ["活塞式", "塞", "(二等)", "（二等）", "sn%9", "%9_F3a", "A-1", "ａ-１", "压力计（二等)"]
)
def test_a_text_is_found_however_wide_and_large_its_letters_were_typed(gauge, text):
    assert gauge in found(text)


@pytest.mark.parametrize("text", ["%%", "_9", "计_等", "二等）\nxy", "'", "\\"])
def test_signs_of_a_pattern_stand_for_themselves(gauge, text):
    assert found(text) == []


def test_a_text_does_not_reach_from_one_column_into_the_next(w):
    row = make.equipment(w.institution, w.site, asset_number="XK-1", name="砝码组")
    assert found("砝码") == [row] and found("1砝码") == [] and found("1 砝码") == []


def test_each_of_several_texts_has_to_be_there(gauge):
    assert found("活塞", "sn%") == [gauge] and found("活塞", "没有") == []


def test_nothing_typed_leaves_all_rows(w):
    assert found() == found("") == list(Equipment.objects.order_by("pk"))


def test_a_changed_name_is_found_and_the_old_one_is_not(gauge):
    Equipment.objects.filter(pk=gauge.pk).update(name="浮球式压力计")
    assert found("浮球") == [gauge] and found("活塞") == []


def test_what_is_found_too_often_to_be_numbered_is_found_all_the_same(w, gauge, monkeypatch):
    others = [make.equipment(w.institution, w.site, name=f"活塞式压力计 {n}") for n in range(4)]
    monkeypatch.setattr(searching, "MOST", 3)
    assert found("活塞") == [gauge, *others] and found("活塞", "SN%") == [gauge] and found("%9") == [gauge]


def test_a_related_column_is_searched_beside_the_own_ones(w):
    line = ScopeItem.objects.first()
    names = ("instrument", "method__code")
    assert line in found(line.method.code[2:7], rows=ScopeItem.objects.all(), names=names)
    assert line in found(line.instrument[:2], rows=ScopeItem.objects.all(), names=names)
    assert line in found(line.instrument[:2], line.method.code[:4], rows=ScopeItem.objects.all(), names=names)
    assert found("没有这个", rows=ScopeItem.objects.all(), names=names) == []


def test_a_model_without_words_is_searched_in_its_columns(w):
    assert found("沈若川", rows=Employment.objects.all(), names=("name", "staff_number")) == [w.operator_employment]


def test_the_different_names_are_told_once_each_and_in_order(w):
    for name in ("乙", "甲", "乙"):
        make.equipment(w.institution, w.site, name=name)
    names = list(Equipment.objects.order_by("name").values_list("name", flat=True).distinct())
    assert searching.different(Equipment, "name", 100) == names
    assert searching.different(Equipment, "name", 2) == names[:2]


# --- whose rows


def numbers(model, text="%%"):
    """What the owner's function answers."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT find.{model._meta.db_table}(ARRAY[%s], 1000000)", [text])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("model", SEARCHED)
def test_the_owners_function_knows_only_the_institution_whose_scope_is_open(w, model):
    own = list(model.objects.order_by("pk").values_list("pk", flat=True))
    beta = make.laboratory("beta")
    with tenant(beta.institution.pk):
        others = list(model.objects.order_by("pk").values_list("pk", flat=True))
        assert sorted(numbers(model)) == others
    assert sorted(numbers(model)) == own and own and others and not {*own} & {*others}


@pytest.mark.parametrize("model", SEARCHED)
def test_without_a_scope_the_function_answers_nothing(w, model):
    with scope():
        assert numbers(model) is None


def test_in_the_scope_of_a_region_its_rows_are_found(db):
    lab, far = make.institution("alpha", region_code="440300"), make.institution("far", region_code="110100")
    rows = [make.equipment(one, make.site(one), name="机密压力计") for one in (lab, far)]
    with scope(region="4403"):
        assert found("机密") == rows[:1] and searching.different(Equipment, "name", 9) is None


@pytest.mark.django_db
def test_the_functions_are_the_owners_and_only_the_portal_may_call_them():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname::text, prosecdef, proconfig[1], pg_get_userbyid(proowner), has_function_privilege('public', oid, "
            "'EXECUTE'), has_function_privilege(%s, oid, 'EXECUTE') FROM pg_proc WHERE pronamespace = 'find'::regnamespace",
            [connection.settings_dict["USER"]],
        )
        laid = cursor.fetchall()
        cursor.execute("SELECT tablename::text, roles::text FROM pg_policies WHERE policyname = 'find_reading'")
        open_to = cursor.fetchall()
    owner = connections["owner"].settings_dict["USER"]
    tables = {model._meta.db_table for model in (*SEARCHED, DirectoryEntry)}
    path = "search_path=pg_catalog, public, pg_temp"
    assert {name for name, *_ in laid} == tables
    assert {tuple(rest) for _, *rest in laid} == {(True, path, owner, False, True)}
    assert set(open_to) == {(table, f"{{{owner}}}") for table in tables}


def test_the_portal_cannot_replace_what_the_owner_laid_down(w):
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION find.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'")


# --- how


@pytest.mark.parametrize(
    ("model", "order", "index"),
    [
        (Equipment, ("due_on", "pk"), "equipment_by_due_day"),
        (ScopeItem, ("instrument", "measurand", "pk"), "scope_in_order"),
        (Training, ("-held_on", "-pk"), "training_newest_first"),
    ],
)
def test_a_page_far_down_enters_the_index_at_its_row(w, model, order, index):
    if model is Training:
        make._row(Training, w.institution, title="x", kind="safety", held_on=make.DAY, hours=1)
    rows = model.objects.filter(institution=w.institution)
    place = rows.first().ref
    with CaptureQueriesContext(connection) as asked:
        page_of(rows, *order, request=RequestFactory().get("/", {"after": place}))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN " + asked[-1]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"Index Scan using {index}" in plan and "ROW(" in plan.partition("Index Cond")[2].partition("\n")[0], plan


@pytest.mark.django_db
@pytest.mark.parametrize("model", SEARCHED)
def test_words_are_indexed_by_their_letters_within_the_institution(model):
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [model._meta.db_table])
        assert [one for (one,) in cursor.fetchall() if "USING gin (institution_id, words gin_trgm_ops)" in one]


def test_pages_follow_each_other_without_gap_or_repetition(w):
    for number in range(7):
        make.equipment(w.institution, w.site, name=f"{number % 3}")
    rows = Equipment.objects.filter(institution=w.institution)
    for order in (("name", "pk"), ("-name", "-pk"), ("-name", "pk")):
        seen, place = [], {}
        while True:
            page = page_of(rows, *order, request=RequestFactory().get("/", place), size=2)
            seen += page.rows
            if not page.after:
                break
            place = {"after": page.after}
        assert seen == list(rows.order_by(*order)), order
        back, place = [], {"before": seen[-1].ref}
        while place["before"]:
            page = page_of(rows, *order, request=RequestFactory().get("/", place), size=2)
            back, place = page.rows + back, {"before": page.before}
        assert back == seen[:-1], order


def test_a_count_on_a_page_ends_at_a_thousand(w, monkeypatch):
    monkeypatch.setattr("portal.paging.MOST_COUNTED", 2)
    assert counted(Employment.objects.none()) == "0"
    assert counted(Employment.objects.filter(pk=w.operator_employment.pk)) == "1"
    assert counted(Employment.objects.all()) == "2+"
