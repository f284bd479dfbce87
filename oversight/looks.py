"""A regulator's looks, each of them in the audit trail of the institution that was looked at.

A look is a page, or a file, on which a regulator reads facts of an institution: a page of the list, its sheet, a pair of
employments, an export, every page below `/i/` (TenantMiddleware). One look is one entry for each institution shown,
however many facts stood there. Names alone, as in the choices of a filter, are no look. Source: E2.11.
"""

from collections.abc import Iterable

from django.db import connection
from django.db.models import BigIntegerField, Func, Value
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.actors import Actor
from portal.ledger import seals
from portal.models import AuditEntry
from portal.observe import request_id
from portal.tenancy import scope

VERB = "oversight.look"
BATCH = 500
# In one transaction: a seal of the trail looks back only so far for entries that are committed late.
MOST = seals.LOOK_BACK // 2

LIST, SHEET, PAIRS, EXPORT = _("辖区机构"), _("机构监管档案"), _("双重从业"), _("导出辖区机构")
PLEDGES, PLEDGE, PLEDGES_EXPORT = _("承诺登记"), _("机构的承诺"), _("导出承诺登记")


class _Entered(Func):
    """The id of an institution whose scope is entered while the row is written.

    Each institution's trail is written in its own scope only. PostgreSQL makes and writes the rows of an INSERT one by
    one, so that a page of fifty institutions takes one statement instead of fifty scopes.
    """

    template = "set_config('app.tenant', %(expressions)s, true)::bigint"
    output_field = BigIntegerField()


def looked(request: HttpRequest, actor: Actor, page: str, institution_ids: Iterable[int], address: str = "") -> int:
    """Each of the institutions reads in its trail that this regulator has looked at it on that page. Returns: how many.

    `address` stands there instead of the request's own, which may name another institution.
    Belongs into the transaction that reads the facts: no look without its entry. One statement for each 500; no more
    than MOST. Those of more than one statement wait for each other, as in audit.record_many.
    """
    entries = [
        AuditEntry(
            institution_id=_Entered(Value(str(pk))),
            actor_name=actor.name,
            actor_user_id=actor.user_id,
            acting_as=actor.role_titles,
            verb=VERB,
            changes={"page": ["", str(page)], "address": ["", address or request.path_info[:200]]},
            request_id=request_id.get(),
        )
        for pk in sorted(set(institution_ids))
    ]
    if len(entries) > BATCH:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('audit'), hashtext('many'))")
    with scope(user_id=actor.user_id):  # puts back the scope from which the entries were written
        AuditEntry.objects.bulk_create(entries, batch_size=BATCH)
    return len(entries)
