"""Pages of the tests of a measurement standard, over the years and one by one."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import documents, history
from portal.actors import Actor, actor_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refusal, Refused

from ..checking import charts
from ..checking.readings import figure
from ..models import MeasurementStandard, StandardTest
from . import kinds, workflow
from .forms import MODES, PointForm, TrialForm, VerificationForm, first_values, kind_of
from .shown import compared_rows, group_rows, limit_text, points_tested, scatter_against, sentence_of, tone_of


def _standard(request: HttpRequest, ref: str) -> MeasurementStandard:
    rows = MeasurementStandard.objects.visible_to(actor_of(request)).select_related("institution")
    return get_object_or_404(rows, ref=ref)


@door("GET", ref="equipment.MeasurementStandard.ref")
def standard_tests(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """Every point that was ever tested, with its chart and its tests."""
    standard = _standard(request, ref)
    modes = _modes(request, standard)
    tests = StandardTest.objects.visible_to(actor_of(request)).filter(standard=standard)
    context = {
        "standard": standard,
        "points": points_tested(slug, tests.select_related("performed_by", "file").order_by("performed_on", "pk")),
        "new_url": modes[0]["url"] if modes else "",
    }
    return render(request, "equipment/standard_tests.html", context)


def _modes(request: HttpRequest, standard: MeasurementStandard) -> list[dict[str, Any]]:
    """The tests that may be recorded, for who may."""
    if not actor_of(request).may(Permission.EQUIPMENT_CONFIRM):
        return []
    url = reverse("equipment:standard_test_new", args=[request.institution.slug, standard.ref])
    return [{"name": name, "title": title, "url": f"{url}?mode={name}"} for name, title in MODES.items()]


@door("GET", "POST", right=Permission.EQUIPMENT_CONFIRM, limit="upload", ref="equipment.MeasurementStandard.ref")
def standard_test_new(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One more test: readings or results in, figure and verdict out. `?mode=` is a name of MODES."""
    actor, at, standard = actor_of(request), timezone.now(), _standard(request, ref)
    mode = request.GET.get("mode", "")
    mode = mode if mode in MODES else "repeatability"
    scope = {"mode": mode, "actor": actor, "at": at}
    kind_of_form = VerificationForm if kind_of(mode) == StandardTest.Kind.VERIFICATION else TrialForm
    if request.method == "GET":
        tests = StandardTest.objects.visible_to(actor).filter(standard=standard, kind=kind_of(mode))
        last = tests.order_by("performed_on", "pk").last()
        form = kind_of_form(initial=first_values(last, mode, actor, timezone.localdate(at)), **scope)
        return _new_page(request, standard, form)
    form = kind_of_form(request.POST, request.FILES, **scope)
    if not form.is_valid():
        return _new_page(request, standard, form, status=422)
    try:
        if isinstance(form, VerificationForm):
            own, other = form.results()
            row = workflow.verify(standard, own, other, form.facts(), form.cleaned_data["file"], actor=actor, at=at)
        else:
            row = _tested(request, standard, form, actor=actor, at=at)
    except Refused as refused:
        return _new_page(request, standard, form, status=409, refusals=refused.refusals)
    said = messages.success if row.verdict == StandardTest.Verdict.PASSED else messages.warning
    said(request, _("已登记，结论：%(verdict)s。") % {"verdict": row.get_verdict_display()})
    return redirect(reverse("equipment:standard_test", args=[slug, row.ref]) + "?recorded=1")


def _tested(
    request: HttpRequest, standard: MeasurementStandard, form: TrialForm, *, actor: Actor, at: datetime
) -> StandardTest:
    """The test of the form is on record; a yearly stability finds the one before by itself. Raises: Refused."""
    facts, groups, compared_with = form.facts(), form.measured(), None
    if form.mode == "yearly":
        point = (form.kind, facts["quantity"], facts["unit"], facts["nominal"])
        compared_with = kinds.before(standard, *point, groups[0].on)
        if compared_with is None:
            raise Refused(_nothing_before(request, standard))
    file = form.cleaned_data["file"]
    return workflow.test(standard, form.kind, groups, facts, file, compared_with=compared_with, actor=actor, at=at)


def _nothing_before(request: HttpRequest, standard: MeasurementStandard) -> Refusal:
    """A yearly stability needs something to be compared with."""
    url = reverse("equipment:standard_test_new", args=[request.institution.slug, standard.ref])
    return Refusal(
        "C-7.1.2-s2",
        _(
            "这个测量点在此之前没有稳定性考核，没有可比较的。请核对被测量、测量点和单位，或按新建计量标准登记 4 组以上。"
        ),
        link=f"{url}?mode=first",
        link_text=_("按新建登记"),
    )


def _new_page(
    request: HttpRequest, standard: MeasurementStandard, form: PointForm, *, status: int = 200, refusals: Any = ()
) -> HttpResponse:
    modes = _modes(request, standard)
    tests = StandardTest.objects.visible_to(actor_of(request)).filter(standard=standard, kind=form.kind)
    known = tests.select_related("performed_by").order_by("performed_on", "pk")
    context = {
        "standard": standard,
        "form": form,
        "mode": form.mode,
        "title": MODES[form.mode],
        "tabs": [mode | {"current": mode["name"] == form.mode} for mode in modes],
        "refusals": refusals,
        "known": points_tested(request.institution.slug, known),
        "accept": ",".join(documents.EVIDENCE.suffixes),
        "largest": documents.EVIDENCE.largest,
    }
    return render(request, "equipment/standard_test_new.html", context, status=status)


@door("GET", ref="equipment.StandardTest.ref")
def standard_test(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """One test: its groups, its figure against the limit, and how its scatter compares with the test before."""
    actor = actor_of(request)
    rows = StandardTest.objects.visible_to(actor).select_related("standard", "performed_by", "file", "institution")
    test = get_object_or_404(rows, ref=ref)
    known = StandardTest.objects.visible_to(actor).filter(
        standard=test.standard, kind=test.kind, quantity=test.quantity, unit=test.unit, nominal=test.nominal,
        performed_on__lte=test.performed_on,
    )  # fmt: skip
    in_time = [row for row in known.order_by("performed_on", "pk") if row.groups and row.pk <= test.pk]
    verification = test.kind == StandardTest.Kind.VERIFICATION
    context = {
        "test": test,
        "modes": list(MODES),
        "standard": test.standard,
        "tone": tone_of(test.verdict),
        "point": f"{test.quantity} {figure(test.nominal)} {test.unit}",
        "limit": limit_text(test),
        "figure": figure(charts.short(test.figure)),
        "groups": [] if verification else group_rows(test),
        "compared": compared_rows(test) if verification else [],
        "sentence": sentence_of(test),
        "scatter": scatter_against(test, in_time),
        "plot": charts.test_plot(in_time, "test"),
        "recorded": "recorded" in request.GET,
        "history": history.timeline(test),
    }
    return render(request, "equipment/standard_test.html", context)
