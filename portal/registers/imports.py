"""Bringing a spreadsheet into a register: read, judged, shown, and written only when a person has said so.

    start -> reading -> preview -> writing -> written
                 \\-> unreadable   \\-> dropped, expired

Files are opened by a worker, in the sandbox. Writing judges everything again under locks and happens in one transaction
with the state that says so: a worker that is killed has written nothing, and one that comes twice finds nothing to do.
"""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import documents, entitlement, faults, history, outbox, sandbox
from ..actors import Actor
from ..inspection import Unacceptable, tables
from ..models import RegisterImport
from ..tenancy import tenant
from ..transitions import Refusal, Refused, Transition
from . import REGISTERS, Register, bulk, given, verbs
from .judged import Judged, Plan
from .judging import head_problems, judge, laid_out, tried

AT_ONCE = 500  # lines that are judged and written while the person waits
MOST_WAITING = 20
CHANGES_SHOWN, NEW_SHOWN = 20, 5
MOST_PASTED = 3_000_000  # letters
KEPT = timedelta(days=7)

S = RegisterImport.State
OPEN = frozenset({S.READING, S.PREVIEW, S.WRITING})
TITLES = {
    "start": _("开始导入"), "read": _("读取导入的表格"), "refuse": _("拒收导入的表格"), "confirm": _("确认导入"),
    "write": _("写入导入的行"), "return": _("退回导入"), "drop": _("放弃导入"), "expire": _("导入过期"),
}  # fmt: skip
history.register({f"registerimport.{verb}": title for verb, title in TITLES.items()})


def _step(verb: str, sources: Sequence[str], target: str, register: Register) -> Transition:
    return Transition(verb, frozenset(sources), target, register.keeper)


# --- by the person


def start_with_file(
    register: Register, file: UploadedFile, *, actor: Actor, at: datetime, texts: Mapping[str, str] | None = None
) -> RegisterImport:
    """The file waits in quarantine, and reading it is on the way. Raises: Refused with what to do. Source: E8.42.

    texts: by field, what stands for its blank cells.
    """
    name = documents.clean_name(file.name or "")
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    content = file.read(documents.TABLE.largest + 1)
    if problems := list(documents.problems(suffix, content, documents.TABLE)):
        raise Refused(*(Refusal("upload", sentence) for sentence in problems))
    actor.require(register.keeper, actor.institution_id)  # before anything lies on the disk
    _room(actor)
    blank = _blank(register, actor, file_name=name, content_type=documents.KINDS[suffix][0])
    blank.sha256, blank.content = hashlib.sha256(content).hexdigest(), {"texts": dict(texts or {})}
    blank.stored_as = documents.store(f"quarantine/{actor.institution_id}", ".bin", content)
    with _step("start", [""], S.READING, register).applied_to(blank, actor=actor, at=at) as found:
        pass
    outbox.enqueue(read_import, found.pk, institution_id=found.institution_id)
    return found


def start_with_text(
    register: Register, text: str, *, actor: Actor, at: datetime, texts: Mapping[str, str] | None = None
) -> RegisterImport:
    """The pasted lines are judged, at once when they are few. Raises: Refused with what to do."""
    if len(text) > MOST_PASTED:
        raise Refused(Refusal("paste", _("粘贴的内容太多。请保存成 Excel 文件，再上传。")))
    try:
        pasted = tables.pasted(text)
        _without_swallowed_lines(pasted)
        table = given.filled(register, laid_out(register, pasted), texts or {}, actor=actor)
    except Unacceptable as unacceptable:
        raise Refused(Refusal("paste", str(unacceptable))) from unacceptable
    actor.require(register.keeper, actor.institution_id)
    if problems := head_problems(register, table, actor):
        raise Refused(*(Refusal("paste", sentence) for sentence in problems))
    _room(actor)
    blank = _blank(register, actor, sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
    blank.content = {"table": table.as_data()}
    with _step("start", [""], S.READING, register).applied_to(blank, actor=actor, at=at) as found:
        pass
    if len(table.lines) <= AT_ONCE:
        _show(register, found, table, at=at)
    else:
        outbox.enqueue(read_import, found.pk, institution_id=found.institution_id)
    return found


def _without_swallowed_lines(table: tables.Table) -> None:
    """Passes when no quotation mark has made one cell of several. Raises: Unacceptable with its line."""
    for number, cells in table.lines:
        if any("\t" in cell for cell in cells):
            raise Unacceptable(
                _("第 %(line)d 行有一个格以引号开头而没有收尾，后面的格都被并了进去。请删去这个引号，再粘贴。")
                % {"line": number}
            )


def _blank(register: Register, actor: Actor, **values: Any) -> RegisterImport:
    if not register.importable:
        raise Refused(Refusal("import", _("“%(title)s”不能导入，请逐条登记。") % {"title": register.title}))
    acting = {
        "name": actor.name, "user_id": actor.user_id, "person_id": actor.person_id,
        "employment_id": actor.employment_id, "roles": [str(role) for role in actor.roles],
    }  # fmt: skip
    return RegisterImport(
        institution_id=actor.institution_id, register=register.name, acting=acting, state="", **values
    )


def _room(actor: Actor) -> None:
    waiting = RegisterImport.objects.visible_to(actor).filter(state__in=[S.READING, S.WRITING]).count()
    if waiting >= MOST_WAITING:
        raise Refused(Refusal("import", _("已有 %(count)d 个导入在排队。请等它们完成再开始。") % {"count": waiting}))


def confirm(register: Register, run: RegisterImport, mode: str, *, actor: Actor, at: datetime) -> RegisterImport:
    """The rows are on record, or on the way; those that are wrong by now are told instead.

    mode: "all" writes nothing unless every line is good, "good" leaves the others. A second call finds the step taken
    and is Refused.
    """
    with _step("confirm", [S.PREVIEW], S.WRITING, register).applied_to(run, actor=actor, at=at) as found:
        if mode not in RegisterImport.Mode.values:
            raise Refused(Refusal("import", _("请选择“全部写入”或“只写入无误的行”。")))
        if mode == RegisterImport.Mode.ALL and found.flawed_rows:
            raise Refused(
                Refusal(
                    "import", _("还有 %(n)d 行有误。请改正后重新导入，或只写入无误的行。") % {"n": found.flawed_rows}
                )
            )
        if not found.new_rows + found.changed_rows:
            raise Refused(Refusal("import", _("没有可以写入的行。请改正后重新导入。")))
        found.mode, found.acting = mode, _blank(register, actor).acting
    if found.lines <= AT_ONCE:
        _write(register, found, at=at)
    else:
        outbox.enqueue(write_import, found.pk, institution_id=found.institution_id)
    return found


def drop(register: Register, run: RegisterImport, *, actor: Actor, at: datetime) -> RegisterImport:
    """Nothing of it is written, and what was read is gone. Raises: Refused when it is being written or was."""
    with _step("drop", [S.PREVIEW, S.READING], S.DROPPED, register).applied_to(run, actor=actor, at=at) as found:
        _forget(found, at=at)
    return found


# --- by the worker


@outbox.work(queue="import")
def read_import(run_id: int) -> None:
    """The table is ready to be looked at, or refused with a sentence. Twice is harmless. Source: E8.43."""
    run = RegisterImport.objects.select_for_update().get(pk=run_id)
    if run.state != S.READING:
        return
    register, at = REGISTERS[run.register], timezone.now()
    if not run.stored_as:
        _show(register, run, tables.Table.from_data(run.content["table"]), at=at)
        return
    try:
        table = laid_out(register, _opened(run))
        table = given.filled(register, table, run.content.get("texts", {}), actor=actor_of(run))
    except Unacceptable as unacceptable:
        _refuse(register, run, [str(unacceptable)], at=at)
        return
    _show(register, run, table, at=at)


def _opened(run: RegisterImport) -> tables.Table:
    """What lies in quarantine, as a table. Raises: Unacceptable."""
    with default_storage.open(run.stored_as) as file:
        content = file.read()
    if problem := documents.untaken(run, content, run.sha256):
        raise Unacceptable(problem)
    try:
        answer = sandbox.run(tables.read, run.content_type, content, seconds=documents.SECONDS)
    except sandbox.SandboxError as error:
        raise Unacceptable(_("文件过于复杂或已损坏，没有在限定的时间内读完。请用原软件重新导出后再上传。")) from error
    if "problem" in answer:
        raise Unacceptable(str(answer["problem"]))
    return tables.Table.from_data(answer)


def _show(register: Register, run: RegisterImport, table: tables.Table, *, at: datetime) -> None:
    """The preview is there: what would be new, what would change, and every flaw with its line, column and reason."""
    judged = tried(register, table, actor=actor_of(run), at=at)
    if judged.problems:
        _refuse(register, run, judged.problems, at=at)
        return
    with _step("read", [S.READING], S.PREVIEW, register).applied_to(run, actor=reader_of(register), at=at) as found:
        _leave_quarantine(found)
        _note(found, table, judged)


def _refuse(register: Register, run: RegisterImport, sentences: Sequence[str], *, at: datetime) -> None:
    step = _step("refuse", [S.READING], S.UNREADABLE, register)
    with step.applied_to(run, actor=reader_of(register), at=at, reason=" ".join(sentences)) as found:
        _forget(found, at=at)
        found.said = "\n".join(sentences)


@outbox.work(queue="import")
def write_import(run_id: int) -> None:
    """What was confirmed is on record, once. Twice is harmless."""
    run = RegisterImport.objects.select_for_update().get(pk=run_id)
    if run.state == S.WRITING:
        _write(REGISTERS[run.register], run, at=timezone.now())


def _write(register: Register, run: RegisterImport, *, at: datetime) -> None:
    actor, table = actor_of(run), tables.Table.from_data(run.content["table"])
    if not entitlement.holds(actor.user_id, run.institution_id, register.keeper):  # asked again, with a lock. E2.10
        step = _step("drop", [S.WRITING], S.DROPPED, register)
        with step.applied_to(run, actor=reader_of(register), at=at) as found:
            _forget(found, at=at)
            found.said = _("发起人已没有登记的权限，所以没有写入。请由有权限的人重新导入。")
        return
    verbs.in_turn(register, run.institution_id)
    judged = judge(register, table, actor=actor, at=at, locked=True)
    if overtaken := judged.planned.items() - run.content.get("planned", {}).items():
        said = _("预览之后，别人改过其中 %(n)d 行，所以一行也没有写。下面是按现在的数据重新核对的结果，请再看一遍。")
        _give_back(register, run, table, judged, said % {"n": len(overtaken)}, at=at)
        return
    with contextlib.suppress(_NotAll), transaction.atomic():
        if not judged.problems and (not judged.flaws or run.mode == RegisterImport.Mode.GOOD):
            source = _("导入 %(ref)s") % {"ref": run.ref}
            judged.refuse(bulk.write(register, judged.plans, actor=actor, at=at, source=source))
        if judged.problems or (judged.flaws and run.mode == RegisterImport.Mode.ALL):
            raise _NotAll
        faults.reach("import.before_commit")
        _done(register, run, table, judged, actor, at=at)
        return
    said = _("预览之后数据有了变化，现在有 %(n)d 行不能写入，所以一行也没有写。请看下面的原因。")
    _give_back(register, run, table, judged, said % {"n": len(judged.flawed)}, at=at)


class _NotAll(Exception):
    """Everything was wanted and not everything is good: nothing is written."""


def _done(
    register: Register, run: RegisterImport, table: tables.Table, judged: Judged, actor: Actor, *, at: datetime
) -> None:  # fmt: skip
    with _step("write", [S.WRITING], S.WRITTEN, register).applied_to(run, actor=actor, at=at) as found:
        if judged.flaws:
            _note(found, table, judged)
        else:
            found.content = {}
            _count(found, judged)
        found.finished_at = at


def _give_back(
    register: Register, run: RegisterImport, table: tables.Table, judged: Judged, said: str, *, at: datetime
) -> None:  # fmt: skip
    """The table is back in the preview, with what has come up since it was looked at."""
    step = _step("return", [S.WRITING], S.PREVIEW, register)
    with step.applied_to(run, actor=reader_of(register), at=at) as found:
        _note(found, table, judged)
        found.mode = ""
        found.said = "\n".join(judged.problems) or said


def expire(register: Register, run: RegisterImport, *, at: datetime) -> None:
    """An import left alone for a week is closed; what was read of it is gone."""
    with _step("expire", OPEN, S.EXPIRED, register).applied_to(run, actor=reader_of(register), at=at) as found:
        _forget(found, at=at)


def expire_all(*, at: datetime) -> int:
    """Every institution's imports of a week ago are closed, and what they left behind to correct is gone. Returns: how many."""
    closed = 0
    for institution_id in _institutions():
        with tenant(institution_id):
            old = RegisterImport.objects.filter(institution_id=institution_id, started_at__lt=at - KEPT)
            for run in old.filter(state__in=OPEN):
                expire(REGISTERS[run.register], run, at=at)
                closed += 1
            old.filter(state=S.WRITTEN).exclude(content_sealed="").update(content_sealed="")
    return closed


# --- what they share


def actor_of(run: RegisterImport) -> Actor:
    """Who started or confirmed the import, as an actor with the rights of that moment."""
    return Actor.member(institution_id=run.institution_id, **run.acting)


def reader_of(register: Register) -> Actor:
    """The part of the portal that reads tables."""
    return Actor.system("imports", register.keeper)


def _note(run: RegisterImport, table: tables.Table, judged: Judged) -> None:
    """The figures, what would be written, and the flaws stand in the import."""
    _count(run, judged)
    run.said = "\n".join(
        [_("这些列不认识，没有读取：%(names)s。") % {"names": "、".join(judged.ignored)}] if judged.ignored else []
    )
    run.content = {
        "table": table.as_data(),
        "heads": judged.heads,
        "flaws": [flaw.as_data() for flaw in judged.flaws],
        "same": judged.same,
        "planned": judged.planned,
        "shown": [
            {"line": plan.line, "name": str(plan.row), "new": plan.is_new, "changes": _worded(plan)}
            for plan in [*judged.changed[:CHANGES_SHOWN], *judged.new[:NEW_SHOWN]]
        ],
    }


def _count(run: RegisterImport, judged: Judged) -> None:
    run.lines, run.same_rows, run.flawed_rows = judged.lines, len(judged.same), len(judged.flawed)
    run.changed_rows = sum(bool(plan.before) for plan in judged.plans)
    run.new_rows = len(judged.plans) - run.changed_rows


def _worded(plan: Plan) -> list[list[str]]:
    """What a change changes, in the words of the register: column, before, after; nothing for a new row."""
    if plan.is_new:
        return []
    columns = {one.attname: str(one.verbose_name) for one in plan.row._meta.concrete_fields}
    return [[columns[name], *pair] for name, pair in plan.changes().items() if name != "revision"]


def _forget(run: RegisterImport, *, at: datetime) -> None:
    _leave_quarantine(run)
    run.content, run.finished_at = {}, at


def _leave_quarantine(run: RegisterImport) -> None:
    if run.stored_as:
        transaction.on_commit(partial(default_storage.delete, run.stored_as))
        run.stored_as = ""


def _institutions() -> list[int]:
    model = RegisterImport._meta.get_field("institution").related_model
    return list(model.objects.order_by("pk").values_list("pk", flat=True))
