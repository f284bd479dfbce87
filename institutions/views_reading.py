"""Confirming that a document of the management system was read."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.actors import actor_of
from portal.routes import door
from portal.transitions import Refused

from . import reading
from .models import ManagementDocument


@door("POST", ref="institutions.ManagementDocument.ref")
def confirm_reading(request: HttpRequest, slug: str, ref: str) -> HttpResponse:
    """This person has read the version."""
    actor = actor_of(request)
    document = get_object_or_404(ManagementDocument.objects.visible_to(actor), ref=ref)
    try:
        reading.confirm(document, actor=actor, at=timezone.now())
    except Refused as refused:
        for refusal in refused.refusals:
            messages.error(request, refusal.text)
    else:
        messages.success(request, _("已确认阅读 %(document)s。") % {"document": document})
    return redirect("portal:register_row", slug, "documents", ref)
