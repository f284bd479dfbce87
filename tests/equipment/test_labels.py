"""Status labels: they say what the live state says, bear their dates, are counted, and come out of the printer readable."""

import io
from datetime import timedelta

import pypdfium2
import pytest
import zxingcpp
from django.urls import reverse
from django.utils import timezone

from equipment.labels import facts, gates, printing, sheets
from equipment.labels.formats import FORMATS
from equipment.models import Confirmation, Equipment, Label
from portal import codes, numbering, qr
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

AT = timezone.now()
TODAY = timezone.localdate(AT)
TOKEN = "7YT2K4QZPWM5XH3RNB6CJDVFLA"


@pytest.fixture
def traced(lab):
    """The equipment of the laboratory, traced and confirmed for half a year yet."""
    trace_until(lab, lab.equipment, TODAY + timedelta(180))
    return lab.equipment


def trace_until(lab, equipment, day, **kwargs):
    return make.traceability(
        lab.institution, equipment, lab.keeper, calibrated_on=TODAY - timedelta(100), valid_until=day,
        confirmed_on=TODAY - timedelta(90), **kwargs,
    )  # fmt: skip


def printed(lab, *rows):
    return printing.print_labels(rows or [lab.equipment], actor=lab.metrologist, at=AT)


def refusals(lab, *rows):
    return [refusal for _row, against in printed(lab, *rows).refused for refusal in against]


def test_a_label_says_fit_with_the_dates_of_the_certificate(lab, traced):
    (label,) = printed(lab).labels
    trace = traced.traceabilities.get()
    assert (label.word, label.traceability_id) == (Label.Word.FIT, trace.pk)
    assert (label.dated_on, label.valid_until) == (trace.calibrated_on, trace.valid_until)


def test_a_restricted_use_is_on_the_label(lab):
    trace = trace_until(lab, lab.equipment, TODAY + timedelta(30), **{})
    Confirmation.objects.create(
        institution=lab.institution, traceability=trace, confirmed_by=lab.keeper, confirmed_on=TODAY,
        conclusion="restricted", restriction="仅限 (0～1) MPa",
    )  # fmt: skip
    (label,) = printed(lab).labels
    assert (label.word, label.restriction) == (Label.Word.RESTRICTED, "仅限 (0～1) MPa")


def test_equipment_whose_traceability_has_run_out_is_stopped_without_anybodys_act(lab):
    trace_until(lab, lab.equipment, TODAY - timedelta(1))
    (label,) = printed(lab).labels
    assert (label.word, label.restriction, label.valid_until) == (Label.Word.STOPPED, "不在溯源有效期内", None)


def test_quarantined_equipment_is_stopped_and_says_so(lab, traced):
    Equipment.objects.filter(pk=traced.pk).update(state="quarantined")
    (label,) = printed(lab, Equipment.objects.get(pk=traced.pk)).labels
    assert (label.word, label.restriction) == (Label.Word.STOPPED, "停用隔离")


def test_no_label_without_dates(lab):
    software = make.equipment(lab.institution, lab.site, role="software", traced=False, validated_on=TODAY)
    assert [refusal.clause for refusal in refusals(lab, software)] == ["C-5.3.4-s3"]
    assert not Label.objects.exists()


def test_no_label_says_other_dates_than_its_certificate(lab, traced):
    (label,) = facts.drafts([traced], TODAY)
    label.valid_until += timedelta(365)
    found = printing.PRINT.refusals(label, actor=lab.metrologist, at=AT)
    assert [refusal.clause for refusal in found] == ["A-6.2.3.1-s2"]


def test_a_label_of_what_is_stopped_is_held_to_no_certificate(lab, traced):
    trace = trace_until(lab, make.equipment(lab.institution, lab.site), TODAY + timedelta(30))
    label = Label(equipment=traced, traceability=trace, word=Label.Word.STOPPED)
    assert not list(gates.comes_from_its_certificate(label, lab.metrologist, AT))
    label.word = Label.Word.FIT
    assert list(gates.comes_from_its_certificate(label, lab.metrologist, AT))


def test_a_restriction_of_blanks_is_none(lab):
    label = Label(equipment=lab.equipment, word=Label.Word.RESTRICTED, restriction=" ")
    assert list(gates.names_its_restriction(label, lab.metrologist, AT))


def test_a_restriction_is_named_or_the_label_is_not_printed(lab, traced):
    (label,) = facts.drafts([traced], TODAY)
    label.word = Label.Word.RESTRICTED
    found = printing.PRINT.refusals(label, actor=lab.metrologist, at=AT)
    assert [refusal.clause for refusal in found] == ["C-5.5.4"]


def test_a_customers_instrument_gets_no_status_label_of_ours(lab):
    theirs = make.equipment(
        lab.institution, lab.site, role="customer", traced=False, customer=make.customer(lab.institution)
    )
    assert [refusal.clause for refusal in refusals(lab, theirs)] == ["C-5.3.4-s2"]


def test_what_was_entered_by_mistake_gets_no_label(lab):
    gone = make.equipment(lab.institution, lab.site, state="withdrawn")
    assert "C-5.3.4-s2" in [refusal.clause for refusal in refusals(lab, gone)]


def test_no_label_speaks_from_the_certificate_of_another_thing(lab, traced):
    (label,) = facts.drafts([traced], TODAY)
    label.equipment = make.equipment(lab.institution, lab.site)
    found = printing.PRINT.refusals(label, actor=lab.metrologist, at=AT)
    assert "A-6.2.3.1-s2" in [refusal.clause for refusal in found]


def test_no_label_speaks_from_a_certificate_after_which_a_newer_one_came(lab, traced):
    (label,) = facts.drafts([traced], TODAY)
    make.traceability(
        lab.institution, traced, lab.keeper, calibrated_on=TODAY, valid_until=TODAY + timedelta(300), confirmed_on=TODAY
    )
    label.equipment = make.fresh(traced)
    assert "A-6.2.3.1-s2" in [one.clause for one in printing.PRINT.refusals(label, actor=lab.metrologist, at=AT)]


def test_no_label_speaks_from_a_certificate_that_has_run_out(lab, traced):
    (label,) = facts.drafts([traced], TODAY)
    late = AT + timedelta(days=4000)
    assert "A-6.2.3.1-s2" in [one.clause for one in printing.PRINT.refusals(label, actor=lab.metrologist, at=late)]


@pytest.mark.parametrize("missing", ["dated_on", "valid_until", "traceability"])
def test_a_label_bears_both_its_dates(lab, traced, missing):
    (label,) = facts.drafts([traced], TODAY)
    setattr(label, missing, None)
    found = printing.PRINT.refusals(label, actor=lab.metrologist, at=AT)
    assert "C-5.3.4-s3" in [refusal.clause for refusal in found]


def test_what_can_be_labelled_is_labelled_beside_what_cannot(lab, traced):
    software = make.equipment(lab.institution, lab.site, role="software", traced=False, validated_on=TODAY)
    done = printed(lab, software, traced)
    assert [label.equipment for label in done.labels] == [traced]
    assert [row for row, _against in done.refused] == [software]


def test_numbers_follow_each_other_without_a_gap(lab, traced):
    other = make.equipment(lab.institution, lab.site)
    serials = [label.serial for label in printed(lab, traced, other).labels + printed(lab, traced).labels]
    assert [serial.rpartition("-")[2] for serial in serials] == ["000001", "000002", "000003"]


def test_many_numbers_at_once_follow_the_single_ones(lab):
    first = numbering.next_number(lab.institution.pk, "T", 2026)
    assert list(numbering.next_numbers(lab.institution.pk, "T", 2026, 3)) == [first + 1, first + 2, first + 3]
    assert numbering.next_number(lab.institution.pk, "T", 2026) == first + 4


def test_printing_the_same_again_is_on_record_as_a_reprint(lab, traced):
    (first,) = printed(lab).labels
    (again,) = printed(lab).labels
    assert again.reprint_of == first
    entry = AuditEntry.objects.get(verb="label.print", target_id=again.pk)
    assert first.serial in entry.reason


def test_a_label_that_says_something_new_is_no_reprint(lab, traced):
    printed(lab)
    trace_until(lab, traced, TODAY + timedelta(300), certificate_number="SL-9")
    fresh = Equipment.objects.get(pk=traced.pk)
    (label,) = printed(lab, fresh).labels
    assert label.reprint_of is None


def test_a_label_is_voided_with_a_reason_only(lab, traced):
    (label,) = printed(lab).labels
    with pytest.raises(Refused) as refused:
        printing.void(label, " ", actor=lab.metrologist, at=AT)
    assert refused.value.refusals[0].clause == "A-6.2.3.1-s2"
    assert printing.void(label, "印歪了", actor=lab.metrologist, at=AT).void_because == "印歪了"


def test_many_labels_cost_no_more_queries_than_few(lab, django_assert_max_num_queries):
    rows = [make.equipment(lab.institution, lab.site) for _one in range(40)]
    for row in rows:
        trace_until(lab, row, TODAY + timedelta(90))
    rows = list(Equipment.objects.filter(pk__in=[row.pk for row in rows]).select_related("institution"))
    with django_assert_max_num_queries(14):
        assert len(printed(lab, *rows).labels) == 40


def test_more_than_a_thousand_are_refused_in_words(lab, monkeypatch):
    monkeypatch.setattr(printing, "MOST", 1)
    with pytest.raises(Refused, match="一次最多打印 1 枚"):
        printed(lab, lab.equipment, make.equipment(lab.institution, lab.site))


# --- on paper


def code_face(number=1):
    token = f"{TOKEN[:-4]}{number:04d}".replace("0", "A").replace("1", "B").replace("8", "C").replace("9", "D")
    return {
        "url": codes.printed_address(token), "token": token, "name": "数字压力计", "asset_number": f"YB-{number:04d}",
        "serial_number": "D00001", "institution": "岭测计量技术研究院",
    }  # fmt: skip


def pages(pdf, dpi=300):
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return [document[place].render(scale=dpi / 72).to_pil() for place in range(len(document))]


def crops(page, sheet):
    """The places of a page, cut at the grid of the paper; above the first row and below the last one nothing is printed."""
    above, height = {"a4-2x7": (15.1, 38.1)}.get(sheet.name, (0, sheet.paper_height / sheet.rows))
    dot, width = page.height / sheet.paper_height, page.width / sheet.columns
    for row in range(sheet.rows):
        top = above + row * height
        for column in range(sheet.columns):
            yield page.crop(tuple(map(int, (column * width, top * dot, (column + 1) * width, (top + height) * dot))))


def read(picture):
    return [found.text for found in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize("name", FORMATS)
def test_every_printed_code_is_read_back_by_an_independent_reader(name):
    sheet = FORMATS[name]
    faces = [code_face(number) for number in range(2, 2 + min(sheet.places, 14))]
    found = [text for place in crops(pages(sheets.pdf(faces, sheet))[0], sheet) for text in read(place)]
    assert found == [face["url"] for face in faces[: sheet.places]]


def test_the_printed_modules_are_twenty_millimetres_wide():
    (picture,) = pages(sheets.pdf([code_face()], FORMATS["roll-40x30"]))
    (found,) = zxingcpp.read_barcodes(picture)
    corners = found.position
    side = (corners.top_right.x - corners.top_left.x) * 25.4 / 300
    assert side == pytest.approx(20, abs=0.3)


@pytest.mark.parametrize("dpi", [150, 203])
def test_a_code_is_read_from_a_coarse_printer(dpi):
    (picture,) = pages(sheets.pdf([code_face()], FORMATS["roll-40x30"]), dpi)
    assert read(picture) == [code_face()["url"]]


def test_the_first_label_lies_on_the_first_free_place():
    sheet = FORMATS["a4-3x8"]
    first, second = pages(sheets.pdf([code_face(2), code_face(3)], sheet, start=24))
    assert [read(place) for place in crops(first, sheet)][-2:] == [[], [code_face(2)["url"]]]
    assert read(next(crops(second, sheet))) == [code_face(3)["url"]]


def test_the_quiet_zone_of_four_modules_is_white():
    (picture,) = pages(sheets.pdf([code_face()], FORMATS["roll-40x30"]))
    corners = zxingcpp.read_barcodes(picture)[0].position
    modules = int(qr.drawn(code_face()["url"]).view_box.split()[2]) - 8
    module = (corners.top_right.x - corners.top_left.x) / modules
    gap = (corners.top_left.x - 3.5 * module, corners.top_left.y, corners.top_left.x - 2, corners.bottom_left.y)
    assert picture.convert("L").crop(tuple(map(int, gap))).getextrema()[0] > 200


def test_a_sheet_of_status_labels_says_word_dates_and_number(lab, traced):
    (label,) = printed(lab).labels
    file = sheets.pdf([facts.face(label, "岭测计量院", with_issuer=True, signed=True)], FORMATS["roll-40x30"])
    text = pypdfium2.PdfDocument(io.BytesIO(file))[0].get_textpage().get_text_range()
    expected = [
        "合格",
        traced.asset_number,
        label.serial,
        "省级计量院",
        "签名",
        str(label.valid_until),
        str(label.dated_on),
    ]
    assert [word for word in expected if word not in text] == []


@pytest.mark.parametrize(
    ("word", "colour"), [("fit", (31, 125, 77)), ("restricted", (255, 212, 0)), ("stopped", (179, 38, 30))]
)
def test_the_colour_of_a_label_is_that_of_its_word(word, colour):
    face = {"word": word, "title": "标识", "institution": "院", "number": "1", "lines": [], "signed": False}
    (picture,) = pages(sheets.pdf([face], FORMATS["roll-40x30"]))
    assert picture.getpixel((picture.width // 2, int(1.6 / 25.4 * 300))) == colour


def test_the_memory_of_a_sheet_does_not_grow_with_its_labels(monkeypatch):
    drawn = []
    monkeypatch.setattr(sheets, "_drawn", lambda portion, sheet: drawn.append(sum(map(len, portion))) or EMPTY)
    EMPTY = sheets_of_nothing()
    sheets.pdf([code_face()] * 1000, FORMATS["a4-3x8"], start=3)
    assert sum(drawn) == 1002 and max(drawn) <= sheets.AT_ONCE


def sheets_of_nothing():
    document, file = pypdfium2.PdfDocument.new(), io.BytesIO()
    document.new_page(100, 100)
    document.save(file)
    return file.getvalue()


# --- pages


def url(lab, name, *args):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *args])


def test_chosen_equipment_is_printed_and_its_pdf_opens(signed_in, lab, traced):
    browser = signed_in(Role.METROLOGY_MANAGER)
    asked = {"what": "status", "sheet": "a4-2x7", "start": "3", "signed": "on", "ref": traced.ref, "which": "chosen"}
    answer = browser.post(url(lab, "label_new"), asked, follow=True)
    assert answer.status_code == 200 and "已生成 1 枚" in answer.content.decode()
    pdf = browser.get(answer.context["pdf_url"])
    assert pdf["Content-Type"] == "application/pdf" and pdf.content.startswith(b"%PDF")
    assert AuditEntry.objects.filter(verb="label.download").count() == 1


def test_all_that_the_filters_leave_is_printed(signed_in, lab, traced):
    make.equipment(lab.institution, lab.site, name="别的仪器")
    answer = signed_in(Role.METROLOGY_MANAGER).post(
        url(lab, "label_new") + f"?q={traced.asset_number}", {"what": "status", "sheet": "roll-40x30", "which": "all"}
    )
    assert answer.status_code == 302
    assert [label.equipment for label in Label.objects.all()] == [traced]


def test_nothing_ticked_is_said_and_nothing_typed_is_lost(signed_in, lab, traced):
    answer = signed_in(Role.METROLOGY_MANAGER).post(
        url(lab, "label_new"), {"what": "code", "sheet": "a4-3x8", "start": "7", "which": "chosen"}
    )
    page = answer.content.decode()
    assert answer.status_code == 409 and "请选 1 台以上" in page and 'value="7"' in page


def test_a_place_that_the_paper_has_not_is_refused(signed_in, lab, traced):
    answer = signed_in(Role.METROLOGY_MANAGER).post(
        url(lab, "label_new"), {"what": "status", "sheet": "a4-2x7", "start": "20", "ref": traced.ref}
    )
    assert answer.status_code == 422 and "一张只有 14 枚" in answer.content.decode()


def test_the_page_tells_why_a_label_is_missing(signed_in, lab, traced):
    software = make.equipment(lab.institution, lab.site, role="software", traced=False, validated_on=TODAY)
    asked = {"what": "status", "sheet": "roll-40x30", "ref": [traced.ref, software.ref], "which": "chosen"}
    page = signed_in(Role.METROLOGY_MANAGER).post(url(lab, "label_new"), asked, follow=True).content.decode()
    assert "C-5.3.4-s3" in page and software.asset_number in page


def test_a_void_label_is_not_printed_again(signed_in, lab, traced):
    (label,) = printed(lab).labels
    browser = signed_in(Role.METROLOGY_MANAGER)
    browser.post(url(lab, "label_void", label.ref), {"reason": "撕坏了", "confirmed": "yes"})
    found = browser.get(
        url(lab, "label_pdf") + f"?first={label.serial}&last={label.serial}&sheet=roll-40x30", follow=True
    )
    assert "都已作废" in found.content.decode()


@pytest.mark.parametrize(
    "query", ["", "first=a&last=b", "first=%00-1&last=%00-2&sheet=roll-40x30", "first=X-1&last=Y-2"]
)
@pytest.mark.parametrize("page", ["label_sheet", "label_pdf"])
def test_an_address_that_names_no_label_leads_back_with_a_sentence(signed_in, lab, page, query):
    answer = signed_in(Role.METROLOGY_MANAGER).get(url(lab, page) + f"?{query}", follow=True)
    assert answer.redirect_chain and "没有要打印的标识" in answer.content.decode()


def test_the_page_of_equipment_tells_that_a_label_lies(signed_in, lab, traced):
    printed(lab)
    Equipment.objects.filter(pk=traced.pk).update(state="quarantined")
    page = signed_in(Role.METROLOGY_MANAGER).get(traced.get_absolute_url()).content.decode()
    assert "今天应是“停用”" in page


def test_lists_of_labels_cost_the_same_however_many(signed_in, lab, traced, django_assert_max_num_queries):
    for _one in range(30):
        printed(lab)
    browser = signed_in(Role.METROLOGY_MANAGER)
    with django_assert_max_num_queries(24):
        assert browser.get(url(lab, "labels")).status_code == 200


def test_the_database_keeps_no_label_without_dates(lab):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="label_with_dates"), transaction.atomic(), tenant(lab.institution.pk):
        Label.objects.create(institution=lab.institution, serial="X-1", equipment=lab.equipment, word="fit")
