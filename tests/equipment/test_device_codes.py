"""Device codes: made, printed blank, claimed by scanning, put on something else, retired; where they were stays known."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from equipment.codes import reading, verbs
from equipment.models import CodeLink, DeviceCode, Equipment
from institutions.models import Membership
from portal import codes
from portal.actors import Actor
from portal.models import AuditEntry
from portal.permissions import Permission, Role
from portal.tenancy import scope
from portal.transitions import Refused
from tests import make

AT = timezone.now()
State = DeviceCode.State


@pytest.fixture
def blank(lab):
    (code,) = verbs.make_blank(1, actor=lab.metrologist, at=AT)
    return code


def linked(lab, equipment=None):
    (code,), refused = verbs.make_for([equipment or lab.equipment], actor=lab.metrologist, at=AT)
    assert refused == []
    return code


def history(code):
    return list(CodeLink.objects.filter(code=code).order_by("pk").values_list("equipment", "linked", "because"))


def test_a_blank_code_belongs_to_nothing_and_is_unknown_to_the_public(lab, blank):
    assert (blank.state, blank.equipment) == (State.BLANK, None)
    assert codes.find(blank.token) is None


def test_a_blank_code_is_put_on_equipment(lab, blank):
    code = verbs.link(blank, lab.equipment, actor=lab.metrologist, at=AT)
    assert (code.state, code.equipment) == (State.LINKED, lab.equipment)
    assert history(code) == [(lab.equipment.pk, True, "")]
    assert codes.find(code.token)["device"]["name"] == lab.equipment.name


def test_equipment_that_has_a_code_keeps_it(lab):
    assert linked(lab) == linked(lab)
    assert DeviceCode.objects.count() == 1


def test_one_thing_has_one_code_in_force(lab, blank):
    linked(lab)
    with pytest.raises(Refused) as refused:
        verbs.link(blank, lab.equipment, actor=lab.metrologist, at=AT)
    assert refused.value.refusals[0].clause == "D-4.4.3.1"
    assert DeviceCode.objects.get(pk=blank.pk).state == State.BLANK and codes.find(blank.token) is None


def test_nothing_is_stuck_on_what_is_scrapped(lab, blank):
    Equipment.objects.filter(pk=lab.equipment.pk).update(state="scrapped")
    with pytest.raises(Refused, match="报废"):
        verbs.link(blank, Equipment.objects.get(pk=lab.equipment.pk), actor=lab.metrologist, at=AT)


def test_a_code_goes_to_another_thing_with_a_reason_and_the_old_place_stays_known(lab):
    code, other = linked(lab), make.equipment(lab.institution, lab.site, name="温湿度计")
    code = verbs.relink(code, other, "贴错了", actor=lab.metrologist, at=AT)
    assert history(code) == [
        (lab.equipment.pk, True, ""), (lab.equipment.pk, False, "贴错了"), (other.pk, True, "贴错了"),
    ]  # fmt: skip
    assert codes.find(code.token)["device"]["name"] == "温湿度计"


@pytest.mark.parametrize("act", ["relink", "retire"])
def test_a_code_is_not_moved_or_retired_without_a_reason(lab, act):
    code, other = linked(lab), make.equipment(lab.institution, lab.site)
    arguments = (code, other, " ") if act == "relink" else (code, " ")
    with pytest.raises(Refused, match="请写明原因"):
        getattr(verbs, act)(*arguments, actor=lab.metrologist, at=AT)
    assert codes.find(code.token)["device"]["name"] == lab.equipment.name


def test_a_retired_code_is_unknown_again_and_the_equipment_may_have_a_new_one(lab):
    code = verbs.retire(linked(lab), "码磨花了", actor=lab.metrologist, at=AT)
    assert (code.state, codes.find(code.token)) == (State.RETIRED, None)
    assert linked(lab) != code


def test_where_a_code_was_until_it_was_retired_stays_known(lab, blank):
    code = verbs.retire(linked(lab), "码磨花了", actor=lab.metrologist, at=AT)
    assert history(code)[1:] == [(lab.equipment.pk, False, "码磨花了")]
    assert history(verbs.retire(blank, "印坏了", actor=lab.metrologist, at=AT)) == []


def test_a_blank_code_takes_the_place_of_a_retired_one_and_of_none_in_force(lab, blank):
    linked(lab, make.equipment(lab.institution, lab.site))
    verbs.retire(linked(lab), "码磨花了", actor=lab.metrologist, at=AT)
    assert verbs.link(blank, lab.equipment, actor=lab.metrologist, at=AT).state == State.LINKED


def test_what_is_gone_gets_no_code_and_the_others_do(lab):
    gone = make.equipment(lab.institution, lab.site, state="scrapped")
    (code,), [(row, (refusal,))] = verbs.make_for([gone, lab.equipment], actor=lab.metrologist, at=AT)
    assert (code.equipment, row, refusal.clause) == (lab.equipment, gone, "state")
    assert DeviceCode.objects.count() == 1


def test_no_address_leads_to_what_was_unpublished(lab):
    code = linked(lab)
    card = codes.withdrawn_digest(code.token)
    verbs.retire(code, "码磨花了", actor=lab.metrologist, at=AT)
    assert codes._token_digest(f"withdrawn {code.token}") != card
    assert codes.find(f"withdrawn {code.token}") is None


def test_a_thousand_and_one_are_refused(lab):
    with pytest.raises(Refused, match="1 到 1000 枚"):
        verbs.make_blank(1001, actor=lab.metrologist, at=AT)


@pytest.mark.parametrize("count", [0, -1])
def test_no_codes_at_all_are_refused(lab, count):
    with pytest.raises(Refused, match="1 到 1000 枚"):
        verbs.make_blank(count, actor=lab.metrologist, at=AT)


def test_codes_for_nothing_or_for_too_much_are_refused(lab, monkeypatch):
    other = make.equipment(lab.institution, lab.site)
    monkeypatch.setattr(verbs, "MOST", 1)
    for rows in ([], [lab.equipment, other]):
        with pytest.raises(Refused, match="一次最多 1 枚"):
            verbs.make_for(rows, actor=lab.metrologist, at=AT)


def test_as_many_codes_as_may_be_are_made(lab, monkeypatch):
    monkeypatch.setattr(verbs, "MOST", 1)
    assert len(verbs.make_blank(1, actor=lab.metrologist, at=AT)) == 1
    assert linked(lab).equipment == lab.equipment


def test_a_code_is_not_moved_to_where_it_is(lab):
    code = linked(lab)
    with pytest.raises(Refused, match="已经关联"):
        verbs.relink(code, lab.equipment, "贴错了", actor=lab.metrologist, at=AT)
    assert len(history(code)) == 1


def test_who_does_not_keep_equipment_makes_no_codes(lab):
    operator = make.actor(lab.institution, Role.OPERATOR)
    with pytest.raises(PermissionDenied):
        verbs.make_blank(1, actor=operator, at=AT)
    with pytest.raises(PermissionDenied):
        verbs.make_for([lab.equipment], actor=operator, at=AT)


def test_whose_membership_ended_meanwhile_makes_no_codes(lab):
    with scope(institution_id=lab.institution.pk, user_id=lab.metrologist.user_id):
        Membership.objects.filter(user=lab.metrologist.user_id).update(state=Membership.State.ENDED)
    with pytest.raises(PermissionDenied):
        verbs.make_blank(1, actor=lab.metrologist, at=AT)


def test_a_program_without_the_right_makes_no_codes(lab):
    program = Actor(name="接口：采集器", institution_id=lab.institution.pk, permissions=frozenset({Permission.EXPORT}))
    with pytest.raises(PermissionDenied):
        verbs.make_blank(1, actor=program, at=AT)


def test_many_codes_cost_no_more_queries_than_few(lab, django_assert_max_num_queries):
    for _one in range(30):
        make.equipment(lab.institution, lab.site)
    rows = list(Equipment.objects.select_related("institution"))
    with django_assert_max_num_queries(16):
        assert len(verbs.make_for(rows, actor=lab.metrologist, at=AT)[0]) == 31


def test_every_act_on_a_code_is_in_the_audit_trail(lab, blank):
    code = verbs.link(blank, lab.equipment, actor=lab.metrologist, at=AT)
    verbs.retire(code, "不用了", actor=lab.metrologist, at=AT)
    told = AuditEntry.objects.filter(target_id=code.pk, target="equipment.DeviceCode").order_by("pk")
    assert list(told.values_list("verb", flat=True)) == ["devicecode.make", "devicecode.link", "devicecode.retire"]


@pytest.mark.parametrize(
    "text",
    ["{0}", "HTTPS://X.CN/Q/{0}", "https://x.cn/q/{0}?claim", " {1} ", "{2}"],
)
def test_a_token_is_read_from_whatever_way_it_is_given(blank, text):
    assert reading.read_token(text.format(blank.token, blank.printed, blank.token.lower())) == blank.token


# --- pages


def url(lab, name, *args):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *args])


def test_a_blank_code_is_claimed_by_searching_the_equipment(signed_in, lab, blank):
    browser = signed_in(Role.METROLOGY_MANAGER)
    page = browser.get(url(lab, "code_claim"), {"code": blank.token, "q": lab.equipment.serial_number}).content.decode()
    assert lab.equipment.asset_number in page
    asked = {"code": blank.token, "q": "x", "equipment": lab.equipment.ref}
    assert browser.post(url(lab, "code_claim"), asked).status_code == 302
    assert DeviceCode.objects.get().equipment == lab.equipment


def test_whoever_chooses_nothing_is_told_and_what_was_typed_stays(signed_in, lab, blank):
    answer = signed_in(Role.METROLOGY_MANAGER).post(url(lab, "code_claim"), {"code": blank.token, "q": "压力"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "从结果里选一台" in page and 'value="压力"' in page


@pytest.mark.parametrize("code", ["A" * 26, "%00", "短", ""])
def test_a_code_that_was_never_printed_here_is_told(signed_in, lab, code):
    answer = signed_in(Role.METROLOGY_MANAGER).get(url(lab, "code_claim"), {"code": code})
    assert answer.status_code == 422


def test_a_member_comes_from_the_public_page_to_the_claim_page(signed_in, lab, blank):
    browser = signed_in(Role.METROLOGY_MANAGER)
    public = browser.get(f"/q/{blank.token}")
    assert public.status_code == 404 and 'href="?claim"' in public.content.decode()
    answer = browser.get(f"/q/{blank.token}?claim", follow=True)
    assert answer.redirect_chain[-1][0] == f"{url(lab, 'code_claim')}?code={blank.token}"


def test_a_code_of_another_institution_is_claimed_by_nobody_here(client, lab, blank):
    other = make.institution("beta")
    client.force_login(make.user(other, Role.METROLOGY_MANAGER))
    answer = client.get(reverse("codes:claim", args=[blank.token]), follow=True)
    assert blank.token not in answer.content.decode()
    assert "没有印过这枚码" in answer.content.decode() or answer.redirect_chain[-1][0].startswith("/i/beta/")


def test_whoever_is_not_signed_in_is_asked_to(client, blank):
    answer = client.get(reverse("codes:claim", args=[blank.token]))
    assert answer.status_code == 302 and "login" in answer["Location"]


def test_blank_codes_are_printed_on_a_sheet(signed_in, lab):
    browser = signed_in(Role.METROLOGY_MANAGER)
    answer = browser.post(url(lab, "code_blank"), {"count": "30", "sheet": "a4-3x8"}, follow=True)
    assert "30 枚" in answer.content.decode() and DeviceCode.objects.count() == 30
    pdf = browser.get(answer.context["pdf_url"])
    assert pdf["Content-Type"] == "application/pdf"


def test_codes_of_chosen_equipment_are_printed_on_a_sheet(signed_in, lab):
    browser = signed_in(Role.METROLOGY_MANAGER)
    asked = {"what": "code", "sheet": "roll-40x30", "ref": lab.equipment.ref, "which": "chosen"}
    answer = browser.post(url(lab, "label_new"), asked, follow=True)
    assert DeviceCode.objects.get().printed in answer.content.decode()
    assert browser.get(answer.context["pdf_url"]).content.startswith(b"%PDF")


def test_a_code_is_moved_on_its_page_by_the_number_of_the_new_equipment(signed_in, lab):
    code, other = linked(lab), make.equipment(lab.institution, lab.site)
    browser = signed_in(Role.METROLOGY_MANAGER)
    wrong = browser.post(url(lab, "code_relink", code.ref), {"asset_number": "没有", "reason": "贴错了"})
    assert wrong.status_code == 422 and "没有管理编号是“没有”的设备" in wrong.content.decode()
    browser.post(url(lab, "code_relink", code.ref), {"asset_number": other.asset_number, "reason": "贴错了"})
    assert DeviceCode.objects.get(pk=code.pk).equipment == other


def test_a_member_of_two_institutions_is_led_to_the_one_whose_code_it_is(client, lab, blank):
    other, account = make.institution("beta"), make.user(lab.institution, Role.METROLOGY_MANAGER)
    with scope(institution_id=other.pk, user_id=account.pk):
        Membership.objects.create(institution=other, user=account, roles=[Role.METROLOGY_MANAGER])
    client.force_login(account)
    answer = client.get(reverse("codes:claim", args=[blank.token]))
    assert answer["Location"] == f"{url(lab, 'code_claim')}?code={blank.token}"
