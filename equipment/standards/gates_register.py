"""Conditions for a measurement standard in the register, and for what is kept for it."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from institutions import units
from portal.actors import Actor
from portal.models import Document
from portal.transitions import Refusal

from ..models import MeasurementStandard, StandardChange, StandardEvent, StandardItem, StandardPaper
from .facts import BLOCKING, State
from .people import is_engineer
from .rules import has_social_certificate

Kind, Change = MeasurementStandard.Kind, StandardChange.Kind


def code_is_free(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Every measurement standard has a code of its own. Source: C-7.1.2-s1."""
    others = MeasurementStandard.objects.filter(institution_id=standard.institution_id, code=standard.code)
    if other := others.exclude(pk=standard.pk).select_related("institution").first():
        yield Refusal(
            "C-7.1.2-s1",
            _("编号 %(code)s 已经是“%(name)s”的。请换一个编号。") % {"code": other.code, "name": other.name},
            link=other.get_absolute_url(),
            link_text=_("查看计量标准"),
        )


def said_in_legal_units(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Its range and its accuracy are said in legal units."""
    for name in ("range_text", "accuracy"):
        for found in units.illegal_units_in(getattr(standard, name)):
            title = MeasurementStandard._meta.get_field(name).verbose_name
            yield Refusal(
                "data", _("“%(name)s”里的%(advice)s。请换算后改正。") % {"name": title, "advice": found.advice}
            )


def certificate_is_whole(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The assessment certificate is there with all it says, or not at all; its dates are those printed. Source: A-6.1.1."""
    parts = {
        _("考核证书号"): standard.assessment_certificate,
        _("主持考核机关"): standard.assessed_by,
        _("发证日期"): standard.assessed_on,
        _("有效期至"): standard.assessed_until,
    }
    missing = [name for name, value in parts.items() if not value]
    if missing and len(missing) < len(parts):
        yield Refusal(
            "A-6.1.1",
            _("考核证书还缺%(missing)s。请照证书补全；没有证书的，四项都不填。") % {"missing": _("、").join(missing)},
        )
    if standard.assessed_on and standard.assessed_until and standard.assessed_until < standard.assessed_on:
        yield Refusal(
            "A-6.1.1",
            _("考核证书有效期至 %(end)s 早于发证日期 %(start)s。请照证书改正。")
            % {"end": standard.assessed_until, "start": standard.assessed_on},
        )


def filing_is_whole(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The filing has its number and its day, or neither. Source: A-6.1.2-s1, A-6.1.2-s2."""
    if bool(standard.filing_number) != bool(standard.filed_on):
        clause = "A-6.1.2-s1" if standard.kind == Kind.SOCIAL_PUBLIC else "A-6.1.2-s2"
        yield Refusal(clause, _("备案号和备案日期要一起填，或都不填。"))


def social_certificate_suits(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Only a social public standard has that certificate, with the dates printed on it. Source: C-4.1.2-a."""
    given = (standard.social_certificate, standard.social_from, standard.social_until)
    if standard.kind != Kind.SOCIAL_PUBLIC:
        if any(given):
            yield Refusal("C-4.1.2-a", _("只有社会公用计量标准才有社会公用计量标准证书。请更正种类，或清空这几项。"))
        return
    if any(given) and not (standard.social_certificate and standard.social_from):
        yield Refusal("C-4.1.2-a", _("社会公用计量标准证书要有证书号和发证日期。请照证书补全，或都不填。"))
    if standard.social_from and standard.social_until and standard.social_until < standard.social_from:
        yield Refusal("C-4.1.2-a", _("社会公用计量标准证书的有效期至早于发证日期。请照证书改正。"))


def nothing_in_the_future(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Certificates, filings and approvals were given by today; one that is to come is not one yet."""
    today = timezone.localdate(at)
    for name in ("assessed_on", "filed_on", "social_from", "approved_on"):
        day = getattr(standard, name)
        if day and day > today:
            title = MeasurementStandard._meta.get_field(name).verbose_name
            yield Refusal(
                "data",
                _("“%(name)s”%(day)s 在今天（%(today)s）之后。请改正，或到了那天再登记。")
                % {"name": title, "day": day, "today": today},
            )


def responsible_is_qualified(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Whoever answers for it works here and is an engineer or a registered metrologist. Source: C-5.1.1-s3."""
    person, today = standard.responsible, timezone.localdate(at)
    if not person.active_on(today):
        yield Refusal(
            "C-5.1.1-s3", _("%(name)s 今天不在职，不能任计量标准负责人。请另选一人。") % {"name": person.name}
        )
    elif not is_engineer(person, today):
        register_new = reverse("portal:register_new", args=[standard.institution.slug, "credentials"])
        yield Refusal(
            "C-5.1.1-s3",
            _("%(name)s 没有工程师以上职称，也不是注册计量师，不能任计量标准负责人。请先登记其证书，或另选一人。")
            % {"name": person.name},
            link=f"{register_new}?employment={person.ref}",
            link_text=_("登记资格证书"),
        )


def complete_while_in_use(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is in use stays complete when it is amended: certificate, filing, and what its kind needs. Source: C-4.1.2."""
    if standard.state != State.IN_USE:
        return
    if not standard.assessment_certificate:
        yield Refusal("A-6.1.1", _("在用的计量标准要有考核证书。请照证书填写；没有证书的先暂停使用。"))
    yield from kind_is_complete(standard, actor, at)
    yield from is_filed(standard, actor, at)


ASSESSMENT = ("assessment_certificate", "assessed_by", "assessed_on", "assessed_until")


def assessed_with_evidence(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Once it was assessed, another certificate comes with its file; its dates are not typed over. Source: A-6.1.1."""
    if standard.pk is None or standard.state == State.BUILT:
        return
    known = MeasurementStandard.objects.filter(pk=standard.pk).values(*ASSESSMENT).get()
    if any(getattr(standard, name) != value for name, value in known.items()):
        place = [standard.institution.slug, standard.ref]
        yield Refusal(
            "A-6.1.1",
            _("考核过的计量标准，考核证书号和日期不能直接改。请在计量标准页“登记考核”，上传证书。"),
            link=reverse("equipment:standard_assess", args=place),
            link_text=_("登记考核"),
        )


# --- what the kind of a standard asks for, before it is put in use and while it is


def kind_is_complete(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What its kind needs is there: the social certificate, or the approval of the unit. Source: C-4.1.2-a, C-4.1.2-b."""
    if standard.kind == Kind.SOCIAL_PUBLIC and not has_social_certificate(standard, timezone.localdate(at)):
        yield Refusal(
            "C-4.1.2-a",
            _("社会公用计量标准要有今天有效的社会公用计量标准证书。请照证书登记证书号和日期。"),
            **_amending(standard),
        )
    approved = standard.approved_on and standard.approval and standard.approval.state != Document.State.REFUSED
    if standard.kind == Kind.HIGHEST and not approved:
        yield Refusal(
            "C-4.1.2-b", _("最高计量标准要经本单位批准。请登记批准日期，并上传批准文件。"), **_amending(standard)
        )


def is_filed(standard: MeasurementStandard, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Social public and highest standards are filed in the official system. Source: A-6.1.2-s1, A-6.1.2-s2."""
    clause = {Kind.SOCIAL_PUBLIC: "A-6.1.2-s1", Kind.HIGHEST: "A-6.1.2-s2"}.get(Kind(standard.kind))
    if clause and not (standard.filing_number and standard.filed_on):
        yield Refusal(
            clause,
            _("%(kind)s要在指定系统备案。请备案后登记备案号和备案日期。") % {"kind": standard.get_kind_display()},
            **_amending(standard),
        )


def _amending(standard: MeasurementStandard) -> dict[str, str]:
    """Where the missing paper is written down."""
    place = [standard.institution.slug, "measurement-standards", standard.ref]
    return {"link": reverse("portal:register_amend", args=place), "link_text": _("更正")}


# --- what is kept for a standard


def range_in_order(row: StandardItem, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The lower limit is not above the upper one."""
    if row.range_low > row.range_high:
        yield Refusal("data", _("下限 %(low)s 大于上限 %(high)s。请对调或改正。")
                      % {"low": row.range_low, "high": row.range_high})  # fmt: skip


def replacement_stays(row: StandardChange, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A change of parts that wrote itself down stays what it is until it is filed. Source: C-7.1.2-s2."""
    known = StandardChange.objects.filter(pk=row.pk).first() if row.pk else None
    if known and any(getattr(row, name) != getattr(known, name) for name in ("standard_id", "kind", "changed_on")):
        yield from replacement_is_filed_first(known, actor, at)


def replacement_is_filed_first(row: StandardChange, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Nobody strikes off that a part was changed, to go on without filing it. Source: C-7.1.2-s2."""
    changed = (StandardEvent.Kind.PART_ADDED, StandardEvent.Kind.PART_REMOVED)
    parts = StandardEvent.objects.filter(standard=row.standard_id, kind__in=changed, happened_on=row.changed_on)
    if row.filed_on is None and row.kind in (Change.MAIN_STANDARD, Change.SUPPORTING) and parts.exists():
        yield Refusal(
            "C-7.1.2-s2", _("标准器或配套设备确实换过，这一条不能作废或改成别的变更。请申报，并登记申报日期。")
        )


def filed_in_order(row: StandardChange, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A filing has its form and its day; it is accepted after it was made, and nothing of it lies ahead. Source: C-7.1.2-s2."""
    today = timezone.localdate(at)
    if row.accepted_on and not row.filed_on:
        yield Refusal("C-7.1.2-s2", _("填了受理或同意日期，还缺申报日期。请填写“申报日期”。"))
    elif row.accepted_on and row.accepted_on < row.filed_on:
        yield Refusal("C-7.1.2-s2", _("受理或同意日期早于申报日期。请对照申报表改正。"))
    for name in ("filed_on", "accepted_on"):
        day = getattr(row, name)
        if day and day > today:
            title = StandardChange._meta.get_field(name).verbose_name
            yield Refusal("C-7.1.2-s2", _("“%(name)s”在今天之后。请等办完再填。") % {"name": title})


def filed_with_its_form(row: StandardChange, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What bars the use until it is filed is filed with the form, not with a day alone. Source: C-7.1.2-s2, JJF 1033-2023."""
    there = row.file is not None and row.file.state != Document.State.REFUSED
    if row.filed_on and row.kind in BLOCKING and not there:
        yield Refusal(
            "C-7.1.2-s2",
            _(
                "更换标准器或规程，申报以后才能再用，请上传申报表。表格里放不下文件：先登记变更，再打开它补申报日期和申报表。"
            ),
        )


def not_dated_ahead(row: StandardPaper, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A document is there, and was looked through, by today. Source: C-7.1.2-s2."""
    if max(row.dated_on, row.reviewed_on or row.dated_on) > timezone.localdate(at):
        yield Refusal("C-7.1.2-s2", _("文件日期或核对日期在今天之后。请改正日期。"))
    if row.reviewed_on and row.reviewed_on < row.dated_on:
        yield Refusal("C-7.1.2-s2", _("核对日期早于文件日期。请改正其中一个。"))
