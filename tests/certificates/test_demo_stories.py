import pytest

from certificates.demo import stories
from certificates.demo.laboratory import Laboratory
from certificates.models import Certificate
from tests import make
from tests.make import NOON


def story(**kwargs):
    return {"day": -5, "serial": "21087743", "ends": "void", "reason": "出厂编号有误", **kwargs}


def plan(lab, *told):
    """The laboratory of the test as the demonstration sees it, with these stories."""
    told = {"stories": list(told), "afterwards": []}
    return Laboratory(told, NOON, lab.institution, actors={"alpha-quality": lab.signatory})


def test_a_void_that_an_interrupted_run_left_undone_is_done_by_the_next(lab):
    certificate = make.certificate(lab, "released")
    for _run in range(2):
        stories.void_what_must_be(plan(lab, story()))
    certificate = make.fresh(certificate)
    assert (certificate.state, certificate.void_reason) == (Certificate.State.VOID, "出厂编号有误")


def test_a_certificate_without_its_pdf_waits_for_its_void(lab):
    certificate = make.certificate(lab, "issued")
    stories.void_what_must_be(plan(lab, story()))
    assert make.fresh(certificate).state == Certificate.State.ISSUED


def test_only_the_certificates_that_end_void_are_made_void(lab):
    certificate = make.certificate(lab, "released")
    stories.void_what_must_be(plan(lab, story(ends="issued")))
    assert make.fresh(certificate).state == Certificate.State.ISSUED


def test_stories_out_of_order_are_refused(lab):
    with pytest.raises(ValueError, match="older than"):
        stories.tell(plan(lab, story(day=-5), story(day=-6)))


def test_a_story_with_an_unknown_end_is_refused(lab):
    with pytest.raises(ValueError, match="forgotten"):
        stories.tell(plan(lab, story(ends="forgotten")))
