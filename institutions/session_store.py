"""Sessions in the database that carry whose they are."""

from datetime import UTC, datetime

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore


class SessionStore(DatabaseStore):
    """Django's store on our table: user, address, browser and last use are columns beside the sealed data."""

    def _validate_session_key(self, key):
        """Also refuses what no key of ours has: a cookie may say anything, and the database takes no NUL."""
        return super()._validate_session_key(key) and key.isascii() and key.isalnum()

    @classmethod
    def get_model_class(cls):
        from .models import UserSession

        return UserSession

    def create_model_instance(self, data):
        row = super().create_model_instance(data)
        user_id = data.get(SESSION_KEY)
        row.user_id = int(user_id) if user_id else None
        row.started_at, row.seen_at = (_instant(data.get(name)) for name in ("started_at", "seen_at"))
        row.address = data.get("address")
        row.agent = data.get("agent", "")[:200]
        return row


def _instant(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
