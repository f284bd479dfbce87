"""Why a measurement standard may not be used on a day: for anything, or for a certain piece of work.

All is as of the day; nothing has to be switched off when something runs out. Source: A-6.1.1, C-4.1.2.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from portal.transitions import Refusal

from ..models import MeasurementStandard, StandardChange
from . import ranges
from .facts import FEWEST_PEOPLE, State, seen

Kind = MeasurementStandard.Kind
VERIFICATION = "verification"


def rules_against(
    standard: MeasurementStandard, day: date, *, activity: str, external_customer: bool, mandatory: bool,
    instrument: str = "", measurand: str = "", low: Decimal | None = None, high: Decimal | None = None,
    unit: str = "", site_id: int | None = None,
) -> list[Refusal]:  # fmt: skip
    """Everything that kept the standard from being used that day for that work, but for its parts. One query.

    `activity`: "verification" or "calibration". `external_customer`: the work is for somebody else; `mandatory`: the
    instrument is under mandatory verification. `low`, `high`: what is measured, in `unit`; one alone is a point.
    `site_id`: where; a standard that was moved later is not held to it, for it may have been there. What is not named
    narrows nothing. Source: A-6.1.1, C-4.1.2-a, C-4.1.2-b, C-4.1.2-c-s1, C-5.1.1-s2, C-5.1.1-s3, E-8-h.
    """
    found = seen(standard, day)
    against = [*standing(found, day), *kind_against(found, day, activity, external_customer, mandatory)]
    if site_id is not None and site_id != found.site_id and not found.moved_since:
        against.append(_elsewhere(found))
    if instrument or measurand or low is not None or high is not None:
        first, last = (high if low is None else low), (low if high is None else high)
        against += items_against(found, instrument, measurand, first, last, unit)
    return against


def standing(found: MeasurementStandard, day: date) -> Iterator[Refusal]:
    """What is against any use that day. `found`: of `facts.seen_on` the same day."""
    told, link = _told(found, day)
    if found.state == State.HELD:  # whenever it was measured: nothing goes out before the matter is settled
        yield Refusal(
            "E-8-h",
            _("计量标准“%(name)s”已暂停量值传递。请改用别的计量标准；原因查清、由质量或技术负责人恢复以后再用。")
            % told,
            **link,
        )
    elif found.state_that_day != State.IN_USE:
        told["state"] = State(found.state_that_day).label
        yield Refusal(
            "C-4.1.2",
            _("计量标准“%(name)s”在 %(day)s 的状态是“%(state)s”，不能用于量值传递。请改用在用的计量标准。") % told,
            **link,
        )
    if not found.assessed_for(day):
        yield _not_assessed(found, told, link)
    for change in found.unfiled:
        told |= {"what": StandardChange.Kind(change["kind"]).label, "changed": change["day"]}
        yield Refusal(
            "C-4.1.2",
            _("计量标准“%(name)s”在 %(changed)s %(what)s，到 %(day)s 还没有申报。请先申报并登记申报日期，再使用。")
            % told,
            **link,
        )
    if not found.has_main:
        yield Refusal(
            "A-6.5.1-s3",
            _("计量标准“%(name)s”在 %(day)s 没有登记计量标准器。请先在计量标准页补充。") % told,
            **link,
        )
    yield from people_against(found, day)


def _not_assessed(found: MeasurementStandard, told: dict[str, Any], link: dict[str, str]) -> Refusal:
    if not found.assessment_certificate:
        sentence = _("计量标准“%(name)s”没有考核证书，不能用于量值传递。请先申请考核，取得证书后登记。")
        return Refusal("A-6.1.1", sentence % told, **link)
    told |= {"certificate": found.assessment_certificate, "start": found.assessed_on, "end": found.assessed_until}
    return Refusal(
        "A-6.1.1",
        _(
            "计量标准“%(name)s”的考核证书 %(certificate)s 有效期 %(start)s 至 %(end)s，不含 %(day)s。"
            "请改用考核有效的计量标准，或先完成复查考核。"
        )
        % told,
        **link,
    )


def people_against(found: MeasurementStandard, day: date) -> Iterator[Refusal]:
    """It has a responsible person who is fit, and two people who may work with it. Source: C-5.1.1-s2, C-5.1.1-s3."""
    told, link = _told(found, day)
    told["person"] = found.responsible.name
    if not found.responsible_there:
        yield Refusal(
            "C-5.1.1-s3",
            _("计量标准“%(name)s”的负责人 %(person)s 在 %(day)s 不在职。请指定在职的负责人。") % told,
            **link,
        )
    elif not found.responsible_qualified:
        yield Refusal(
            "C-5.1.1-s3",
            _(
                "计量标准“%(name)s”的负责人 %(person)s 在 %(day)s 没有工程师以上职称，也不是注册计量师。"
                "请登记证书，或另指定负责人。"
            )
            % told,
            **link,
        )
    if found.field and found.people < FEWEST_PEOPLE:
        told |= {"field": found.field, "count": found.people}
        yield Refusal(
            "C-5.1.1-s2",
            _("“%(field)s”专业在 %(day)s 有授权的检定、校准人员只有 %(count)d 人，少于 2 人。请先补充授权。") % told,
            **link,
        )


def kind_against(
    found: MeasurementStandard, day: date, activity: str, external_customer: bool, mandatory: bool
) -> Iterator[Refusal]:
    """What the kind of the standard is not for. Source: C-4.1.2-a, C-4.1.2-b, C-4.1.2-c-s1."""
    told, link = _told(found, day)
    if found.kind == Kind.SOCIAL_PUBLIC and external_customer and not has_social_certificate(found, day):
        yield Refusal(
            "C-4.1.2-a",
            _("“%(name)s”在 %(day)s 没有有效的社会公用计量标准证书，不能对外进行量值传递。请先取得证书并登记。") % told,
            **link,
        )
    if found.kind == Kind.HIGHEST and not (found.approved and found.approved_on and found.approved_on <= day):
        yield Refusal(
            "C-4.1.2-b",
            _("最高计量标准“%(name)s”到 %(day)s 没有本单位的批准。请先批准，登记批准日期和批准文件。") % told,
            **link,
        )
    if found.entitled:
        return
    if found.kind == Kind.HIGHEST and (external_customer or mandatory):
        yield Refusal(
            "C-4.1.2-b",
            _(
                "最高计量标准“%(name)s”没有计量授权时只能用于本单位内部的非强制检定和校准。"
                "请改用社会公用计量标准，或先取得计量授权并登记资质。"
            )
            % told,
            **link,
        )
    if (activity == VERIFICATION and external_customer) or mandatory:
        yield Refusal(
            "C-4.1.2-c-s1",
            _("本机构在 %(day)s 没有有效的计量授权，不能对外检定，也不能做内部强制检定。请先取得授权，在资质里登记。")
            % told,
            **link,
        )


def has_social_certificate(standard: MeasurementStandard, day: date) -> bool:
    """Whether the certificate of a social public standard covered the day. Source: C-4.1.2-a."""
    if not standard.social_certificate or standard.social_from is None or standard.social_from > day:
        return False
    return standard.social_until is None or day <= standard.social_until


def items_against(
    found: MeasurementStandard, instrument: str, measurand: str, low: Decimal | None, high: Decimal | None, unit: str
) -> list[Refusal]:
    """What its certificate does not list: the instrument, the measurand, or a part of the range. Source: C-4.1.2."""
    told, link = _told(found)
    what = _("、").join(filter(None, [instrument, measurand]))
    mine = ranges.named(found.served, instrument, measurand)
    if not mine:
        sentence = _("计量标准“%(name)s”的开展项目里没有“%(what)s”。请改用别的计量标准，或照考核证书补登开展项目。")
        return [Refusal("C-4.1.2", sentence % {**told, "what": what or unit}, **link)]
    if low is None or high is None or ranges.reach_over(mine, min(low, high), max(low, high), unit):
        return []
    told |= {"low": f"{low.normalize():f}", "high": f"{high.normalize():f}", "unit": unit}
    sentence = _("计量标准“%(name)s”的开展项目不含 (%(low)s～%(high)s) %(unit)s。请改用范围合适的计量标准。")
    return [Refusal("C-4.1.2", sentence % told, **link)]


def _elsewhere(found: MeasurementStandard) -> Refusal:
    told, link = _told(found)
    told["site"] = found.site.name
    sentence = _("计量标准“%(name)s”存放在%(site)s，不能用于别的场所的项目。请改用本场所的计量标准。")
    return Refusal("C-4.1.2", sentence % told, **link)


def _told(found: MeasurementStandard, day: date | None = None) -> tuple[dict[str, Any], dict[str, str]]:
    return {"name": found.name, "day": day}, {"link": found.get_absolute_url(), "link_text": _("查看计量标准")}
