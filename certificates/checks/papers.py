"""Clauses decided by issued certificates: what they say, who signed them, in which order."""

from datetime import date

from django.db.models import Count, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models import JSONField as Json
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions import units
from institutions.models import Institution, MethodReview
from orders.models import Item
from portal.clauses import Evidence, Verdict, clause, none_in_breach

from ..models import Certificate, RawRecord
from .rows import ISSUED, Says, papers, shown_papers, year_before

Kind = Certificate.Kind


def _judged(rows: QuerySet[Certificate], wrong: Q | Says, institution: Institution, advice: str, **more) -> Verdict:
    nothing = more.pop("nothing", None) or _("近 365 天没有签发证书。")
    return none_in_breach(
        rows.count(), shown_papers(rows.filter(wrong), institution), nothing=nothing, advice=advice, **more
    )


def _calibrations(institution: Institution, day: date) -> QuerySet[Certificate]:
    return papers(institution, day, Kind.CALIBRATION)


def _blank(*paths: str) -> Says:
    """Whether the content lacks the text at one of these paths, or has it empty. A path may go through all of a list.

    One condition for all paths, so that a certificate's content is unpacked once.
    """
    groups: dict[str, list[str]] = {}
    for path in paths:
        parent, star, name = path.rpartition("[*].")
        groups.setdefault(f"$.{parent}{star.rstrip('.')}" if star else "$", []).append(name)
    conditions = [f"exists({parent} ? ({' || '.join(map(_lacks, names))}))" for parent, names in groups.items()]
    return Says(f"$ ? ({' || '.join(conditions)})")


def _lacks(name: str) -> str:
    return f'!(exists(@.{name})) || @.{name} == "" || @.{name} == null'


# --- the code, the file, the chain of people


@clause("A-3.4-s2", "B-6.6.3-s1")
def carries_its_code(institution: Institution, day: date) -> Verdict:
    """Every certificate has its own device code and verification code, and they are on its PDF.

    Its hash the database asks for: issued_certificate_is_complete.
    """
    missing = Q(token="") | Q(verification_code="") | Q(pdf_sha256="")
    rows = papers(institution, day)
    twins = Certificate.objects.filter(institution=institution).exclude(token="").values("token")
    wrong = missing | Q(token__in=twins.annotate(count=Count("pk")).filter(count__gt=1).values("token"))
    return _judged(rows, wrong, institution, _("这些证书没有自己的器具码，或 PDF 还没有生成。请检查后台任务。"))


@clause("B-6.1.7-7.8.1-b")
def snapshot_is_kept(institution: Institution, day: date) -> Verdict:
    """The data and the PDF of every certificate are kept as issued."""
    wrong = Q(content__isnull=True) | Q(pdf_sha256="") | Q(pdf_stored_as="")
    return _judged(papers(institution, day), wrong, institution, _("这些证书没有存档的数据或 PDF。请检查后台任务。"))


@clause("B-6.1.5.1-a")
def has_a_locked_record(institution: Institution, day: date) -> Verdict:
    """Every certificate rests on a submitted record."""
    wrong = ~Q(record__state=RawRecord.State.SUBMITTED)
    return _judged(papers(institution, day), wrong, institution, _("这些证书没有锁定的原始记录。请作废并重测。"))


def _unsigned() -> Q:
    """Not checked and approved, in this order, by two people other than the operator and each other."""
    same = Q(checker__person=F("operator__person")) | Q(approver__person=F("operator__person"))
    same |= Q(checker__person=F("approver__person"))
    order = Q(checked_at__gte=F("approved_at")) | Q(approved_at__gt=F("issued_at"))
    missing = Q(checker=None) | Q(approver=None) | Q(checked_at=None) | Q(approved_at=None)
    return missing | same | order


@clause("B-6.1.7-s2", "B-6.1.7-7.8.1-a")
def checked_and_approved(institution: Institution, day: date) -> Verdict:
    """Every certificate was checked, then approved, then issued, by three different persons."""
    return _judged(
        papers(institution, day), _unsigned(), institution,
        _("这些证书没有经三个不同的人依次检校、核验、批准。请作废并重新办理。"),
    )  # fmt: skip


@clause("A-6.6-s3")
def nothing_is_made_up(institution: Institution, day: date) -> Verdict:
    """No certificate breaks the chain of item, record, check and approval. Penalties are not recorded yet."""
    broken = _unsigned() | ~Q(record__state=RawRecord.State.SUBMITTED) | Q(record__submitted_at__gt=F("checked_at"))
    return _judged(
        papers(institution, day), broken, institution, _("这些证书的办理链条不完整。请作废并查明原因。"),
        rest=_("办理链条完整；行政处罚记录尚未纳入系统，不能判为符合。"),
    )  # fmt: skip


# --- by which method


@clause("A-6.5.1-s2", "B-6.1.2-s2")
def methods_were_in_force(institution: Institution, day: date) -> Verdict:
    """Every certificate was measured by a method in force on the day, by the catalogue and by the latest review here."""
    reviews = MethodReview.objects.filter(
        institution=institution, method=OuterRef("record__procedure__method"), state=MethodReview.State.CURRENT,
        reviewed_on__lte=day,
    ).order_by("-reviewed_on", "-pk")  # fmt: skip
    rows = papers(institution, day).annotate(found_ended_on=Subquery(reviews.values("ends_on")[:1]))
    wrong = Q(record__procedure__method__in_force_from__gt=F("record__performed_on"))
    wrong |= Q(record__procedure__method__in_force_until__lte=F("record__performed_on"))
    wrong |= Q(found_ended_on__lte=F("record__performed_on"))
    return _judged(rows, wrong, institution, _("这些证书依据的方法当天不是现行有效。请换版后重测。"))


@clause("C-6.4.3.2")
def verification_follows_its_sheet(institution: Institution, day: date) -> Verdict:
    """A verification certificate reports a verification by an approved data sheet, and states its validity."""
    wrong = Q(valid_until=None) | Q(record__procedure__approved_by=None)
    wrong |= ~Q(record__item__activity=Item.Activity.VERIFICATION)
    return _judged(
        papers(institution, day, Kind.VERIFICATION), wrong, institution,
        _("这些检定证书没有有效期，或数据表未经批准。请查明原因。"), nothing=_("近 365 天没有签发检定证书。"),
    )  # fmt: skip


# --- what a calibration certificate says


def _calibration(institution: Institution, day: date, wrong: Q | Says, advice: str) -> Verdict:
    nothing = _("近 365 天没有签发校准证书。")
    return _judged(_calibrations(institution, day), wrong, institution, advice, nothing=nothing)


@clause("C-6.4.2.2-s2", "B-6.1.7-7.8.4-a")
def states_uncertainty(institution: Institution, day: date) -> Verdict:
    """Every line of a calibration certificate has its expanded uncertainty, and the certificate its k."""
    wrong = Q(_blank("body.results[*].rows[*].U", "body.uncertainty.k"))
    wrong |= ~Q(Says("$.body.results[*].rows[*]"))
    return _calibration(institution, day, wrong, _("这些校准证书有结果没有给出 U 和 k。请出代替证书。"))


@clause("B-6.1.7-7.8.4-b")
def states_environment(institution: Institution, day: date) -> Verdict:
    """Every calibration certificate states the conditions under which it was made."""
    return _calibration(
        institution,
        day,
        ~Q(Says('$.body.environment[*] ? (@.value != "")')),
        _("这些校准证书没有环境条件。请出代替证书。"),
    )


@clause("B-6.1.7-7.8.4-c")
def states_traceability(institution: Institution, day: date) -> Verdict:
    """Every calibration certificate names the standards with certificate, validity and whom they are traced to."""
    wrong = ~Q(Says('$.body.standards[*] ? (@.role == "main")'))
    wrong |= Q(_blank(*(f"body.standards[*].{name}" for name in ("certificate_number", "valid_until", "issuer"))))
    return _calibration(institution, day, wrong, _("这些校准证书没有写全计量溯源信息。请出代替证书。"))


@clause("C-6.4.2.5-s2")
def states_no_interval(institution: Institution, day: date) -> Verdict:
    """No calibration certificate states a validity; agreed intervals are not offered yet."""
    wrong = Q(valid_until__isnull=False) | Q(Says("$.body.conclusion.valid_until ? (@ != null)"))
    return _calibration(institution, day, wrong, _("这些校准证书写了有效期或复校间隔。请出代替证书。"))


def _stating_conformity(institution: Institution, day: date) -> QuerySet[Certificate]:
    return papers(institution, day).filter(Says("$.body.conformity ? (@.stated == true)"))


@clause("C-6.4.2.3-s1", "B-6.1.7-7.8.4-d")
def conformity_names_its_clauses(institution: Institution, day: date) -> Verdict:
    """A statement of conformity names the specification and the items it is about."""
    wrong = _blank("body.conformity.specification", "body.conformity.clauses")
    return _judged(
        _stating_conformity(institution, day), wrong, institution, _("这些符合性声明没有写明规范和条款。请出代替证书。"),
        nothing=_("近 365 天没有作符合性声明。"),
    )  # fmt: skip


@clause("C-6.4.2.3-s3")
def conformity_has_a_rule(institution: Institution, day: date) -> Verdict:
    """A statement of conformity names its decision rule, and came to a verdict."""
    wrong = _blank("body.conformity.rule", "body.conformity.verdict")
    return _judged(
        _stating_conformity(institution, day), wrong, institution, _("这些符合性声明没有判定规则。请出代替证书。"),
        nothing=_("近 365 天没有作符合性声明。"),
    )  # fmt: skip


GENERAL = (
    "kind", "institution.name", "institution.address", "place.site", "place.address", "customer.name", "method.code",
    "item.name", "item.serial_number", "item.condition", "received_on", "performed_on", "people.approver.name",
)  # fmt: skip


@clause("B-6.1.7-7.8.2")
def general_information_is_whole(institution: Institution, day: date) -> Verdict:
    """No certificate leaves one of the general items blank. What the portal does not do, sampling, needs none."""
    wrong = Q(_blank("issue.number", "issue.issued_on", "body.results[*].unit", *(f"body.{name}" for name in GENERAL)))
    wrong |= ~Q(Says("$.body.results[*].rows[*]")) | ~Q(Says("$.body.statements[*]"))
    return _judged(papers(institution, day), wrong, institution, _("这些证书缺通用信息。请出代替证书。"))


@clause("A-6.7")
def units_are_legal(institution: Institution, day: date) -> Verdict:
    """Units of results, and units in the words about the item, are legal units of measurement."""
    rows = papers(institution, day)
    symbols = Func(
        F("content"), Value("$.body.results[*].unit"), function="jsonb_path_query_array", output_field=Json()
    )
    used = {unit for found in rows.values_list(symbols).distinct() for unit in found[0] or ()}
    illegal = sorted(unit for unit in used if not units.is_legal(unit))
    wrong = Q(pk__in=[])
    for unit in illegal:
        wrong |= Q(content__body__results__contains=[{"unit": unit}])
    texts = rows.values_list("record__item__name", "record__item__model", "record__item__condition").distinct()
    for name, model, condition in texts:
        if units.illegal_units_in(f"{name} {model} {condition}"):
            wrong |= Q(record__item__name=name, record__item__model=model, record__item__condition=condition)
    return _judged(rows, wrong, institution, _("这些证书用了非法定计量单位。请出代替证书。"))


# --- every finished item has its paper


def _finished(institution: Institution, day: date, activity: str, *kinds: str) -> Verdict:
    items = Item.objects.filter(institution=institution, activity=activity, received_on__range=year_before(day))
    papers_of = Certificate.objects.filter(record__item=OuterRef("pk"), institution=institution, kind__in=kinds)
    bare = items.filter(state=Item.State.DONE).exclude(Exists(papers_of.filter(state__in=ISSUED))).order_by("pk")
    return none_in_breach(
        items.count(),
        [
            Evidence(str(row), reverse("orders:item", args=[institution.slug, row.ref]), row.get_state_display(), row.pk)
            for row in bare
        ],
        nothing=_("近 365 天没有接收这类样品。"), advice=_("这些样品已完成，却没有签发证书。请补发证书。"),
    )  # fmt: skip


@clause("C-6.4.1-s1")
def verifications_end_in_a_paper(institution: Institution, day: date) -> Verdict:
    """Every finished verification has its certificate or its notice."""
    return _finished(institution, day, Item.Activity.VERIFICATION, Kind.VERIFICATION, Kind.NOTICE)


@clause("C-6.4.2.1")
def calibrations_end_in_a_paper(institution: Institution, day: date) -> Verdict:
    """Every finished calibration has its calibration certificate."""
    return _finished(institution, day, Item.Activity.CALIBRATION, Kind.CALIBRATION)
