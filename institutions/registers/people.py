"""资格证书、工作经历、培训、参训记录、培训计划、防护用品."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor, actor_of
from portal.permissions import Permission
from portal.registers import Register, register
from portal.registers.forms import RowForm
from portal.today import Panel
from portal.transitions import Refusal
from portal.typed import DayField

from ..models import (
    Credential,
    Experience,
    ProtectiveIssue,
    Training,
    TrainingAttendance,
    TrainingPlan,
)
from ..people import following
from ..people.authorising import day_of
from .conduct import in_a_year_of_records

PEOPLE = gettext_lazy("人员")
TRAINING = gettext_lazy("培训")
KEEP = Permission.PEOPLE_KEEP


class EarlierDayField(DayField):
    """A day in the life of somebody who is at work today."""

    FIRST_YEAR = 1940


class LifeForm(RowForm):
    """A row about a life, in which days lie further back than in a laboratory's records."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if type(field) is DayField:
                common = {"label": field.label, "help_text": field.help_text, "required": field.required}
                self.fields[name] = EarlierDayField(**common)


def level_fits_kind(row: Credential, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The level is one of the kind's, and a title names its speciality. Source: B-4.5-a."""
    levels = Credential.LEVELS.get(row.kind, ())
    if levels and row.level not in levels:
        shown = {"kind": row.get_kind_display(), "levels": "、".join(str(level.label) for level in levels)}
        yield Refusal("data", _("“%(kind)s”的级别是：%(levels)s。请选其中一项。") % shown)
    if not levels and row.level:
        yield Refusal("data", _("“%(kind)s”不分级别。请把级别留空。") % {"kind": row.get_kind_display()})
    if row.kind == Credential.Kind.TITLE and not row.speciality.strip():
        yield Refusal("data", _("请填写职称证书上的专业，例如 计量测试。签字和技术负责人的资格按专业判断。"))


def credential_dates(row: Credential, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It does not end before it begins."""
    if row.valid_until and row.valid_until < row.valid_from:
        shown = {"last": row.valid_until, "first": row.valid_from}
        yield Refusal("data", _("有效期至 %(last)s 早于发证日期 %(first)s。请对照证书改正。") % shown)


def credential_is_new(row: Credential, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Nobody holds the same certificate already, on the same days."""
    same = Credential.objects.filter(
        institution_id=row.institution_id, kind=row.kind, number=row.number, valid_from=row.valid_from,
        state=Credential.State.CURRENT,
    ).exclude(pk=row.pk)  # fmt: skip
    if (other := same.select_related("employment").first()) is not None:
        shown = {"number": row.number, "name": other.employment.name}
        yield Refusal(
            "data", _("证书 %(number)s 已登记给 %(name)s。续期请填新的发证日期；登记错了请先作废那一条。") % shown
        )


def experience_in_order(row: Experience, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It does not end before it begins, nor begin in the future."""
    if row.ended_on and row.ended_on < row.started_on:
        shown = {"last": row.ended_on, "first": row.started_on}
        yield Refusal("data", _("止 %(last)s 早于起 %(first)s。请改正其中一个。") % shown)
    if row.started_on > day_of(at):
        yield Refusal("data", _("起始日期在将来。经历只登记已经开始的。"))


def training_is_described(row: Training, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Who held it is named, and what it effected is judged on a day after it. Source: D-4.3.3-s2."""
    if row.organiser_kind != Training.Organiser.INTERNAL and not row.organiser.strip():
        yield Refusal("data", _("外部培训请填写组织单位。"))
    if row.hours <= 0:
        yield Refusal("data", _("学时必须大于零。请填这次培训的学时，例如 4。"))
    if row.hours > 1000:
        yield Refusal("data", _("学时 %(hours)s 太多。请核对是否多打了数字。") % {"hours": row.hours})
    if bool(row.effectiveness.strip()) != bool(row.evaluated_on):
        yield Refusal("data", _("有效性评价和评价日期要一起填，或都留空。"))
    elif row.evaluated_on and row.evaluated_on < row.held_on:
        shown = {"day": row.evaluated_on, "held": row.held_on}
        yield Refusal("data", _("评价日期 %(day)s 早于培训日期 %(held)s。请改正。") % shown)


def attended(row: TrainingAttendance, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The training has taken place, and the person is in its list once."""
    if row.training.held_on > day_of(at):
        yield Refusal("data", _("培训定在 %(day)s，还没有举行。请在培训之后登记。") % {"day": row.training.held_on})
    if row.score is not None and row.score < 0:
        yield Refusal("data", _("成绩不能小于零。请核对，没有成绩就留空。"))
    twice = TrainingAttendance.objects.filter(
        institution_id=row.institution_id, training=row.training, employment=row.employment,
        state=TrainingAttendance.State.CURRENT,
    ).exclude(pk=row.pk)  # fmt: skip
    if twice.exists():
        yield Refusal(
            "data", _("%(name)s 已在这次培训的名单里。要改结果，请更正那一条。") % {"name": row.employment.name}
        )


def protection_in_order(row: ProtectiveIssue, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It is not replaced before it is handed out."""
    if row.replace_by and row.replace_by < row.issued_on:
        yield Refusal("data", _("更换期限早于发放日期。请改正其中一个。"))


def attendance_panel(request: HttpRequest, training: Training) -> Panel:
    """Who took part, with the link to fill in the whole list at once."""
    rows = TrainingAttendance.objects.visible_to(actor_of(request)).filter(
        training=training, state=TrainingAttendance.State.CURRENT
    )
    table = {
        "caption": _("参训人员"),
        "columns": [{"title": _("姓名")}, {"title": _("工号")}, {"title": _("考核结果")}, {"title": _("成绩"), "numeric": True}],
        "rows": [
            [
                {
                    "text": row.employment.name,
                    "url": reverse("institutions:person", args=[request.institution.slug, row.employment.ref]),
                },
                row.employment.staff_number,
                {"badge": row.result, "text": row.get_result_display()},
                f"{row.score.normalize():f}" if row.score is not None else "",
            ]
            for row in rows.select_related("employment").order_by("employment__staff_number", "pk")
        ],
        "empty": {"title": _("还没有登记参训人员"), "text": _("没有名单的培训不算数。请填写参训名单。"), "url": "", "label": ""},
    }  # fmt: skip
    may = actor_of(request).may(KEEP) and training.state in ("current",)
    url = reverse("institutions:training_list", args=[request.institution.slug, training.ref]) if may else ""
    return Panel("institutions/_attendance.html", {"table": table, "url": url})


register(
    Register(
        name="credentials", home="institutions:people", model=Credential, title=gettext_lazy("资格证书"), group=PEOPLE,
        about=gettext_lazy("注册计量师、职称、检定员证、内部上岗证；到期或作废时，靠它成立的授权自动暂停"),
        fields=("employment", "kind", "level", "speciality", "number", "issuer", "valid_from", "valid_until", "file"),
        columns=("employment", "kind", "level", "speciality", "number", "valid_until"),
        search=("employment__name", "employment__staff_number", "number"), filters=("kind", "level"),
        order=("employment__staff_number", "pk"), key=("kind", "number"), keeper=KEEP, form=LifeForm,
        gates=(level_fits_kind, credential_dates, credential_is_new),
        clauses=("B-4.5-a-s1", "B-4.5-a-s2", "B-4.5-b", "B-4.5-d", "C-5.1.1-s3", "C-5.1.3", "D-4.3.1.1-s2"),
        after=following.evidence,
    )
)  # fmt: skip
register(
    Register(
        name="experience", home="institutions:people", model=Experience, title=gettext_lazy("工作经历"), group=PEOPLE,
        about=gettext_lazy("计量工作和产业工作的起止日期；技术负责人要有 5 年以上计量工作经历"),
        fields=("employment", "kind", "employer", "post", "started_on", "ended_on", "file"),
        columns=("employment", "kind", "employer", "started_on", "ended_on"),
        search=("employment__name", "employer"), filters=("kind",), order=("employment__staff_number", "pk"),
        keeper=KEEP, form=LifeForm, gates=(experience_in_order,), clauses=("B-4.5-b", "D-4.3.1.1-s1"),
        after=following.evidence,
    )
)  # fmt: skip
register(
    Register(
        name="trainings", model=Training, title=gettext_lazy("培训"), group=TRAINING,
        about=gettext_lazy("办过的和参加过的培训；登记后在它的页面填参训名单，事后补有效性评价"),
        fields=(
            "title", "kind", "field", "organiser_kind", "organiser", "held_on", "hours", "trainer", "plan", "file",
            "effectiveness", "evaluated_on",
        ),
        columns=("title", "kind", "field", "held_on", "hours", "organiser_kind"),
        search=("title", "organiser", "field"), filters=("kind", "organiser_kind"), order=("-held_on", "-pk"),
        key=("title", "held_on"), keeper=KEEP, gates=(training_is_described,), panels=(attendance_panel,),
        clauses=("A-5.4.2", "B-4.5-e", "B-5.7-d-s1", "B-6.2.3-s1", "B-6.2.3-s3", "C-5.1.4", "D-4.3.2-s1", "D-4.3.3-s2"),
        after=following.trainings,
    )
)  # fmt: skip
register(
    Register(
        name="attendances", model=TrainingAttendance, title=gettext_lazy("参训记录"), group=TRAINING,
        about=gettext_lazy("谁参加了哪次培训、考核是否合格；一次登记全部人员请到培训的页面"),
        fields=("training", "employment", "result", "score"),
        columns=("employment", "training", "result", "score"),
        search=("employment__name", "training__title"), filters=("result",), order=("-pk",),
        key=("training", "employment"), keeper=KEEP, gates=(attended,),
        clauses=("C-5.1.4", "B-5.7-d-s1", "D-4.3.2-s1"), after=following.evidence,
    )
)  # fmt: skip
register(
    Register(
        name="training-plans", model=TrainingPlan, title=gettext_lazy("培训计划"), group=TRAINING,
        about=gettext_lazy("年度培训计划，写明对应现有的和预期的任务"),
        fields=("year", "title", "tasks", "approved_on", "file"), columns=("title", "year", "approved_on"),
        search=("title",), order=("-year", "-pk"), keeper=KEEP, gates=(in_a_year_of_records,), clauses=("D-4.3.3-s2",),
    )
)  # fmt: skip
register(
    Register(
        name="protective-issues", model=ProtectiveIssue, title=gettext_lazy("防护用品发放"), group=PEOPLE,
        about=gettext_lazy("给检定、校准人员发放的防护用品和更换期限；岗位不需要的，另登记评估声明"),
        fields=("employment", "item", "issued_on", "replace_by"),
        columns=("employment", "item", "issued_on", "replace_by"), search=("employment__name", "item"),
        order=("-issued_on", "-pk"), keeper=KEEP, gates=(protection_in_order,), clauses=("B-6.1.3-s1",),
    )
)  # fmt: skip
