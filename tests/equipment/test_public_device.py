"""The public page of a thing with a code: which one it is, how it stands on the day, whose it is, and nothing else."""

import re
from datetime import date, datetime, time, timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from certificates.verifying import pages_have_their_certificates
from equipment.codes import cards, verbs
from equipment.models import Confirmation, Equipment, EquipmentClock
from portal import codes, scan
from portal.clock import CHINA
from portal.models import SmartCode
from portal.registers import REGISTERS
from portal.registers import verbs as register_verbs
from portal.tenancy import tenant
from tests import make

AT = timezone.now()
TODAY = timezone.localdate(AT)


def noon(day):
    return datetime.combine(day, time(12), tzinfo=CHINA)


@pytest.fixture
def coded(lab):
    """The equipment of the laboratory, traced for half a year yet, with its code."""
    make.traceability(
        lab.institution, lab.equipment, lab.keeper, calibrated_on=TODAY - timedelta(100),
        valid_until=TODAY + timedelta(180), confirmed_on=TODAY - timedelta(90),
    )  # fmt: skip
    (code,), _refused = verbs.make_for([lab.equipment], actor=lab.metrologist, at=AT)
    return code


def state(code, day=TODAY):
    return scan.face(codes.find(code.token), noon(day))["state"]


def test_the_page_follows_the_dates_by_itself(coded):
    until = TODAY + timedelta(180)
    days = (TODAY, until - timedelta(31), until - timedelta(30), until, until + timedelta(1))
    assert [state(coded, day) for day in days] == ["fit", "fit", "due", "due", "expired"]


def test_a_clock_that_runs_out_earlier_ends_it_earlier(lab, coded):
    soon = TODAY + timedelta(60)
    make.clock(lab.institution, lab.equipment, due_on=soon)
    assert [state(coded, day) for day in (soon, soon + timedelta(1))] == ["due", "expired"]


def test_quarantine_stops_it_in_the_same_transaction(lab, coded):
    from equipment.life import workflow

    workflow.quarantine(lab.equipment, "读数跳动", actor=lab.metrologist, at=AT)
    assert state(coded) == "stopped"
    assert "读数跳动" not in str(codes.find(coded.token))


def test_a_restriction_is_said(lab, coded):
    trace = lab.equipment.traceabilities.get()
    Confirmation.objects.create(
        institution=lab.institution, traceability=trace, confirmed_by=lab.keeper, confirmed_on=TODAY,
        conclusion="restricted", restriction="仅限 (0～1) MPa",
    )  # fmt: skip
    page = scan.page(scan.face(codes.find(coded.token), noon(TODAY)))
    assert "准用" in page and "仅限 (0～1) MPa" in page


def test_a_newer_certificate_stops_it_until_it_is_confirmed(lab, coded):
    trace = make.traceability(
        lab.institution, lab.equipment, lab.keeper, calibrated_on=TODAY, valid_until=TODAY + timedelta(300),
        confirmed_on=None,
    )  # fmt: skip
    assert state(coded) == "stopped"
    Confirmation.objects.create(
        institution=lab.institution, traceability=trace, confirmed_by=lab.keeper, confirmed_on=TODAY
    )
    assert state(coded) == "fit"


def test_a_refused_file_of_its_certificate_stops_it(lab, coded):
    file = lab.equipment.traceabilities.get().file
    file.state = "refused"
    file.save()
    assert state(coded) == "stopped"


def test_an_amended_name_is_on_the_page(lab, coded):
    register = REGISTERS["equipment"]
    values = {name: getattr(lab.equipment, name) for name in register.fields} | {"name": "数字压力计（新）"}
    row = Equipment.objects.get(pk=lab.equipment.pk)
    register_verbs.amend(register, row, values, row.revision, actor=lab.metrologist, at=AT)
    assert codes.find(coded.token)["device"]["name"] == "数字压力计（新）"


def test_a_fact_that_is_rolled_back_is_not_published(lab, coded):
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        make.clock(lab.institution, lab.equipment, due_on=TODAY - timedelta(1))
        assert state(coded) == "stopped"
        raise RuntimeError
    assert state(coded) == "fit"


def test_every_kind_of_fact_is_followed():
    """A card is made of these tables: who adds another one to the reasons adds it to what is followed."""
    from equipment.codes.following import FACTS

    assert {Equipment, Confirmation, EquipmentClock} < set(FACTS)


def test_blank_retired_and_unknown_codes_get_the_same_page(client, lab, coded):
    (blank,) = verbs.make_blank(1, actor=lab.metrologist, at=AT)
    verbs.retire(coded, "码磨花了", actor=lab.metrologist, at=AT)
    answers = [client.get(f"/q/{token}") for token in (blank.token, coded.token, "A" * 26)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_blank_retired_and_unknown_codes_take_the_same_single_query(client, lab, coded, django_assert_num_queries):
    (blank,) = verbs.make_blank(1, actor=lab.metrologist, at=AT)
    verbs.retire(coded, "码磨花了", actor=lab.metrologist, at=AT)
    for token in (blank.token, coded.token, "A" * 26):
        with django_assert_num_queries(1):
            client.get(f"/q/{token}")


def test_guessing_tokens_is_limited(client, lab):
    answers = [client.get(f"/q/{'A' * 24}{number:02d}").status_code for number in range(61)]
    assert set(answers[:60]) == {404} and answers[60] == 429


def test_the_page_is_small_without_script_session_and_cookie(client, coded, django_assert_num_queries):
    with django_assert_num_queries(1):
        answer = client.get(f"/q/{coded.token}")
    page = answer.content.decode()
    assert answer.status_code == 200 and not answer.cookies
    assert "<script" not in page and len(answer.content) < 12_000
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_page_and_style_stay_below_fifty_kilobytes(client, coded, settings):
    page = client.get(f"/q/{coded.token}").content
    names = re.findall(r'href="/static/([^"]+)"', page.decode())
    sizes = [(settings.BASE_DIR / "portal" / "static" / name).stat().st_size for name in names]
    assert len(page) + sum(sizes) < 50_000


def test_the_json_twin_says_the_same(client, coded):
    said = client.get(f"/q/{coded.token}.json").json()
    assert (said["state_word"], said["standing"]["word"]) == ("合格", "合格")
    assert said["device"]["serial_number"] == Equipment.objects.get().serial_number


# --- customers' instruments


@pytest.fixture
def served(laboratory):
    """A laboratory with a customer's pressure gauge in its register, whose code is stuck on it."""
    w = laboratory
    plate = {"model": "Y-100", "serial_number": "21087743", "manufacturer": "西塬仪表厂", "name": "一般压力表"}
    w.customer = make.customer(w.institution, "海曙热力有限公司")
    w.theirs = make.equipment(w.institution, w.site, role="customer", traced=False, customer=w.customer, **plate)
    with tenant(w.institution.pk):
        row = Equipment.objects.select_related("institution").get(pk=w.theirs.pk)
        keeper = make.actor(w.institution, "metrology_manager")
        (w.code,), _refused = verbs.make_for([row], actor=keeper, at=AT)
    return w


def test_a_customers_instrument_without_certificate_says_so(served, client):
    assert codes.find(served.code.token)["state"] == "unproven"
    page = client.get(f"/q/{served.code.token}").content.decode()
    assert "暂无证书" in page and "21087743" in page


def test_the_last_certificate_of_the_same_plate_is_on_the_page(served, client):
    certificate = make.certificate(served, "released")
    card = codes.find(served.code.token)
    assert (card["state"], card["certificate"]["number"]) == ("issued", certificate.number)
    assert certificate.number in client.get(f"/q/{served.code.token}").content.decode()


def test_a_void_certificate_is_void_on_the_instruments_page_too(served):
    make.certificate(served, "void")
    card = codes.find(served.code.token)
    assert (card["state"], card["reason"]) == ("void", "客户名称有误")


@pytest.mark.parametrize("other", [{"serial_number": "21087744"}, {"model": "Y-150"}])
def test_a_certificate_of_another_plate_is_not(served, other):
    sample = make.item(served.institution, customer=served.customer, **other)
    make.certificate(served, "released", item=sample)
    with tenant(served.institution.pk):
        cards.refresh([served.theirs.pk], at=AT)
    assert codes.find(served.code.token)["state"] == "unproven"


def test_a_certificate_of_another_customer_is_not(served):
    sample = make.item(served.institution, customer=make.customer(served.institution, "别的公司"))
    make.certificate(served, "released", item=sample)
    with tenant(served.institution.pk):
        cards.refresh([served.theirs.pk], at=AT)
    assert codes.find(served.code.token)["state"] == "unproven"


def test_the_customer_is_never_public(served, client):
    make.certificate(served, "released")
    said = (
        client.get(f"/q/{served.code.token}").content.decode()
        + client.get(f"/q/{served.code.token}.json").content.decode()
    )
    assert "海曙热力" not in said and "海曙热力" not in str(codes.find(served.code.token))


def test_verification_knows_the_pages_of_codes_and_finds_forged_ones(served):
    make.certificate(served, "released")
    with tenant(served.institution.pk):
        assert list(pages_have_their_certificates(served.institution.pk)) == []
        forged = {**codes.find(served.code.token), "state": "unproven"}
        codes.publish_all(served.institution.pk, SmartCode.Kind.DEVICE, {"B" * 26: forged}, at=AT)
        (problem,) = pages_have_their_certificates(served.institution.pk)
    assert problem.anomaly_digest == codes._token_digest("B" * 26)


def test_verification_finds_a_page_that_calls_the_thing_something_else(served):
    with tenant(served.institution.pk):
        row = SmartCode.objects.get(token_digest=codes._token_digest(served.code.token))
        row.card["device"]["serial_number"] = "99999999"
        row.save()
        (problem,) = pages_have_their_certificates(served.institution.pk)
    assert problem.anomaly_digest == row.token_digest


def test_verification_leaves_a_retired_code_in_peace(served):
    with tenant(served.institution.pk):
        verbs.retire(served.code, "不用了", actor=make.actor(served.institution, "metrology_manager"), at=AT)
        assert list(pages_have_their_certificates(served.institution.pk)) == []


# --- the page and its short cut


texts = st.text(st.characters(blacklist_characters="\x02\x03", blacklist_categories=("Cs",)), max_size=12)
dates = st.sampled_from(["", "2026-03-10", "2026-03-20", "2025-01-01", "2030-01-01"])


@given(
    state=st.sampled_from([*codes.STATES]), until=dates, traced=dates,
    kind=st.sampled_from(["calibration_certificate", "verification_result_notice", ""]),
    values=st.lists(texts, min_size=14, max_size=14),
)  # fmt: skip
def test_the_cut_template_gives_the_same_page_as_rendering_it(state, until, traced, kind, values):
    left = iter(values)
    card = {
        "kind": codes.EQUIPMENT,
        "state": state,
        "device": {name: next(left) for name in ("name", "model", "serial_number", "manufacturer", "range")},
        "institution": {name: next(left) for name in ("name", "name_en", "phone", "complaint_phone")},
        "reason": next(left),
        "standing": {"word": next(left), "restriction": next(left), "traced_on": traced, "until": until},
        "certificate": {"kind": kind, "number": next(left), "performed_on": traced, "valid_until": until},
    }
    shown = scan.face(card, datetime(2026, 3, 10, 4, 0, tzinfo=CHINA))
    assert scan.page(shown) == render_to_string(scan.TEMPLATES[codes.EQUIPMENT], {"card": shown})


def test_no_card_of_equipment_says_what_is_not_for_the_public(lab, coded):
    row = Equipment.objects.select_related("institution").get(pk=lab.equipment.pk)
    card = {"kind": "equipment", "state": "stopped", "keeper": "沈若川"}
    with pytest.raises(ValueError, match="keeper"):
        codes.publish_all(lab.institution.pk, SmartCode.Kind.DEVICE, {"C" * 26: card}, at=AT)
    assert set(cards.identity(row)) == codes.PUBLIC_FIELDS["device"]


def test_a_date_on_a_card_is_a_day(coded):
    assert date.fromisoformat(codes.find(coded.token)["standing"]["until"]) == TODAY + timedelta(180)
