"""HEAD asks what GET would answer and does nothing, though no token against forgery comes with it."""

import pytest
from django.http import HttpResponse
from django.urls import reverse

from portal.routes import Audience, door


@pytest.mark.django_db
def test_a_form_answers_head_as_it_answers_get(client):
    answer = client.head(reverse("accounts:login"))
    assert answer.status_code == 200 and answer.content == b""


def test_a_view_that_takes_whatever_is_no_get_for_a_post_meets_no_head(rf):
    seen = []

    @door("GET", "POST", to=Audience.PUBLIC)
    def view(request):
        seen.append(request.method)
        return HttpResponse()

    asked = rf.head("/")
    view(asked)
    assert seen == ["GET"] and asked.method == "HEAD"
