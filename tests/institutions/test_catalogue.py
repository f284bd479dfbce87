import json
import re
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from institutions import catalogue
from institutions.models import Method
from tests import make

HEADS = "code,title,title_en,kind,in_force_from,in_force_until,replaced_by,note\n"


@pytest.fixture(scope="module")
def stated():
    """The shipped file's rows by their code."""
    return {row["code"]: row for row in catalogue.rows()}


def written(tmp_path, *lines):
    """A catalogue file of these lines."""
    file = tmp_path / "methods.csv"
    file.write_text(HEADS + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def test_the_file_names_at_least_forty_methods_and_several_that_were_replaced(stated):
    assert len(stated) >= 40
    assert sum(bool(row["in_force_until"]) for row in stated.values()) >= 5


def test_codes_are_those_of_national_regulations_and_specifications(stated):
    assert all(re.fullmatch(r"JJ[GF] \d{1,4}(\.\d)?-\d{4}", code) for code in stated)


def test_the_kind_follows_from_the_code(stated):
    kinds = {"JJG": Method.Kind.REGULATION, "JJF": Method.Kind.SPECIFICATION}
    assert all(row["kind"] in (kinds[code[:3]], Method.Kind.GENERAL) for code, row in stated.items())
    assert {code[:3] for code, row in stated.items() if row["kind"] == Method.Kind.GENERAL} == {"JJF"}


def test_every_method_has_both_titles(stated):
    assert all(row["title"] and row["title_en"].isascii() for row in stated.values())


def test_no_method_came_into_force_before_the_year_in_its_code(stated):
    assert all(row["in_force_from"].year >= int(code[-4:]) for code, row in stated.items())


def test_a_replaced_method_ends_on_the_day_its_successor_begins(stated):
    for row in stated.values():
        assert bool(row["in_force_until"]) == bool(row["replaced_by"])
        if row["replaced_by"]:
            assert row["in_force_until"] == stated[row["replaced_by"]]["in_force_from"]


def test_the_regulation_of_the_shipped_data_sheet_is_in_force(stated):
    assert stated[make.DEFINITION["method"]]["in_force_until"] is None


def test_loading_brings_in_every_method_and_a_second_time_none(db, stated):
    assert catalogue.load().added == list(stated)
    again = catalogue.load()
    assert (again.added, again.changed, again.same) == ([], [], len(stated))


def test_loading_corrects_a_method_and_leaves_a_foreign_one_alone(db):
    make.method("JJG 52-2013", title="旧名")
    make.method("JJF 9999-2026", title="别处登记的规范")
    assert catalogue.load().changed == ["JJG 52-2013"]
    assert Method.objects.get(code="JJG 52-2013").title == "弹性元件式一般压力表、压力真空表和真空表"
    assert Method.objects.get(code="JJF 9999-2026").title == "别处登记的规范"


def test_a_newly_abolished_method_is_no_longer_in_force(db, tmp_path):
    line = "JJG 99-2006,砝码,Weights,verification_regulation,2007-03-06,{},JJG 99-2022"
    catalogue.load(written(tmp_path, line.format("")))
    catalogue.load(written(tmp_path, line.format("2023-06-07")))
    method = Method.objects.get(code="JJG 99-2006")
    assert method.in_force_on(date(2023, 6, 6)) and not method.in_force_on(date(2023, 6, 7))


@pytest.mark.parametrize("line", [
    "JJG 1-2000,甲,A,verification_regulation,2000-13-01,,",
    "JJG 1-2000,甲,A,a_regulation,2000-12-01,,",
])  # fmt: skip
def test_a_file_with_an_unreadable_row_changes_nothing(db, tmp_path, line):
    good = "JJG 2-2000,乙,B,verification_regulation,2000-12-01,,"
    with pytest.raises(ValueError):
        catalogue.load(written(tmp_path, good, line))
    assert not Method.objects.filter(code="JJG 2-2000").exists()


def test_a_code_that_stands_twice_in_the_file_is_refused(db, tmp_path):
    line = "JJG 2-2000,乙,B,verification_regulation,2000-12-01,,"
    with pytest.raises(ValueError, match="twice"):
        catalogue.load(written(tmp_path, line, line))


def test_the_command_says_what_is_new(db, stated):
    out = StringIO()
    call_command("load_methods", "--json", stdout=out)
    assert len(json.loads(out.getvalue())["added"]) == len(stated)
