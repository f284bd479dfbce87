"""What verification asks of certificates beyond their leaves: content, file, public card, and that no leaf is missing."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from equipment.codes import cards
from portal.ledger import checkpoints, leaves, notes
from portal.ledger.verify import Problem, check
from portal.models import LedgerEntry, LedgerLeaf, SmartCode

from . import content
from .models import Certificate, RawRecord, Reading

BATCH = 200
LATEST = timedelta(minutes=30)  # between an act and its place in the log


@check("certificates")
def certificates_are_as_issued(institution_id: int) -> Iterator[Problem]:
    """Everything with a number still says, holds and shows what was issued. Source: E4.26."""
    witnessed = _witnessed(institution_id, "certificates.Certificate")
    numbered = Certificate.objects.for_work().filter(institution_id=institution_id).exclude(number="").order_by("pk")
    for certificate in numbered.iterator(chunk_size=BATCH):
        for sentence in _problems(certificate, witnessed[certificate.pk]):
            yield Problem(_("证书 %(number)s") % {"number": certificate.number}, sentence, certificate.token)


@check("codes")
def pages_have_their_certificates(institution_id: int) -> Iterator[Problem]:
    """No public page says something of a device without a certificate or a code behind it, whatever its row claims to be.

    Source: E4.26.
    """
    tokens = Certificate.objects.filter(institution_id=institution_id).exclude(token="").values_list("token", flat=True)
    known = {leaves.subject(token) for token in tokens.iterator(chunk_size=BATCH)}
    known |= cards.withdrawn(institution_id)
    pages = SmartCode.objects.filter(institution_id=institution_id)
    pages = pages.exclude(kind=SmartCode.Kind.UNIT, card__kind=SmartCode.Kind.UNIT)
    things = cards.expected(institution_id)
    for pk, digest, card in pages.order_by("pk").values_list("pk", "token_digest", "card").iterator(chunk_size=BATCH):
        if digest in things:
            if any(card.get(name) != fact for name, fact in things[digest].items()):
                said = _("说的不是它所贴的那台器具，被改动过。")
                yield Problem(_("公开页面 %(id)d") % {"id": pk}, said, anomaly_digest=digest)
        elif digest not in known:
            yield Problem(_("公开页面 %(id)d") % {"id": pk}, _("没有证书，是添进来的。"), anomaly_digest=digest)


@check("records")
def records_are_as_submitted(institution_id: int) -> Iterator[Problem]:
    """Every locked record and every correction has its leaf, through which its values are compared."""
    submitted = RawRecord.objects.filter(institution_id=institution_id, state=RawRecord.State.SUBMITTED)
    witnessed = _witnessed(institution_id, "certificates.RawRecord")
    for pk, number in submitted.order_by("pk").values_list("pk", "number").iterator(chunk_size=BATCH):
        if "record.submitted" not in witnessed[pk]:
            yield Problem(_("原始记录 %(number)s") % {"number": number}, _("提交时应有的叶不在账本里。"))
    corrections = Reading.objects.filter(institution_id=institution_id).exclude(replaces=None)
    witnessed = _witnessed(institution_id, "certificates.Reading")
    rows = corrections.order_by("pk").values_list("pk", "record__number", "cell")
    for pk, number, cell in rows.iterator(chunk_size=BATCH):
        if "reading.corrected" not in witnessed[pk]:
            name = _("原始记录 %(number)s 的 %(cell)s") % {"number": number, "cell": cell}
            yield Problem(name, _("有一次更正不在账本里。"))


@check("dates")
def nothing_is_backdated(institution_id: int) -> Iterator[Problem]:
    """No certificate was issued or voided long before a signed head that knew nothing of it.

    In production only: demonstrations and seeds make a past for themselves. Source: E4.26.
    """
    if not settings.PRODUCTION:
        return
    before = notes.newest_before(checkpoints.heads())
    leaves_of = LedgerLeaf.objects.filter(institution_id=institution_id, target="certificates.Certificate")
    kinds = {"certificate.issued": "issued_at", "certificate.voided": "voided_at"}
    rows = list(leaves_of.filter(kind__in=kinds).order_by("pk").values_list("pk", "kind", "target_id"))
    for begin in range(0, len(rows), BATCH):
        batch = rows[begin : begin + BATCH]
        places = dict(LedgerEntry.objects.filter(leaf_id__in=[row[0] for row in batch]).values_list("leaf_id", "index"))
        found = Certificate.objects.in_bulk([row[2] for row in batch])
        for pk, kind, target_id in batch:
            certificate = found.get(target_id)
            stated = getattr(certificate, kinds[kind], None)
            signed = before(places[pk]) if pk in places else None
            if stated and signed and stated < signed - LATEST:
                sentence = _("日期早于账本里没有它的签名检查点：是倒签的，或是后来添进来的。")
                yield Problem(_("证书 %(number)s") % {"number": certificate.number}, sentence, certificate.token)


def _witnessed(institution_id: int, target: str) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    rows = LedgerLeaf.objects.filter(institution_id=institution_id, target=target)
    for target_id, kind in rows.values_list("target_id", "kind"):
        found[target_id].add(kind)
    return found


def _problems(certificate: Certificate, witnessed: set[str]) -> Iterator[str]:
    expected = {"certificate.issued"}
    expected |= {"certificate.pdf"} if certificate.pdf_sha256 else set()
    expected |= {"certificate.voided"} if certificate.state == Certificate.State.VOID else set()
    for kind in sorted(expected - witnessed):
        yield _("应有的叶 %(kind)s 不在账本里。") % {"kind": kind}
    for kind in sorted(witnessed - expected):
        yield _("账本里有 %(kind)s，证书却不是这样：状态被改动过。") % {"kind": kind}
    if certificate.state not in (Certificate.State.ISSUED, Certificate.State.VOID):
        yield _("有编号，状态却不是已签发或已作废：状态被改动过。")
    if certificate.content is None or content.sha256(certificate.content) != certificate.content_sha256:
        yield _("证书内容与签发时的摘要不符，被改动过。")
        return
    try:
        yield from _row_problems(certificate)
        if certificate.pdf_sha256:
            yield from _card_problems(certificate)
    except (AttributeError, KeyError, TypeError):  # an altered row may not even have what a page is made of
        yield _("证书的列或内容缺了一部分，被改动过。")
    if certificate.pdf_sha256:
        yield from _file_problems(certificate)


def _row_problems(certificate: Certificate) -> Iterator[str]:
    """The columns say what the content says: pages and the public card read the columns, the ledger holds the content."""
    if certificate.content["issue"]["number"] != certificate.number:
        yield _("证书编号与证书内容里的不同，被改动过。")
    elif content.issued(certificate, address=certificate.content["issue"]["url"]) != certificate.content:
        yield _("证书的列与证书内容不同，被改动过。")
    said = (certificate.content["body"]["conclusion"] or {}).get("valid_until")
    if (certificate.valid_until.isoformat() if certificate.valid_until else None) != said:
        yield _("有效期与证书内容里的不同，被改动过。")


def _file_problems(certificate: Certificate) -> Iterator[str]:
    try:
        with default_storage.open(certificate.pdf_stored_as) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        yield _("PDF 文件不在了：%(name)s。请从备份恢复。") % {"name": certificate.pdf_stored_as}
        return
    if found != certificate.pdf_sha256:
        yield _("PDF 文件与签发时的字节不符：%(name)s。请从备份恢复。") % {"name": certificate.pdf_stored_as}


def _card_problems(certificate: Certificate) -> Iterator[str]:
    code = SmartCode.objects.filter(
        institution_id=certificate.institution_id, token_digest=leaves.subject(certificate.token)
    ).first()
    if code is None:
        yield _("它的公开页面不在了。")
    elif code.card != content.card(certificate):
        yield _("公开页面上的内容与证书不符，被改动过。")
    elif code.evidence != leaves.evidence(certificate):
        yield _("公开页面上的账本凭据与账本不符，被改动过。")
    elif code.file_digest != certificate.pdf_sha256 or code.stored_as != certificate.pdf_stored_as:
        yield _("公开页面所指的文件不是签发的那一份。")
