"""Spreadsheets as the texts that a person would have typed."""

import io
from datetime import date, datetime

import openpyxl
import pytest

from portal import sandbox
from portal.inspection import CSV, XLSX, Unacceptable, tables
from portal.inspection.tables import Table


def workbook(*rows, change=lambda book: None):
    """The bytes of a workbook with these rows in its first sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(content, kind=XLSX):
    return tables.read(kind, content)


def cells(content, kind=XLSX):
    return [row for _number, row in read(content, kind)["lines"]]


def test_numbers_and_days_read_as_a_person_would_type_them():
    row = [1, 1.5, 0.0015, 0.1 + 0.2, 1e-7, date(2026, 3, 9), datetime(2026, 3, 9, 10, 30), True, " x "]
    assert cells(workbook(row)) == [
        ["1", "1.5", "0.0015", "0.3", "0.0000001", "2026-03-09", "2026-03-09 10:30", "是", " x "]
    ]


def test_blank_lines_are_skipped_and_lines_keep_their_numbers():
    content = workbook(["a"], [], [None, "  "], ["b"])
    assert read(content)["lines"] == [(1, ["a"]), (4, ["b"])]


def test_a_number_that_lost_its_last_digits_is_named():
    ((line, place, sentence),) = read(workbook(["号码"], [440301198501011234]))["spoilt"]
    assert (line, place) == (2, 0) and "超过 15 位" in sentence


def test_an_error_in_a_cell_is_named_and_not_taken_for_blank():
    def break_it(book):
        book.active["B2"].value, book.active["B2"].data_type = "#DIV/0!", "e"

    ((line, place, sentence),) = read(workbook(["a", "b"], ["x", "y"], change=break_it))["spoilt"]
    assert (line, place) == (2, 1) and "#DIV/0!" in sentence


def test_a_formula_without_a_result_is_named():
    ((line, place, sentence),) = read(workbook(["a"], ["=1+1"]))["spoilt"]
    assert (line, place) == (2, 0) and "公式没有结果" in sentence


def test_the_sheet_of_the_template_is_read_wherever_it_stands():
    def add(book):
        book.create_sheet(tables.SHEET).append(["right"])

    assert cells(workbook(["wrong"], change=add)) == [["right"]]


def test_a_hidden_sheet_is_not_read():
    def hide(book):
        book.active.sheet_state = "hidden"
        book.create_sheet("shown").append(["seen"])

    assert cells(workbook(["unseen"], change=hide)) == [["seen"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_that_spreadsheets_write(encoding):
    assert cells("姓名,级别\r\n沈若川,一级\r\n".encode(encoding), CSV) == [["姓名", "级别"], ["沈若川", "一级"]]


def test_cells_with_line_breaks_survive_the_clipboard():
    assert tables.pasted('a\tb\n"two\nlines"\t2\n').lines == [(1, ["a", "b"]), (2, ["two\nlines", "2"])]


def test_a_table_of_too_many_rows_is_refused_with_a_sentence():
    text = "a\n" * (tables.MOST_ROWS + 21)
    with pytest.raises(Unacceptable, match="超过 10000 行"):
        tables.pasted(text)


def test_a_huge_cell_is_refused_and_its_line_named():
    with pytest.raises(Unacceptable, match="第 2 行"):
        tables.pasted("a\n" + "x" * (tables.LONGEST_CELL + 1))


def test_a_workbook_with_a_macro_is_refused():
    import zipfile

    file = io.BytesIO(workbook(["a"]))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert "宏" in read(file.getvalue())["problem"]


def test_two_cells_at_the_far_ends_of_a_sheet_do_not_take_the_memory_of_all_between():
    def far(book):
        book.active["XFD1048576"] = "y"

    with pytest.raises(sandbox.SandboxError):
        sandbox.run(tables.read, XLSX, workbook(["x"], change=far), seconds=20)


def test_a_table_comes_back_from_data_as_it_was():
    table = Table([(1, ["a"])], [(1, 0, "s")])
    assert Table.from_data(table.as_data()) == table
