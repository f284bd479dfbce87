"""Files that no row names are set aside and then removed; a file that a row names is never touched."""

import json
import os
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils import timezone

from portal import documents, orphans
from portal.models import Document
from portal.tenancy import tenant
from tests import make

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)


@pytest.fixture
def lab(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return make.institution()


def stored(lab, name="a" * 32 + ".pdf", *, folder="documents", ago=timedelta(hours=25), at=NOW):
    """A file as old as that. Returns: its name in the storage."""
    path = orphans.Path(orphans.settings.MEDIA_ROOT) / folder / str(lab.pk) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"%PDF-1.7")
    moment = (at - ago).timestamp()
    os.utime(path, (moment, moment))
    return f"{folder}/{lab.pk}/{name}"


def named(lab, stored_as):
    """A document row that names the file."""
    with tenant(lab.pk):
        return Document.objects.create(
            institution=lab,
            name="证书.pdf",
            content_type="application/pdf",
            size=8,
            sha256="0" * 64,
            stored_as=stored_as,
        )


def exists(name):
    return (orphans.Path(orphans.settings.MEDIA_ROOT) / name).exists()


def test_an_unnamed_file_is_set_aside_and_removed_after_a_week(lab):
    name = stored(lab)
    assert orphans.sweep(at=NOW) == orphans.Swept(1, 0, 0)
    assert (exists(name), exists(f"orphans/{name}")) == (False, True)
    assert orphans.sweep(at=NOW + timedelta(days=6)) == orphans.Swept(0, 0, 0)
    assert orphans.sweep(at=NOW + timedelta(days=8)) == orphans.Swept(0, 0, 1)
    assert not exists(f"orphans/{name}")


def test_a_file_that_a_row_names_stays(lab):
    name = stored(lab)
    named(lab, name)
    assert orphans.sweep(at=NOW) == orphans.Swept(0, 0, 0)
    assert exists(name)


def test_the_row_of_another_institution_does_not_keep_a_file_of_the_same_name(lab):
    name, other = stored(lab), make.institution("beta")
    named(other, name)
    assert orphans.sweep(at=NOW).set_aside == 1


def test_a_young_file_stays_since_its_row_may_still_come(lab):
    name = stored(lab, ago=timedelta(hours=23))
    assert orphans.sweep(at=NOW) == orphans.Swept(0, 0, 0)
    assert exists(name)


def test_half_a_file_is_set_aside_like_any_other(lab):
    stored(lab, "b" * 32 + ".pdf.part")
    assert orphans.sweep(at=NOW).set_aside == 1


def test_a_folder_nobody_named_is_left_alone(lab):
    name = stored(lab, folder="notes")
    assert orphans.sweep(at=NOW) == orphans.Swept(0, 0, 0)
    assert exists(name)


def test_what_lies_in_no_institution_s_folder_is_left_alone(lab):
    old = stored(lab)
    lost = orphans.Path(orphans.settings.MEDIA_ROOT) / "documents/extra"
    (orphans.Path(orphans.settings.MEDIA_ROOT) / old).parent.rename(lost)
    assert orphans.sweep(at=NOW) == orphans.Swept(0, 0, 0)
    assert len(list(lost.iterdir())) == 1


def test_a_file_set_aside_whose_row_comes_to_light_is_put_back_even_after_a_week(lab):
    name = stored(lab)
    orphans.sweep(at=NOW)
    named(lab, name)
    assert orphans.sweep(at=NOW + timedelta(days=8)) == orphans.Swept(0, 1, 0)
    assert exists(name)


def test_more_files_than_one_query_asks_for_are_all_swept(lab, monkeypatch):
    monkeypatch.setattr(orphans, "ONE_QUERY", 2)
    kept = stored(lab, "c" * 32 + ".pdf")
    named(lab, kept)
    for letter in "defgh":
        stored(lab, letter * 32 + ".pdf")
    assert orphans.sweep(at=NOW).set_aside == 5
    assert exists(kept)


def test_what_the_portal_stores_itself_is_kept(lab):
    world = make.laboratory(lab.slug)
    certificate = make.certificate(world, "released")
    with tenant(lab.pk):
        certificate.refresh_from_db()
    assert certificate.pdf_stored_as
    assert orphans.sweep(at=timezone.now() + timedelta(days=2)) == orphans.Swept(0, 0, 0)
    assert exists(certificate.pdf_stored_as)


def test_what_a_crash_between_file_and_commit_leaves_is_found(lab):
    name = documents.store(f"documents/{lab.pk}", ".pdf", b"%PDF-1.7")
    assert orphans.found(at=timezone.now() + timedelta(days=2)) == [name]


def test_every_field_that_names_a_file_keeps_it():
    fields = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.name.endswith("stored_as")
    }
    assert fields == set(orphans.FIELDS)


def test_the_command_lists_before_it_acts(lab):
    name = stored(lab, at=timezone.now())
    out = StringIO()
    call_command("sweep_orphans", "--json", "--dry-run", stdout=out)
    assert (json.loads(out.getvalue()), exists(name)) == ({"orphans": [name]}, True)
    out = StringIO()
    call_command("sweep_orphans", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"set_aside": 1, "put_back": 0, "removed": 0}
