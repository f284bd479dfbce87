"""Judging one clause: the rows it rests on, spoiling one of them, and what the verdict says."""

from datetime import UTC, date, datetime, timedelta

from institutions.models import Activity, Declaration, DocumentRead, KeyPerson, ManagementDocument, Partnership
from institutions.system_documents import KINDS
from portal.clauses import CHECKS
from portal.models import Document
from portal.tenancy import tenant
from tests import make

DAY = make.DAY
FIRST = date(2024, 1, 1)
WITHDRAWN = {"state": "withdrawn"}
A_YEAR_AGO, TOO_LONG_AGO = DAY - timedelta(364), DAY - timedelta(365)
# What spoils an activity, and a row with dates.
HELD = (
    {"held_on": TOO_LONG_AGO},
    {"held_on": DAY + timedelta(1)},
    {"file": "quarantined"},
    {"file": None},
    WITHDRAWN,
    {"kind": "brand_publicity"},
)
DATED = ({"valid_until": DAY - timedelta(1)}, {"valid_from": DAY + timedelta(1), "valid_until": None}, WITHDRAWN)


def judge(lab, name, day=DAY):
    """The verdict of the clause's check."""
    with tenant(lab.pk):
        return CHECKS[name](lab, day)


def state(lab, name, day=DAY):
    return str(judge(lab, name, day).state)


def said(verdict):
    """All that the verdict says: its rows, what is wrong with each, and what to do."""
    return " ".join([*(f"{row.label} {row.text}" for row in verdict.evidence), verdict.advice])


def row(model, lab, **values):
    with tenant(lab.pk):
        return model.objects.create(institution=lab, **values)


def change(row, **values):
    """The row says something else; by the name of a file's column, its file waits for inspection."""
    with tenant(row.institution_id):
        for name in [name for name, value in values.items() if value == "quarantined"]:
            Document.objects.filter(pk=getattr(row, f"{name}_id")).update(state=Document.State.QUARANTINED)
            del values[name]
        if values:
            assert type(row).objects.filter(pk=row.pk).update(**values) == 1
    for name, value in values.items():
        setattr(row, name, value)


def document(lab, kind, *sections, **values):
    """A document in force with these sections, or with all that its kind must have."""
    person = values.pop("author", None) or make.employment(lab, "方砚秋")
    values = {
        "number": f"WJ-{kind}", "title": str(KINDS[kind].title), "version": "A/0", "author": person, "approved_by": person,
        "valid_from": FIRST, "file": make.document(lab), **values,
    }  # fmt: skip
    values.setdefault("sections", {name: "第 1 章" for name in sections or KINDS[kind].sections})
    return row(ManagementDocument, lab, kind=kind, **values)


def read(document, *people, at=datetime(2026, 3, 10, 15, 59, tzinfo=UTC)):
    """These people have confirmed that they read it: in the last minute of the day in China."""
    for person in people:
        row(DocumentRead, document.institution, document=document, employment=person, read_at=at)


def head(lab, **values):
    """The legal representative."""
    return row(KeyPerson, lab, **{"role": "legal_representative", "name": "方院长", "valid_from": FIRST, **values})


def declaration(lab, kind, **values):
    """A declaration that is good until the day itself."""
    values = {"valid_from": date(2025, 6, 1), "valid_until": DAY, "file": make.document(lab), **values}
    if not {"signed_by", "employment"} & values.keys():
        values["signed_by"] = head(lab)
    return row(Declaration, lab, kind=kind, **values)


def activity(kind, **more):
    """A builder of an activity on the first day that counts, with its file."""

    def build(lab):
        return row(Activity, lab, kind=kind, title="活动", held_on=A_YEAR_AGO, file=make.document(lab), **more)

    return build


def partnership(kind, **more):
    """A builder of a row about partners, good until the day itself."""

    def build(lab):
        values = {
            "name": "某联盟",
            "partners": "甲、乙",
            "valid_from": FIRST,
            "valid_until": DAY,
            "file": make.document(lab),
        }
        return row(Partnership, lab, kind=kind, **values | more)

    return build
