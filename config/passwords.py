"""The rules for passwords. Which of them hold is said in config/settings.py by PASSWORD_PROFILE. Source: E3.14.

"asvs": length, no common password, nobody's name in it, any characters. "gb22239" adds three kinds of characters and none
of the last five. Each rule is one class with `validate` (raises ValidationError) and the rule in a sentence.
"""

from collections.abc import Iterator

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

OUR_WORDS = ("诚量", "chengliang", "jiliang", "计量")
REMEMBERED = 5


class LengthValidator:
    """Long enough to resist guessing, and not so long that hashing it costs more than a sign-in should."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def validate(self, password: str, user: object = None) -> None:
        if len(password) < self.least:
            raise ValidationError(
                _("密码至少 %(least)d 个字符，现在有 %(now)d 个。可以用一句话。")
                % {"least": self.least, "now": len(password)}
            )
        if len(password) > self.most:
            raise ValidationError(_("密码不得超过 %(most)d 个字符。") % {"most": self.most})

    def get_help_text(self) -> str:
        return _("%(least)d 到 %(most)d 个字符，可以粘贴，可以用空格和中文。") % {
            "least": self.least,
            "most": self.most,
        }


class CommonPasswordValidator(password_validation.CommonPasswordValidator):
    """None of the 20,000 passwords that leaked most often; the list comes with Django and asks nobody."""

    def get_error_message(self) -> str:
        return _("这是常见密码，别人会先试它。请换一个。")

    def get_help_text(self) -> str:
        return _("不用常见密码。")


class ContextWordsValidator:
    """Without the words that somebody who knows the person would try first: names of the portal, the institution, the person."""

    def validate(self, password: str, user: object = None) -> None:
        plain = password.casefold()
        for word in _context_words(user):
            if len(word) >= (3 if word.isascii() else 2) and word.casefold() in plain:
                raise ValidationError(
                    _("密码与平台、机构或您的名称太相似：里面有“%(word)s”。请换一个。") % {"word": word}
                )

    def get_help_text(self) -> str:
        return _("不要含登录名、姓名和机构名。")


def _context_words(user: object) -> Iterator[str]:
    yield from OUR_WORDS
    if user is None:
        return
    yield from (user.username, user.name, user.email.partition("@")[0])
    yield from getattr(user, "context_words", ())
    if user.pk:
        from institutions.access import memberships_of
        from portal.tenancy import scope

        with scope(user_id=user.pk):
            for membership in memberships_of(user):
                yield from (membership.institution.slug, membership.institution.name)


class KindsOfCharactersValidator:
    """Several of: capitals, small letters, figures, anything else. Source: GB/T 22239-2019, 8.1.4.1."""

    KINDS = (str.isupper, str.islower, str.isdigit)

    def __init__(self, least: int) -> None:
        self.least = least

    def validate(self, password: str, user: object = None) -> None:
        kinds = {next((kind for kind in self.KINDS if kind(letter)), None) for letter in password}
        if len(kinds) < self.least:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        return _("大写字母、小写字母、数字、其他字符（空格、符号、汉字）至少用 %(least)d 种。") % {"least": self.least}


class OldPasswordsValidator:
    """Neither the present password nor one of the last ones."""

    def validate(self, password: str, user: object = None) -> None:
        if user is None or not user.pk:
            return
        from institutions.models import OldPassword

        old = OldPassword.objects.filter(user=user).order_by("-pk").values_list("hash", flat=True)[:REMEMBERED]
        if any(check_password(password, known) for known in [user.password, *old]):
            raise ValidationError(_("这个密码最近 %(count)d 次里用过。请换一个新的。") % {"count": REMEMBERED})

    def get_help_text(self) -> str:
        return _("不与最近 %(count)d 次相同。") % {"count": REMEMBERED}
