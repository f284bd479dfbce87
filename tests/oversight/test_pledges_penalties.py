"""A decision against an institution as its regulator records it: whose row it is, its course, and what it does to the pledge."""

from copy import deepcopy
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from commitments.models import CommitmentWithdrawal
from institutions import penalties
from institutions.models import Violation
from portal.models import AuditEntry, Document
from portal.permissions import Role
from portal.registers import REGISTERS, verbs
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.commitments import pledges
from tests.portal.test_imports import HEADS, paste, sentences
from tests.portal.test_imports import violation as line

from .rows import looks_at, page, regulator, today

NEW = "/o/pledges/alpha/penalties/new/"
OWN = "机构不能更正或作废"


@pytest.fixture(scope="module")
def world_made(rows_of_module):
    """A laboratory whose pledge is public since ten days."""
    return pledges.public(make.laboratory("alpha"), at=timezone.now() - timedelta(10))


@pytest.fixture
def w(db, world_made):
    return deepcopy(world_made)


def paper(name="处罚决定书.pdf", content=b"%PDF-1.7"):
    return SimpleUploadedFile(name, content, "application/pdf")


def facts(**changes):
    return {
        "kind": "penalty", "issuer": "市级监管部门（示）", "number": "罚〔2026〕17 号", "summary": "出具不实数据",
        "decided_on": today(-3), "final_on": today(), "integrity_related": "on", "file": paper(), **changes,
    }  # fmt: skip


def record(client, **changes):
    return client.post(NEW, {name: value for name, value in facts(**changes).items() if value is not None})


def recorded(w, **changes):
    """A decision that the regulator has recorded; final or not as it is told."""
    values = facts(key_person=None, integrity_related=True, **changes)
    with tenant(w.institution.pk):
        return penalties.record(values, actor=pledges.regulator(w), at=timezone.now())


def take(client, row, act, **said):
    data = {"act": act, "reason": "复议决定书〔2026〕3 号", "confirmed": "yes", **said}
    return client.post(f"/o/pledges/alpha/penalties/{row.ref}/", data)


def the_row(w):
    with tenant(w.institution.pk):
        return Violation.objects.get()


def pledge(w):
    return make.fresh(w.pledge).state


# --- what is recorded, and its effect


def test_a_final_penalty_about_integrity_ends_the_public_pledge_at_once(client, w):
    regulator(client, name="监管员乙")
    answer = record(client)
    row = the_row(w)
    assert answer.status_code == 302 and answer["Location"] == f"/o/pledges/alpha/penalties/{row.ref}/"
    with tenant(w.institution.pk):
        ended = CommitmentWithdrawal.objects.get()
    assert (ended.cause, ended.subject, ended.subject_id) == ("violation", "institutions.Violation", row.pk)
    assert pledge(w) == "withdrawn"
    html = page(client, answer["Location"])
    assert f"承诺书 {w.pledge.number} 当即撤销。" in html and f"承诺书 {w.pledge.number} 因这条决定" in html


def test_the_code_of_the_pledge_tells_so_at_the_next_read(client, w):
    regulator(client)
    record(client)
    assert "已撤销" in Client().get(f"/q/{w.pledge.token}").content.decode()


@pytest.mark.parametrize(
    ("changes", "stands"),
    [({"final_on": None}, True), ({"integrity_related": None}, True), ({"final_on": today(2)}, True),
     ({"kind": "violation", "integrity_related": None}, False), ({"kind": "dishonesty_listing"}, False)],
)  # fmt: skip
def test_only_what_is_final_and_about_integrity_does(client, w, changes, stands):
    regulator(client)
    assert record(client, **changes).status_code == 302
    assert (pledge(w) == "public") is stands


def test_what_the_regulator_says_of_the_decision_is_kept_with_its_paper(client, w):
    account = regulator(client)
    record(client, serious="on", metrology="on")
    row = the_row(w)
    assert row.by_regulator and row.serious and row.metrology and row.integrity_related
    with tenant(w.institution.pk):
        file = Document.objects.get(pk=row.file_id)
    assert (file.name, file.state, file.uploaded_by) == ("处罚决定书.pdf", "quarantined", account.pk)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"file": None}, "请上传文件。"), ({"number": ""}, "必填"), ({"decided_on": today(1)}, "还没有到"),
     ({"final_on": today(-9)}, "生效确定日期早于决定日期")],
)  # fmt: skip
def test_what_is_missing_or_out_of_order_is_told_and_nothing_is_recorded(client, w, changes, sentence):
    regulator(client)
    answer = record(client, **changes)
    html = answer.content.decode()
    assert answer.status_code in (409, 422) and "出具不实数据" in html
    assert sentence == "必填" or sentence in html
    with tenant(w.institution.pk):
        assert not Violation.objects.exists()
    assert pledge(w) == "public"


def test_recording_stands_in_the_trail_of_the_institution_with_who_did_it(client, w):
    regulator(client, name="监管员乙")
    record(client)
    with tenant(w.institution.pk):
        entry = AuditEntry.objects.get(verb="violation.record")
    assert entry.actor_name == "监管员乙" and entry.acting_as == "监管人员" and entry.succeeded


def test_reading_a_decision_and_opening_its_form_are_looks(client, w):
    row = recorded(w, final_on=None)
    regulator(client)
    page(client, NEW)
    page(client, f"/o/pledges/alpha/penalties/{row.ref}/")
    assert looks_at(w.institution) == ["机构的承诺"] * 2


def test_a_foreign_regulator_records_nothing(client, w):
    row = recorded(w, final_on=None)
    regulator(client, region="1101")
    assert record(client).status_code == 404
    assert take(client, row, "settle", day=today()).status_code == 404
    assert pledge(w) == "public"


# --- its course


def test_becoming_final_ends_the_pledge_on_that_day(client, w):
    row = recorded(w, final_on=None)
    regulator(client)
    assert take(client, row, "settle", day=today()).status_code == 302
    assert the_row(w).final_on == today() and pledge(w) == "withdrawn"


def test_an_appeal_takes_the_effect_away_but_gives_no_pledge_back(client, w):
    row = recorded(w)
    assert pledge(w) == "withdrawn"
    regulator(client)
    assert take(client, row, "appeal").status_code == 302
    row = the_row(w)
    assert row.final_on is None and row.revision == 2 and pledge(w) == "withdrawn"


def test_a_revoked_decision_stands_no_more_and_has_no_further_course(client, w):
    row = recorded(w)
    regulator(client)
    assert take(client, row, "revoke", day=today()).status_code == 302
    assert the_row(w).revoked_on == today()
    assert "撤销或移出" in page(client, f"/o/pledges/alpha/penalties/{row.ref}/")
    answer = take(client, row, "appeal")
    assert answer.status_code == 409 and "不再变动" in answer.content.decode()


def test_a_penalty_appealed_and_revoked_before_it_was_final_leaves_the_pledge_public(client, w):
    row = recorded(w, final_on=None)
    regulator(client)
    take(client, row, "revoke", day=today())
    assert pledge(w) == "public"
    answer = take(client, row, "settle", day=today())
    assert answer.status_code == 409 and pledge(w) == "public"


def test_a_row_written_down_by_mistake_is_withdrawn_with_its_reason(client, w):
    row = recorded(w, final_on=None)
    regulator(client)
    assert take(client, row, "withdraw", reason="登记到了另一家机构").status_code == 302
    assert the_row(w).state == "withdrawn"
    assert "登记到了另一家机构" in page(client, f"/o/pledges/alpha/penalties/{row.ref}/")


@pytest.mark.parametrize(
    ("act", "said", "status"),
    [("settle", {"day": today(-30)}, 409), ("settle", {"day": ""}, 422), ("revoke", {"day": today(1)}, 409),
     ("revoke", {"day": today(-30)}, 409), ("appeal", {}, 409), ("withdraw", {"reason": " "}, 422),
     ("settle", {"day": today(), "confirmed": ""}, 422), ("steal", {}, 404)],
)  # fmt: skip
def test_a_course_out_of_order_or_without_reason_is_refused(client, w, act, said, status):
    row = recorded(w, final_on=None)
    regulator(client)
    answer = take(client, row, act, **said)
    assert answer.status_code == status and pledge(w) == "public"
    row = the_row(w)
    assert (row.final_on, row.revoked_on, row.state, row.revision) == (None, None, "current", 1)
    assert status == 404 or "复议决定书" in answer.content.decode() or said.get("reason")


def test_the_regulator_changes_nothing_that_the_institution_wrote_down_itself(client, w):
    with tenant(w.institution.pk):
        row = Violation.objects.create(
            institution=w.institution, kind="penalty", issuer="甲", number="自报 1", summary="乙", decided_on=today(-9),
            file=w.paper,
        )  # fmt: skip
    regulator(client)
    assert "由机构自己登记" in page(client, f"/o/pledges/alpha/penalties/{row.ref}/")
    answer = take(client, row, "revoke", day=today())
    assert answer.status_code == 409 and the_row(w).revoked_on is None


# --- the institution


@pytest.fixture
def keeper(w):
    return make.actor(w.institution, Role.ADMINISTRATOR, Role.QUALITY_MANAGER)


def test_the_institution_can_neither_amend_nor_withdraw_it(w, keeper):
    row = recorded(w, final_on=None)
    with tenant(w.institution.pk):
        with pytest.raises(Refused, match="监管部门登记"):
            verbs.amend(REGISTERS["violations"], row, {"revoked_on": today()}, 1, actor=keeper, at=timezone.now())
        with pytest.raises(Refused, match="监管部门登记"):
            verbs.withdraw(REGISTERS["violations"], row, "登记错了", actor=keeper, at=timezone.now())
    row = the_row(w)
    assert (row.state, row.revoked_on, row.revision) == ("current", None, 1)


def test_nor_by_a_spreadsheet(w, keeper):
    row = recorded(w, final_on=None)
    with tenant(w.institution.pk):
        run = paste(keeper, HEADS, line(row.number, decided=str(row.decided_on), final="", revoked=str(today())))
    assert run.changed_rows == 0 and "监管部门登记" in " ".join(sentences(run))


def test_nor_among_many(client, w, keeper):
    row = recorded(w, final_on=None)
    client.force_login(make.user(w.institution, Role.ADMINISTRATOR))
    url = f"/i/alpha/registers/violations/amend-many/?of=tick&tick={row.ref}&field=revoked_on"
    seen = client.get(url).context["seen"]
    answer = client.post(url, {"value": str(today()), "seen": seen})
    assert answer.status_code == 409 and "监管部门登记" in answer.content.decode()
    assert the_row(w).revoked_on is None


def test_its_page_in_the_institution_says_whose_it_is_and_has_no_buttons(client, w):
    row = recorded(w, final_on=None)
    client.force_login(make.user(w.institution, Role.ADMINISTRATOR))
    url = f"/i/alpha/registers/violations/row/{row.ref}/"
    html = page(client, url)
    assert "这条由监管部门登记" in html and "更正</a>" not in html and 'id="withdraw"' not in html
    assert client.get(f"{url}amend/").status_code == 302
    assert client.post(f"{url}withdraw/", {"reason": "登记错了", "confirmed": "yes"}).status_code == 409


def test_what_the_institution_wrote_down_itself_it_still_amends(w, keeper):
    with tenant(w.institution.pk):
        row = verbs.record(
            REGISTERS["violations"],
            {"kind": "penalty", "issuer": "甲", "number": "自报 1", "summary": "乙", "decided_on": today(-9), "file": w.paper},
            actor=keeper, at=timezone.now(),
        )  # fmt: skip
        row = verbs.amend(REGISTERS["violations"], row, {"summary": "丙"}, 1, actor=keeper, at=timezone.now())
    assert row.summary == "丙" and not row.by_regulator
