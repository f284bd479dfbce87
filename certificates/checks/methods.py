"""Clauses decided by records and the methods they were measured by: validated, then verified, then used."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import Institution, Method, MethodAdoption, OwnMethod
from portal.clauses import Evidence, Verdict, clause, none_in_breach
from portal.models import Document

from ..models import RawRecord
from .rows import shown_records


def _measured(institution: Institution, day: date) -> QuerySet[RawRecord]:
    """All submitted records up to the day: what a result rested on is judged however long ago."""
    return RawRecord.objects.filter(institution=institution, state=RawRecord.State.SUBMITTED, performed_on__lte=day)


def _shown(institution: Institution, row: MethodAdoption, text: str) -> Evidence:
    return Evidence(
        str(row), reverse("portal:register_row", args=[institution.slug, "adoptions", row.ref]), text, row.pk
    )


@clause("C-5.2.4-s2")
def methods_were_verified(institution: Institution, day: date) -> Verdict:
    """Every adoption has its evidence, and no record was measured by a method that no adoption covered that day."""
    adopted = MethodAdoption.objects.filter(institution=institution, state=MethodAdoption.State.CURRENT)
    verified = (
        adopted.filter(
            method=OuterRef("procedure__method"), site=OuterRef("site"), verified_on__lte=OuterRef("performed_on")
        )
        .filter(Q(ended_on=None) | Q(ended_on__gt=OuterRef("performed_on")))
    )  # fmt: skip
    begun = adopted.filter(verified_on__lte=day)
    bare = begun.filter(report_number="").exclude(file__state=Document.State.ACCEPTED)
    bare = bare.select_related("method", "site").order_by("pk")
    wrong = [_shown(institution, row, _("没有验证记录")) for row in bare]
    wrong += shown_records(_measured(institution, day).exclude(Exists(verified)), institution, _("早于方法验证"))
    return none_in_breach(
        begun.count(), wrong, nothing=_("没有采用的方法。"),
        advice=_("请补作方法验证并上传验证记录；早于验证的记录，请评估结果是否仍可用。"),
    )  # fmt: skip


def _non_standard(institution: Institution) -> QuerySet[OwnMethod]:
    rows = OwnMethod.objects.filter(institution=institution, method__isnull=False)
    return rows.exclude(origin=OwnMethod.Origin.PUBLISHED)


@clause("B-4.6-s4")
def validated_before_use(institution: Institution, day: date) -> Verdict:
    """No record was measured by a non-standard method before that was validated."""
    own = _non_standard(institution).filter(method=OuterRef("procedure__method"))
    early = own.filter(Q(validated_on=None) | Q(validated_on__gt=OuterRef("performed_on")))
    unknown = Q(procedure__method__kind=Method.Kind.NON_STANDARD) & ~Exists(own)
    wrong = _measured(institution, day).filter(Exists(early) | unknown)
    return none_in_breach(
        _non_standard(institution).filter(method__in_force_from__lte=day).count(),
        shown_records(wrong, institution, _("方法确认之前测量")), nothing=_("没有非标准方法。"),
        advice=_("这些记录早于方法确认。请评估影响，必要时重测。"),
    )  # fmt: skip


@clause("C-5.2.4-s3")
def validated_then_verified(institution: Institution, day: date) -> Verdict:
    """Of every non-standard method: validated, then verified at the site, then used."""
    own = _non_standard(institution)
    adopted = MethodAdoption.objects.filter(
        institution=institution, state=MethodAdoption.State.CURRENT, method__kind=Method.Kind.NON_STANDARD,
        verified_on__lte=day,
    )  # fmt: skip
    in_order = own.filter(method=OuterRef("method"), validated_on__lte=OuterRef("verified_on"))
    late = adopted.exclude(Exists(in_order)).select_related("method", "site").order_by("pk")
    wrong = [_shown(institution, row, _("确认晚于验证")) for row in late]
    by_them = _measured(institution, day).filter(procedure__method__kind=Method.Kind.NON_STANDARD)
    verified = adopted.filter(
        method=OuterRef("procedure__method"), site=OuterRef("site"), verified_on__lte=OuterRef("performed_on")
    )
    wrong += shown_records(by_them.exclude(Exists(verified)), institution, _("早于方法验证"))
    return none_in_breach(
        own.filter(method__in_force_from__lte=day).count(), wrong, nothing=_("没有非标准方法。"),
        advice=_("顺序应为：确认、验证、使用。请补作并评估已出数据的影响。"),
    )  # fmt: skip
