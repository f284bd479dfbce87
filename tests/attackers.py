"""Browsers of those who try what they may not."""

from django.test import Client

from institutions.models import (
    User,
)


def signed_in(user, **kwargs):
    client = Client(**kwargs)
    client.force_login(user)
    return client


def account(actor):
    return User.objects.get(pk=actor.user_id)
