"""Search: every kind of thing is found by its number, its name and its initials, and nothing of anybody else's."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from institutions.models import Department, Site
from portal import finding, pinyin
from portal.actors import Actor
from portal.finding import FINDERS, Hit, Wanted, finder
from portal.permissions import Permission, Role
from portal.registers import REGISTERS
from portal.tenancy import tenant
from tests import filled, make

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    world = make.laboratory()
    world.item = make.item(world.institution, serial_number="P26-080417")
    world.record = make.record(world, item=world.item)
    with tenant(world.institution.pk):
        yield world


def found(w, text, role=Role.QUALITY_MANAGER):
    """Title of each kind -> titles of what was found of it."""
    groups = finding.found(make.actor(w.institution, role), w.institution, Wanted.typed(text))
    return {group.title: [hit.title for hit in group.hits] for group in groups}


@pytest.mark.parametrize(
    ("letters", "name", "fits"),
    [
        ("ylb", "一般压力表", True),
        ("ybylb", "一般压力表", True),
        ("YLB", "一般压力表", True),
        ("cq", "重庆计量院", True),
        ("swj", "单文静", True),  # as a family name 单 is read shàn, else dān
        ("dwj", "单文静", True),
        ("yb", "压力表", False),
        ("dmm6", "DMM6 万用表", True),
        ("ylb", "", False),
    ],
)
def test_letters_spell_neighbouring_characters_in_any_reading(letters, name, fits):
    assert pinyin.spelled(letters, name) is fits


@pytest.mark.parametrize("text", ["ylb", "ab"])
def test_two_letters_and_more_can_be_initials(text):
    assert pinyin.are_initials(text)


@pytest.mark.parametrize("text", ["y", "压力", "y l", "YB-1", "a" * 13])
def test_anything_else_is_no_initials(text):
    assert not pinyin.are_initials(text)


@pytest.mark.parametrize(
    ("typed", "text"),
    [("  YB-01 ", "YB-01"), ("压力\u200b表", "压力 表"), ("a\x00b", "a b"), ("x" * 99, "x" * 60), ("", "")],
)
def test_what_is_typed_becomes_plain_text(typed, text):
    assert Wanted.typed(typed).text == text


def test_equipment_is_found_by_its_number_its_maker_s_its_name_and_initials(w):
    row = w.equipment
    for text in (row.asset_number, row.serial_number, "数字压力", "szylj"):
        assert f"{row.asset_number} {row.name}" in found(w, text)["设备台账"], text


def test_a_standard_is_found_by_its_assessment_certificate(w):
    assert found(w, "示量标 0388")["计量标准"] == [f"{w.standard.code} {w.standard.name}"]


def test_an_item_and_its_record_are_found_by_the_maker_s_number(w):
    hits = found(w, "p26-0804")
    assert hits["样品"] == [f"{w.item.number} {w.item.name}"]
    assert hits["原始记录"] == [f"{w.record.number} {w.item.name}"]


def test_a_certificate_is_found_by_its_number(w):
    certificate = make.certificate(w, "issued")
    assert found(w, certificate.number)["证书"] == [f"{certificate.number} {certificate.record.item.name}"]


def test_a_person_is_found_by_name_initials_and_staff_number(w):
    for text in ("沈若川", "src", w.operator_employment.staff_number):
        assert found(w, text)["人员"] == ["沈若川"], text


def test_a_method_is_found_once_however_many_sites_use_it(w):
    second = make.site(w.institution, name="东屏场所")
    filled.row(type(w.adoption), w.institution, method=w.method, site=second)
    assert found(w, "JJG 52")["方法与规程"] == [w.method.code]


def test_scope_is_found_by_instrument(w):
    assert w.scope.instrument in found(w, w.scope.instrument)["能力范围"]


def test_a_qualification_is_found_by_its_number(w):
    assert found(w, "00017")["资质"] == [w.qualification.number]


def test_a_page_is_found_by_its_name_and_initials(w):
    assert found(w, "设备台账")["页面"] == found(w, "sbtz")["页面"] == ["设备台账"]


def test_a_page_is_found_only_by_those_who_have_it(w):
    assert "页面" in found(w, "审计记录") and "页面" not in found(w, "审计记录", Role.OPERATOR)


def test_a_clause_is_found_by_its_number(w):
    assert found(w, "A-6.2.2")["条款"][0].startswith("A-6.2.2")


def test_a_row_of_a_register_is_found_and_opens(w, client):
    filled.row(Department, w.institution, "热工室")
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER))
    actor = make.actor(w.institution, Role.QUALITY_MANAGER)
    [group] = finding.found(actor, w.institution, Wanted.typed("热工室"))
    assert group.title == "台账记录" and client.get(group.hits[0].url).status_code == 200


def test_a_withdrawn_row_of_a_register_is_not_found(w):
    filled.row(Department, w.institution, "热工室", state=Department.State.WITHDRAWN)
    assert found(w, "热工室") == {}


@pytest.mark.parametrize("text", ["法计〔2024〕", "（示）法计", "(示)法计", "（示)法计", "０００１７"])
def test_it_does_not_matter_how_wide_a_sign_was_typed(w, text):
    assert found(w, text)["资质"] == [w.qualification.number]


def test_all_words_have_to_be_there(w):
    assert "设备台账" in found(w, f"数字 {w.equipment.asset_number}")
    assert "设备台账" not in found(w, f"温湿度 {w.equipment.asset_number}")


@pytest.mark.parametrize("text", ["", "压", "y", " ", "\x00"])
def test_too_short_a_text_asks_no_query(w, text, django_assert_num_queries):
    actor = make.actor(w.institution, Role.QUALITY_MANAGER)
    with django_assert_num_queries(0):
        assert finding.found(actor, w.institution, Wanted.typed(text)) == []


@pytest.mark.parametrize("text", ["%", "__", "a'b", '"\\', "％％", "😀😀", "<script>"])
def test_signs_find_only_themselves(w, text):
    assert found(w, text) == {}


def test_the_number_of_queries_does_not_depend_on_how_much_there_is(w):
    def queries(text):
        actor = make.actor(w.institution, Role.QUALITY_MANAGER)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            finding.found(actor, w.institution, Wanted.typed(text))
        return len(asked)

    before = {text: queries(text) for text in ("数字", "szylj")}
    for number in range(12):
        make.equipment(w.institution, w.site, name=f"数字压力计 {number}")
        filled.row(Department, w.institution, f"数字室 {number}")
    assert queries("szylj") == before["szylj"] and queries("数字") <= before["数字"] + 1


def test_a_kind_shows_a_few_and_leads_to_its_whole_list(w, client):
    for _number in range(9):
        make.equipment(w.institution, w.site, name="活塞式压力计")
    actor = make.actor(w.institution, Role.QUALITY_MANAGER)
    [group] = finding.found(actor, w.institution, Wanted.typed("活塞式", 5))
    assert len(group.hits) == 5
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER))
    assert len(client.get(group.more_url).context["table"]["rows"]) == 9


@pytest.mark.parametrize("name", sorted(name for name, known in FINDERS.items() if known.more))
def test_every_whole_list_opens_with_the_words_typed(w, client, name):
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER))
    answer = client.get(reverse(FINDERS[name].more, args=["alpha"]), {"q": "没有这个"})
    assert answer.status_code == 200 and "没有这个" in answer.content.decode()


def everything_of(lab):
    """Texts by which rows of this laboratory could be found, one for each kind."""
    w = make.laboratory(lab)
    item = make.item(
        w.institution, name="机密样品", serial_number="SECRET-1", customer=make.customer(w.institution, "机密客户")
    )
    certificate = make.certificate(w, "issued")
    filled.row(Department, w.institution, "机密部门")
    person = make.employment(w.institution, "机密人员")
    return w, [
        item.number, "SECRET-1", certificate.number, certificate.record.number, w.equipment.asset_number,
        w.standard.code, w.qualification.number, "机密部门", person.staff_number, "机密人员", "jmry",
    ]  # fmt: skip


def test_nothing_of_another_institution_is_found(db):
    alpha = make.institution("alpha")
    _beta, texts = everything_of("beta")
    with tenant(alpha.pk):
        actor = make.actor(alpha, *(role for role in Role if role not in (Role.REGULATOR, Role.PLATFORM_OPERATOR)))
        hits = {text: finding.found(actor, alpha, Wanted.typed(text)) for text in texts}
    assert {text: groups for text, groups in hits.items() if groups} == {}


def test_every_finder_reads_through_visible_to(db):
    """The first wall holds by itself: an actor of alpha in the scope of beta finds none of beta's rows."""
    alpha = make.institution("alpha")
    beta, texts = everything_of("beta")
    stranger = make.actor(alpha, Role.QUALITY_MANAGER)
    with tenant(beta.institution.pk):
        own = make.actor(beta.institution, Role.QUALITY_MANAGER)
        for text in texts:
            assert finding.found(own, beta.institution, Wanted.typed(text)), text
            assert finding.found(stranger, beta.institution, Wanted.typed(text)) == [], text


def test_nothing_that_is_masked_can_be_searched_for(w):
    """Neither a birthday nor the sealed numbers are among the columns that any search looks into."""
    personal = {"birth_date", "id_number_sealed", "phone_sealed", "id_number", "phone", "email"}
    searched = {name.rpartition("__")[2] for register in REGISTERS.values() for name in register.search}
    assert searched & personal == set()
    assert found(w, "1985-05-01") == {}


def test_a_finder_is_not_asked_for_those_without_its_right(w, monkeypatch):
    monkeypatch.setattr(finding, "FINDERS", {})

    @finder("secret", title="秘密", icon="lock", order=1, permission=Permission.AUDIT_READ)
    def secret(actor, institution, wanted):
        return [Hit("x", "/")]

    assert found(w, "xx") == {"秘密": ["x"]} and found(w, "xx", Role.OPERATOR) == {}


def test_a_name_is_taken_once(monkeypatch):
    monkeypatch.setattr(finding, "FINDERS", {})
    register = finder("one", title="", icon="x", order=1)
    register(lambda *asked: [])
    with pytest.raises(ValueError, match="twice"):
        register(lambda *asked: [])


def test_the_page_works_without_script_and_its_part_alone(w, client):
    client.force_login(make.user(w.institution, Role.OPERATOR))
    address = reverse("portal:search", args=["alpha"])
    whole = client.get(address, {"q": "沈若川"}).content.decode()
    part = client.get(address, {"q": "沈若川", "part": "1"}).content.decode()
    assert "<html" in whole and "<html" not in part
    assert f"/people/{w.operator_employment.ref}/" in whole and f"/people/{w.operator_employment.ref}/" in part


def test_what_was_typed_is_shown_and_never_executed(w, client):
    client.force_login(make.user(w.institution, Role.OPERATOR))
    text = client.get(reverse("portal:search", args=["alpha"]), {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text


def test_a_regulator_s_looks_are_recorded_when_sent_off_not_at_every_letter(w, client):
    client.force_login(make.regulator())
    assert 'data-find="live"' not in client.get("/i/alpha/").content.decode()
    client.force_login(make.user(w.institution, Role.OPERATOR))
    assert 'data-find="live"' in client.get("/i/alpha/").content.decode()


def test_searching_is_limited(w, client, settings, monkeypatch):
    from portal import limits

    monkeypatch.setitem(limits.FEATURES, "search", limits.Feature(60, None, 2, None, "query"))
    settings.RATE_PROFILE = "normal"
    client.force_login(make.user(w.institution, Role.OPERATOR))
    answers = [client.get(reverse("portal:search", args=["alpha"]), {"q": "压力"}).status_code for _time in range(3)]
    assert answers == [200, 200, 429]


def test_a_stranger_to_the_institution_gets_nothing(w):
    assert finding.found(Actor(name="nobody"), w.institution, Wanted.typed("沈若川")) == []


def test_a_site_is_found_among_the_registers_if_it_is_one(w):
    names = {register.name for register in REGISTERS.values() if register.model is Site and register.search}
    assert ("台账记录" in found(w, "北湾场所")) is bool(names)
