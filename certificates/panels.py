"""What certificates put on the today page and into the navigation."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders.models import Item
from orders.panels import item_panel
from portal import history, menu
from portal.permissions import Permission
from portal.today import Panel, panel

from . import presentation
from .models import Certificate, RawRecord

State = Certificate.State
MOST = 8
GONE = (State.VOID, State.ABANDONED)


def _rows(certificates, slug):
    certificates = certificates.select_related("record__item__customer", "operator").order_by(
        "record__item__promised_on", "pk"
    )
    return [
        {
            "number": row.number or row.record.number,
            "url": reverse("certificates:certificate", args=[slug, row.ref]),
            "item": f"{row.record.item.name} {row.record.item.model}",
            "customer": row.record.item.customer.name,
            "kind": row.get_kind_display(),
            "operator": row.operator.name,
            "state": presentation.CERTIFICATE_TONES[row.state],
            "state_title": row.get_state_display(),
            "promised_on": row.record.item.promised_on,
            "reason": row.returned_reason,
        }
        for row in certificates[:MOST]
    ]


def _queue(actor, institution, day, states, title, hint, queue):
    waiting = Certificate.objects.visible_to(actor).filter(state__in=states)
    rows = _rows(waiting, institution.slug)
    context = {
        "title": title, "hint": hint, "rows": rows, "count": waiting.count(), "day": day,
        "url": reverse("certificates:list", args=[institution.slug]) + (f"?queue={queue}" if queue else ""),
        "mixed": len(states) > 2,
    }  # fmt: skip
    return Panel("certificates/_queue.html", context)


@panel(order=10, permission=Permission.CERTIFICATE_APPROVE)
def waiting_for_approval(actor, institution, day):
    states = [State.CHECKED, State.APPROVED]
    return _queue(actor, institution, day, states, _("待我批准"), _("承诺日最早的在前"), "approve")


@panel(order=11, permission=Permission.CERTIFICATE_CHECK)
def waiting_for_check(actor, institution, day):
    return _queue(actor, institution, day, [State.DRAFT], _("待我核验"), _("承诺日最早的在前"), "check")


@panel(order=15, permission=Permission.CERTIFICATE_VOID)
def on_their_way(actor, institution, day):
    """For whoever answers for quality: everything between record and issue, whoever's turn it is."""
    if actor.may(Permission.CERTIFICATE_APPROVE):
        return None
    states = [State.DRAFT, State.RETURNED, State.CHECKED, State.APPROVED]
    return _queue(actor, institution, day, states, _("在途证书"), _("核验、批准、更正，承诺日最早的在前"), "")


@panel(order=12, permission=Permission.RECORD_WRITE)
def my_records(actor, institution, day):
    """The operator's open data sheets."""
    rows = (
        RawRecord.objects.visible_to(actor)
        .filter(operator_id=actor.employment_id, state=RawRecord.State.DRAFT)
        .select_related("item__customer", "procedure", "institution")
        .order_by("item__promised_on", "pk")[:MOST]
    )
    return Panel("certificates/_my_records.html", {"rows": list(rows), "day": day})


@panel(order=14, permission=Permission.RECORD_WRITE)
def items_to_measure(actor, institution, day):
    """Items on the shelf that nobody has begun, the earliest promise first."""
    waiting = Item.objects.visible_to(actor).filter(state=Item.State.RECEIVED)
    rows = waiting.select_related("customer").order_by("promised_on", "pk")[:MOST]
    return Panel("certificates/_items.html", {"rows": list(rows), "count": waiting.count(), "day": day})


@panel(order=13, permission=Permission.RECORD_WRITE)
def returned_to_me(actor, institution, day):
    """What came back to this operator, with the reason; nothing when nothing did."""
    mine = Certificate.objects.visible_to(actor).filter(state=State.RETURNED, operator_id=actor.employment_id)
    rows = _rows(mine, institution.slug)
    return Panel("certificates/_returned.html", {"rows": rows}, side=True) if rows else None


@item_panel
def records_of_item(actor, item):
    """The item's records with their certificates, and the button that begins the next one."""
    records = RawRecord.objects.visible_to(actor).filter(item=item).select_related("operator", "institution")
    rows = [
        {"record": record, "certificate": record.certificates.order_by("-pk").first()}
        for record in records.order_by("-pk")[:MOST]
    ]
    busy = any(row["record"].state == RawRecord.State.DRAFT for row in rows)
    certified = any(row["certificate"] and row["certificate"].state not in GONE for row in rows)
    may_start = actor.may(Permission.RECORD_WRITE) and not busy and not certified
    return Panel("certificates/_item_records.html", {"rows": rows, "item": item, "may_start": may_start})


def _waiting(states):
    def count(actor):
        return Certificate.objects.visible_to(actor).filter(state__in=states).count() or None

    return count


def register():
    """The pages of this app are in the navigation, and its verbs have names in every timeline."""
    menu.register(menu.Item("证书", _("原始记录"), "certificates:records", "edit", 10))
    menu.register(
        menu.Item(
            "证书", _("证书"), "certificates:list", "certificate", 20,
            count=_waiting([State.DRAFT, State.CHECKED, State.APPROVED]),
        )
    )  # fmt: skip
    menu.register(menu.Item("资源", _("数据表"), "certificates:procedures", "table", 50))
    history.register(
        {
            "procedure.propose": _("编制数据表"),
            "procedure.approve": _("批准数据表"),
            "procedure.retire": _("停用数据表"),
            "rawrecord.start": _("开始记录"),
            "rawrecord.submit": _("提交并锁定记录"),
            "rawrecord.abandon": _("放弃记录"),
            "certificate.draft": _("生成证书草稿"),
            "certificate.check": _("核验通过"),
            "certificate.send_back": _("退回"),
            "certificate.resubmit": _("更正后再次提交"),
            "certificate.abandon": _("放弃证书草稿"),
            "certificate.approve": _("批准"),
            "certificate.issue": _("签发"),
            "certificate.export": _("导出证书清单"),
            "certificate.attach_pdf": _("PDF 存档并公布器具码"),
            "certificate.download": _("下载 PDF"),
            "certificate.void": _("作废"),
        }
    )
