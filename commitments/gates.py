"""Conditions that must hold before a pledge takes its next step."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from institutions.models import Employment
from portal.actors import Actor
from portal.models import Document
from portal.transitions import Refusal

from . import eligibility, facts, holding
from .days import day_of
from .models import Commitment, CommitmentTemplate, CommitmentWithdrawal, Hearing, Remediation


def wording_is_in_use(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The wording is the one in force for the institution's region. Source: A-8.2.2.1-s1."""
    current = CommitmentTemplate.objects.for_region(row.institution.region_code, day_of(at)).first()
    if current is None or current.pk != row.template_id:
        yield Refusal("A-8.2.2.1-s1", _("承诺书模板已更新。请放弃这份草稿，用现行模板重新起草。"))


def last_withdrawal_is_remedied(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What ended the last pledge has been put right, and the regulator has accepted it. Source: A-9.3-s2."""
    last = (
        CommitmentWithdrawal.objects.filter(institution_id=row.institution_id).order_by("-withdrawn_at", "-pk").first()
    )
    if last is None or not holding.is_to_be_remedied(last):
        return
    if not Remediation.objects.filter(withdrawal=last, state=Remediation.State.ACCEPTED).exists():
        yield Refusal("A-9.3-s2", _("上一份承诺书已撤销，整改还没有经主管部门认可。请先提交整改。"))
    elif row.checked_at is not None and row.checked_at < last.withdrawn_at:
        yield Refusal("A-9.3-s2", _("这份承诺书在上一份撤销之前就核对好了。请放弃它，重新起草、核对、签署。"))


def there_is_something_to_remedy(row: Remediation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What the institution took back of its own accord has as a rule no cause that could be put right. Source: A-9.3-s2."""
    if not holding.is_to_be_remedied(row.withdrawal):
        yield Refusal("A-9.3-s2", _("这份承诺由本机构自行撤销，不用整改。请直接重新起草。"))


def conditions_are_met_again(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """After a withdrawal no other pledge is drawn up before the conditions for pledging hold. Source: A-9.3-s2."""
    if CommitmentWithdrawal.objects.filter(institution_id=row.institution_id).exists():
        for line in eligibility.conditions(row.institution, day_of(at)):
            if not line.holds:
                yield Refusal("A-9.3-s2", f"{line.title}：{line.verdict.advice}", line.verdict.fix, _("去处理"))


def nothing_else_is_in_the_making(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """One pledge at a time is drawn up, checked and signed."""
    if Commitment.objects.filter(institution_id=row.institution_id, state__in=Commitment.IN_THE_MAKING).exists():
        yield Refusal("state", _("已有一份承诺书正在办理。请接着办完，或者先放弃它，再重新起草。"))


def no_other_is_public(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The pledge that is public has been taken back before another one is published. Source: A-8.2.1-s2."""
    other = Commitment.objects.filter(institution_id=row.institution_id, state=Commitment.State.PUBLIC).first()
    if other is not None and other.pk != row.pk:
        said = {"number": other.number}
        yield Refusal("A-8.2.1-s2", _("承诺书 %(number)s 仍然公开。请法定代表人先撤销它，再公开新的一份。") % said)


def facts_checked_by_another(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Who checks the facts is somebody else than who drew them up. Source: A-8.2.2.1-s2."""
    if made_by_same_person(row, actor):
        yield Refusal("A-8.2.2.1-s2", _("起草人不能核对自己的草稿。请由另一人核对。"))


def nothing_else_is_to_be_decided(row: Remediation, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What the pledge was charged with before it fell by something else is decided first. Source: A-9.3-s2."""
    if Hearing.objects.filter(commitment=row.withdrawal.commitment_id, state__in=Hearing.OPEN).exists():
        yield Refusal("A-9.3-s2", _("这份承诺的拟撤销告知还没有决定。请先作出决定，再认可整改。"))


def made_by_same_person(row: Commitment, actor: Actor) -> bool:
    """Whether who acts drew the pledge up, under this employment or an earlier one, or is not known to be somebody else."""
    if actor.employment_id is None or row.made_by is None or actor.employment_id == row.made_by_id:
        return True
    return Employment.objects.filter(pk=actor.employment_id, person=row.made_by.person_id).exists()


def by_a_colleague(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Who draws it up or confirms it is known as somebody who works here. Source: A-8.2.2.1-s2, A-8.2.2.3."""
    if actor.employment_id is None:
        yield Refusal("A-8.2.2.3", _("您的账号没有关联人员台账，不知道是谁办理的。请机构管理员先关联。"))


def facts_are_as_registered(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Name, credit code, address and legal representative are those of the register today. Source: A-8.2.2.1-s2."""
    for name in facts.changed(row.facts, facts.facts_of(row.institution, day_of(at))):
        said = {"what": facts.LABELS[name]}
        yield Refusal("A-8.2.2.1-s2", _("%(what)s与机构登记的不一致。请更正登记，或重新起草并核对。") % said)


def institution_is_eligible(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Every condition for pledging holds today. Source: A-4.1.1, A-4.3."""
    for line in eligibility.lines(row.institution, day_of(at)):
        if not line.holds:
            yield Refusal(line.clause, f"{line.title}：{line.verdict.advice}", line.verdict.fix, _("去处理"))


def signed_by_the_legal_representative(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The signer is the legal representative of the day of signing. Source: A-8.2.2.1-s3."""
    if row.signed_on is None or row.signed_on > day_of(at):
        yield Refusal("A-8.2.2.1-s3", _("请填写签署日期，不能晚于今天。"))
        return
    if row.checked_at is not None and row.signed_on < day_of(row.checked_at):
        yield Refusal("A-8.2.2.1-s3", _("签署日期早于核对日期。请核对后再签署。"))
    signer = eligibility.legal_representative(row.institution, row.signed_on)
    if signer is None or signer.pk != row.signed_by_id:
        yield Refusal(
            "A-8.2.2.1-s3",
            _("签署人不是签署当天登记的法定代表人（负责人）。请由法定代表人签署，或先更正关键人员登记。"),
        )


def signs_in_person(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """On the screen the signer is who sits there. Source: A-8.2.2.1-s3."""
    if (
        row.signed_by is None
        or row.signed_by.employment_id is None
        or row.signed_by.employment_id != actor.employment_id
    ):
        yield Refusal("A-8.2.2.1-s3", _("在线签署只能由法定代表人（负责人）本人登录办理。"))


def paper_is_wanted(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is signed stays so; only a scan that the inspection has turned away is replaced. Source: A-8.2.2.1-s3."""
    if row.state == Commitment.State.SIGNED and (row.scan is None or row.scan.state != Document.State.REFUSED):
        yield Refusal(
            "A-8.2.2.1-s3", _("这份承诺书已经签署。扫描件被拒收时才能换一份；要改签署方式，请放弃后重新起草。")
        )


def scan_is_on_file(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A paper pledge has its scan with signature and seal, accepted, and never seen before. Source: A-8.2.2.1-s3."""
    if row.mode != Commitment.Mode.PAPER:
        return
    if row.scan is not None and row.scan.state == Document.State.REFUSED:
        why = {"why": row.scan.refused_because}
        yield Refusal("A-8.2.2.1-s3", _("签章扫描件被拒收：%(why)s 请重新扫描后再上传。") % why)
    elif row.scan is None or row.scan.state != Document.State.ACCEPTED:
        yield Refusal("A-8.2.2.1-s3", _("还没有通过检查的签章扫描件。请上传，或稍等文件检查完成。"))


def conditions_hold(row: Commitment, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Nothing that a pledge falls by has arisen. Source: A-9.3."""
    day = day_of(at)
    since = day_of(row.published_at) if row.published_at else day
    broken = holding.first_break(row.institution, day, since)
    if broken is not None and broken.day <= day:
        yield Refusal("A-9.3-s1", _("%(why)s。请先处理，再公开承诺。") % {"why": broken.text})


def a_public_pledge_is_heard_once(row: Hearing, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What is to be withdrawn is public, and nobody waits for another hearing about it."""
    pledge = Commitment.objects.get(pk=row.commitment_id)  # whoever has the page open may hold an older one
    if pledge.state != Commitment.State.PUBLIC:
        said = {"state": pledge.get_state_display()}
        yield Refusal(
            "state", _("承诺书的状态是“%(state)s”，只有公开的承诺书才能告知拟撤销。请刷新页面查看最新情况。") % said
        )
    elif pledge.hearings.filter(state__in=Hearing.OPEN).exists():
        yield Refusal("state", _("已经告知过拟撤销，还没有作出决定。请先就上一次告知作出决定。"))


# In whose name one refuses that hands on what the checks found.
CLAUSES = {institution_is_eligible: eligibility.CLAUSES}
TITLES = {
    wording_is_in_use: gettext_lazy("模板现行有效"),
    last_withdrawal_is_remedied: gettext_lazy("上次撤销已整改认可"),
    conditions_are_met_again: gettext_lazy("撤销之后承诺条件重新齐备"),
    nothing_else_is_in_the_making: gettext_lazy("没有其他承诺书在办"),
    no_other_is_public: gettext_lazy("没有另一份公开的承诺书"),
    facts_checked_by_another: gettext_lazy("由另一人核对"),
    by_a_colleague: gettext_lazy("由本机构人员办理"),
    there_is_something_to_remedy: gettext_lazy("有需要整改的情形"),
    nothing_else_is_to_be_decided: gettext_lazy("没有未决的拟撤销告知"),
    facts_are_as_registered: gettext_lazy("承诺书与登记一致"),
    institution_is_eligible: gettext_lazy("承诺条件齐备"),
    signed_by_the_legal_representative: gettext_lazy("法定代表人签署"),
    signs_in_person: gettext_lazy("本人在线签署"),
    paper_is_wanted: gettext_lazy("签署以后不改"),
    scan_is_on_file: gettext_lazy("签章扫描件齐备"),
    conditions_hold: gettext_lazy("没有撤诺情形"),
    a_public_pledge_is_heard_once: gettext_lazy("承诺公开且没有未决的告知"),
}
