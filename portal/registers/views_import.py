"""The pages of an import: choose a file or paste, look at what would happen, write it, and take the bad rows along."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import documents, history
from ..actors import actor_of
from ..inspection import tables
from ..models import RegisterImport
from ..routes import door
from ..transitions import Refused
from . import Register, exporting, given, imports
from .columns import columns_of, files_to_add, form_of
from .views import keeper_of, register_named

S, Mode = RegisterImport.State, RegisterImport.Mode
SHOWN_FLAWS = 200
SHOWN_RUNS = 10


def _importable(name: str) -> Register:
    """The register, which takes spreadsheets. Raises: Http404."""
    register = register_named(name)
    if not register.importable:
        raise Http404(name)
    return register


def _run(request: HttpRequest, register: Register, ref: str) -> RegisterImport:
    runs = RegisterImport.objects.visible_to(actor_of(request)).filter(register=register.name)
    return get_object_or_404(runs, ref=ref)


def _run_url(request: HttpRequest, register: Register, run: RegisterImport, name: str = "register_import_run") -> str:
    return reverse(f"portal:{name}", args=[request.institution.slug, register.name, run.ref])


@door("GET", right=keeper_of, name="portal.Register.name")
def template(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The workbook to fill in, with the choices that this institution has."""
    return exporting.template(_importable(name), actor_of(request))


@door("GET", "POST", right=keeper_of, limit="upload", name="portal.Register.name")
def begin(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """A file is on its way to be read, or pasted lines are; what was pasted stays on the page when it is refused."""
    register = _importable(name)
    if request.method == "GET":
        return _begin_page(request, register)
    file, text = request.FILES.get("file"), request.POST.get("text", "")
    actor, at = actor_of(request), timezone.now()
    texts = given.answers(register, actor, request.POST)
    if file is None and not text.strip():
        return _begin_page(request, register, errors={"file": [_("请选择文件，或在下面粘贴表格。")]}, status=422)
    try:
        if file is not None:
            run = imports.start_with_file(register, file, actor=actor, at=at, texts=texts)
        else:
            run = imports.start_with_text(register, text, actor=actor, at=at, texts=texts)
    except Refused as refused:
        sentences = [refusal.text for refusal in refused.refusals]
        errors = {"file" if file is not None else "text": sentences}
        return _begin_page(request, register, errors=errors, text=text, status=422)
    return redirect(_run_url(request, register, run))


def _begin_page(
    request: HttpRequest, register: Register, *, errors: dict[str, list[str]] | None = None, text: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    form = form_of(register, actor_of(request))
    columns = columns_of(register, form)
    labels = {column.name: column.label for column in columns}
    runs = RegisterImport.objects.visible_to(actor_of(request)).filter(register=register.name).order_by("-pk")
    context = {
        "register": register,
        "files": "、".join(files_to_add(form)),
        "columns": columns,
        "questions": given.questions(register, form, request.POST),
        "key": "、".join(labels.get(name, name) for name in register.key),
        "errors": {"file": [], "text": []} | (errors or {}),
        "text": text,
        "accept": ",".join(documents.TABLE.suffixes),
        "max_bytes": documents.TABLE.largest,
        "most_rows": tables.MOST_ROWS,
        "runs": _runs_table([*runs[:SHOWN_RUNS]], request, register),
    }
    return render(request, "portal/register_import.html", context, status=status)


def _runs_table(runs: list[RegisterImport], request: HttpRequest, register: Register) -> dict[str, Any]:
    return {
        "caption": _("最近的导入"),
        "columns": [{"title": _("来源")}, {"title": _("开始时间")}, {"title": _("行数"), "numeric": True},
                    {"title": _("有误"), "numeric": True}, {"title": _("状态")}],
        "rows": [
            [
                {"text": source_of(run), "url": _run_url(request, register, run), "note": run.acting.get("name", "")},
                f"{timezone.localtime(run.started_at):%Y-%m-%d %H:%M}",
                str(run.lines), str(run.flawed_rows), {"badge": run.state, "text": run.get_state_display()},
            ]
            for run in runs
        ],
        "empty": {"title": _("还没有导入过"), "text": _("先下载模板，填好再上传；写入之前都能看到结果。")},
    }  # fmt: skip


def source_of(run: RegisterImport) -> str:
    return run.file_name or _("粘贴的表格")


# --- one import


@door("GET", right=keeper_of, name="portal.Register.name", ref="portal.RegisterImport.ref")
def run(request: HttpRequest, slug: str, name: str, ref: str) -> HttpResponse:
    """How far the import is, what it would do, what is wrong, or what it has done."""
    register = _importable(name)
    found = _run(request, register, ref)
    content = found.content
    context = {
        "register": register,
        "run": found,
        "source": source_of(found),
        "job": _job(request, register, found),
        "figures": _figures(found),
        "flaws": _flaws_table(content.get("flaws", [])) if found.flawed_rows and content else None,
        "flaws_url": _run_url(request, register, found, "register_import_flaws") if content.get("flaws") else "",
        "more_flaws": max(0, len(content.get("flaws", [])) - SHOWN_FLAWS),
        "shown": content.get("shown", []) if found.state == S.PREVIEW else [],
        "writable": found.new_rows + found.changed_rows,
        "said": [line for line in found.said.split("\n") if line],
        "history": history.timeline(found),
    }
    return render(request, "portal/register_import_run.html", context)


def _figures(run: RegisterImport) -> list[dict[str, Any]]:
    """What would be done, or was done, in numbers of lines."""
    return [
        {"name": _("读到"), "value": run.lines, "note": _("行"), "tone": ""},
        {"name": _("新登记"), "value": run.new_rows, "note": _("行"), "tone": "ok" if run.new_rows else ""},
        {"name": _("更正"), "value": run.changed_rows, "note": _("行"), "tone": "progress" if run.changed_rows else ""},
        {"name": _("没有变化"), "value": run.same_rows, "note": _("已登记，不再写"), "tone": ""},
        {"name": _("有误"), "value": run.flawed_rows, "note": _("行"), "tone": "bad" if run.flawed_rows else "ok"},
    ]


def _flaws_table(flaws: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "caption": _("有误的行"),
        "columns": [{"title": _("行号")}, {"title": _("列")}, {"title": _("填的是")}, {"title": _("原因")}],
        "rows": [[_("第 %(line)d 行") % one, one["column"] or _("整行"), one["text"][:60], one["sentence"]] for one in flaws[:SHOWN_FLAWS]],
        "dense": True,
    }  # fmt: skip


def _job(request: HttpRequest, register: Register, run: RegisterImport) -> dict[str, Any] | None:
    """The work as the progress bar shows it, while it lasts."""
    if run.state not in (S.READING, S.WRITING):
        return None
    return {**_progress(request, register, run), "title": source_of(run),
            "url": _run_url(request, register, run, "register_import_progress")}  # fmt: skip


def _progress(request: HttpRequest, register: Register, run: RegisterImport) -> dict[str, Any]:
    """What the database says: rows appear all together, so there is nothing between not yet and done."""
    total = max(run.lines, 1)
    if run.state == S.READING:
        text = _("正在检查文件并逐行核对。可以离开本页，结果会留着。")
        return {"state": "running", "done": 0, "total": total, "text": text}
    if run.state == S.WRITING:
        text = _("正在写入 %(n)d 行，全部写完才一起生效。可以离开本页。") % {"n": run.new_rows + run.changed_rows}
        return {"state": "running", "done": 0, "total": total, "text": text}
    result = {"result_url": _run_url(request, register, run), "result_label": _("看结果")}
    return {"state": "done", "done": total, "total": total, "text": str(run.get_state_display()), **result}


@door("GET", right=keeper_of, name="portal.Register.name", ref="portal.RegisterImport.ref")
def progress(request: HttpRequest, slug: str, name: str, ref: str) -> HttpResponse:
    register = _importable(name)
    return JsonResponse(_progress(request, register, _run(request, register, ref)))


@door("GET", right=keeper_of, name="portal.Register.name", ref="portal.RegisterImport.ref")
def flaws(request: HttpRequest, slug: str, name: str, ref: str) -> HttpResponseBase:
    """The bad lines as a workbook, to correct and bring back."""
    register = _importable(name)
    found = _run(request, register, ref)
    if not found.content.get("flaws"):
        raise Http404(ref)
    return exporting.flaws_to_correct(register, found)


@door("POST", right=keeper_of, name="portal.Register.name", ref="portal.RegisterImport.ref")
def confirm(request: HttpRequest, slug: str, name: str, ref: str) -> HttpResponse:
    """The rows are written, or on their way; pressed twice, the second time only shows how far it is."""
    register = _importable(name)
    found = _run(request, register, ref)
    if found.state not in (S.WRITING, S.WRITTEN):
        try:
            imports.confirm(
                register, found, request.POST.get("mode", ""), actor=actor_of(request), at=timezone.now()
            )  # fmt: skip
        except Refused as refused:
            for refusal in refused.refusals:
                messages.error(request, refusal.text)
    return redirect(_run_url(request, register, found))


@door("POST", right=keeper_of, name="portal.Register.name", ref="portal.RegisterImport.ref")
def drop(request: HttpRequest, slug: str, name: str, ref: str) -> HttpResponse:
    """Nothing is written, and what was read is gone."""
    register = _importable(name)
    found = _run(request, register, ref)
    try:
        imports.drop(register, found, actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        for refusal in refused.refusals:
            messages.error(request, refusal.text)
        return redirect(_run_url(request, register, found))
    messages.success(request, _("已放弃，什么也没有写入。"))
    return redirect("portal:register_import", slug, name)
