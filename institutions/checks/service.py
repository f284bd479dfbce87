"""Clauses decided by activities, awards, incentives, membership and brand."""

from collections.abc import Callable
from datetime import date

from django.utils.translation import gettext as _

from portal.clauses import Verdict, clause, existing, none_in_breach, not_applicable

from ..models import (
    Activity,
    Award,
    Brand,
    Declaration,
    Incentive,
    Institution,
    Partnership,
)
from .rows import CURRENT, current, declarations, evidence, filed, lately, listed, page, years_before

Kind = Activity.Kind


def held(institution: Institution, day: date, *kinds: str) -> Verdict:
    """An activity of one of these kinds took place within the year and is proven."""
    rows = filed(lately(current(Activity, institution).filter(kind__in=kinds), "held_on", day))
    titles = dict(Kind.choices)
    named = {"kinds": "、".join(str(titles[kind]) for kind in kinds)}
    return existing(
        [evidence(institution, "activities", row, str(row.held_on)) for row in rows.order_by("-held_on", "-pk")],
        advice=_("近 365 天没有附证明的活动：%(kinds)s。举办后请登记。") % named,
        fix=page(institution, "activities", kind=kinds[0]),
    )  # fmt: skip


def _held(name: str, kind: str) -> Callable[[Institution, date], Verdict]:
    def check(institution: Institution, day: date) -> Verdict:
        return held(institution, day, kind)

    check.__name__ = check.__qualname__ = f"activity_for_{name}"
    return check


ACTIVITIES = {
    "A-5.4.1": Kind.INTEGRITY_CULTURE,
    "A-6.5.4": Kind.NEW_TECHNOLOGY,
    "B-6.4-f": Kind.PUBLIC_WELFARE,
    "B-6.4-h": Kind.POLICY_SERVICE,
    "D-5.7.3": Kind.TRANSFER,
}
for _name, _kind in ACTIVITIES.items():
    clause(_name)(_held(_name, _kind))


def _reviewed(institution: Institution, day: date, *aspects: str) -> Verdict:
    """A review of social responsibility of the year covers these aspects."""
    rows = filed(lately(current(Activity, institution).filter(kind=Kind.RESPONSIBILITY_REVIEW), "held_on", day))
    whole = rows.filter(aspects__contains=list(aspects))
    titles = dict(Activity.Aspect.choices)
    named = {"aspects": "、".join(str(titles[aspect]) for aspect in aspects)}
    return existing(
        [evidence(institution, "activities", row, str(row.held_on)) for row in whole],
        advice=_("近 365 天没有覆盖这些方面的社会责任自我评价：%(aspects)s。") % named,
        fix=page(institution, "activities", kind=Kind.RESPONSIBILITY_REVIEW.value),
    )  # fmt: skip


@clause("B-6-s1")
def responsibility_is_reviewed(institution: Institution, day: date) -> Verdict:
    """Law, social impact, welfare, certifications, credit and ESG."""
    return _reviewed(institution, day, "law", "social_impact", "public_welfare", "certifications", "credit", "esg")


@clause("B-6.4-e")
def impacts_are_assessed(institution: Institution, day: date) -> Verdict:
    """Quality, safety, environment, energy and public health."""
    return _reviewed(institution, day, "quality", "safety", "environment", "energy", "public_health")


@clause("B-6.5.2-s2")
def publicity_is_true(institution: Institution, day: date) -> Verdict:
    """What was said in public about the brand was checked to be true."""
    rows = list(lately(current(Activity, institution).filter(kind=Kind.BRAND_PUBLICITY), "held_on", day))
    wrong = [evidence(institution, "activities", row, _("没有核实")) for row in rows if not row.checked_true]
    return none_in_breach(
        rows, wrong, nothing=_("近 365 天没有品牌宣传。"), advice=_("请核实宣传内容，属实的勾选“已核实属实”。"),
        fix=listed(institution, "activities"),
    )  # fmt: skip


@clause("B-6.5.5")
def good_conduct_is_honoured(institution: Institution, day: date) -> Verdict:
    """A reward or an activity of culture within the year; who has none is free to."""
    rewards = lately(current(Incentive, institution).filter(kind=Incentive.Kind.REWARD), "decided_on", day)
    found = [evidence(institution, "incentives", row) for row in rewards.select_related("employment")]
    found += list(held(institution, day, Kind.CULTURE).evidence)
    return existing(found, advice="") if found else not_applicable(_("可选条款：近一年没有表彰或文化活动。"))


@clause("B-5.5-s2")
def incentives_are_on_record(institution: Institution, day: date) -> Verdict:
    """Rewards and penalties of the year by the rules of integrity, or a signed statement that there were none."""
    rules = {"document__kind": "integrity_rules", "document__state": CURRENT}
    rows = lately(current(Incentive, institution).filter(**rules), "decided_on", day).select_related("employment")
    none = declarations(institution, Declaration.Kind.NOTHING_TO_REWARD, day)
    found = [evidence(institution, "incentives", row) for row in rows]
    found += [evidence(institution, "declarations", row) for row in none]
    return existing(
        found,
        advice=_("近一年没有依据诚信管理制度的奖惩记录。请登记；确实没有的，登记“本年无奖惩的声明”。"),
        fix=page(institution, "incentives"),
    )


@clause("B-6.4-a")
def belongs_to_the_profession(institution: Institution, day: date) -> Verdict:
    """Member of a society, or active in one within the year."""
    rows = current(Partnership, institution).filter(kind=Partnership.Kind.SOCIETY).valid_on(day)
    found = [evidence(institution, "partnerships", row) for row in rows]
    found += list(held(institution, day, Kind.SOCIETY).evidence)
    return existing(
        found,
        advice=_("没有学协会或技术委员会的成员资格，近一年也没有参加活动。"),
        fix=page(institution, "partnerships", kind="society"),
    )


@clause("B-6.4-d")
def is_praised(institution: Institution, day: date) -> Verdict:
    """An award or a good word on file within three years."""
    rows = filed(current(Award, institution).filter(awarded_on__gt=years_before(day, 3), awarded_on__lte=day))
    return existing(
        [evidence(institution, "awards", row) for row in rows], advice=_("近三年没有附证明的荣誉或评价。"),
        fix=page(institution, "awards"),
    )  # fmt: skip


@clause("B-6.5.1")
def has_a_brand(institution: Institution, day: date) -> Verdict:
    """A name or mark with its design."""
    rows = current(Brand, institution).exclude(design="")
    return existing(
        [evidence(institution, "brands", row) for row in rows],
        advice=_("还没有登记品牌。"),
        fix=page(institution, "brands"),
    )
