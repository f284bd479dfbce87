"""影响追溯: what equipment that was not right may have done to results, asked when it is stopped and answered by people."""

from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import documents
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused, Transition

from ..models import CheckPlan, Equipment, EquipmentEvent, ImpactQuestion, IntermediateCheck, Traceability
from ..tracing.uses import uses_of

State, Kind = ImpactQuestion.State, EquipmentEvent.Kind

ASK = Transition("ask", frozenset({""}), State.OPEN, Permission.EQUIPMENT_REPORT)
ANSWER = Transition("answer", frozenset({State.OPEN}), State.ANSWERED, Permission.EQUIPMENT_MANAGE)


def last_good(equipment: Equipment, day: date) -> date | None:
    """The last day up to this one on which it was known to be good, or None: passed intermediate checks of everything
    that is checked of it, a calibration that stands confirmed as fit, a verification before it was used again.

    Source: D-4.4.3.2-s3.
    """
    confirmed = Traceability.objects.confirmed_by(day).filter(equipment=equipment, calibrated_on__lte=day)
    verified = EquipmentEvent.objects.filter(
        equipment=equipment, kind=Kind.RETURN_VERIFICATION, result=EquipmentEvent.Result.PASSED, happened_on__lte=day
    )
    days = (
        _checked(equipment, day),
        confirmed.order_by("-calibrated_on").values_list("calibrated_on", flat=True).first(),
        verified.order_by("-happened_on").values_list("happened_on", flat=True).first(),
    )
    return max(filter(None, days), default=None)


def _checked(equipment: Equipment, day: date) -> date | None:
    """The day since which each plan that was worked with has a check that passed; None while one of them has none.

    One that is easily passed says nothing about what another one looks at.
    """
    by_then = Q(checks__equipment=equipment, checks__performed_on__lte=day)
    passed = Max("checks__performed_on", filter=by_then & Q(checks__verdict=IntermediateCheck.Verdict.PASSED))
    plans = CheckPlan.objects.filter(by_then, equipment=equipment, state=CheckPlan.State.CURRENT)
    days = list(plans.annotate(passed_on=passed).values_list("passed_on", flat=True))
    return None if None in days else min(days, default=None)


def ask(event: EquipmentEvent, *, actor: Actor, at: datetime) -> ImpactQuestion:
    """It is asked what the equipment did to the results since the day after it was last known to be good."""
    good, until = last_good(event.equipment, event.happened_on), event.happened_on
    since = min(good + timedelta(1), until) if good else None
    blank = ImpactQuestion(
        institution_id=event.institution_id, equipment=event.equipment, event=event, since=since, until=until, state=""
    )
    with ASK.applied_to(blank, actor=actor, at=at) as question:
        pass
    return question


def answer(
    question: ImpactQuestion, values: dict[str, Any], file: UploadedFile | None, *, actor: Actor, at: datetime
) -> ImpactQuestion:
    """What it did to the results is on record, by whom, and how many records were looked at.

    `values`: conclusion and answer. Raises: Refused. Source: D-4.4.3.2-s3.
    """
    with ANSWER.applied_to(question, actor=actor, at=at) as question:
        if not values["answer"].strip():
            raise Refused(Refusal("D-4.4.3.2-s3", _("请写明评估了哪些记录、依据是什么、怎样处置。")))
        question.conclusion, question.answer = values["conclusion"], values["answer"]
        question.looked_at = len(uses_of(question.equipment, question.since, question.until))
        question.answered_by_id, question.answered_on = actor.employment_id, timezone.localdate(at)
        if file is not None:
            question.file = documents.upload(file, actor=actor, at=at)
    return question
