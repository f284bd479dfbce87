"""Clauses decided by how a pledge came to be: by which wording, checked by whom, signed by whom, under which code."""

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from institutions.models import Institution, KeyPerson
from portal.clauses import Evidence, Verdict, clause, none_in_breach
from portal.registers.verbs import accepted

from ..days import day_of
from ..facts import LABELS, changed, identity_of
from ..models import Commitment, CommitmentTemplate
from .rows import codes_shown, evidence, lately_public, never_public, page, public, published


@clause("A-3.4-s1")
def has_one_code(institution: Institution, day: date) -> Verdict:
    """Every pledge that was ever public has its page under its own unit code, and there is no unit code without a pledge."""
    rows = published(institution, day)
    known = codes_shown(institution, day)
    wrong = [
        evidence(institution, row, _("单位码的页面没有发布，或与承诺书的状态不一致"))
        for row in rows
        if known.state_of(row.token) != row.state
    ]
    if known.others:
        wrong.append(Evidence(_("单位码"), page(institution), _("有 %(n)d 个不属于任何承诺书") % {"n": known.others}))
    return none_in_breach(
        rows, wrong, nothing=_("还没有公开过承诺书。"), fix=page(institution),
        advice=_("单位码与承诺书不是一一对应。请联系平台运维重新发布。"),
    )  # fmt: skip


def _wordings(institution: Institution) -> list[CommitmentTemplate]:
    """The wordings of the institution's region and of those around it, in use or not."""
    covering = Q(region_code__in=["", *(institution.region_code[:length] for length in (2, 4, 6))])
    return list(CommitmentTemplate.objects.filter(covering))


def _wording_flaw(row: Commitment, wordings: list[CommitmentTemplate]) -> str:
    """Why the pledge should have had other words on the day it was signed, or ""; either of a day of change is good."""
    used, day = row.template, row.signed_on
    if used not in wordings or used.active_from is None or used.active_from > day:
        return _("签署时所用的模板没有启用，或不是本地区的")
    if used.retired_on is not None and used.retired_on < day:
        return _("签署时所用的模板已经停用")
    closer = [
        one for one in wordings
        if len(one.region_code) > len(used.region_code) and one.active_from and one.active_from < day
        and (one.retired_on is None or one.retired_on > day)
    ]  # fmt: skip
    return _("签署时本地区已有自己的模板：%(title)s") % {"title": closer[0]} if closer else ""


@clause("A-8.2.2.1-s1")
def by_the_wording_in_use(institution: Institution, day: date) -> Verdict:
    """Every pledge of the last year is by the wording that was in use in the region on the day it was signed."""
    rows = lately_public(institution, day)
    known = _wordings(institution) if rows else []
    wrong = [evidence(institution, row, text) for row in rows if (text := _wording_flaw(row, known))]
    return none_in_breach(
        rows, wrong, nothing=never_public(), fix=page(institution),
        advice=_("承诺书不是按主管部门当时的现行模板生成的。请撤销后用现行模板重新承诺。"),
    )  # fmt: skip


def _is_checked(row: Commitment) -> bool:
    """Whether somebody else than who drew it up has checked it before it was published."""
    another = row.checked_by_id is not None and row.checked_by_id != row.made_by_id
    return another and row.checked_at is not None and row.checked_at <= row.published_at


@clause("A-8.2.2.1-s2")
def facts_were_checked_and_are_true(institution: Institution, day: date) -> Verdict:
    """Every pledge of the last year was checked by a second person, and the public one says what the register says."""
    rows = lately_public(institution, day)
    wrong = [evidence(institution, row, _("没有经另一人核对")) for row in rows if not _is_checked(row)]
    shown = public(institution, day)
    if shown is not None:
        names = [LABELS[name] for name in changed(shown.facts, identity_of(institution, day))]
        if names:
            text = _("与机构登记不一致：%(names)s") % {"names": "、".join(map(str, names))}
            wrong.append(evidence(institution, shown, text))
    return none_in_breach(
        rows, wrong, nothing=never_public(), fix=page(institution),
        advice=_("承诺书所载信息没有核对，或与登记不一致。请更正登记，或重新起草、核对并签署。"),
    )  # fmt: skip


def _signature_flaw(row: Commitment) -> str:
    """What is wrong with who signed, when and how, or ""."""
    who, on = row.signed_by, row.signed_on
    if who is None:
        return _("没有签署人")
    in_office = who.valid_from <= on and (who.valid_until is None or who.valid_until >= on)
    if who.role != KeyPerson.Role.LEGAL_REPRESENTATIVE or who.state != KeyPerson.State.CURRENT or not in_office:
        return _("签署人不是签署当天在任的法定代表人（负责人）")
    if on > day_of(row.published_at) or (row.checked_at is not None and on < day_of(row.checked_at)):
        return _("签署日期不在核对与公开之间")
    if row.mode == Commitment.Mode.SCREEN or (row.mode == Commitment.Mode.PAPER and accepted(row.scan)):
        return ""
    return _("没有签章扫描件")


@clause("A-8.2.2.1-s3")
def signed_by_who_stands_for_it(institution: Institution, day: date) -> Verdict:
    """Every pledge of the last year was signed by the legal representative of the day: on the screen, or with its scan on file."""
    rows = lately_public(institution, day)
    wrong = [evidence(institution, row, text) for row in rows if (text := _signature_flaw(row))]
    return none_in_breach(
        rows, wrong, nothing=never_public(), fix=page(institution),
        advice=_("承诺书缺少法定代表人（负责人）的有效签署。请核对关键人员登记，或撤销后重新签署。"),
    )  # fmt: skip
