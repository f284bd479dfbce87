"""The code that somebody's phone would show, for trying the portal without one."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from institutions import second_factor
from institutions.models import User


class Command(BaseCommand):
    """`manage.py totp USERNAME`."""

    help = "Print the next one-time code of an account that is taken. Not in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose code."""
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        """Six figures. Raises: CommandError in production, for an unknown name and without a second factor."""
        if settings.PRODUCTION:
            raise CommandError("totp does not run where APP_ENV=production.")
        user = User.objects.filter(username=User.objects.spelling(username)).first()
        code = second_factor.current_code(user.pk, at=timezone.now()) if user else ""
        if not code:
            raise CommandError(f"{username} is no account with a second factor.")
        self.stdout.write(code)
