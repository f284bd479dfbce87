"""Who a person is beyond the name: ID number and phone, sealed; one person at two institutions, without saying so.

The number is kept sealed in the employment, which is the institution's own; what joins two employments is a keyed
digest in `Person`, which tells nothing. Nobody is told whether a number was known. Source: E12.56.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from stdnum.cn import ric
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidFormat, InvalidLength

from portal import audit, entitlement, personal, sealing, stepup
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, broken_rule

from .models import Employment, EmploymentConflict, Person
from .models.people import TWO_EMPLOYERS
from .people.cases import in_turn
from .people.reconsidering import reconsider

MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
# No region has this code. Numbers with it are invented, for demonstrations and tests; production takes none.
NOWHERE = "000000"
UNMASK = "employment.unmask"


@dataclass(frozen=True)
class Hidden:
    """A fact of an employment that pages show masked: its title, how to read it, and its masked form."""

    title: str
    read: Callable[[Employment], str]
    mask: Callable[[str], str]


HIDDEN = {
    "id_number": Hidden(_("身份证号"), lambda row: _opened(row.id_number_sealed), personal.masked_id_number),
    "phone": Hidden(_("手机号"), lambda row: _opened(row.phone_sealed), personal.masked_phone),
    "birth_date": Hidden(
        _("出生日期"),
        lambda row: row.birth_date.isoformat(),
        lambda text: personal.masked_birth_date(date.fromisoformat(text)),
    ),
}


def masked(employment: Employment, name: str) -> str:
    """The masked form of a fact in HIDDEN; empty when it is not on record, a sentence when no key opens it."""
    try:
        text = HIDDEN[name].read(employment)
    except sealing.Unreadable:
        return _("无法读取，请联系平台运维检查密钥")
    return HIDDEN[name].mask(text) if text else ""


def set_identity(employment: Employment, id_number: str, phone: str, actor: Actor, at: datetime) -> Employment:
    """ID number and phone are on record, sealed; the person is the one who has this number anywhere.

    An empty text leaves what was there. Raises: PermissionDenied; Refused when a number cannot be one, when its date of
    birth is not the employment's, or when the person works for another institution in that time: then the attempt
    stays on record.
    """
    actor.require(Permission.PERSON_IDENTIFY, employment.institution_id)
    tried = Employment(institution_id=employment.institution_id)
    with conflicts_noted(tried), transaction.atomic():
        entitlement.confirm(actor, Permission.PERSON_IDENTIFY, employment.institution_id)
        in_turn(employment.institution_id)
        row = Employment.objects.select_for_update().get(pk=employment.pk, institution_id=employment.institution_id)
        before, was = (row.id_number_sealed, row.phone_sealed), row.person_id
        identify(row, id_number, phone)
        names = ("id_number_sealed", "phone_sealed")
        changes = {name: _told(old) for name, old in zip(names, before, strict=True) if getattr(row, name) != old}
        tried.person_id, tried.name = row.person_id, row.name
        tried.started_on, tried.ended_on = row.started_on, row.ended_on
        if row.person_id != was and row.state == Employment.State.CURRENT and (here := list(at_work_here_once(row))):
            raise Refused(*here)
        try:
            row.save(update_fields=["id_number_sealed", "phone_sealed", "person"])
        except IntegrityError as error:
            raise Refused(broken_rule(row, error)) from error
        audit.record(actor, "employment.set_identity", row, changes=changes)
        if row.person_id != was:
            reconsider(row.institution, timezone.localdate(at), at=at, person_ids=[was, row.person_id])
    return row


def identify(row: Employment, id_number: str, phone: str) -> None:
    """The employment, not saved yet, has number and phone sealed and belongs to the person with this number.

    An empty text leaves what was there. Raises: Refused when a number cannot be one, or its date of birth is not the row's.
    """
    if id_number := _checked_id_number(id_number, row.birth_date):
        row.id_number_sealed = sealing.seal(id_number)
        row.person = _person_with(sealing.keyed_digest(id_number, "id number"), row.person_id)
    if phone := _checked_phone(phone):
        row.phone_sealed = sealing.seal(phone)


def agrees_with_birth_date(row: Employment) -> bool:
    """Whether the ID number on record, if there is one that can be read, says the row's date of birth."""
    try:
        number = HIDDEN["id_number"].read(row)
    except sealing.Unreadable:
        return True
    return not number or ric.get_birth_date(number) == row.birth_date


def at_work_here_once(row: Employment) -> Iterator[Refusal]:
    """The person has no other employment here in the same days. Asked once it is known who the person is."""
    same = Employment.objects.filter(
        Q(ended_on=None) | Q(ended_on__gte=row.started_on),
        institution_id=row.institution_id, person_id=row.person_id, state=Employment.State.CURRENT,
    ).exclude(pk=row.pk)  # fmt: skip
    if row.ended_on:
        same = same.filter(started_on__lte=row.ended_on)
    other = same.order_by("started_on", "pk").first()
    if other is not None:
        shown = {"name": other.name, "number": other.staff_number, "first": other.started_on}
        yield Refusal(
            "data",
            _(
                "这个人已在本机构登记：%(name)s（工号 %(number)s，%(first)s 起），在职时间重叠。请更正那一条，不要再登记。"
            )
            % shown,
        )


@contextmanager
def conflicts_noted(tried: Employment) -> Iterator[None]:
    """Around an act by which one person may come to have two employers: what the database refuses stays on record.

    `tried`: the employment as it would be; its person is known by the time the database has refused. Source: C-5.1.5.
    """
    try:
        yield
    except Refused as refused:
        if any(one.clause == TWO_EMPLOYERS for one in refused.refusals):
            EmploymentConflict.objects.get_or_create(
                institution_id=tried.institution_id, person_id=tried.person_id, started_on=tried.started_on,
                ended_on=tried.ended_on, defaults={"name": tried.name},
            )  # fmt: skip
        raise


@transaction.atomic
def reveal(employment: Employment, name: str, *, reason: str, actor: Actor, at: datetime) -> str:
    """The fact as it is, for who has just proven to be the actor; who looked and why is in the trail, the fact is not.

    `name`: of HIDDEN. The proof is for UNMASK on this row with `bound_to(name)`. Raises: PermissionDenied, Refused.
    Source: E12.56.
    """
    actor.require(Permission.PERSON_UNMASK, employment.institution_id)
    entitlement.confirm(actor, Permission.PERSON_UNMASK, employment.institution_id)
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明为什么要看原文，例如办理社保、核对证件。")))
    stepup.consume(actor, UNMASK, employment, sha256=bound_to(name))
    audit.record(actor, UNMASK, employment, reason=reason, changes={"field": ["", str(HIDDEN[name].title)]})
    return HIDDEN[name].read(employment)


def bound_to(name: str) -> str:
    """What a proof for looking at this fact is bound to."""
    return hashlib.sha256(f"unmask {name}".encode()).hexdigest()


def fictional_id_number(born: date, order: int) -> str:
    """A number that belongs to nobody, with a right check digit; `order`: 0 to 999, tells apart who was born that day."""
    head = f"{NOWHERE}{born:%Y%m%d}{order:03d}"
    return head + ric.calc_check_digit(head + "0")


def _opened(sealed: str) -> str:
    return sealing.unseal(sealed) if sealed else ""


def _told(before: str) -> list[str]:
    """The change for the audit trail, which never holds the number."""
    return [_("已登记") if before else "", _("已更改") if before else _("已登记")]


def _person_with(digest: str, own_id: int | None) -> Person:
    """The person who has this number. One whose number was not known yet gets it; one with another number stays behind."""
    known = Person.objects.filter(identity_digest=digest).first()
    if known is not None:
        return known
    own = Person.objects.select_for_update().filter(pk=own_id).first()
    if own is not None and own.identity_digest is None:
        own.identity_digest = digest
        try:
            with transaction.atomic():
                own.save(update_fields=["identity_digest"])
            return own
        except IntegrityError:  # another institution has entered the same number this very moment
            return Person.objects.get(identity_digest=digest)
    return Person.objects.get_or_create(identity_digest=digest)[0]


def _checked_id_number(typed: str, born: date) -> str:
    number = ric.compact(re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", typed[:60])))
    if not number:
        return ""
    try:
        _validate(number)
    except InvalidChecksum as error:
        raise _refused(_("身份证号的最后一位对不上，可能抄错了一位。请对照证件再输一次。")) from error
    except InvalidComponent as error:
        raise _refused(_("身份证号里的地区或出生日期不存在。请对照证件再输一次。")) from error
    except (InvalidLength, InvalidFormat) as error:
        raise _refused(_("身份证号应是 18 位：17 位数字，最后一位是数字或 X。请对照证件再输一次。")) from error
    if ric.get_birth_date(number) != born:
        raise _refused(_("身份证号里的出生日期和登记的出生日期不同。请先核对是哪一个写错了。"))
    return number


def _validate(number: str) -> None:
    if not number.startswith(NOWHERE) or settings.APP_ENV == "production":
        ric.validate(number)
    elif len(number) != 18 or not number[:-1].isdigit():
        raise InvalidFormat
    elif number[-1] != ric.calc_check_digit(number):
        raise InvalidChecksum
    else:
        ric.get_birth_date(number)


def _checked_phone(typed: str) -> str:
    number = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", typed[:40]))
    number = re.sub(r"^(\+86|0086)", "", number)
    if number and not MOBILE.fullmatch(number):
        raise _refused(_("手机号应是 1 开头的 11 位数字。请再输一次。"))
    return number


def _refused(sentence: str) -> Refused:
    return Refused(Refusal("data", sentence))
