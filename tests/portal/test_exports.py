"""Files for spreadsheets, read back as a spreadsheet reads them."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest

from portal import exports
from portal.transitions import Refused

FORMULAS = [
    "=1+1", "=HYPERLINK(\"http://x.test\",\"点我\")", "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)",
    "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1", "－1+1", "＠SUM", " =1+1", "\u3000=1+1", "-0.5.1", "+86 138", "--1",
    "-1e5", "-٣",
]  # fmt: skip
NUMBERS = ["-0.5", "+0.01", "0", "-0", "1.60", "-1234567.8901", "12"]
TEXTS = ["−", "中文", "YB-0231", "1,2", "0.4 级", "007", "1" * 18, "'quoted", "a\nb", "1e5", "#N/A"]


def in_csv(*values):
    """The cells of one row as a spreadsheet reads them."""
    answer = exports.answer("csv", "x", ["T"] * len(values), [values])
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[1]


def in_xlsx(*values):
    answer = exports.answer("xlsx", "x", ["T"] * len(values), [values])
    return [*openpyxl.load_workbook(io.BytesIO(answer.content)).active[2]]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_text(text):
    assert in_csv(text) == [f"'{text}"]
    (cell,) = in_xlsx(text)
    assert cell.data_type == "s" and cell.value.replace("_x000D_", "\r").startswith("'")


@pytest.mark.parametrize("text", NUMBERS)
def test_what_is_wholly_a_number_stays_one_digit_for_digit(text):
    assert in_csv(text) == [text]
    (cell,) = in_xlsx(text)
    assert cell.data_type == "n" and Decimal(str(cell.value)) == Decimal(text)


@pytest.mark.parametrize(("text", "shown"), [("1.60", "0.00"), ("-0.5", "0.0"), ("12", "0")])
def test_a_number_shows_as_many_places_as_it_was_given(text, shown):
    assert in_xlsx(text)[0].number_format == shown == in_xlsx(Decimal(text))[0].number_format


def test_a_negative_number_with_a_true_minus_sign_is_a_number_too():
    assert in_csv("−3") == ["−3"] and in_xlsx("−3")[0].value == -3


@pytest.mark.parametrize("text", TEXTS)
def test_other_text_stays_as_it_is(text):
    assert in_csv(text) == [text]
    assert (in_xlsx(text)[0].data_type, in_xlsx(text)[0].value) == ("s", text)


def test_a_title_is_no_formula_either():
    answer = exports.answer("csv", "x", ["=1+1"], [])
    assert "'=1+1" in b"".join(answer.streaming_content).decode()


def test_days_times_decimals_and_nothing_have_their_type():
    moment = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
    assert in_csv(date(2026, 3, 9), moment, Decimal("-0.50"), 7, None) == [
        "2026-03-09", "2026-03-10 12:00:00", "-0.50", "7", "",
    ]  # fmt: skip
    day, time, number, whole, nothing = in_xlsx(date(2026, 3, 9), moment, Decimal("-0.50"), 7, None)
    assert (day.is_date, day.number_format, day.value) == (True, "yyyy-mm-dd", datetime(2026, 3, 9))
    assert time.value == datetime(2026, 3, 10, 12, 0)
    assert (number.value, number.number_format, whole.value, nothing.value) == (-0.5, "0.00", 7, None)


def test_a_sheet_is_named_has_columns_wide_enough_and_can_be_filtered():
    titles = ["机构", "说明", "n"]
    answer = exports.answer("xlsx", "辖区机构/2026", titles, iter([["云汀市计量技术研究院", "长" * 500, 7]] * 3))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    widths = [sheet.column_dimensions[letter].width for letter in "ABC"]
    assert (sheet.title, sheet.auto_filter.ref, widths) == ("辖区机构 2026", "A1:C4", [22, 60, 3])


def test_control_characters_and_endless_text_do_not_break_the_file():
    (cell,) = in_xlsx("a\x00b\x1b" + "长" * 40_000)
    assert cell.value.startswith("a\ufffdb\ufffd长") and len(cell.value) < 32_768


def test_a_csv_begins_with_the_mark_by_which_excel_knows_utf_8_and_comes_in_pieces():
    answer = exports.answer("csv", "x", ["编号"], [["长" * 1000]] * 200)
    pieces = list(answer.streaming_content)
    assert pieces[0].startswith(b"\xef\xbb\xbf") and len(pieces) > 1
    assert b"".join(pieces).count(b"\r\n") == 201


@pytest.mark.parametrize("kind", exports.FORMATS)
def test_the_name_of_the_file_is_encoded(kind):
    answer = exports.answer(kind, '证书"清单', ["T"], [])
    header = answer["Content-Disposition"]
    assert header == f"attachment; filename*=utf-8''%E8%AF%81%E4%B9%A6%22%E6%B8%85%E5%8D%95.{kind}"
    assert answer["Cache-Control"] == "private, no-store"


def test_more_rows_than_one_file_holds_are_refused_with_what_to_do():
    exports.refuse_too_many(50_000)
    with pytest.raises(Refused, match="50001 行，一次最多导出 50000 行。请先用筛选缩小范围"):
        exports.refuse_too_many(50_001)


@pytest.mark.parametrize("text", ["x;=1+1", "x\t=1+1", '";=1+1'])
def test_no_other_separator_begins_a_cell_of_a_csv(text):
    lines = b"".join(exports.answer("csv", "a", ["b"], [[text]])).decode().splitlines()
    assert lines[1].startswith('"') and lines[1].endswith('"') and in_csv(text) == [text]
