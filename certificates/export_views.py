"""The ledger of certificates, as the list shows it and as a file."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions import exporting
from portal.actors import actor_of
from portal.permissions import Permission
from portal.routes import door

from .models import Certificate
from .record_views import asked

State = Certificate.State
QUEUES = {
    "check": (_("待核验"), [State.DRAFT]),
    "approve": (_("待批准"), [State.CHECKED, State.APPROVED]),
    "returned": (_("已退回"), [State.RETURNED]),
    "issued": (_("已签发"), [State.ISSUED]),
    "void": (_("已作废"), [State.VOID]),
}
COLUMNS = {
    _("证书编号"): lambda row: row.number,
    _("种类"): lambda row: row.get_kind_display(),
    _("记录编号"): lambda row: row.record.number,
    _("器具"): lambda row: row.record.item.name,
    _("型号"): lambda row: row.record.item.model,
    _("出厂编号"): lambda row: row.record.item.serial_number,
    _("客户"): lambda row: row.record.item.customer.name,
    _("检校日期"): lambda row: row.record.performed_on,
    _("检定/校准员"): lambda row: row.operator.name,
    _("核验员"): lambda row: row.checker and row.checker.name,
    _("批准人"): lambda row: row.approver and row.approver.name,
    _("签发时间"): lambda row: row.issued_at,
    _("有效期至"): lambda row: row.valid_until,
    _("状态"): lambda row: row.get_state_display(),
    _("内容 SHA-256"): lambda row: row.content_sha256,
}


def chosen(request: HttpRequest) -> tuple[str, str, QuerySet]:
    """The queue and the text that the address asks for, and the certificates they leave."""
    rows = Certificate.objects.visible_to(actor_of(request))
    rows = rows.select_related("record__item__customer", "operator", "checker", "approver")
    queue, text = asked(request, "queue", "q").values()
    if queue in QUEUES:
        rows = rows.filter(state__in=QUEUES[queue][1])
    if text:
        rows = rows.matching(text)
    return queue, text, rows


@door("POST", right=Permission.EXPORT, limit="export")
def certificate_export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The certificates of the list as a file, newest first."""
    queue, text, rows = chosen(request)
    query = request.GET.urlencode()
    return exporting.send(
        request, "certificate.export", name=_("证书清单"), columns=COLUMNS,
        rows=rows.defer("body", "content", "record__device", "record__points").order_by("-pk"),
        narrowed_by={_("状态"): QUEUES[queue][0] if queue in QUEUES else "", _("查找"): text},
        back=reverse("certificates:list", args=[slug]) + (f"?{query}" if query else ""),
    )  # fmt: skip
