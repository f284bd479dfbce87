"""Data sheets as versioned data: proposed by one, approved by another, retired, never changed."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from certificates import workflow
from certificates.models import Procedure
from institutions.models import User
from portal.permissions import Role
from portal.tenancy import tenant
from portal.transitions import Refused
from tests import make
from tests.make import NOON

State = Procedure.State


@pytest.fixture
def technical(lab):
    return make.actor(lab.institution, Role.TECHNICAL_MANAGER, employment=make.employment(lab.institution, "曹涛"))


def test_a_new_version_follows_the_last_one_and_waits(lab):
    procedure = workflow.propose_procedure(make.DEFINITION, actor=lab.operator, at=NOON)
    assert (procedure.version, procedure.state) == (2, State.DRAFT)


def test_approval_retires_the_version_before(lab, technical):
    procedure = workflow.propose_procedure(make.DEFINITION, actor=lab.operator, at=NOON)
    workflow.approve_procedure(procedure, actor=technical, at=NOON)
    states = dict(Procedure.objects.values_list("version", "state"))
    assert states == {1: State.RETIRED, 2: State.APPROVED}


def test_nobody_approves_what_they_proposed(lab, technical):
    procedure = workflow.propose_procedure(make.DEFINITION, actor=technical, at=NOON)
    with pytest.raises(Refused, match="另一人批准"):
        workflow.approve_procedure(procedure, actor=technical, at=NOON)


def test_a_bad_definition_is_refused_with_all_its_problems(lab):
    definition = {**make.DEFINITION, "unit": "kgf/cm²", "reading_step": "division /"}
    with pytest.raises(Refused) as refused:
        workflow.propose_procedure(definition, actor=lab.operator, at=NOON)
    assert len(refused.value.refusals) >= 2


def test_a_method_the_catalogue_does_not_know_is_refused(lab):
    with pytest.raises(Refused, match="JJG 9999"):
        workflow.propose_procedure({**make.DEFINITION, "method": "JJG 9999-2099"}, actor=lab.operator, at=NOON)


def test_records_keep_the_version_they_were_made_with(lab, technical):
    record = make.record(lab)
    workflow.approve_procedure(
        workflow.propose_procedure(make.DEFINITION, actor=lab.operator, at=NOON), actor=technical, at=NOON
    )
    assert make.fresh(record).procedure.version == 1


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def client(self, client):
        self.world = make.laboratory("pages")
        client.force_login(User.objects.get(pk=self.world.operator.user_id))
        return client

    def url(self, name, *args):
        return reverse(f"certificates:{name}", args=["pages", *args])

    def test_a_shipped_definition_is_proposed_from_the_page(self, client):
        response = client.post(self.url("new_procedure"), {"shipped": "pressure_gauge_general"}, follow=True)
        assert "等待另一人批准" in response.text

    @pytest.mark.parametrize(
        "content, sentence",
        [
            (b"{", "不是 UTF-8 编码的 JSON"),
            (b"\xff\xfe", "不是 UTF-8 编码的 JSON"),
            (b"[]", "应是一个 JSON 对象"),
            (b'{"schema": 1}', "不能为空"),
            (b" " * 300_000, "超过 200 kB"),
            (b"[" * 100_000, "不是 UTF-8 编码的 JSON"),
        ],
    )
    def test_a_bad_file_says_what_is_wrong(self, client, content, sentence):
        file = SimpleUploadedFile("sheet.json", content)
        response = client.post(self.url("new_procedure"), {"file": file})
        assert response.status_code in (400, 409) and sentence in response.text

    def test_neither_and_both_are_refused(self, client):
        file = SimpleUploadedFile("sheet.json", json.dumps(make.DEFINITION).encode())
        both = client.post(self.url("new_procedure"), {"file": file, "shipped": "pressure_gauge_general"})
        assert both.status_code == client.post(self.url("new_procedure"), {}).status_code == 400

    def test_the_page_of_a_version_shows_its_formulas(self, client):
        with tenant(self.world.institution.pk):
            ref = self.world.procedure.ref
        assert "largest(up_after-point" in client.get(self.url("procedure", ref)).text.replace(" ", "")

    def test_the_page_names_distributions_in_words_and_classes_from_fine_to_coarse(self, client):
        with tenant(self.world.institution.pk):
            ref = self.world.procedure.ref
        text = client.get(self.url("procedure", ref)).text
        classes = [text.index(f"{grade} 级 ") for grade in ("1", "1.6", "2.5", "4")]
        assert "均匀分布" in text and classes == sorted(classes)
