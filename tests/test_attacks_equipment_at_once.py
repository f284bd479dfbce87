"""Two people do the same to equipment at the same moment: no row twice, nothing lost, no failure."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from equipment.checking import workflow as checking
from equipment.checking.readings import Readings
from equipment.codes import verbs as codes
from equipment.impacts import asking
from equipment.labels import printing
from equipment.life import workflow
from equipment.models import (
    CodeLink,
    DeviceCode,
    EquipmentEvent,
    ImpactQuestion,
    IntermediateCheck,
    Label,
    StockLine,
    Traceability,
)
from equipment.stock import verbs as stock
from equipment.traceability import workflow as tracing
from portal.permissions import Role
from portal.tenancy import tenant
from tests import make
from tests.concurrency import at_once, kinds

pytestmark = pytest.mark.django_db(transaction=True)
AT = timezone.now()
TODAY = timezone.localdate(AT)


@pytest.fixture
def lab(transactional_db):
    institution = make.institution()
    people = [make.employment(institution, name) for name in ("沈若川", "许知远")]
    world = SimpleNamespace(institution=institution, site=make.site(institution), people=people)
    world.actors = [make.actor(institution, Role.METROLOGY_MANAGER, employment=one, name=one.name) for one in people]
    world.device = make.equipment(institution, world.site)
    make.traceability(
        institution, world.device, people[0], calibrated_on=TODAY - timedelta(90), confirmed_on=TODAY - timedelta(80),
        valid_until=TODAY + timedelta(200),
    )  # fmt: skip
    return world


def both(lab, act: Callable) -> list[object]:
    """What became of the act done by both people at the same moment."""

    def of(actor):
        def run():
            with tenant(lab.institution.pk):
                return act(actor)

        return run

    return at_once(*map(of, lab.actors))


def inside(lab, ask: Callable):
    with tenant(lab.institution.pk):
        return ask()


def test_two_who_quarantine_ask_one_question(lab):
    done = both(lab, lambda actor: workflow.quarantine(lab.device, "跌落", kind="defect", actor=actor, at=AT))
    assert kinds(done) == ["Equipment", "Refused"]
    assert inside(lab, ImpactQuestion.objects.count) == 1
    assert inside(lab, EquipmentEvent.objects.filter(state_after="quarantined").count) == 1


def test_two_who_return_it_verify_it_once(lab):
    inside(lab, lambda: workflow.take_out_of_use(lab.device, "暂无任务", actor=lab.actors[0], at=AT))
    done = both(lab, lambda actor: workflow.return_to_use(lab.device, "比对 5 点合格", actor=actor, at=AT))
    assert kinds(done) == ["Equipment", "Refused"]
    assert inside(lab, EquipmentEvent.objects.filter(kind="return_verification").count) == 1


def test_two_who_answer_a_question_answer_it_once(lab):
    inside(lab, lambda: workflow.quarantine(lab.device, "跌落", kind="defect", actor=lab.actors[0], at=AT))
    question = inside(lab, ImpactQuestion.objects.get)
    told = {"conclusion": "none", "answer": "看过 3 份记录，没有影响。"}
    done = both(lab, lambda actor: asking.answer(question, dict(told), None, actor=actor, at=AT))
    assert kinds(done) == ["ImpactQuestion", "Refused"]


def test_two_who_print_get_different_numbers(lab):
    done = both(lab, lambda actor: printing.print_labels([lab.device], actor=actor, at=AT))
    assert kinds(done) == ["Printed", "Printed"]
    assert inside(lab, lambda: sorted(Label.objects.values_list("serial", flat=True).distinct())) == sorted(
        printed.labels[0].serial for printed in done
    )


def test_two_who_make_a_code_for_the_same_thing_make_one(lab):
    done = both(lab, lambda actor: codes.make_for([lab.device], actor=actor, at=AT)[0][0].token)
    assert kinds(done) == ["str", "str"] and done[0] == done[1]
    assert inside(lab, DeviceCode.objects.count) == inside(lab, CodeLink.objects.count) == 1


def test_two_who_claim_the_same_blank_code_claim_it_once(lab):
    (blank,) = inside(lab, lambda: codes.make_blank(1, actor=lab.actors[0], at=AT))
    other = make.equipment(lab.institution, lab.site)
    things = dict(zip([actor.name for actor in lab.actors], [lab.device, other], strict=True))
    done = both(lab, lambda actor: codes.link(blank, things[actor.name], actor=actor, at=AT))
    assert kinds(done) == ["DeviceCode", "Refused"]
    assert inside(lab, CodeLink.objects.count) == 1


def test_two_blank_codes_are_not_put_on_the_same_thing_at_once(lab):
    blank = inside(lab, lambda: codes.make_blank(2, actor=lab.actors[0], at=AT))
    mine = dict(zip([actor.name for actor in lab.actors], blank, strict=True))
    done = both(lab, lambda actor: codes.link(mine[actor.name], lab.device, actor=actor, at=AT))
    assert kinds(done) == ["DeviceCode", "Refused"]
    (refused,) = [one for one in done if not isinstance(one, DeviceCode)]
    assert "已经有器具码" in refused.refusals[0].text
    assert inside(lab, DeviceCode.objects.filter(state="linked").count) == 1


def test_two_who_record_the_same_certificate_record_it_once(lab):
    facts = {
        "kind": "calibration", "certificate_number": "C-77", "issuer": "省级计量院（示）", "issuer_qualification": "L1",
        "calibrated_on": TODAY - timedelta(3), "valid_until": TODAY + timedelta(300), "chain": "national",
        "file": make.paper(lab.institution),
    }  # fmt: skip
    done = both(lab, lambda actor: tracing.trace(lab.device, facts, None, actor=actor, at=AT))
    assert kinds(done) == ["Refused", "Traceability"]
    assert inside(lab, Traceability.objects.filter(certificate_number="C-77").count) == 1


def test_two_who_record_the_same_check_record_it_once(lab):
    plan = make.check_plan(lab.institution, lab.device)
    values = {"performed_on": TODAY, "performed_by": lab.people[0], "conditions": ""}
    done = both(lab, lambda actor: checking.check(plan, Readings(("1.9",)), dict(values), None, actor=actor, at=AT))
    assert kinds(done) == ["IntermediateCheck", "Refused"]
    assert inside(lab, IntermediateCheck.objects.count) == inside(lab, ImpactQuestion.objects.count) == 1


def test_two_who_find_the_same_strange_thing_find_it_once(lab):
    check = inside(
        lab, lambda: stock.open_check({"title": "盘点", "site": None, "room": None}, actor=lab.actors[0], at=AT)
    )
    done = both(lab, lambda actor: stock.count(check, "神秘仪器", keep=True, actor=actor, at=AT).kept)
    assert sorted(done) == [False, True]
    assert inside(lab, StockLine.objects.filter(outcome="unexpected").count) == 1
