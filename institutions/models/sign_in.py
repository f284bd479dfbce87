"""What stands around an account: its second factor, its open sessions, requests to set a new password."""

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock

from .accounts import User


class SecondFactor(models.Model):
    """A user's secret for one-time codes, sealed, and the last time step whose code was used."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="second_factor")
    secret_sealed = models.TextField()
    last_step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    confirmed_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """One of the codes on the sheet a user keeps for the day the phone is lost. Only its hash is here; good once."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="recovery_codes")
    digest = models.CharField(max_length=200)
    used_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"recovery code of {self.user_id}"


class OldPassword(models.Model):
    """A hash of a password the user had before, so that it is not taken again."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="old_passwords")
    hash = models.CharField(max_length=128)
    replaced_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    def __str__(self):
        return f"old password of {self.user_id}"


class PasswordReset(models.Model):
    """Somebody asked for a new password under this name. Whether the name exists is found out by the worker."""

    username = models.CharField(max_length=60)
    address = models.GenericIPAddressField()
    asked_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)
    answered_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"{self.username} {self.asked_at:%F %T}"


class UserSession(AbstractBaseSession):
    """A session that knows whose it is, so that a person can see and end its own."""

    user_id = models.BigIntegerField(null=True, db_index=True)
    started_at = models.DateTimeField(_("登录时间"), null=True)
    seen_at = models.DateTimeField(_("最近使用"), null=True)
    address = models.GenericIPAddressField(_("地址"), null=True)
    agent = models.CharField(_("浏览器"), max_length=200, blank=True)

    @classmethod
    def get_session_store_class(cls):
        from institutions.session_store import SessionStore

        return SessionStore
