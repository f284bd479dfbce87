"""The clause catalogue as shipped: how many rows, which words a column may hold, and that every row says something."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

import portal
from portal.glyphs import covered

FOLDER = Path(portal.__file__).parent / "catalogue"
COLUMNS = ["id", "level", "actor", "kind", "app", "limit", "title"]
ROWS = {"A": 98, "B": 203, "C": 159, "D": 93, "E": 63}
ALLOWED = {
    "level": {"shall", "shall_not", "should", "may"},
    "actor": {"institution", "staff", "regulator", "portal", "lead_lab", "organiser", "participant"},
    "kind": {"gate", "computed", "record", "alert", "public", "declaration", "guidance"},
    "app": {
        "institutions", "equipment", "commitments", "comparisons", "orders", "certificates", "complaints",
        "inspections", "oversight",
    },
}  # fmt: skip
ID = re.compile(r"[A-E]-\d+(\.\d+)*(-\d+(\.\d+)*)?(-[a-k])?(-s\d+|-note)?")


def table(name: str) -> list[dict[str, str]]:
    """The rows of one file by column."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text, strict=True))


@pytest.fixture(scope="module")
def clauses():
    return [row for letter in ROWS for row in table(letter.lower())]


@pytest.mark.parametrize("letter", ROWS)
def test_each_document_has_its_number_of_rows_all_under_its_own_letter(letter):
    rows = table(letter.lower())
    assert len(rows) == ROWS[letter]
    assert {row["id"][0] for row in rows} == {letter}


@pytest.mark.parametrize("letter", ROWS)
def test_each_file_has_the_same_columns_and_no_row_has_more_or_fewer(letter):
    for row in table(letter.lower()):
        assert list(row) == COLUMNS, row
        assert None not in row.values(), row


@pytest.mark.parametrize("column", ALLOWED)
def test_a_column_of_fixed_words_holds_all_of_them_and_no_other(clauses, column):
    assert {row[column] for row in clauses} == ALLOWED[column]


def test_no_id_stands_in_the_catalogue_twice(clauses):
    assert [id for id, times in Counter(row["id"] for row in clauses).items() if times > 1] == []


def test_every_id_is_a_letter_a_clause_number_and_a_part(clauses):
    assert [row["id"] for row in clauses if not ID.fullmatch(row["id"])] == []


def test_no_two_clauses_have_the_same_title(clauses):
    assert [title for title, times in Counter(row["title"] for row in clauses).items() if times > 1] == []


def test_every_title_is_one_chinese_line_of_8_to_30_characters(clauses):
    wrong = [row["id"] for row in clauses if not re.fullmatch(r"(?=.*[\u4e00-\u9fff])\S(.{6,28})\S", row["title"])]
    assert wrong == []


def test_every_title_can_be_printed_with_the_bundled_fonts(clauses):
    assert {character for row in clauses for character in row["title"]} - covered() - {" "} == set()


def test_71_rows_carry_a_figure_or_fixed_condition(clauses):
    assert sum(row["limit"] != "" for row in clauses) == 71


def test_no_cell_has_blanks_around_its_text(clauses):
    assert [row["id"] for row in clauses if any(cell != cell.strip() for cell in row.values())] == []


def test_the_five_documents_are_listed_with_a_title_in_both_languages():
    rows = table("documents")
    assert [row["letter"] for row in rows] == list(ROWS)
    assert all(list(row) == ["letter", "number", "title", "english"] for row in rows)
    assert all(row["title"] and row["english"] for row in rows)
