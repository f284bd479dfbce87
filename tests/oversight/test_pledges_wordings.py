"""The wording of a pledge, edition by edition: drafted, in force from a day, out of use, and readable for ever."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils import timezone

from commitments import wording
from commitments.models import CommitmentTemplate
from institutions.access import regulator_actor
from institutions.models import Membership
from portal.permissions import Role
from portal.tenancy import scope
from portal.transitions import Refused
from tests import make

from .rows import page, regulator, today

pytestmark = pytest.mark.django_db

LIST, NEW = "/o/region/wordings/", "/o/region/wordings/new/"


def typed(**changes):
    return {
        "title": "诚信计量自我承诺书", "title_en": "Pledge", "made_by": "市市场监管局（示）", "clauses": "A-4.1.1，A-9.3-s1",
        "zh_1": "本机构依法开展计量技术服务。", "en_1": "We are lawful.", "zh_3": "本机构接受监督。", "en_3": "", **changes,
    }  # fmt: skip


VALUES = {
    "title": "承诺书", "title_en": "", "made_by": "市局（示）", "clauses": [], "paragraphs": [{"zh": "守信", "en": ""}],
}  # fmt: skip


def drafted(account, region="4403", **values):
    with scope(user_id=account.pk, region=region):
        return wording.draft(region, VALUES | values, actor=regulator_actor(account), at=timezone.now())


def active(account, day=None, region="4403", **values):
    row = drafted(account, region, **values)
    with scope(user_id=account.pk, region=region):
        return wording.activate(row, day or today(), actor=regulator_actor(account), at=timezone.now())


def in_use(day, region="440300"):
    return [(row.region_code, row.edition) for row in CommitmentTemplate.objects.for_region(region, day)]


def at(row, act=""):
    return f"{LIST}{row.region_code}/{row.edition}/{act}"


def fresh(row):
    return CommitmentTemplate.objects.get(pk=row.pk)


# --- which one is in force


def test_without_one_of_its_own_a_region_pledges_by_the_portals_wording(db):
    assert in_use(today()) == [("", 1)]


def test_an_edition_is_in_force_from_its_day_and_the_one_before_it_until_then(db):
    account = make.regulator()
    active(account)
    active(account, today(10))
    assert in_use(today(9))[0] == ("4403", 1)
    assert in_use(today(10))[0] == ("4403", 2)


def test_a_district_pledges_by_the_closest_wording(db):
    city, province = make.regulator("4403"), make.regulator("44")
    active(province, region="44")
    active(city)
    assert in_use(today(), "440304") == [("4403", 1), ("44", 1), ("", 1)]
    assert in_use(today(), "440104") == [("44", 1), ("", 1)]


def test_what_is_taken_out_of_use_is_in_use_until_the_day_before(db):
    account = make.regulator()
    row = active(account)
    with scope(user_id=account.pk, region="4403"):
        wording.retire(row, today(3), "改版", actor=regulator_actor(account), at=timezone.now())
    assert in_use(today(2))[0] == ("4403", 1)
    assert in_use(today(3)) == [("", 1)]


def test_a_draft_is_in_force_on_no_day(db):
    drafted(make.regulator())
    assert in_use(today(400)) == [("", 1)]


def test_a_planned_edition_that_another_overtakes_never_begins(db):
    account = make.regulator()
    active(account)
    active(account, today(10))
    active(account, today(5))
    assert [in_use(today(days))[0] for days in (4, 5, 11)] == [("4403", 1), ("4403", 3), ("4403", 3)]


# --- drafting


def test_a_draft_has_its_paragraphs_in_both_languages_and_its_clauses(client, db):
    regulator(client)
    answer = client.post(NEW, typed())
    assert answer.status_code == 302 and answer["Location"] == f"{LIST}4403/1/"
    row = CommitmentTemplate.objects.get(region_code="4403")
    assert row.paragraphs == [
        {"zh": "本机构依法开展计量技术服务。", "en": "We are lawful."}, {"zh": "本机构接受监督。", "en": ""},
    ]  # fmt: skip
    assert row.clauses == ["A-4.1.1", "A-9.3-s1"] and row.state == "draft"


def test_the_form_begins_with_what_is_in_force(client, db):
    regulator(client)
    html = page(client, NEW)
    assert "本机构依法设立" in html and "We are lawfully established" in html and 'name="zh_10"' in html


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"title": ""}, "名称"), ({"zh_1": "", "zh_3": "", "en_1": ""}, "请至少写一条承诺"), ({"zh_1": ""}, "第 1 条只有英文"),
     ({"clauses": "A-4.1.1 Z-1"}, "没有这些条款：Z-1"), ({"zh_1": "长" * 401}, "最多 400 个字")],
)  # fmt: skip
def test_what_is_wrong_with_a_draft_is_told_and_nothing_typed_is_lost(client, db, changes, sentence):
    regulator(client)
    answer = client.post(NEW, typed(**changes))
    html = answer.content.decode()
    assert answer.status_code == 422 and sentence in html and "市市场监管局（示）" in html
    assert not CommitmentTemplate.objects.filter(region_code="4403").exists()


def test_a_regulator_of_several_regions_says_for_which(client, db):
    account = regulator(client)
    with scope(user_id=account.pk, appoints=True):
        Membership.objects.create(user=account, roles=[Role.REGULATOR], region_code="4406")
    assert client.post(NEW, typed()).status_code == 422
    assert client.post(NEW, typed(region="1101")).status_code == 422
    assert client.post(NEW, typed(region="4406"))["Location"] == f"{LIST}4406/1/"


def test_a_draft_can_be_changed(client, db):
    row = drafted(regulator(client))
    assert client.post(at(row, "amend/"), typed(title="新的名称")).status_code == 302
    assert fresh(row).title == "新的名称" and "新的名称" in page(client, at(row))


def test_what_was_once_in_force_is_never_changed(client, db):
    row = active(regulator(client))
    assert client.get(at(row, "amend/")).status_code == 302
    answer = client.post(at(row, "amend/"), typed(title="偷改"))
    assert answer.status_code == 409 and fresh(row).title == "承诺书"


# --- in force, out of use


def test_putting_in_force_takes_a_day_that_has_not_passed(client, db):
    row = drafted(regulator(client))
    assert client.post(at(row, "activate/"), {"day": today(-1), "confirmed": "yes"}).status_code == 409
    assert client.post(at(row, "activate/"), {"day": "明天", "confirmed": "yes"}).status_code == 422
    assert fresh(row).state == "draft"
    assert client.post(at(row, "activate/"), {"day": today(), "confirmed": "yes"}).status_code == 302
    assert in_use(today())[0] == ("4403", 1)


def test_an_unconfirmed_act_is_none(client, db):
    row = drafted(regulator(client))
    assert client.post(at(row, "activate/"), {"day": today()}).status_code == 422 and fresh(row).state == "draft"


def test_taking_out_of_use_needs_a_reason(client, db):
    row = active(regulator(client))
    assert client.post(at(row, "retire/"), {"day": today(), "reason": "", "confirmed": "yes"}).status_code == 422
    answer = client.post(at(row, "retire/"), {"day": today(), "reason": "改版", "confirmed": "yes"})
    assert answer.status_code == 302 and in_use(today()) == [("", 1)]


def test_an_edition_is_put_in_force_once(client, db):
    row = active(regulator(client))
    answer = client.post(at(row, "activate/"), {"day": today(), "confirmed": "yes"})
    assert answer.status_code == 409 and "使用中" in answer.content.decode()


def test_earlier_editions_stay_readable(client, db):
    account = regulator(client)
    first = active(account, title="第一份文字")
    active(account)
    assert "第一份文字 第 1 版" in page(client, LIST) and "已停用" in page(client, at(first))
    assert "本机构依法设立" in page(client, f"{LIST}portal/1/")


# --- whose it is


def test_a_regulator_writes_no_wording_of_another_region(client, db):
    province = make.regulator("44")
    row = drafted(province, "44")
    regulator(client)
    assert client.get(at(row)).status_code == 200
    for act in ("amend/", "activate/", "retire/"):
        assert client.post(at(row, act), {**typed(), "day": today(), "confirmed": "yes"}).status_code == 404
    assert (
        client.post(f"{LIST}portal/1/retire/", {"day": today(), "reason": "x", "confirmed": "yes"}).status_code == 404
    )
    assert in_use(today()) == [("", 1)]


def test_a_wording_of_a_foreign_region_is_not_even_read(client, db):
    row = drafted(make.regulator("1101"), "1101")
    regulator(client)
    assert client.get(at(row)).status_code == 404 and "1101" not in page(client, LIST)


def test_the_verbs_refuse_who_is_no_regulator_of_just_that_region(db):
    account = make.regulator("44")
    with scope(user_id=account.pk, region="4403"), pytest.raises(PermissionDenied):
        wording.draft("4403", VALUES, actor=regulator_actor(account), at=timezone.now())


def test_the_database_lets_no_region_write_anothers_wording(db):
    account = make.regulator()
    row = drafted(account)
    with scope(user_id=account.pk, region="1101"):
        assert CommitmentTemplate.objects.filter(pk=row.pk).update(title="偷改") == 0
        with pytest.raises(DatabaseError), transaction.atomic():
            CommitmentTemplate.objects.create(region_code="4403", edition=9, title="x", made_by="y")


def test_a_member_of_an_institution_finds_no_wordings(client, db):
    client.force_login(make.user(make.institution(), Role.QUALITY_MANAGER))
    assert [client.get(path).status_code for path in (LIST, NEW, f"{LIST}portal/1/")] == [404] * 3


def test_a_text_without_paragraphs_is_no_edition(db):
    with pytest.raises(Refused, match="至少写一条"):
        drafted(make.regulator(), paragraphs=[])


def test_an_edition_that_cannot_be_is_not_found(client, db):
    regulator(client)
    assert client.get(f"{LIST}4403/{10**30}/").status_code == 404
    assert client.get(f"{LIST}4403/0/").status_code == 404
    assert client.get(f"{LIST}4403%00/1/").status_code == 404
