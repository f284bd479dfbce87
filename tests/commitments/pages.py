"""What the tests of the pledge's pages share: addresses, signing in, sending."""

from types import SimpleNamespace

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from commitments import workflow
from commitments.models import Commitment
from institutions.models import User
from tests import make

NOW = timezone.now()
TODAY = timezone.localdate(NOW)
YES = {"confirmed": "yes"}


def url(w: SimpleNamespace, name: str, *rows) -> str:
    return reverse(f"commitments:{name}", args=[w.institution.slug, *(row.ref for row in rows)])


def enter(client, who):
    """The browser of one of the actors of the world."""
    client.force_login(User.objects.get(pk=who.user_id))
    return client


def text(response) -> str:
    found = response.content.decode()
    assert "!!" not in found, found[found.index("!!") - 300 : found.index("!!") + 50]
    return found


def scan(name="承诺书.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, make.pdf())


def aged(w, **days):
    """The public pledge of the world, with other days."""
    Commitment.objects.filter(pk=w.pledge.pk).update(**days)
    w.pledge.refresh_from_db()


def sign(client, w, row, *, who=None, password=make.PASSWORD, **more):
    data = YES | {"confirmed_sha256": workflow.digest(row), "own_password": password} | more
    return enter(client, who or w.legal).post(url(w, "sign", row), data)


def upload(client, w, **more):
    return enter(client, w.keeper).post(
        url(w, "scan", w.pledge), {"signed_on": TODAY.isoformat(), "file": scan()} | more
    )


def channel(client, w, **values):
    values = {
        "kind": "website",
        "place": "官网首页",
        "url": "https://example.cn/p",
        "shown_on": TODAY.isoformat(),
    } | values
    return enter(client, w.keeper).post(
        reverse("portal:register_new", args=[w.institution.slug, "pledge-channels"]), values
    )
