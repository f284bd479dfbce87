"""Rules for passwords, by the two profiles."""

from datetime import timedelta

import pytest
from django.contrib.auth.password_validation import get_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from institutions import workflow
from institutions.models import OldPassword, User
from portal.permissions import Role
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(db):
    account = make.user(make.institution("north"), Role.OPERATOR, name="沈若川")
    User.objects.filter(pk=account.pk).update(username="ruochuan", email="shenr@mail.example")
    account.refresh_from_db()
    return account


@pytest.fixture
def asvs(settings):
    """The validators of the profile without kinds of characters."""
    settings.PASSWORD_PROFILE = "asvs"
    names = ("LengthValidator", "CommonPasswordValidator", "ContextWordsValidator")
    return [row for row in get_password_validators(settings.AUTH_PASSWORD_VALIDATORS) if type(row).__name__ in names]


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("Kurz-1", "至少 12 个字符"),
        ("x" * 129, "不得超过 128"),
        ("password1234", "常见密码"),
        ("My Chengliang 42", "chengliang"),
        ("我的诚量密码 Ab 1", "诚量"),
        ("Ruochuan-is-here-1", "ruochuan"),
        ("I am 沈若川 myself 1", "沈若川"),
        ("Shenr at work 1234", "shenr"),
        ("Up north we measure 1", "north"),
        ("At 计量院 today 12", "计量"),
        ("only small letters", "至少用 3 种"),
        ("123456789012 34567", "至少用 3 种"),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_the_rule(user, password, sentence):
    with pytest.raises(ValidationError) as refused:
        validate_password(password, user)
    assert sentence in " ".join(refused.value.messages)


@pytest.mark.parametrize("password", ["correct Horse 7 battery", "汉字也可以 Aa 而且很长", "Zq7-" * 32])
def test_a_good_password_is_taken(user, password):
    validate_password(password, user)


def test_the_other_profile_asks_for_no_groups_of_characters(user, asvs):
    validate_password("only small letters", user, password_validators=asvs)
    with pytest.raises(ValidationError):
        validate_password("ruochuan small letters", user, password_validators=asvs)


def test_none_of_the_last_five_passwords_is_taken_again(user):
    passwords = [f"Number {n} of many words" for n in range(8)]
    for password in passwords:
        workflow.change_password(user, password, keep_session=None)
    assert OldPassword.objects.filter(user=user).count() == 5
    for password in passwords[-6:]:
        with pytest.raises(ValidationError, match="最近 5 次"):
            validate_password(password, user)
    validate_password(passwords[0], user)


def aged(user, days):
    User.objects.filter(pk=user.pk).update(password_changed_at=timezone.now() - timedelta(days=days))
    browser = Client()
    browser.post("/login/", {"username": user.username, "password": make.PASSWORD})
    return browser


@pytest.mark.parametrize(("days", "asked"), [(89, False), (91, True)])
def test_after_ninety_days_a_new_password_comes_before_anything_else(user, days, asked):
    browser = aged(user, days)
    answer = browser.get("/i/north/")
    assert (answer.status_code == 302 and answer["Location"].startswith("/password/?next=")) is asked


def test_after_the_new_password_work_goes_on_where_it_was(user):
    browser = aged(user, 91)
    new = "Ein neues Wort 42"
    typed = {"current": make.PASSWORD, "password": new, "repeat": new, "next": "/i/north/people/"}
    assert 'href="/i/north/people/"' in browser.post("/password/", typed).text
    assert browser.get("/i/north/people/").status_code == 200


def test_in_the_other_profile_a_password_does_not_age(user, settings):
    settings.PASSWORD_PROFILE = "asvs"
    assert aged(user, 1000).get("/i/north/").status_code == 200
