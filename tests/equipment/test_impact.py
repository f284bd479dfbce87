"""Equipment that was not right: stopped by anybody, and asked what it did to the results since it was last known to be good."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from equipment.impacts import asking as impact
from equipment.life import workflow
from equipment.models import Equipment, EquipmentEvent, ImpactQuestion, IntermediateCheck
from equipment.tracing import uses
from equipment.tracing.uses import Use
from portal.models import AuditEntry
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make

DAY, NOON = make.DAY, make.NOON
State, Kind = ImpactQuestion.State, EquipmentEvent.Kind
ANSWER = {"conclusion": "none", "answer": "复查 3 份记录，差值都在 U 以内，不需要更换证书。"}


def stop(lab, kind=Kind.DEFECT, equipment=None, actor=None):
    row = equipment or lab.equipment
    workflow.quarantine(row, "显示屏不亮", kind=kind, actor=actor or lab.operator, at=NOON)
    return ImpactQuestion.objects.get(equipment=row)


def traced(lab, **kwargs):
    return make.traceability(lab.institution, lab.equipment, lab.keeper, **kwargs)


def answered(lab, question, actor=None, **changes):
    return impact.answer(question, {**ANSWER, **changes}, None, actor=actor or lab.metrologist, at=NOON)


# --- asking


@pytest.mark.parametrize("kind", sorted(EquipmentEvent.TROUBLE))
def test_whoever_works_there_stops_equipment_and_the_question_is_asked(lab, kind):
    question = stop(lab, kind)
    assert make.fresh(lab.equipment).state == Equipment.State.QUARANTINED
    assert (question.event.kind, question.event.state_after, question.state) == (kind, "quarantined", State.OPEN)


def test_equipment_is_stopped_for_trouble_only(lab):
    with pytest.raises(Refused, match="选择停用的情况"):
        stop(lab, Kind.MAINTENANCE)


def test_a_refused_stop_asks_nothing(lab):
    with pytest.raises(Refused):
        workflow.quarantine(lab.equipment, " ", kind=Kind.DEFECT, actor=lab.operator, at=NOON)
    assert not ImpactQuestion.objects.exists() and not EquipmentEvent.objects.exists()


def test_without_any_evidence_the_question_goes_back_to_the_first_use(lab):
    question = stop(lab)
    assert (question.since, question.until) == (None, DAY)


def test_the_question_begins_the_day_after_a_calibration_that_was_confirmed(lab):
    traced(lab, calibrated_on=date(2025, 9, 1))
    assert stop(lab).since == date(2025, 9, 2)


def test_a_calibration_that_nobody_confirmed_as_fit_is_no_evidence(lab):
    traced(lab, confirmed_on=None)
    assert stop(lab).since is None


def test_the_question_begins_the_day_after_the_last_check_that_passed(lab):
    traced(lab, calibrated_on=date(2025, 9, 1))
    plan = make.check_plan(lab.institution, lab.equipment)
    for day, verdict in ((date(2025, 12, 1), "passed"), (date(2026, 1, 5), "warning"), (date(2026, 2, 1), "failed")):
        make._row(IntermediateCheck, lab.institution, plan=plan, equipment=lab.equipment, performed_on=day,
                  performed_by=lab.keeper, readings=[Decimal(1)], mean=1, figure=0, verdict=verdict)  # fmt: skip
    assert stop(lab).since == date(2025, 12, 2)


def test_equipment_verified_this_morning_is_in_question_for_today(lab):
    traced(lab)
    make._row(EquipmentEvent, lab.institution, equipment=lab.equipment, kind=Kind.RETURN_VERIFICATION, happened_on=DAY,
              text="比对合格", result="passed", state_after="in_use")  # fmt: skip
    assert stop(lab).since == DAY


# --- answering


def test_an_answer_says_who_looked_at_how_many_records_and_when(lab, monkeypatch):
    monkeypatch.setattr(uses, "ANSWERS", [lambda tool, first, last: [Use(DAY, "JL-1", "/"), Use(DAY, "JL-2", "/")]])
    question = answered(lab, stop(lab))
    assert (question.state, question.looked_at, question.answered_by, question.answered_on) == (
        State.ANSWERED, 2, lab.keeper, DAY,
    )  # fmt: skip


def test_an_answer_is_in_words(lab):
    question = stop(lab)
    with pytest.raises(Refused, match="写明评估了哪些记录"):
        answered(lab, question, answer="  ")
    assert make.fresh(question).state == State.OPEN


def test_a_question_is_answered_once(lab):
    question = answered(lab, stop(lab))
    with pytest.raises(Refused, match="当前状态是“已评估”"):
        answered(lab, question)


def test_equipment_is_not_used_again_while_the_question_is_open(lab):
    traced(lab)
    question = stop(lab)
    with pytest.raises(Refused, match="还没有结论") as refused:
        workflow.return_to_use(lab.equipment, "修好了", actor=lab.metrologist, at=NOON)
    refusal = refused.value.refusals[0]
    assert (refusal.clause, question.ref in refusal.link) == ("D-4.4.3.2-s3", True)


def test_an_answered_question_lets_it_be_used_again(lab):
    traced(lab)
    answered(lab, stop(lab))
    row = workflow.return_to_use(make.fresh(lab.equipment), "比对 5 点合格", actor=lab.metrologist, at=NOON)
    assert row.state == Equipment.State.IN_USE


def test_asking_and_answering_are_in_the_audit_trail(lab):
    answered(lab, stop(lab))
    verbs = AuditEntry.objects.filter(target="equipment.ImpactQuestion").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["impactquestion.ask", "impactquestion.answer"]


# --- what was measured with it


@pytest.fixture
def w(laboratory):
    world = laboratory
    with tenant(world.institution.pk):
        yield world


def days_of(found):
    return [use.day for use in found]


def test_the_records_of_its_standard_are_its_uses(w):
    record = make.record(w)
    found = uses.uses_of(w.equipment, None, DAY + timedelta(1))
    assert [(use.day, use.record.split()[0]) for use in found] == [(record.performed_on, record.number)]


def test_what_watched_over_the_room_was_used_as_well(w):
    make.record(w)
    assert len(uses.uses_of(w.environment, None, DAY + timedelta(1))) == 1


def test_an_issued_certificate_is_told_as_touched(w):
    make.certificate(w, "released")
    (use,) = uses.uses_of(w.equipment, None, DAY + timedelta(30))
    assert use.certificate and use.touched


def test_records_outside_the_time_are_none_of_its_uses(w):
    record = make.record(w)
    assert uses.uses_of(w.equipment, record.performed_on + timedelta(1), DAY + timedelta(30)) == []
    assert uses.uses_of(w.equipment, None, record.performed_on - timedelta(1)) == []


def test_records_after_it_left_the_standard_are_none_of_its_uses(w):
    record = make.record(w)
    part = w.equipment.parts_of.get()
    part.removed_on = record.performed_on - timedelta(1)
    part.save()
    assert uses.uses_of(w.equipment, None, DAY + timedelta(30)) == []


# --- pages


def at(lab, name, *rows):
    return reverse(f"equipment:{name}", args=[lab.institution.slug, *(row.ref for row in rows)])


def test_stopping_on_the_page_needs_what_was_found(signed_in, lab):
    browser = signed_in(Role.RECEPTIONIST)
    page = browser.post(at(lab, "quarantine", lab.equipment), {"reason": "跌落", "kind": ""})
    assert page.status_code == 422 and "请选择一项" in page.content.decode() and "跌落" in page.content.decode()
    browser.post(at(lab, "quarantine", lab.equipment), {"reason": "跌落", "kind": "mishandled"})
    assert ImpactQuestion.objects.get().event.kind == Kind.MISHANDLED


def test_an_open_question_is_on_the_today_page_of_who_answers_it(signed_in, lab):
    stop(lab)
    url = reverse("institutions:today", args=[lab.institution.slug])
    assert "影响追溯待评估" in signed_in(Role.QUALITY_MANAGER).get(url).content.decode()
    assert "影响追溯待评估" in signed_in(Role.TECHNICAL_MANAGER).get(url).content.decode()
    assert "影响追溯待评估" not in signed_in(Role.OPERATOR).get(url).content.decode()


def test_a_question_is_answered_on_its_page(signed_in, lab):
    question = stop(lab)
    page = (
        signed_in(Role.QUALITY_MANAGER).post(at(lab, "impact_answer", question), ANSWER, follow=True).content.decode()
    )
    assert "对结果没有影响" in page and ANSWER["answer"] in page


@pytest.mark.parametrize(
    ("changes", "sentence"), [({"conclusion": ""}, "请选择一项"), ({"answer": ""}, "请填写这一项"), ({"answer": "评" * 1001}, "最多 1000 个字")]
)  # fmt: skip
def test_an_answer_that_cannot_be_read_keeps_what_was_typed(signed_in, lab, changes, sentence):
    sent = {**ANSWER, **changes}
    page = signed_in(Role.QUALITY_MANAGER).post(at(lab, "impact_answer", stop(lab)), sent)
    text = page.content.decode()
    assert page.status_code == 422 and sentence in text and sent["answer"] in text


def test_an_operator_reads_the_question_and_does_not_answer_it(signed_in, lab):
    question, browser = stop(lab), signed_in(Role.OPERATOR)
    page = browser.get(at(lab, "impact", question)).content.decode()
    assert "由质量负责人、技术负责人或计量管理人员评估" in page
    assert browser.post(at(lab, "impact_answer", question), ANSWER).status_code == 403


def test_a_question_shows_the_records_of_its_time(client, w):
    record = make.record(w)
    workflow.quarantine(
        w.equipment, "读数跳动", kind=Kind.SUSPICIOUS, actor=make.actor(w.institution, Role.OPERATOR), at=NOON
    )
    client.force_login(make.user(w.institution, Role.QUALITY_MANAGER, employment=None))
    url = reverse("equipment:impact", args=[w.institution.slug, ImpactQuestion.objects.get().ref])
    assert record.number in client.get(url).content.decode()


def test_the_list_shows_open_and_answered_questions_by_themselves(signed_in, lab):
    answered(lab, stop(lab))
    other = make.equipment(lab.institution, lab.site, name="别的压力计")
    stop(lab, equipment=other)
    page = signed_in(Role.OPERATOR).get(at(lab, "impacts") + "?state=open")
    assert [row[1]["note"] for row in page.context["table"]["rows"]] == ["别的压力计"]


def test_the_list_needs_the_same_queries_for_many(signed_in, lab, django_assert_max_num_queries):
    browser = signed_in(Role.OPERATOR)
    for number in range(12):
        stop(lab, equipment=make.equipment(lab.institution, lab.site, name=f"压力计 {number}"))
    browser.get(at(lab, "impacts"))
    with django_assert_max_num_queries(16):
        browser.get(at(lab, "impacts"))
