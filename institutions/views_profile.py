"""Amending the public facts of the institution itself."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door
from portal.transitions import Refused
from portal.typed import TextField

from . import profile
from .models import Institution


class ProfileForm(forms.Form):
    """The institution as the public reads it."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=16)
    name = TextField(label=gettext_lazy("机构名称"), max_length=100, help_text=gettext_lazy("与营业执照一致"))
    name_en = TextField(label=gettext_lazy("英文名称"), max_length=150, required=False)
    credit_code = TextField(
        label=gettext_lazy("统一社会信用代码"), max_length=18, help_text=gettext_lazy("18 位，照营业执照填写")
    )
    address = TextField(label=gettext_lazy("地址"), max_length=200)
    address_en = TextField(label=gettext_lazy("英文地址"), max_length=250, required=False)
    postcode = TextField(label=gettext_lazy("邮编"), max_length=10, required=False)
    phone = TextField(label=gettext_lazy("业务电话"), max_length=40)
    complaint_phone = TextField(label=gettext_lazy("投诉电话"), max_length=40)

    def clean_credit_code(self) -> str:
        return self.cleaned_data["credit_code"].replace(" ", "").upper()


def _stored(institution: Institution) -> dict[str, Any]:
    return {name: getattr(institution, name) for name in profile.FACTS} | {"seen": profile.edition(institution)}


@door("GET", "POST", right=Permission.FILE_KEEP)
def profile_amend(request: HttpRequest, slug: str) -> HttpResponse:
    """Other public facts from now on, unless somebody else changed them since the form was opened."""
    if request.method == "GET":
        return _page(request, ProfileForm(initial=_stored(request.institution)))
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    values = form.cleaned_data
    try:
        profile.amend(request.institution, values, values["seen"], actor=actor_of(request), at=timezone.now())
    except Refused as refused:
        request.institution.refresh_from_db()
        stored = _stored(request.institution)
        changed = []
        if stored["seen"] != values["seen"]:  # the next attempt knows what it overwrites
            form.data = form.data.copy()
            form.data["seen"] = stored["seen"]
            changed = [
                {"label": form[name].label, "stored": stored[name], "typed": values[name]}
                for name in profile.FACTS
                if stored[name] != values[name]
            ]
        return _page(request, form, status=409, refusals=refused.refusals, changed=changed)
    messages.success(request, _("机构概况已更新。已签发的证书不变，新证书按新的内容印。"))
    return redirect("institutions:profile", slug)


def _page(
    request: HttpRequest, form: ProfileForm, *, status: int = 200, refusals: Any = (), changed: Any = ()
) -> HttpResponse:
    context = {"form": form, "refusals": refusals, "changed": changed}
    return render(request, "institutions/profile_form.html", context, status=status)
