"""Step-up: a proof for one act on one thing, good once; and how many there may be in an hour."""

import pytest

from portal import stepup
from portal.models import StepUp
from portal.permissions import Role
from portal.transitions import Refused
from tests import make


@pytest.fixture
def person(db):
    return make.actor(make.institution(), Role.SIGNATORY)


def proven(person, method=StepUp.Method.TOTP):
    stepup.grant(person.user_id, "certificate.void", method=method)


def test_a_proof_is_good_once(person):
    proven(person)
    stepup.consume(person, "certificate.void")
    with pytest.raises(Refused, match="动态验证码"):
        stepup.consume(person, "certificate.void")


def test_a_proof_is_for_one_act(person):
    proven(person)
    with pytest.raises(Refused, match="动态验证码"):
        stepup.consume(person, "certificate.issue")


def test_nobody_confirms_more_often_in_an_hour_than_may_be(person, settings):
    settings.STEP_UPS_PER_HOUR = 2
    for _count in range(3):
        proven(person)
    for _count in range(2):
        stepup.consume(person, "certificate.void")
    with pytest.raises(Refused, match="达到上限"):
        stepup.consume(person, "certificate.void")


def test_what_a_command_confirms_on_the_machine_itself_is_not_counted(person, settings):
    settings.STEP_UPS_PER_HOUR = 2
    for _count in range(4):
        proven(person, StepUp.Method.COMMAND)
        stepup.consume(person, "certificate.void")


def test_more_proofs_than_one_person_makes_do_not_stop_another(person, settings):
    settings.STEP_UPS_PER_HOUR = 1
    proven(person)
    stepup.consume(person, "certificate.void")
    other = make.actor(make.institution(), Role.SIGNATORY)
    proven(other)
    stepup.consume(other, "certificate.void")
