"""The upper bound on a password; Django brings the other validators."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class MaximumLengthValidator:
    """Refuses a password so long that hashing it would cost more than a sign-in should."""

    def __init__(self, max_length: int) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: object = None) -> None:
        """Nothing when the password fits. Raises: ValidationError when it has too many characters."""
        if len(password) > self.max_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        """The rule in one sentence."""
        return _("密码不得超过 %(count)d 个字符。") % {"count": self.max_length}
