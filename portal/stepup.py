"""Step-up: acts with legal effect need a proof of the person made minutes ago, for this act on this thing.

A stolen session is not enough: the proof is bound to the user, the act, the row and the SHA-256 of what is signed, it
is good for five minutes, and once. Source: E3.18.
"""

from django.conf import settings
from django.db import connection, models
from django.utils.translation import gettext as _

from .actors import Actor
from .models import StepUp

MINUTES = 5


def grant(
    user_id: int, act: str, row: models.Model | None = None, *, sha256: str = "", method: StepUp.Method
) -> StepUp:
    """The user has just proven who it is, for this act on this row with this content. The caller has checked it."""
    return StepUp.objects.create(
        user_id=user_id,
        act=act,
        target=row._meta.label if row is not None else "",
        target_id=row.pk if row is not None else None,
        sha256=sha256,
        method=method,
    )


def consume(actor: Actor, act: str, row: models.Model | None = None, *, sha256: str = "") -> None:
    """The actor's proof for exactly this act is used up. Raises: Refused when there is none that is fresh and unused.

    Belongs into the transaction of the act: an act that fails leaves the proof unused.
    """
    from .transitions import Refusal, Refused  # transitions ask for step-up themselves

    if _signed_in_the_last_hour(actor, act) >= settings.STEP_UPS_PER_HOUR:
        raise Refused(
            Refusal(
                "step-up",
                _("一小时内已确认 %(n)d 次，达到上限。如果不是您本人在操作，请立即冻结账号；否则请稍后再继续。")
                % {"n": settings.STEP_UPS_PER_HOUR},
            )
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE portal_stepup SET used_at = clock_timestamp() WHERE id = (SELECT id FROM portal_stepup "
            "WHERE user_id = %s AND act = %s AND target = %s AND target_id IS NOT DISTINCT FROM %s AND sha256 = %s "
            "AND used_at IS NULL AND proven_at > clock_timestamp() - make_interval(mins => %s) "
            "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)",
            [
                actor.user_id,
                act,
                row._meta.label if row is not None else "",
                row.pk if row is not None else None,
                sha256,
                MINUTES,
            ],
        )
        if cursor.rowcount != 1:
            raise Refused(Refusal("step-up", _("这一步要由您本人确认：请输入手机上的动态验证码，再提交一次。")))


def _signed_in_the_last_hour(actor: Actor, act: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM portal_stepup WHERE user_id = %s AND act = %s "
            "AND used_at > clock_timestamp() - interval '1 hour' AND method <> %s",
            [actor.user_id, act, StepUp.Method.COMMAND],  # what a command on the machine does is no session's doing
        )
        return cursor.fetchone()[0]
