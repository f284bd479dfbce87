"""One person: employment, credentials, trainings, authorisations with what stops them, and the facts that stay masked."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from portal import history, sealing
from portal.actors import actor_of
from portal.permissions import Permission
from portal.registers.shown import standing
from portal.routes import door
from portal.transitions import Refusal, Refused

from . import identity, second_factor
from .forms import UnmaskForm
from .forms_people import AuthorisationForm
from .models import Authorisation, Employment, TrainingAttendance
from .people.cases import Case, cases_of, current, house_of
from .people.rules import shortfalls
from .words import authorisation_state, day_text, employment_state

Role = Authorisation.Role


@door("GET", ref="institutions.Employment.ref")
def person(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One person's employment, papers and trainings, and every authorisation it ever had here."""
    return _page(request, employment_of(request, ref))


@sensitive_post_parameters()
@door("POST", right=Permission.PERSON_UNMASK, limit="unmask", ref="institutions.Employment.ref")
def person_unmask(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Shows one fact once: in this answer and nowhere else, so there is no redirect to a page that would show it again."""
    actor, employment = actor_of(request), employment_of(request, ref)
    form = _form(request, employment, request.POST)
    if not form.is_valid():
        return _page(request, employment, form=form, status=422)
    what, reason = form.cleaned_data["what"], form.cleaned_data["reason"]
    try:
        second_factor.prove(request, identity.UNMASK, employment, identity.bound_to(what))
        text = identity.reveal(employment, what, reason=reason, actor=actor, at=timezone.now())
    except Refused as refused:
        return _page(request, employment, form=form, refusals=refused.refusals, status=409)
    except sealing.Unreadable:
        refusal = Refusal("data", _("没有能打开这一项的密钥。请联系平台运维，把原来的密钥放回密钥文件。"))
        return _page(request, employment, form=form, refusals=(refusal,), status=409)
    return _page(request, employment, shown={"label": identity.HIDDEN[what].title, "value": text})


def employment_of(request: HttpRequest, ref: str) -> Employment:
    """The employment of this address, if the actor may see it. Raises: Http404."""
    rows = Employment.objects.visible_to(actor_of(request)).select_related("institution", "department")
    return get_object_or_404(rows, ref=ref)


def typed(request: HttpRequest) -> Any:
    """What a form is filled with: what came with the request, be it nothing; None on the first visit."""
    return request.POST if request.method == "POST" else None


def _page(
    request: HttpRequest, employment: Employment, *, form: UnmaskForm | None = None, shown: dict[str, str] | None = None,
    refusals: tuple[Refusal, ...] = (), status: int = 200,
) -> HttpResponse:  # fmt: skip
    actor, day = actor_of(request), timezone.localdate()
    case = cases_of(employment.institution, [employment.person_id]).get(employment.person_id, Case())
    may_keep = actor.may(Permission.PEOPLE_KEEP) and employment.state == Employment.State.CURRENT
    context = {
        "employment": employment,
        "state": employment_state(employment, day),
        "shown": shown,
        "refusals": [refusal for refusal in refusals if refusal.clause != "step-up"],  # that one stands at its field
        "unmask": _act(request, employment, form, refusals) if actor.may(Permission.PERSON_UNMASK) else None,
        "facts": _facts(employment),
        "authorisations": authorisations_of(request, case, day),
        "check": checked(request, employment, case, day),
        "credentials": _credentials(request, case, day),
        "trainings": _trainings(request, case),
        "experience": _experience(request, case),
        "history": history.timeline(employment, *case.authorisations),
        "may_keep": may_keep,
        "may_leave": may_keep and employment.ended_on is None,
        "may_authorise": may_keep and (employment.ended_on is None or employment.ended_on >= timezone.localdate()),
        "may_identify": actor.may(Permission.PERSON_IDENTIFY) and employment.state == Employment.State.CURRENT,
    }
    return render(request, "institutions/person.html", context, status=status)


def _facts(employment: Employment) -> list[dict[str, Any]]:
    masked = {name: identity.masked(employment, name) for name in identity.HIDDEN}
    return [
        {"label": _("工号"), "value": employment.staff_number},
        {"label": _("用工形式"), "value": employment.get_kind_display(), "note": "" if employment.full_time else _("非全职")},
        {"label": _("部门"), "value": str(employment.department or "")},
        {"label": _("岗位"), "value": employment.post},
        {"label": _("入职日期"), "value": day_text(employment.started_on)},
        {"label": _("离职日期"), "value": day_text(employment.ended_on) if employment.ended_on else ""},
        {"label": _("身份证号"), "value": masked["id_number"] or _("未登记")},
        {"label": _("手机号"), "value": masked["phone"] or _("未登记")},
        {"label": _("出生年份"), "value": masked["birth_date"]},
    ]  # fmt: skip


def authorisations_of(request: HttpRequest, case: Case, day: date) -> dict[str, Any]:
    """The table of a person's authorisations; one that is stopped says why, one that waits leads to its decision."""
    rows = sorted(case.authorisations, key=lambda row: (row.valid_from, row.pk), reverse=True)
    return {
        "caption": _("授权"),
        "columns": _columns(
            _("授权岗位"), _("专业领域"), _("授权文件号"), _("有效期自"), _("有效期至"), _("状态"), days=(3, 4)
        ),
        "rows": [
            [
                {
                    "text": row.get_role_display(),
                    "url": reverse("institutions:authorisation", args=[request.institution.slug, row.ref]),
                    "note": row.suspended_because if row.suspended_on else "",
                },
                row.field,
                row.certificate_number,
                day_text(row.valid_from),
                day_text(row.valid_until),
                authorisation_state(row, day),
            ]
            for row in rows
        ],
        "empty": _empty(_("还没有授权"), _("没有授权的人不能检定、核验或签字。")),
    }


def checked(request: HttpRequest, employment: Employment, case: Case, day: date) -> dict[str, Any]:
    """What is missing for the role and field that the address names, before anybody asks."""
    role, field = request.GET.get("role", ""), request.GET.get("field", "").replace("\x00", "").strip()[:30]
    form = AuthorisationForm(
        actor=actor_of(request), day=day, initial={"role": role, "field": field}, auto_id="check_%s"
    )
    found: dict[str, Any] = {"form": form, "asked": role in Role.values, "lacks_field": False, "missing": []}
    if not found["asked"]:
        return found
    found["title"] = str(Role(role).label) + (f"（{field}）" if field else "")
    if role in Authorisation.BY_FIELD and not field:
        return found | {"lacks_field": True}
    thought = Authorisation(
        institution=employment.institution, employment=employment, role=role, field=field, valid_from=day
    )
    missing = list(shortfalls(house_of(employment.institution, day), case, thought, day))
    # The basis is written when the authorisation is proposed.
    return found | {"missing": [one for one in missing if one.clause != "B-4.5-e"]}


def _columns(*titles: str, days: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """The heads of a table; `days`: the places of those under which dates stand, which do not break."""
    return [{"title": title, "day": place in days} for place, title in enumerate(titles)]


def _empty(title: str, text: str) -> dict[str, str]:
    """What stands in a table without rows."""
    return {"title": title, "text": text, "url": "", "label": ""}


def _register_url(request: HttpRequest, name: str, row: Any) -> str:
    return reverse("portal:register_row", args=[request.institution.slug, name, row.ref])


def _credentials(request: HttpRequest, case: Case, day: date) -> dict[str, Any]:
    rows = [row for row in case.credentials if current(row)]
    return {
        "caption": _("资格证书"),
        "columns": _columns(_("证书"), _("专业"), _("证书编号"), _("有效期至"), _("状态"), days=(3,)),
        "rows": [
            [
                {
                    "text": f"{row.get_level_display() if row.level else ''}{row.get_kind_display()}",
                    "url": _register_url(request, "credentials", row),
                },
                row.speciality or _("不限"),
                row.number,
                day_text(row.valid_until),
                {"badge": "valid", "text": _("有效")} if row.valid_until is None else standing(row, day),
            ]
            for row in reversed(rows)
        ],
        "empty": _empty(_("还没有登记证书"), _("核验、签字等授权按证书判断。请登记资格证书。")),
    }


def _trainings(request: HttpRequest, case: Case) -> dict[str, Any]:
    rows = [row for row in case.attendances if current(row) and current(row.training)]
    return {
        "caption": _("培训与考核"),
        "columns": _columns(_("培训"), _("种类"), _("专业领域"), _("日期"), _("考核"), days=(3,)),
        "rows": [
            [
                {"text": row.training.title, "url": _register_url(request, "trainings", row.training)},
                row.training.get_kind_display(),
                row.training.field or _("不分专业"),
                day_text(row.training.held_on),
                {"badge": _RESULTS[row.result], "text": row.get_result_display()},
            ]
            for row in reversed(rows)
        ],
        "empty": _empty(_("还没有培训记录"), _("检定、校准人员先培训考核、后授权。请在培训台账登记。")),
    }


_RESULTS = {
    TrainingAttendance.Result.PASSED: "passed",
    TrainingAttendance.Result.FAILED: "failed",
    TrainingAttendance.Result.NONE: "not_stated",
}


def _experience(request: HttpRequest, case: Case) -> dict[str, Any]:
    rows = [row for row in case.experience if current(row)]
    return {
        "caption": _("工作经历"),
        "columns": _columns(_("工作单位"), _("经历种类"), _("岗位"), _("起"), _("止"), days=(3, 4)),
        "rows": [
            [
                {"text": row.employer, "url": _register_url(request, "experience", row)},
                row.get_kind_display(),
                row.post,
                day_text(row.started_on),
                day_text(row.ended_on) if row.ended_on else _("至今"),
            ]
            for row in reversed(rows)
        ],
        "empty": _empty(_("还没有登记经历"), _("技术负责人的 5 年计量工作经历从这里计算。")),
    }


def _form(request: HttpRequest, employment: Employment, data: Any = None) -> UnmaskForm:
    known = [(name, fact.title) for name, fact in identity.HIDDEN.items() if identity.masked(employment, name)]
    return UnmaskForm(data, choices=known, auto_id="unmask-%s")


def _act(
    request: HttpRequest, employment: Employment, form: UnmaskForm | None, refusals: tuple[Refusal, ...]
) -> dict[str, Any]:
    """Looking at a masked fact as the component `sign_dialog` takes it."""
    wrong = next((refusal.text for refusal in refusals if refusal.clause == "step-up"), "")
    return {
        "id": "unmask",
        "title": _("查看原文"),
        "url": reverse("institutions:person_unmask", args=[request.institution.slug, employment.ref]),
        "facts": [{"label": _("人员"), "value": employment.name}],
        "fields": [
            *(form or _form(request, employment)),
            *second_factor.proof_form(request, name="unmask", error=wrong),
        ],
        "submit": _("查看一次"),
        "opener": _("查看原文…"),
        "plain": True,
        "icon": "eye",
    }
