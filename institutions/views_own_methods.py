"""The steps of a method that is not in the catalogue: validate it, put it in force, give it up."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import actor_of
from portal.forms import ReasonForm
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused

from .methods import workflow
from .methods.forms import ReleaseForm, ValidateForm
from .models import OwnMethod


def _own(request: HttpRequest, ref: str) -> OwnMethod:
    rows = OwnMethod.objects.visible_to(actor_of(request)).select_related("institution", "method")
    return get_object_or_404(rows, ref=ref)


def _step(
    request: HttpRequest, own: OwnMethod, form: Form, act: Callable[[dict[str, Any]], Any], title: str, about: str, done: str,
    *, submit: str, danger: bool = False,
) -> HttpResponse:  # fmt: skip
    """The page of a step: its form, and after a valid one the page of the method."""
    refusals: Any = ()
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data)
        except Refused as refused:
            refusals = refused.refusals
        else:
            messages.success(request, done)
            return redirect(_page_of(request, own))
    context = {
        "own": own, "form": form, "title": title, "about": about, "refusals": refusals, "submit": submit, "danger": danger,
        "back": _page_of(request, own),
    }  # fmt: skip
    status = 409 if refusals else 422 if form.errors else 200
    return render(request, "institutions/method_step.html", context, status=status)


def _page_of(request: HttpRequest, own: OwnMethod) -> str:
    return reverse("portal:register_row", args=[request.institution.slug, "own-methods", own.ref])


@door("GET", "POST", right=Permission.METHOD_KEEP, limit="upload", ref="institutions.OwnMethod.ref")
def own_method_validate(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """方法确认: somebody entitled has validated it."""
    actor, own = actor_of(request), _own(request, ref)
    form = ValidateForm(request.POST or None, request.FILES or None, actor=actor)

    def act(typed: dict[str, Any]) -> None:
        workflow.validate(own, **typed, actor=actor, at=timezone.now())

    about = _("由一级注册计量师或相关专业高级职称的人员确认方法适用，并评定不确定度。确认之后才能验证和实施。")
    return _step(
        request, own, form, act, _("登记方法确认"), about, _("已登记确认。验证后就可以实施。"), submit=_("登记确认")
    )


@door("GET", "POST", right=Permission.METHOD_KEEP, limit="upload", ref="institutions.OwnMethod.ref")
def own_method_release(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """实施: it was verified at a site and can be chosen from now on."""
    actor, own = actor_of(request), _own(request, ref)
    form = ReleaseForm(request.POST or None, request.FILES or None, actor=actor)

    def act(typed: dict[str, Any]) -> None:
        workflow.release(own, **typed, actor=actor, at=timezone.now())

    about = _("登记首个场所的方法验证和实施日期。实施之后，数据表和能力范围才能选用这个方法。")
    return _step(request, own, form, act, _("实施方法"), about, _("已实施，可以选用。"), submit=_("实施"))


@door("GET", "POST", right=Permission.METHOD_KEEP, ref="institutions.OwnMethod.ref")
def own_method_give_up(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """停用: nothing new is measured by it."""
    actor, own = actor_of(request), _own(request, ref)
    form = ReasonForm(request.POST or None)

    def act(typed: dict[str, Any]) -> None:
        workflow.give_up(own, typed["reason"], actor=actor, at=timezone.now())

    about = _("从今天起不能再用这个方法出数据；已有的记录和证书不受影响，方法全文照样保存。")
    return _step(request, own, form, act, _("停用方法"), about, _("已停用。"), submit=_("停用"), danger=True)
