"""The registers of the demonstration: tables of a TOML file, recorded through the verbs that the pages use.

A table is named like its register, and a row's keys are columns. `everybody.toml` holds what every laboratory keeps in
some form, with `defaults` for a register; a laboratory's own file adds to it. Besides columns a row may have

- `as`: a name by which later rows point at it,
- `each`: for whom it is repeated: people by login, or a group such as "everybody" or "operators:压力",
- `but`: who of them is left out,
- `not_in`: laboratories that do not keep the row,
- `reaches`: what becomes of a qualification ("confirmed") or of a method of one's own ("released").
"""

import io
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pikepdf
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models

from institutions.methods import workflow as methods
from institutions.models import Employment, Method, OwnMethod, Site
from institutions.scope import standing
from institutions.system_documents import KINDS
from portal import documents
from portal.models import Document
from portal.registers import REGISTERS, verbs

from .laboratory import Laboratory

HERE = Path(__file__).parent / "kept"
# What points at other rows comes after them.
ORDER = (
    "qualifications", "legal-status", "key-persons", "departments", "rooms", "isolations", "archives", "year-figures",
    "documents", "credentials", "experience", "training-plans", "trainings", "attendances", "protective-issues",
    "declarations", "violations", "register-checks", "incentives", "activities", "awards", "public-items", "public-checks",
    "pledge-channels", "windows", "brands", "innovation", "research", "partnerships", "method-reviews", "own-methods",
)  # fmt: skip
# Words of metrology by which rows find each other: the same in every laboratory, marked or not.
NOT_COLUMNS = ("as", "each", "but", "not_in", "without", "reaches")
PLAIN = {
    "field",
    "speciality",
    "parameter",
    "parameter_unit",
    "cmc_points",
    "cmc_unit",
    "unit",
    "instrument",
    "measurand",
    "software_sha256",
}
VALIDATED_DAYS_AGO, RELEASED_DAYS_AGO = 90, 60
GROUPS = {"operators": {"calibrator", "verifier"}, "checkers": {"checker"}, "signatories": {"authorised_signatory"}}


def rows_of(slug: str) -> dict[str, list[dict[str, Any]]]:
    """The rows by register that this laboratory keeps, the common ones first, defaults filled in."""
    common, own = (tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8")) for name in ("everybody", slug))
    defaults = common.pop("defaults")
    return {
        name: [
            defaults.get(name, {}) | row
            for row in [*common.get(name, []), *own.get(name, [])]
            if slug not in row.get("not_in", ())
        ]
        for name in ORDER
        if name in common or name in own
    }


def fill(lab: Laboratory) -> None:
    """Every register of the plan is filled. Raises: Refused when a gate refuses a row: then the plan is wrong."""
    for name, rows in lab.plan["registers"].items():
        together: list[dict[str, Any]] = []
        for one in (one for row in rows for one in _repeated(lab, row)):
            together.append(one)
            if "as" in one or "reaches" in one:  # the next row may name it
                record(lab, name, *together)
                together = []
        if together:
            record(lab, name, *together)


def record(lab: Laboratory, name: str, *rows: dict[str, Any]) -> Any:
    """The rows stand in their register, what rests on them has followed once; the last is known by its `as`. Returns: it."""
    values = (_values(lab, name, row) for row in rows)
    stored = verbs.record_all(REGISTERS[name], values, actor=lab.actor("quality"), at=lab.now)[-1]
    if "as" in rows[-1]:
        lab.named[rows[-1]["as"]] = stored
    match rows[-1].get("reaches"):
        case "confirmed":
            standing.confirm(stored, actor=lab.actor("quality"), at=lab.now)
        case "released":
            _bring_into_force(lab, stored)
    return stored


def _values(lab: Laboratory, name: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row of the plan as what the form of the register would hand over."""
    register = REGISTERS[name]
    facts = {key: value for key, value in row.items() if key not in NOT_COLUMNS}
    values = columns(lab, register.model, facts)
    if name == "documents":
        values["sections"] = _sections(lab, row)
    if name == "key-persons" and "employment" in values:
        values["name"] = values["employment"].name
    return values


def _bring_into_force(lab: Laboratory, own: OwnMethod) -> None:
    """The method was validated, verified at the first site, and is in force."""
    technical, quality = lab.employments[f"{lab.prefix}-technical"], lab.actor("quality")
    papers = {
        name: SimpleUploadedFile(lab.says(title), sample())
        for name, title in (("validation", "方法确认记录（示）.pdf"), ("evaluation", "不确定度评定报告（示）.pdf"))
    }
    own = methods.validate(
        own, validated_on=lab.day(-VALIDATED_DAYS_AGO), validator=technical, **papers, actor=quality, at=lab.now
    )
    for paper in (own.validation_id, own.evaluation_id):
        documents.check_document(paper)
    own.refresh_from_db()
    methods.release(
        own, in_force_from=lab.day(-RELEASED_DAYS_AGO), site=lab.sites[0], verified_on=lab.day(-RELEASED_DAYS_AGO - 10),
        verified_by=technical, report_number=lab.says("验〔2026〕01"), actor=quality, at=lab.now,
    )  # fmt: skip


def columns(lab: Laboratory, model: type[models.Model], row: dict[str, Any]) -> dict[str, Any]:
    """The row of the plan as values of columns: days from today, figures as decimals, names as the rows they name."""
    return {name: _value(lab, model._meta.get_field(name), value) for name, value in row.items()}


def _value(lab: Laboratory, column: Any, value: Any) -> Any:
    if column.is_relation:
        return _named(lab, column.remote_field.model, value)
    if isinstance(column, models.DateField):
        return lab.day(value)
    if isinstance(column, models.DecimalField):
        return Decimal(value)
    if column.name == "year":
        return lab.day(0).year + value
    if isinstance(column, models.URLField):  # a mark in front would make it no address
        return f"{value}?{lab.mark}" if value and lab.mark else value
    if isinstance(value, str) and not column.choices and column.name not in PLAIN:
        return lab.says(value)
    return value


def _named(lab: Laboratory, model: type[models.Model], name: Any) -> Any:
    if model is Document:
        return document(lab, name)
    if model is Employment:
        return lab.employments[f"{lab.prefix}-{name}"]
    if model is Site:
        return lab.sites[name]
    if model is Method:
        return Method.objects.available_to(lab.institution.pk).get(code=name)
    return lab.named[name]


def document(lab: Laboratory, name: str) -> Document | None:
    """The laboratory's file of this name: uploaded and looked into once, however many rows show it. None without a name."""
    if not name:
        return None
    if name not in lab.named:
        file = SimpleUploadedFile(lab.says(name), sample())
        uploaded = documents.upload(file, actor=lab.actor("quality"), at=lab.now)
        documents.check_document(uploaded.pk)
        lab.named[name] = Document.objects.get(pk=uploaded.pk)
    return lab.named[name]


@cache
def sample() -> bytes:
    """A PDF of one page that says what it is."""
    pdf, file = pikepdf.new(), io.BytesIO()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    page.Contents = pdf.make_stream(b"BT /F1 18 Tf 72 740 Td (Demonstration - a file of an invented laboratory) Tj ET")
    pdf.save(file)
    return file.getvalue()


def _repeated(lab: Laboratory, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The row itself, or once for each person it is repeated for, `{staff}` standing for the staff number."""
    if "each" not in row:
        yield row
        return
    for name in people(lab, row["each"]):
        if name in row.get("but", ()):
            continue
        number = lab.employments[f"{lab.prefix}-{name}"].staff_number
        texts = {key: value.replace("{staff}", number) for key, value in row.items() if isinstance(value, str)}
        yield row | texts | {"employment": name}


def people(lab: Laboratory, who: str | list[str]) -> Iterator[str]:
    """The people of a group, by the part of their logins behind the institution's."""
    if isinstance(who, list):
        yield from who
        return
    group, _colon, field = who.partition(":")
    for person in lab.plan["people"]:
        granted = GROUPS[group].intersection(person.get("grants", ())) if group != "everybody" else True
        if granted and (not field or field in person["fields"]):
            yield person["login"].removeprefix(f"{lab.prefix}-")


def _sections(lab: Laboratory, row: dict[str, Any]) -> dict[str, str]:
    """Where the sections of the kind stand in the document, but for those it is `without`."""
    today: date = lab.day(0)
    years = {"year": f"{today.year} 年", "horizon_year": f"{today.year + 4} 年"}
    wanted = [name for name in KINDS[row["kind"]].sections if name not in row.get("without", ())]
    return {name: lab.says(years.get(name, f"第 {place} 章")) for place, name in enumerate(wanted, start=1)}
