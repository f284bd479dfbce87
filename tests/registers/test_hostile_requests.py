"""What is sent past the forms of registers, by whom it may not be sent, and what is given away."""

import io
from datetime import date

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from institutions.models import (
    Department,
    Employment,
    KeyPerson,
    ManagementDocument,
    PublicItem,
    ResearchProject,
    Training,
    TrainingPlan,
)
from portal.models import AuditEntry, Document
from portal.permissions import GRANTS, Permission, Role
from portal.registers import REGISTERS, exporting, verbs
from portal.registers.forms import RowForm
from portal.tenancy import scope, tenant
from portal.typed import RowField
from tests import make
from tests.make import NOON
from tests.portal.test_imports import paste, write
from tests.registers.pages import post, url

# --- more than the form asks for


def test_fields_that_no_form_has_are_not_written(client, lab, signed_in):
    beta = make.institution("beta")
    extra = {
        "state": "withdrawn", "revision": "77", "institution": beta.pk, "institution_id": beta.pk, "id": "5", "pk": "5",
        "ref": "aaaaaaaaaaaa", "recorded_at": "1999-01-01",
    }  # fmt: skip
    post(client, lab, "departments", {"name": "力学室", **extra})
    with tenant(lab.pk):
        row = Department.objects.get()
        assert (row.state, row.revision, row.institution_id) == ("current", 1, lab.pk)
        assert row.ref != "aaaaaaaaaaaa" and row.recorded_at.year > 2000
    client.post(url("register_amend", lab, "departments", row.ref), {"name": "热工室", **extra, "revision": 1})
    with tenant(lab.pk):
        again = Department.objects.get()
        assert (again.state, again.revision, again.ref) == ("current", 2, row.ref)
        assert again.recorded_at == row.recorded_at and again.name == "热工室"


def test_heads_named_like_columns_of_the_table_are_not_read(inside, keeper):
    run = paste(keeper, ["部门", "状态", "revision", "institution", "ref"],
                ["力学室", "已作废", "9", "9", "aaaaaaaaaaaa"], name="departments")  # fmt: skip
    write(run, keeper)
    row = Department.objects.get()
    assert (row.state, row.revision, row.ref != "aaaaaaaaaaaa") == ("current", 1, True)


@pytest.mark.parametrize("revision", ["", None, "0", "-1", "1", "3", "9" * 60, "abc", "NaN", "\x00"])
def test_a_revision_that_is_not_the_stored_one_overwrites_nothing(client, lab, signed_in, revision):
    post(client, lab, "departments", {"name": "力学室"})
    with tenant(lab.pk):
        row = Department.objects.get()
    where = url("register_amend", lab, "departments", row.ref)
    client.post(where, {"name": "热工室", "revision": 1})
    typed = {"name": "电磁室"} | ({} if revision is None else {"revision": revision})
    page = client.post(where, typed)
    assert page.status_code in (409, 422) and "电磁室" in page.content.decode()
    assert make.fresh(row).name == "热工室"


def strangers():
    """Another institution with a row of every kind that a picker may offer."""
    w = make.laboratory("beta")
    lab = w.institution
    training = make._row(Training, lab, title="甲", kind="law", held_on=date(2025, 1, 1), hours=1)
    one, two = w.operator_employment, w.checker_employment
    return [
        w.site, w.qualification, one, training, make.own_method(lab),
        make.method_papers(w, make.own_method(lab)),
        make._row(KeyPerson, lab, role="director", name="甲", valid_from=date(2020, 1, 1)),
        make._row(TrainingPlan, lab, year=2025, title="甲", tasks="乙", approved_on=date(2025, 1, 1)),
        make._row(ResearchProject, lab, title="甲", lead="self", application="乙", valid_from=date(2025, 1, 1)),
        make._row(PublicItem, lab, kind="fees", title="甲", content="乙", published_on=date(2025, 1, 1),
                  next_review_on=date(2026, 1, 1)),
        make._row(ManagementDocument, lab, kind="procedure", number="P", title="甲", version="A", author=one,
                  approved_by=two, valid_from=date(2024, 1, 1)),
    ]  # fmt: skip


def test_no_picker_of_any_register_takes_a_row_of_another_institution(lab, keeper):
    """Not even where the database would show it, as to a regulator."""
    theirs, asked = strangers(), set()
    with scope(region="4403"):
        assert all(type(row).objects.filter(pk=row.pk).exists() for row in theirs)
        for register in REGISTERS.values():
            form = (register.form or RowForm)(register=register, actor=keeper)
            for name, field in form.fields.items():
                for row in theirs if isinstance(field, RowField) else ():
                    if isinstance(row, field.queryset.model):
                        asked.add(type(row))
                        with pytest.raises(ValidationError):
                            field.clean(row.ref)
                            pytest.fail(f"{register.name}.{name}")
    assert asked == {type(row) for row in theirs}


@pytest.mark.parametrize("name", ["力学室（乙）", "B-7"])
def test_no_import_finds_a_row_of_another_institution_by_ref_name_or_number(inside, keeper, name):
    beta = make.institution("beta")
    other = make.employment(beta, "力学室（乙）", staff_number="B-7")
    for text in (name, other.ref, str(other.pk)):
        run = paste(keeper, ["部门", "负责人"], ["力学室", text], name="departments")
        assert (run.new_rows, run.flawed_rows) == (0, 1)


def test_a_document_cannot_be_named_in_place_of_a_file(client, lab, signed_in):
    document = make.document(make.institution("beta"))
    own = make.document(lab)
    for ref in (document.ref, own.ref, str(own.pk)):
        typed = {
            "kind": "law",
            "title": ref,
            "organiser_kind": "internal",
            "held_on": "2025-01-01",
            "hours": "1",
            "file": ref,
        }
        post(client, lab, "trainings", typed)
    with tenant(lab.pk):
        assert {row.file_id for row in Training.objects.all()} == {None}


# --- who may not


RIGHTS = {
    "departments": Role.TECHNICAL_MANAGER, "credentials": Role.METROLOGY_MANAGER, "sites": Role.METROLOGY_MANAGER,
    "adoptions": Role.OPERATOR, "equipment-clocks": Role.OPERATOR, "pledge-channels": Role.TECHNICAL_MANAGER,
}  # fmt: skip


def doors(lab, name, ref="aaaaaaaaaaaa"):
    """Every address of a register by which something is written or prepared, with the method it takes."""
    yield from (("post", url(page, lab, name)) for page in ("register_new", "register_import"))
    yield from (("post", url(page, lab, name, ref)) for page in ("register_amend", "register_withdraw"))
    yield from (("post", url(page, lab, name, ref)) for page in ("register_import_write", "register_import_drop"))
    yield from (("get", url(page, lab, name)) for page in ("register_new", "register_import", "register_template"))
    for page in ("register_import_run", "register_import_progress", "register_import_flaws"):
        yield "get", url(page, lab, name, ref)


@pytest.mark.parametrize("name", RIGHTS)
def test_a_right_for_one_register_opens_no_door_of_another(client, lab, name):
    assert REGISTERS[name].keeper not in GRANTS[RIGHTS[name]]
    client.force_login(make.user(lab, RIGHTS[name]))
    assert {getattr(client, method)(where).status_code for method, where in doors(lab, name)} == {403}


def test_every_right_to_keep_a_register_is_tried_above():
    everybodys = {Permission.ENVIRONMENT_NOTE}  # whoever works there notes what a room's instruments show
    assert {one.keeper for one in REGISTERS.values()} - everybodys == {REGISTERS[name].keeper for name in RIGHTS}


def test_a_regulator_writes_in_no_register(client, lab):
    client.force_login(make.regulator())
    codes = {getattr(client, method)(where).status_code for method, where in doors(lab, "departments")}
    assert codes == {403, 405}


def test_a_member_of_another_institution_finds_no_door_at_all(client, lab):
    client.force_login(make.user(make.institution("beta"), Role.ADMINISTRATOR, Role.QUALITY_MANAGER))
    assert {getattr(client, method)(where).status_code for method, where in doors(lab, "departments")} == {404}


def test_an_import_of_another_institution_is_looked_at_written_and_dropped_by_nobody(client, lab):
    run = make.register_import(lab)
    beta = make.institution("beta")
    client.force_login(make.user(beta, Role.ADMINISTRATOR))
    tried = list(doors(beta, "departments", run.ref))
    for method, where in tried[4:6] + tried[9:]:
        assert getattr(client, method)(where, {"mode": "good"}).status_code == 404
    assert make.fresh(run).state == "preview"


@pytest.mark.parametrize("verb", ["record", "amend", "withdraw"])
def test_the_verbs_ask_for_the_right_whoever_calls_them(inside, keeper, verb):
    row = verbs.record(REGISTERS["departments"], {"name": "力学室"}, actor=keeper, at=NOON)
    outsider = make.actor(inside, Role.OPERATOR)
    acts = {
        "record": lambda: verbs.record(REGISTERS["departments"], {"name": "热工室"}, actor=outsider, at=NOON),
        "amend": lambda: verbs.amend(REGISTERS["departments"], row, {"name": "热工室"}, 1, actor=outsider, at=NOON),
        "withdraw": lambda: verbs.withdraw(REGISTERS["departments"], row, "错", actor=outsider, at=NOON),
    }
    with pytest.raises(PermissionDenied):
        acts[verb]()
    assert [(one.name, one.state) for one in Department.objects.all()] == [("力学室", "current")]


# --- nonsense in the address of a list


@pytest.mark.parametrize("name", ["credentials", "scope", "adoptions", "violations"])
def test_nonsense_in_the_address_of_a_list_shows_a_list(client, lab, signed_in, name):
    stranger = make.laboratory("beta").scope.ref
    keys = ("q", "state", "after", "before", "page", *REGISTERS[name].filters)
    for value in ("\x00", "%_\\'", "长" * 30, "\u202e", stranger, "-1", "[]"):
        assert client.get(url("register", lab, name), dict.fromkeys(keys, value)).status_code == 200


@pytest.mark.parametrize("name", ["credentials", "scope", "adoptions", "activities", "violations"])
def test_nonsense_in_the_address_of_a_new_form_shows_the_form(client, lab, signed_in, name):
    for value in ("\x00", "<script>", "[]", "9" * 40):
        page = client.get(url("register_new", lab, name), dict.fromkeys(REGISTERS[name].fields, value))
        assert page.status_code == 200 and "<script>" not in page.content.decode().replace("<script>\n", "")


# --- what is given away


def test_no_cell_of_a_template_is_a_formula(inside, keeper):
    for name in ("=1+1", "@x", "+1+1"):
        make.employment(inside, name, staff_number=name)
    book = openpyxl.load_workbook(io.BytesIO(exporting.template(REGISTERS["departments"], keeper).content))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value]
    assert any("=1+1" in str(cell.value) for cell in cells) and all(cell.data_type == "s" for cell in cells)
    assert not any(str(cell.value).startswith(("=", "+", "@")) for cell in cells)


def test_a_file_of_another_institution_is_not_found(client, lab, signed_in):
    document = make.document(make.institution("beta"))
    assert client.get(url("document", lab, document.ref)).status_code == 404


@pytest.mark.parametrize(("state", "status"), [("quarantined", 409), ("refused", 410)])
def test_a_file_that_was_not_taken_in_is_given_to_nobody(client, lab, signed_in, state, status):
    """Also not when a row of a register rests on it."""
    post(client, lab, "trainings", {
        "kind": "law", "title": "甲", "organiser_kind": "internal", "held_on": "2025-01-01", "hours": "1",
        "file": SimpleUploadedFile("签到.pdf", make.pdf()),
    })  # fmt: skip
    with tenant(lab.pk):
        document = Training.objects.get().file
        Document.objects.filter(pk=document.pk).update(state=state)
    page = client.get(url("document", lab, document.ref))
    assert page.status_code == status and b"%PDF" not in page.content
    with tenant(lab.pk):
        assert not AuditEntry.objects.filter(verb="document.download").exists()


def test_no_register_shows_what_identifies_a_person():
    hidden = {"birth_date", "id_number_sealed", "phone_sealed", "person"}
    assert [entry.name for entry in REGISTERS.values() if entry.model is Employment or hidden & set(entry.fields)] == []
