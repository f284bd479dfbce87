"""Whose password opens a sign-in, and whose session still counts."""

from django.contrib.auth.backends import ModelBackend

from .models import User


class Accounts(ModelBackend):
    """Django's check of name and password. The session of a frozen account is over with its next request. Source: E3.17."""

    def get_user(self, user_id: int) -> User | None:
        """The account behind a session, unless it was disabled or frozen."""
        user = super().get_user(user_id)
        return None if user is None or user.frozen_at else user
