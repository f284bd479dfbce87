"""管理体系文件: the form that offers the sections of its kind, and who has read which version."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor, actor_of
from portal.models import Document
from portal.permissions import Permission
from portal.registers import Register, register
from portal.registers.forms import RowForm
from portal.today import Panel
from portal.transitions import Refusal
from portal.typed import TextField

from .. import reading
from ..methods.forms import MethodField
from ..models import ManagementDocument, Method
from ..system_documents import EVERYBODY, KINDS

INSTRUCTION = "work_instruction"


class DocumentForm(RowForm):
    """A document; the sections its kind must have, each with the place in the document where it stands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = str(self["kind"].value() or "")
        methods = Method.objects.visible_to(self.actor).order_by("code", "pk")
        self.fields["method"] = MethodField(
            label=_("适用的方法"), queryset=methods, required=kind == INSTRUCTION, help_text=_("作业指导书必选")
        )
        if kind in KINDS and kind != INSTRUCTION:
            del self.fields["method"]
        if kind in KINDS:  # the sections asked for are those of one kind
            self.fields["kind"].choices = [(kind, KINDS[kind].title)]
        stored = self.row.sections if self.row is not None else {}
        for name, title in (KINDS[kind].sections if kind in KINDS else {}).items():
            self.fields[f"section_{name}"] = TextField(
                label=title, max_length=200, required=False, initial=stored.get(name, ""),
                help_text=_("写在文件的哪一章、哪一条，例如 第 4.2 节；没有就留空"),
            )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        typed = {name: value for name, value in self.cleaned_data.items() if name.startswith("section_") and value}
        sections = {name.removeprefix("section_"): value for name, value in typed.items()}
        return {"method": None} | super().facts() | {"sections": sections}


def dates_in_order(row: ManagementDocument, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The review comes after the document; so does its last day."""
    if row.next_review_on and row.next_review_on <= row.valid_from:
        yield Refusal("next_review_on", _("下次评审要晚于实施日期。请改下次评审的日期。"))
    if row.valid_until and row.valid_until < row.valid_from:
        yield Refusal("valid_until", _("废止日期早于实施日期。请核对两个日期。"))


def author_does_not_approve(row: ManagementDocument, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A document is approved by somebody who did not write it."""
    if row.author_id == row.approved_by_id:
        yield Refusal("approved_by", _("编制人和批准人不能是同一人。请另选批准人。"))


def instruction_names_its_method(row: ManagementDocument, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A work instruction is for a method, and no other document is. Source: B-6.1.2-s1."""
    if row.kind == INSTRUCTION and row.method_id is None:
        yield Refusal("method", _("作业指导书要写明适用的方法。请选方法，例如 JJG 52-2013。"))
    elif row.kind != INSTRUCTION and row.method_id is not None:
        yield Refusal("method", _("只有作业指导书写适用的方法。请把“适用的方法”留空，或改文件种类。"))


def one_version_at_a_time(row: ManagementDocument, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Of one document number, one version is in force on a day."""
    others = (
        ManagementDocument.objects.filter(
            institution_id=row.institution_id, number=row.number, state=ManagementDocument.State.CURRENT
        )
        .exclude(pk=row.pk)
        .select_related("institution")
    )
    for other in others:
        begins = row.valid_until is None or other.valid_from <= row.valid_until
        ends = other.valid_until is None or row.valid_from <= other.valid_until
        if begins and ends:
            yield Refusal(
                "number",
                _("%(number)s 的 %(version)s 版与它同时有效。请先给旧版填上废止日期，再登记新版。")
                % {"number": other.number, "version": other.version},
                link=reverse("portal:register_amend", args=[other.institution.slug, "documents", other.ref]),
                link_text=_("更正旧版"),
            )


def readings(request: HttpRequest, row: ManagementDocument) -> Panel | None:
    """Who has confirmed having read this version, who has not, and the button to do so."""
    day, actor = timezone.localdate(), actor_of(request)
    if row.state != ManagementDocument.State.CURRENT:
        return None
    status = reading.status(row, day)
    mine = actor.employment_id is not None and actor.employment_id in {person.pk for person in status.waiting}
    context = {
        "document": row,
        "status": status,
        "required": row.kind in KINDS and KINDS[row.kind].readers == EVERYBODY,
        "may_confirm": mine and row.file is not None and row.file.state == Document.State.ACCEPTED,
    }
    return Panel("institutions/_readings.html", context)


def sections(request: HttpRequest, row: ManagementDocument) -> Panel | None:
    """The sections the kind must have, and where they stand."""
    wanted = KINDS[row.kind].sections if row.kind in KINDS else {}
    if not wanted:
        return None
    facts = [{"label": title, "value": row.sections.get(name) or _("没有填写")} for name, title in wanted.items()]
    return Panel("institutions/_sections.html", {"facts": facts})


register(
    Register(
        name="documents", model=ManagementDocument, title=gettext_lazy("体系文件"), group=gettext_lazy("体系文件"),
        about=gettext_lazy("手册、程序、制度和作业指导书的每一版；按期评审，相关人员确认已读"),
        fields=(
            "kind", "number", "title", "version", "author", "approved_by", "responsible", "method", "valid_from", "valid_until",
            "next_review_on", "note", "file",
        ),
        columns=("title", "number", "version", "kind", "valid_from", "next_review_on"),
        search=("title", "number"), filters=("kind",), choose_first="kind",
        order=("number", "-valid_from", "pk"), keeper=Permission.FILE_KEEP,
        gates=(dates_in_order, author_does_not_approve, instruction_names_its_method, one_version_at_a_time), form=DocumentForm,
        panels=(sections, readings), key=("number", "version"),
        clauses=(
            "A-4.2", "A-5.2", "A-5.2-a", "A-5.2-b", "A-5.2-c", "A-5.2-d", "A-8.1", "B-4.7.1", "B-4.7.2", "B-4.7.3-s2",
            "B-5.1", "B-5.2-s2", "B-6.1.1-s1", "B-6.1.4-s1", "C-4.2", "C-4.3-s1", "C-4.5-s1", "C-7.3.1.1", "D-4.1.1",
        ),
    )
)  # fmt: skip
