"""The audit trail as a file."""

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import history
from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door

from . import exporting
from .views import audit_rows
from .words import changes_text

COLUMNS = {
    _("时间"): lambda entry: entry.at,
    _("人员"): history.actor_of,
    _("身份"): lambda entry: entry.acting_as,
    _("动作"): lambda entry: history.title_of(entry.verb),
    _("对象"): lambda entry: entry.target_name,
    _("对象代码"): lambda entry: entry.target_ref,
    _("变更"): changes_text,
    _("理由"): lambda entry: entry.reason,
    _("结果"): lambda entry: _("成功") if entry.succeeded else _("被拒绝"),
    _("请求号"): lambda entry: entry.request_id,
}


@door("POST", right=Permission.EXPORT, limit="export")
def audit_export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The entries of the audit page as a file, newest first; for who may read them."""
    actor = actor_of(request)
    actor.require(Permission.AUDIT_READ, actor.institution_id)
    rows, filters = audit_rows(request)
    query = request.GET.urlencode()
    return exporting.send(
        request, "audit.export", name=_("审计记录"), columns=COLUMNS, rows=rows.order_by("-pk"),
        narrowed_by={row["label"]: dict(row.get("choices", ())).get(row["value"], row["value"]) for row in filters},
        back=reverse("institutions:audit", args=[slug]) + (f"?{query}" if query else ""),
    )  # fmt: skip
