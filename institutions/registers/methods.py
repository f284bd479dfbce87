"""方法采用、方法查新、目录外方法."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import actor_of
from portal.permissions import Permission
from portal.registers import Register, register
from portal.today import Panel

from ..methods import gates, workflow
from ..methods.forms import AdoptionForm, OwnMethodForm, ReviewForm
from ..models import MethodAdoption, MethodReview, OwnMethod

GROUP = gettext_lazy("方法")
KEEP = Permission.METHOD_KEEP
S = OwnMethod.State

register(
    Register(
        name="adoptions", home="institutions:methods", model=MethodAdoption, title=gettext_lazy("方法采用"), group=GROUP,
        about=gettext_lazy("哪个场所经过验证、采用了哪个方法；没有登记的方法不能用来做记录"),
        fields=("method", "site", "verified_on", "verified_by", "report_number", "file", "ended_on"),
        columns=("method", "site", "verified_on", "verified_by", "report_number", "ended_on"),
        search=("method__code", "method__title", "report_number"), order=("method__code", "pk"), keeper=KEEP,
        gates=(
            gates.adopted_once, gates.adopted_while_current, gates.validated_before_verified, gates.measured_only_after,
            gates.ended_after_it_began,
        ),
        clauses=("C-5.2.4-s2", "C-5.2.4-s3"), key=("method", "site"), form=AdoptionForm, icon="book",
    )
)  # fmt: skip
register(
    Register(
        name="method-reviews", home="institutions:methods", model=MethodReview, title=gettext_lazy("方法查新"), group=GROUP,
        about=gettext_lazy("每 180 天查一次在用方法是否仍为现行版本，写明查的是哪里、结果和查新人"),
        fields=("method", "reviewed_on", "reviewer", "source", "result", "ends_on", "successor", "next_review_on", "note"),
        columns=("method", "reviewed_on", "reviewer", "result", "next_review_on"),
        search=("method__code", "method__title", "source"), filters=("result",), order=("-reviewed_on", "-pk"), keeper=KEEP,
        gates=(gates.review_is_conclusive,), clauses=("C-5.2.3-s1",), form=ReviewForm, icon="search",
    )
)  # fmt: skip


def next_step(request: HttpRequest, row: OwnMethod) -> Panel | None:
    """What has been done for the method, and the button of the step that follows."""
    actor, args = actor_of(request), [request.institution.slug, row.ref]
    steps = {
        "validate": (workflow.VALIDATE, _("登记确认"), "institutions:own_method_validate"),
        "release": (workflow.RELEASE, _("实施"), "institutions:own_method_release"),
        "give_up": (workflow.GIVE_UP, _("停用"), "institutions:own_method_give_up"),
    }
    # Of a draft, a non-standard method is validated next and any other put in force.
    other = "release" if row.is_non_standard else "validate"
    shown = [name for name in steps if not (row.state == S.DRAFT and name == other)]
    context = {
        "own": row,
        "steps": [
            {"title": steps[name][1], "url": reverse(steps[name][2], args=args), "danger": name == "give_up"}
            for name in shown
            if steps[name][0].is_open(row, actor)
        ],
        "method_url": reverse("institutions:method", args=[request.institution.slug, row.method.ref])
        if row.method
        else "",
        "papers": [
            (label, document)
            for label, document in ((_("确认记录"), row.validation), (_("不确定度评定报告"), row.evaluation))
            if document is not None
        ],
    }
    return Panel("institutions/_own_method.html", context)


register(
    Register(
        name="own-methods", home="institutions:methods", model=OwnMethod, title=gettext_lazy("目录外方法"), group=GROUP,
        about=gettext_lazy("自编、客户提供、改动过的非标准方法，以及平台目录里没有的标准方法；实施之后才能选用"),
        fields=(
            "code", "title", "title_en", "origin", "kind", "field", "intended_use", "developer", "text", "replaces",
        ),
        columns=("code", "title", "origin", "developer", "validated_on"), search=("code", "title"), filters=("origin",),
        order=("code", "pk"), keeper=KEEP, key=("code",),
        gates=(gates.code_is_free, gates.kind_fits_origin, gates.developer_is_entitled, gates.replaces_one_in_force),
        clauses=("B-4.5-c", "B-4.6-s4", "B-6.1.2-s4", "B-6.1.2-s5", "C-5.2.4-s3"), form=OwnMethodForm,
        panels=(next_step,), born=S.DRAFT, live=frozenset({S.DRAFT}), icon="file-text",
    )
)  # fmt: skip
