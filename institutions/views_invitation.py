"""Accepting an invitation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from portal.routes import Audience, door
from portal.tenancy import scope
from portal.transitions import Refused

from . import workflow
from .forms import AcceptForm
from .models import Institution, Invitation, User
from .views_accounts import after_password


@never_cache
@sensitive_post_parameters()
@door("GET", "POST", to=Audience.ACCOUNT, token="institutions.Invitation.link")
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Whoever holds the link of an open invitation gets an account and becomes a member."""
    slug, ref = workflow.named_in(token) or ("", "")
    institution = Institution.objects.filter(slug=slug).first()
    if institution is None:
        return _closed(request)
    with scope(institution_id=institution.pk):
        offer = Invitation.objects.filter(institution=institution, ref=ref, state=Invitation.State.SENT).first()
        if offer is None or offer.expires_at < timezone.now():
            return _closed(request)
        invited = User(name=offer.name, email=offer.email)
        invited.context_words = (institution.slug, institution.name)
        refusals: tuple = ()
        form = AcceptForm(request.POST or None, account=invited)
        if request.method == "POST" and "existing" in request.POST and request.user.is_authenticated:
            try:
                workflow.accept_as(offer, request.user, at=timezone.now())
            except Refused as refused:
                form, refusals = AcceptForm(account=invited), refused.refusals
            else:
                messages.success(request, _("欢迎加入%(name)s。") % {"name": institution.name})
                return redirect("institutions:today", institution.slug)
        elif request.method == "POST" and form.is_valid():
            try:
                user = workflow.accept(
                    offer, username=form.cleaned_data["username"], password=form.cleaned_data["password"],
                    at=timezone.now(),
                )  # fmt: skip
            except Refused as refused:
                for refusal in refused.refusals:
                    form.add_error(None, refusal.text)
            else:
                messages.success(request, _("欢迎加入。以后用登录名“%(name)s”登录。") % {"name": user.username})
                return after_password(request, user)
    context = {
        "form": form, "offer": offer, "institution": institution, "role_titles": offer.role_titles,
        "refusals": refusals,
    }  # fmt: skip
    return render(request, "accounts/invitation.html", context, status=400 if request.method == "POST" else 200)


def _closed(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation.html", {"form": None}, status=404)
