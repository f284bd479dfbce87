"""The verbs of methods: validate, put in force and give up one of one's own; look up many that have not changed."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import documents, history
from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import REGISTERS, verbs
from portal.transitions import Refusal, Refused, Transition

from ..models import Employment, Method, MethodReview, OwnMethod, Site
from . import gates

S = OwnMethod.State

VALIDATE = Transition(
    "validate", frozenset({S.DRAFT}), S.VALIDATED, Permission.METHOD_KEEP, gates=(gates.needs_validation,)
)
RELEASE = Transition(
    "release", frozenset({S.DRAFT, S.VALIDATED}), S.CURRENT, Permission.METHOD_KEEP,
    gates=(gates.code_is_free, gates.validated_first, gates.papers_are_kept),
)  # fmt: skip
GIVE_UP = Transition("give_up", frozenset({S.VALIDATED, S.CURRENT}), S.WITHDRAWN, Permission.METHOD_KEEP)

history.register(
    {
        "ownmethod.validate": gettext_lazy("登记方法确认"),
        "ownmethod.release": gettext_lazy("实施"),
        "ownmethod.give_up": gettext_lazy("停用"),
    }
)


def validate(
    own: OwnMethod, *, validated_on: date, validator: Employment, validation: UploadedFile, evaluation: UploadedFile,
    actor: Actor, at: datetime,
) -> OwnMethod:  # fmt: skip
    """The method is validated by somebody entitled to, and its papers are on file; it can be put in force.

    Raises: Refused. Source: B-4.5-c, B-4.6-s4.
    """
    with VALIDATE.applied_to(own, actor=actor, at=at) as own:
        own.validated_on, own.validator = validated_on, validator
        _or_refuse(gates.validator_is_entitled(own, actor, at))
        own.validation = documents.upload(validation, actor=actor, at=at)
        own.evaluation = documents.upload(evaluation, actor=actor, at=at)
        own.revision += 1
    return own


@transaction.atomic
def release(
    own: OwnMethod, *, in_force_from: date, site: Site, verified_on: date, verified_by: Employment,
    report_number: str = "", file: UploadedFile | None = None, actor: Actor, at: datetime,
) -> OwnMethod:  # fmt: skip
    """The method is in force from the day on and adopted at the site; the edition it replaces has ended that day.

    Validated, then verified, then in force, none of it in the future. Raises: Refused. Source: C-5.2.4-s3.
    """
    with RELEASE.applied_to(own, actor=actor, at=at) as own:
        _or_refuse(gates.not_later_than_today(in_force_from, at, _("实施日期")))
        if in_force_from < verified_on and own.is_non_standard:
            raise Refused(
                Refusal("C-5.2.4-s3", _("先验证、再实施：实施日期不能早于验证日期 %(day)s。") % {"day": verified_on})
            )
        own.method = Method.objects.create(
            owner_id=own.institution_id, code=own.code, title=own.title, title_en=own.title_en, kind=own.kind,
            in_force_from=in_force_from,
        )  # fmt: skip
        own.revision += 1
        if own.replaces is not None and own.replaces.state == S.CURRENT:
            _end(
                own.replaces,
                in_force_from,
                own.code,
                reason=_("由 %(code)s 代替") % {"code": own.code},
                actor=actor,
                at=at,
            )
    adoption = {
        "method": own.method, "site": site, "verified_on": verified_on, "verified_by": verified_by,
        "report_number": report_number, "file": file,
    }  # fmt: skip
    verbs.record(REGISTERS["adoptions"], adoption, actor=actor, at=at)
    return own


def give_up(own: OwnMethod, reason: str, *, actor: Actor, at: datetime) -> OwnMethod:
    """Nothing is measured by the method from today on; what was measured by it keeps it. Raises: Refused."""
    if not reason.strip():
        raise Refused(Refusal("reason", _("请写明停用的原因。")))
    return _end(own, gates.day_of(at), "", reason=reason, actor=actor, at=at)


def _end(own: OwnMethod, day: date, successor: str, *, reason: str, actor: Actor, at: datetime) -> OwnMethod:
    with GIVE_UP.applied_to(own, actor=actor, at=at, reason=reason) as own:
        if own.method is not None:
            own.method.in_force_until = max(day, own.method.in_force_from)
            own.method.replaced_by = successor
            own.method.save(update_fields=["in_force_until", "replaced_by"])
        own.revision += 1
    return own


@transaction.atomic
def review_unchanged(
    methods: Iterable[Method], *, reviewed_on: date, reviewer: Employment, source: str, actor: Actor, at: datetime
) -> int:
    """Each method has a review of that day which found it unchanged in the source; all of them or none.

    Returns: how many. Raises: Refused, naming the method. Source: C-5.2.3-s1.
    """
    facts: dict[str, Any] = {
        "reviewed_on": reviewed_on, "reviewer": reviewer, "source": source, "result": MethodReview.Result.CURRENT,
    }  # fmt: skip
    count = 0
    for method in methods:
        verbs.record(REGISTERS["method-reviews"], facts | {"method": method}, actor=actor, at=at)
        count += 1
    return count


def _or_refuse(refusals: Iterable[Refusal]) -> None:
    if found := list(refusals):
        raise Refused(*found)
