"""The pledge and its poster on paper: drawn in the sandbox, kept once, and their codes lead to the page."""

import io
from copy import deepcopy
from datetime import timedelta

import pypdfium2
import pytest
import zxingcpp
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from commitments import ending
from commitments.models import Commitment
from commitments.paper import contents, drawing, tasks
from portal import codes, outbox, scan_units
from portal.models import Document, OutboxEntry, SmartCode
from portal.paper import MissingGlyph
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.commitments import pledges

NOON = pledges.NOON
LONG = "国家市场监督管理总局华东地区能源计量与智能仪器仪表产业技术创新联合研究中心（云汀）"


def pages(pdf):
    return list(pypdfium2.PdfDocument(io.BytesIO(pdf)))


def read(pdf, scale=3):
    """What a reader finds in the picture of each page."""
    return [code.text for page in pages(pdf) for code in zxingcpp.read_barcodes(page.render(scale=scale).to_pil())]


def text(pdf):
    return "".join(page.get_textpage().get_text_range() for page in pages(pdf)).replace("\r\n", "\n")


def said(w, what=contents.pledge):
    with tenant(w.institution.pk):
        rows = Commitment.objects.select_related("institution", "template", "signed_by")
        return what(rows.get(pk=w.pledge.pk))


def drain(w):
    """The worker's turn."""
    waiting = OutboxEntry.objects.filter(task__startswith="commitments.").order_by("pk")
    with tenant(w.institution.pk):
        for entry in waiting.filter(institution_id=w.institution.pk, state=OutboxEntry.State.PENDING):
            outbox.perform(entry.pk, entry.attempts)


@pytest.fixture
def pledged(db, pledged_made):
    """The module's laboratory with a public pledge; the test runs outside its scope, as the public does."""
    return deepcopy(pledged_made)


@pytest.fixture
def signed_in(client):
    """Signs a new member of the laboratory in and gives the browser."""

    def sign_in(w, role):
        client.force_login(make.user(w.institution, role, employment=None))
        return client

    return sign_in


@pytest.fixture(scope="module")
def drawn_made(pledged_made):
    """Its papers are drawn, in the sandbox, once for the module."""
    w = deepcopy(pledged_made)
    with tenant(w.institution.pk):
        tasks.draw_pledge(w.pledge.pk)
        tasks.draw_poster(w.pledge.pk)
        rows = Commitment.objects.select_related("pdf", "institution", "template", "signed_by")
        w.pledge = rows.get(pk=w.pledge.pk)
    return w


@pytest.fixture
def drawn(db, drawn_made):
    return deepcopy(drawn_made)


# --- what is on them


def test_the_code_on_the_pledge_leads_to_its_page(pledged):
    assert read(drawing.pledge(said(pledged))) == [codes.printed_address(pledged.pledge.token)]


def test_the_code_on_the_poster_leads_to_its_page(pledged):
    pdf = drawing.poster(said(pledged, contents.poster))
    assert read(pdf, 1) == [codes.printed_address(pledged.pledge.token)]


def test_the_pledge_has_wording_facts_signer_and_number_on_one_page(pledged):
    whole = said(pledged)
    printed = text(drawing.pledge(whole)).replace("\n", "")
    facts = [*whole["institution"].values(), whole["signer"], whole["number"], whole["signed_on"], whole["sha256"]]
    wording = [row["zh"] for row in whole["paragraphs"]]
    assert [fact for fact in [*facts, *wording] if fact.replace(" ", "") not in printed.replace(" ", "")] == []
    assert len(pages(drawing.pledge(whole))) == 1


def test_english_stands_beside_the_chinese(pledged):
    whole = said(pledged)
    printed = text(drawing.pledge(whole)).replace("\n", " ")
    assert all(row["en"].split(".")[0][:30] in printed for row in whole["paragraphs"])


def test_a_pledge_in_the_making_has_no_code_no_number_and_room_to_sign(laboratory):
    w = pledges.checked(pledges.furnished(laboratory))
    pdf = drawing.pledge(said(w))
    assert read(pdf) == [] and "公开后编号" in text(pdf) and "机构公章" in text(pdf)


def test_a_draft_nobody_has_checked_says_so(laboratory):
    w = pledges.draft(pledges.furnished(laboratory))
    assert "草稿" in text(drawing.pledge(said(w)))
    assert "草稿" not in text(drawing.pledge(said(w) | {"is_draft": False}))


def test_the_poster_says_nothing_that_a_day_can_make_untrue(pledged):
    printed = text(drawing.poster(said(pledged, contents.poster)))
    assert not [word for word, _english in scan_units.WORDS.values() if word in printed]
    assert str(pledged.pledge.confirm_by) not in printed


@pytest.mark.parametrize("times", [1, 2, 5])
def test_the_poster_is_one_page_with_both_phones_however_long_the_wording(pledged, times):
    whole = said(pledged, contents.poster)
    pdf = drawing.poster(whole | {"name": LONG, "paragraphs": whole["paragraphs"] * times})
    assert len(pages(pdf)) == 1 and read(pdf, 1) == [whole["url"]]
    assert whole["complaint_phone"] in text(pdf) and whole["number"] in text(pdf)


def test_a_long_wording_takes_a_second_page_with_the_signature_whole(pledged):
    whole = said(pledged)
    pdf = drawing.pledge(whole | {"paragraphs": whole["paragraphs"] * 3})
    assert len(pages(pdf)) > 1 and read(pdf) == [whole["url"]]


def test_a_name_that_cannot_be_drawn_is_refused_and_never_a_box(pledged):
    whole = said(pledged, contents.poster)
    with pytest.raises(MissingGlyph):
        drawing.poster(whole | {"name": "云汀\U0001f4a9研究院"})


# --- drawn, kept and given


def test_publication_orders_both(pledged):
    with tenant(pledged.institution.pk):
        waiting = OutboxEntry.objects.filter(target_id=pledged.pledge.pk, queue="pdf")
        assert set(waiting.values_list("task", flat=True)) == {"commitments.draw_pledge", "commitments.draw_poster"}


def test_they_are_drawn_in_the_sandbox(laboratory, monkeypatch):
    w, asked = pledges.public(laboratory), []
    drawn = b"%PDF-1.7 of nobody else"
    monkeypatch.setattr(tasks.sandbox, "run", lambda function, said, **limits: asked.append(function) or drawn)
    drain(w)
    assert asked == [drawing.pledge, drawing.poster]


def test_what_was_drawn_is_kept_as_a_document_of_the_portal(drawn):
    assert drawn.pledge.pdf.state == Document.State.ACCEPTED and drawn.pledge.pdf.uploaded_by is None
    with tenant(drawn.institution.pk):
        assert tasks.poster_of(drawn.pledge).content_type == "application/pdf"


def test_work_that_comes_twice_draws_once(drawn, monkeypatch):
    monkeypatch.setattr(tasks.sandbox, "run", lambda *_, **__: pytest.fail("drawn again"))
    with tenant(drawn.institution.pk):
        before = Document.objects.count()
        tasks.draw_pledge(drawn.pledge.pk)
        tasks.draw_poster(drawn.pledge.pk)
        assert Document.objects.count() == before


def test_the_public_gets_exactly_the_stored_paper(client, drawn):
    answer = client.get(f"/q/{drawn.pledge.token}/pledge.pdf")
    content = b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "application/pdf" and not answer.cookies
    assert content == default_storage.open(drawn.pledge.pdf.stored_as).read()


def test_the_paper_of_a_withdrawn_pledge_stays_readable(client, drawn):
    with tenant(drawn.institution.pk):
        ending.fall(drawn.institution, "complaint", "属实", None, on=timezone.localdate(NOON), at=NOON)
    assert client.get(f"/q/{drawn.pledge.token}/pledge.pdf").status_code == 200


def test_an_altered_paper_is_given_to_nobody(client, drawn):
    name = drawn.pledge.pdf.stored_as
    content = default_storage.open(name).read()
    default_storage.delete(name)
    default_storage.save(name, ContentFile(content + b" "))
    try:
        assert client.get(f"/q/{drawn.pledge.token}/pledge.pdf").status_code == 409
    finally:
        default_storage.delete(name)
        default_storage.save(name, ContentFile(content))


def test_an_unknown_code_and_one_of_a_device_have_no_paper(client, laboratory):
    with tenant(laboratory.institution.pk):
        card = {"kind": codes.EQUIPMENT, "state": "stopped"}
        codes.publish_all(laboratory.institution.pk, SmartCode.Kind.DEVICE, {"D" * 26: card}, at=NOON)
    assert [client.get(f"/q/{letter * 26}/pledge.pdf").status_code for letter in "AD"] == [404, 404]


def test_a_paper_that_is_not_drawn_yet_is_not_found(client, laboratory):
    w = pledges.public(laboratory)
    assert client.get(f"/q/{w.pledge.token}/pledge.pdf").status_code == 404


def test_the_file_is_recognised_and_its_state_told(client, drawn):
    content = default_storage.open(drawn.pledge.pdf.stored_as).read()

    def told():
        return client.post("/verify/", {"pdf": io.BytesIO(content)}).content.decode()

    assert drawn.pledge.number in told() and "承诺有效" in told()
    with tenant(drawn.institution.pk):
        ending.fall(drawn.institution, "complaint", "属实", None, on=timezone.localdate(NOON), at=NOON)
    assert drawn.pledge.number in told() and "已撤销" in told()


# --- the institution's pages


def url(w, name, *args):
    return reverse(f"commitments:{name}", args=[w.institution.slug, *args])


def test_the_page_leads_to_the_drawn_poster(signed_in, drawn):
    browser = signed_in(drawn, Role.QUALITY_MANAGER)
    assert "打开海报 PDF" in browser.get(url(drawn, "poster")).content.decode()
    answer = browser.get(url(drawn, "poster_pdf"))
    assert read(b"".join(answer.streaming_content), 1) == [codes.printed_address(drawn.pledge.token)]


def test_another_phone_makes_another_poster(signed_in, drawn):
    with tenant(drawn.institution.pk):
        drawn.institution.complaint_phone = "0755-99887766"
        drawn.institution.save()
    browser = signed_in(drawn, Role.QUALITY_MANAGER)
    assert "打开海报 PDF" not in browser.get(url(drawn, "poster")).content.decode()
    browser.post(url(drawn, "poster"))
    drain(drawn)
    answer = browser.get(url(drawn, "poster_pdf"))
    assert "0755-99887766" in text(b"".join(answer.streaming_content))


def test_a_poster_that_is_there_is_not_ordered_again(signed_in, drawn):
    with tenant(drawn.institution.pk):
        before = OutboxEntry.objects.filter(task="commitments.draw_poster").count()
    signed_in(drawn, Role.QUALITY_MANAGER).post(url(drawn, "poster"))
    with tenant(drawn.institution.pk):
        assert OutboxEntry.objects.filter(task="commitments.draw_poster").count() == before


def test_who_may_not_keep_the_pledge_orders_no_poster(signed_in, pledged):
    assert signed_in(pledged, Role.OPERATOR).post(url(pledged, "poster")).status_code == 403


def test_an_uploaded_file_of_that_name_is_not_taken_for_the_poster(laboratory):
    w = pledges.public(laboratory)
    with tenant(w.institution.pk):
        row = Commitment.objects.select_related("institution", "template").get(pk=w.pledge.pk)
        make.document(w.institution, tasks.poster_name(row), uploaded_by=7)
        assert tasks.poster_of(row) is None


def test_without_a_public_pledge_the_page_says_what_to_do(signed_in, laboratory):
    page = signed_in(laboratory, Role.QUALITY_MANAGER).get(url(laboratory, "poster")).content.decode()
    assert "还没有公开的承诺" in page


def test_the_paper_to_sign_comes_at_once(signed_in, laboratory):
    w = pledges.checked(pledges.furnished(laboratory))
    answer = signed_in(w, Role.QUALITY_MANAGER).get(url(w, "paper", w.pledge.ref))
    assert answer["Content-Type"] == "application/pdf" and "机构公章" in text(answer.content)


def test_the_published_paper_is_the_stored_one(signed_in, drawn):
    answer = signed_in(drawn, Role.QUALITY_MANAGER).get(url(drawn, "paper", drawn.pledge.ref))
    assert read(b"".join(answer.streaming_content)) == [codes.printed_address(drawn.pledge.token)]


def test_the_paper_tells_by_when_it_is_first_confirmed(pledged):
    assert said(pledged)["confirm_by"] == str(timezone.localdate(NOON) + timedelta(365))
