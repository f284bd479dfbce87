"""The verbs of a measurement standard: assessed, put in use, held, released, suspended, sealed, unsealed, withdrawn.

Each is a line of its history (StandardEvent) with the state it led to, so that the state of any day is known.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Field
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import audit, documents
from portal.actors import Actor
from portal.models import Document
from portal.permissions import Permission
from portal.registers import REGISTERS, Written, verbs
from portal.transitions import Refusal, Refused, Transition

from ..models import MeasurementStandard, StandardChange, StandardEvent, StandardPaper
from . import gates
from . import gates_register as kept

State, Kind = MeasurementStandard.State, StandardEvent.Kind
MANAGE = Permission.EQUIPMENT_MANAGE
LIVING = frozenset(State) - {State.WITHDRAWN}
Change = StandardChange.Kind
DECLARED = {
    "site_id": Change.PLACE, "range_text": Change.RANGE, "accuracy": Change.RANGE, "responsible_id": Change.PERSON,
}  # fmt: skip

# Between building and use, and while it is used again after a pause, the certificate is what counts.
PUT_IN_USE = Transition(
    "put_in_use",
    frozenset({State.BUILT, State.ASSESSED, State.SUSPENDED}),
    State.IN_USE,
    MANAGE,
    gates=gates.PUT_IN_USE,
)
HOLD = Transition("hold", frozenset({State.IN_USE}), State.HELD, MANAGE, gates=(gates.decided_by_a_manager,))
RELEASE = Transition("release", frozenset({State.HELD}), State.IN_USE, MANAGE, gates=(gates.decided_by_a_manager,))
SUSPEND = Transition("suspend", frozenset({State.ASSESSED, State.IN_USE}), State.SUSPENDED, MANAGE)
SEAL = Transition("seal", frozenset({State.ASSESSED, State.IN_USE, State.SUSPENDED}), State.SEALED, MANAGE)
UNSEAL = Transition("unseal", frozenset({State.SEALED}), State.ASSESSED, MANAGE)
RETIRE = Transition("retire", LIVING - {State.BUILT}, State.WITHDRAWN, MANAGE)


def assessing(state: str) -> Transition:
    """A certificate changes the state of what is being built only; all others stay what they are."""
    after = State.ASSESSED if state == State.BUILT else state
    return Transition("assess", LIVING & {state}, after, MANAGE)


def begin(rows: Sequence[MeasurementStandard], *, actor: Actor, at: datetime) -> None:
    """The histories of new standards begin: none of them is in use yet. Source: C-4.1.2."""
    StandardEvent.objects.bulk_create(
        [_line(row, Kind.BUILT, _("登记建标"), actor=actor, at=at, after=State.BUILT) for row in rows], batch_size=2000
    )


def end(rows: Sequence[MeasurementStandard], *, actor: Actor, at: datetime) -> None:
    """The histories end: the entries were mistakes."""
    StandardEvent.objects.bulk_create(
        _line(row, Kind.WITHDRAWN, _("登记作废"), actor=actor, at=at, after=State.WITHDRAWN) for row in rows
    )


def declare(written: Sequence[Written], *, actor: Actor, at: datetime) -> None:
    """What was amended of an assessed standard and concerns whoever assessed it is a change on record, to be filed.

    Its place, its capabilities, who answers for it. Source: JJF 1033-2023, C-7.1.2-s2.
    """
    for one in written:
        if one.row.state not in LIVING - {State.BUILT}:  # what is new is being built
            continue
        told: dict[str, list[str]] = {}
        differences = audit.differences(one.before, audit.snapshot(one.row))
        for column, kind in DECLARED.items():
            if column in differences:
                field = one.row._meta.get_field(column)
                told.setdefault(kind, []).append(
                    f"{field.verbose_name}：{_then(field, one)} → {getattr(one.row, field.name)}"
                )
        for kind, texts in told.items():
            values = {
                "standard": one.row,
                "kind": kind,
                "changed_on": timezone.localdate(at),
                "text": "；".join(texts)[:300],
            }
            verbs.record(REGISTERS["standard-changes"], values, actor=actor, at=at)


def _then(field: Field, one: Written) -> str:
    """What the field said before; of another row its name."""
    text = one.before[field.attname]
    model = field.related_model
    return str(model.objects.get(pk=text, institution_id=one.row.institution_id)) if model else text


def assess(
    standard: MeasurementStandard, values: dict[str, Any], file: UploadedFile | None, *, actor: Actor, at: datetime
) -> MeasurementStandard:
    """The standard has this assessment certificate; what was being built waits to be put in use.

    `values`: assessment_certificate, assessed_by, assessed_on, assessed_until, all as printed; none is computed. The
    file lies in the file set as well. Raises: Refused. Source: A-6.1.1, JJF 1033-2023.
    """
    was = standard.state
    with assessing(was).applied_to(standard, actor=actor, at=at, reason=values["assessment_certificate"]) as row:
        for name, value in values.items():
            setattr(row, name, value)
        checks = (kept.certificate_is_whole, kept.nothing_in_the_future)
        found = [refusal for gate in checks for refusal in gate(row, actor, at)]
        if not row.assessment_certificate:
            found.append(Refusal("A-6.1.1", _("请填写考核证书号。")))
        if file is None:
            found.append(Refusal("A-6.1.1", _("请上传考核证书。")))
        if found:
            raise Refused(*found)
        paper = _filed(row, StandardPaper.Kind.CERTIFICATE, row.assessment_certificate, row.assessed_on, file,
                       actor=actor, at=at)  # fmt: skip
        text = _("考核证书 %(number)s，%(start)s 至 %(end)s") % {
            "number": row.assessment_certificate, "start": row.assessed_on, "end": row.assessed_until,
        }  # fmt: skip
        after = State.ASSESSED if was == State.BUILT else ""
        happened(row, Kind.ASSESSED, text, actor=actor, at=at, after=after, file=paper)
    return row


def put_in_use(standard: MeasurementStandard, reason: str, *, actor: Actor, at: datetime) -> MeasurementStandard:
    """Values may be handed on with the standard: everything its kind asks for is there. Source: C-4.1.2."""
    with PUT_IN_USE.applied_to(standard, actor=actor, at=at, reason=reason) as row:
        text = reason.strip() or _("各项条件齐全，投入使用")
        happened(row, Kind.PUT_IN_USE, text, actor=actor, at=at, after=State.IN_USE)
    return row


def hold(
    standard: MeasurementStandard, reason: str, source: str = "", *, actor: Actor, at: datetime
) -> MeasurementStandard:
    """Nothing is measured with the standard and nothing issued until somebody releases it.

    `source`: what it rests on, such as the result of a comparison. By the quality or the technical manager, or by a part
    of the portal that acts for itself. Raises: Refused. Source: E-8-h.
    """
    with HOLD.applied_to(standard, actor=actor, at=at, reason=reason) as row:
        _stated(reason, Refusal("E-8-h", _("请写明暂停量值传递的原因，例如比对结果不满意。")))
        text = _("%(reason)s（依据：%(source)s）") % {"reason": reason, "source": source} if source.strip() else reason
        happened(row, Kind.HELD, text, actor=actor, at=at, after=State.HELD)
    return row


def release(
    standard: MeasurementStandard, reason: str, file: UploadedFile | None, *, actor: Actor, at: datetime
) -> MeasurementStandard:
    """Values may be handed on again: the cause was found and removed, and there is evidence. Source: E-8-h."""
    with RELEASE.applied_to(standard, actor=actor, at=at, reason=reason) as row:
        _stated(reason, Refusal("E-8-h", _("请写明查到的原因、采取的措施和验证结果。")))
        paper = _uploaded(file, Refusal("E-8-h", _("请上传证据，例如整改报告或补测结果。")), actor=actor, at=at)
        happened(row, Kind.RELEASED, reason, actor=actor, at=at, after=State.IN_USE, file=paper)
    return row


def suspend(standard: MeasurementStandard, reason: str, *, actor: Actor, at: datetime) -> MeasurementStandard:
    """The standard is not used for the time being. What has run out needs no such act. Source: C-4.1.2."""
    with SUSPEND.applied_to(standard, actor=actor, at=at, reason=reason) as row:
        _stated(reason, Refusal("C-4.1.2", _("请写明暂停使用的原因。")))
        happened(row, Kind.SUSPENDED, reason, actor=actor, at=at, after=State.SUSPENDED)
    return row


def seal(
    standard: MeasurementStandard, reason: str, file: UploadedFile | None, *, actor: Actor, at: datetime
) -> MeasurementStandard:
    """The standard is sealed, as was declared to the authority that had assessed it. Source: JJF 1033-2023, C-7.1.2-s2."""
    with SEAL.applied_to(standard, actor=actor, at=at, reason=reason) as row:
        paper = _declared(row, reason, file, actor=actor, at=at)
        happened(row, Kind.SEALED, reason, actor=actor, at=at, after=State.SEALED, file=paper)
    return row


def unseal(standard: MeasurementStandard, reason: str, *, actor: Actor, at: datetime) -> MeasurementStandard:
    """The seal is off; the standard waits to be put in use with all that takes. Source: JJF 1033-2023."""
    with UNSEAL.applied_to(standard, actor=actor, at=at, reason=reason) as row:
        _stated(reason, Refusal("C-4.1.2", _("请写明启封的原因。")))
        happened(row, Kind.UNSEALED, reason, actor=actor, at=at, after=State.ASSESSED)
    return row


def retire(
    standard: MeasurementStandard, reason: str, file: UploadedFile | None, *, actor: Actor, at: datetime
) -> MeasurementStandard:
    """The standard is withdrawn for good, as was declared; it stays readable. Source: JJF 1033-2023, C-7.1.2-s2."""
    with RETIRE.applied_to(standard, actor=actor, at=at, reason=reason) as row:
        paper = _declared(row, reason, file, actor=actor, at=at)
        happened(row, Kind.WITHDRAWN, reason, actor=actor, at=at, after=State.WITHDRAWN, file=paper)
    return row


def _declared(
    row: MeasurementStandard, reason: str, file: UploadedFile | None, *, actor: Actor, at: datetime
) -> Document:
    """The declaration of sealing or withdrawing lies in the file set. Raises: Refused without reason or form."""
    _stated(reason, Refusal("C-7.1.2-s2", _("请写明原因，例如暂无任务或标准器已报废。")))
    if file is None:
        raise Refused(Refusal("C-7.1.2-s2", _("请上传《计量标准封存（或撤销）申报表》。")))
    title, today = StandardPaper.Kind.SEAL_FORM.label, timezone.localdate(at)
    return _filed(row, StandardPaper.Kind.SEAL_FORM, str(title), today, file, actor=actor, at=at)


def _filed(
    row: MeasurementStandard, kind: str, title: str, day: date, file: UploadedFile, *, actor: Actor, at: datetime
) -> Document:
    """The file is a document of the standard's file set."""
    values = {"standard": row, "kind": kind, "title": title, "dated_on": day, "reviewed_on": None, "file": file}
    return verbs.record(REGISTERS["standard-papers"], values, actor=actor, at=at).file


def _uploaded(file: UploadedFile | None, missing: Refusal, *, actor: Actor, at: datetime) -> Document:
    if file is None:
        raise Refused(missing)
    return documents.upload(file, actor=actor, at=at)


def happened(
    row: MeasurementStandard, kind: str, text: str, *, actor: Actor, at: datetime, after: str = "",
    file: Document | None = None, on: date | None = None,
) -> StandardEvent:  # fmt: skip
    """The deed is a line of the standard's history; `after` only where it changed the state."""
    line = _line(row, kind, text, actor=actor, at=at, after=after, file=file, on=on)
    line.save()
    return line


def _line(
    row: MeasurementStandard, kind: str, text: str, *, actor: Actor, at: datetime, after: str = "",
    file: Document | None = None, on: date | None = None,
) -> StandardEvent:  # fmt: skip
    longest = StandardEvent._meta.get_field("text").max_length
    return StandardEvent(
        institution_id=row.institution_id, standard=row, kind=kind, happened_on=on or timezone.localdate(at),
        state_after=after, text=text[:longest], done_by_id=actor.employment_id, file=file,
    )  # fmt: skip


def _stated(reason: str, refusal: Refusal) -> None:
    """Passes when a reason is given. Raises: Refused."""
    if not reason.strip():
        raise Refused(refusal)
