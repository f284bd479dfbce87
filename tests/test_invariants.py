"""Every rule of check_invariants is broken once and names what is broken; a healthy world breaks none."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from certificates import readings
from certificates.models import Reading
from equipment.models import Equipment
from portal import audit, invariants
from portal.actors import Actor
from portal.ledger import leaves
from portal.models import Counter, LedgerPending, OutboxEntry, SmartCode, StepUp
from portal.tenancy import tenant
from tests import make


@pytest.fixture
def world(laboratory):
    """A laboratory with an issued certificate, whose record has a correction, and a void one."""
    w = laboratory
    row = make.record(w, filled=True)
    with tenant(w.institution.pk):
        slip = readings.Entry("reading:1:up_before", "0.41", reason="看错一格")
        assert [outcome.state for outcome in readings.enter(row, [slip], actor=w.operator, at=make.NOON)] == ["saved"]
    w.certificate = make.certificate(w, "released")
    make.certificate(w, "void")
    OutboxEntry.objects.filter(task="certificates.render_pdf").update(state="done", done_at=make.NOON)
    return w


def broken():
    return {breach.rule for breach in invariants.breaches()}


def test_a_healthy_world_breaks_no_rule(world):
    assert list(invariants.breaches()) == []


def fork_the_counter(w):
    Counter.objects.filter(series="C").update(last=7)


def take_the_confirmation_away(w):
    StepUp.objects.filter(act="certificate.approve").update(used_at=None)


def witness_twice(w):
    leaves.append("certificate.issued", make.fresh(w.certificate))


def change_the_file(w):
    path = Path(settings.MEDIA_ROOT) / w.certificate.pdf_stored_as
    path.write_bytes(path.read_bytes() + b"x")


def remove_the_file(w):
    (Path(settings.MEDIA_ROOT) / w.certificate.pdf_stored_as).unlink()


def let_a_void_one_look_valid(w):
    for code in SmartCode.objects.filter(card__state="void"):
        SmartCode.objects.filter(pk=code.pk).update(card=code.card | {"state": "issued"})


def correct_another_cell(w):
    first = Reading.objects.filter(cell="reading:2:up_before").get(record__certificates=w.certificate)
    Reading.objects.create(
        institution=w.institution, record=first.record, cell="reading:3:up_before", text="9", mode="typed",
        reason="x", replaces=first, recorded_by=w.operator_employment,
    )  # fmt: skip


def issue_twice_in_the_trail(w):
    audit.record(Actor.system("x"), "certificate.issue", w.certificate)


def render_twice(w):
    entry = OutboxEntry.objects.filter(target_id=w.certificate.pk).first()
    entry.pk = None
    entry.save(force_insert=True)


def finish_work_at_no_time(w):
    OutboxEntry.objects.update(done_at=None)


def lose_a_leaf(w):
    LedgerPending.objects.all().delete()


def point_at_a_stranger(w):
    stranger = make.site(make.institution("beta"))
    Equipment.objects.filter(pk=w.equipment.pk).update(site_id=stranger.pk)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (fork_the_counter, "a series of numbers has no gap"),
        (take_the_confirmation_away, "signed by three people and confirmed"),
        (witness_twice, "has its leaves and exactly one rendering"),
        (render_twice, "has its leaves and exactly one rendering"),
        (change_the_file, "has the bytes it was stored with"),
        (remove_the_file, "has the bytes it was stored with"),
        (let_a_void_one_look_valid, "the public page says"),
        (correct_another_cell, "the first value of a cell stays readable"),
        (issue_twice_in_the_trail, "one successful entry of its issue"),
        (finish_work_at_no_time, "work that is done says when"),
        (lose_a_leaf, "its place or a place in the queue"),
        (point_at_a_stranger, "belongs to the institution of the rows it points at"),
    ],
)
def test_what_is_broken_is_named(world, spoil, rule):
    with transaction.atomic():
        with tenant(world.institution.pk):
            spoil(world)
        assert any(rule in name for name in broken()), broken()
        transaction.set_rollback(True)  # the database would not let all of it be committed


def test_the_command_tells_a_healthy_world_from_a_broken_one(world):
    output = StringIO()
    call_command("check_invariants", as_json=True, stdout=output)
    assert json.loads(output.getvalue())["ok"] is True
    with tenant(world.institution.pk):
        fork_the_counter(world)
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_invariants", as_json=True, stdout=output)
    assert ended.value.code == 1
    assert [breach["institution"] for breach in json.loads(output.getvalue())["breaches"]] == ["alpha"]
