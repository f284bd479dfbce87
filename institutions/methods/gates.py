"""Conditions that must hold before a method is adopted, looked up, validated or put in force."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime

from django.utils.translation import gettext as _

from portal.actors import Actor
from portal.clock import CHINA
from portal.registers.verbs import accepted
from portal.transitions import Refusal

from ..models import Credential, Employment, Method, MethodAdoption, MethodReview, OwnMethod
from .currency import REVIEW_AT_LEAST_EVERY, ending
from .uses import first_measured_on

# How the codes of national regulations and specifications begin; nothing else may look like one.
NATIONAL = {
    Method.Kind.REGULATION: re.compile(r"JJG \d+(\.\d+)?-\d{4}"),
    Method.Kind.SPECIFICATION: re.compile(r"JJF \d+(\.\d+)?-\d{4}"),
}


def day_of(at: datetime) -> date:
    """The day of an instant in Shanghai."""
    return at.astimezone(CHINA).date()


def entitled_to_validate(employment: Employment, field: str, day: date) -> bool:
    """Whether a level-1 metrologist's certificate or a senior title covers the field on the day. Source: B-4.5-c."""
    return any(
        row.may_validate(field, day)
        for row in Credential.objects.filter(institution_id=employment.institution_id, employment=employment)
    )


def not_later_than_today(day: date | None, at: datetime, what: str) -> Iterator[Refusal]:
    """What is reported as done is not in the future."""
    if day is not None and day > day_of(at):
        yield Refusal("day", _("%(what)s %(day)s 还没有到。请填已经完成的日期。") % {"what": what, "day": day})


# --- adoption


def adopted_while_current(row: MethodAdoption, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The method had not ended on the day it was verified, by somebody who worked here. Source: C-5.2.4-s2.

    It may be verified before it comes into force, as soon as its text is published.
    """
    yield from not_later_than_today(row.verified_on, at, _("验证日期"))
    method = row.method
    end = ending(row.institution_id, method)
    if end is not None and row.verified_on >= end.on:
        yield Refusal(
            "C-5.2.4-s2",
            _("%(code)s 自 %(day)s 失效%(successor)s，不能再采用。请选现行版本。")
            % {"code": method.code, "day": end.on, "successor": _successor(end.successor)},
        )
    if not row.verified_by.active_on(row.verified_on):
        yield Refusal("C-5.2.4-s2", _("验证人 %(name)s 在验证日期不在职。请核对验证人或日期。")
                      % {"name": row.verified_by.name})  # fmt: skip


def _successor(code: str) -> str:
    return _("，已由 %(code)s 代替") % {"code": code} if code else ""


def validated_before_verified(row: MethodAdoption, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A non-standard method is validated before it is verified at a site. Source: C-5.2.4-s3."""
    if row.method.is_standard:
        return
    own = OwnMethod.objects.filter(institution_id=row.institution_id, method_id=row.method_id).first()
    if own is None or own.validated_on is None or row.verified_on < own.validated_on:
        yield Refusal("C-5.2.4-s3", _("非标准方法要先确认、再验证：确认日期 %(day)s，验证不能更早。请核对验证日期。")
                      % {"day": own.validated_on if own and own.validated_on else _("未登记")})  # fmt: skip


def ended_after_it_began(row: MethodAdoption, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """An adoption is given up on a day that has come, not before it was verified."""
    yield from not_later_than_today(row.ended_on, at, _("停用日期"))
    if row.ended_on is not None and row.ended_on < row.verified_on:
        yield Refusal("data", _("停用日期早于验证日期 %(day)s。请核对两个日期。") % {"day": row.verified_on})


def adopted_once(row: MethodAdoption, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A site has one current adoption of a method."""
    same = MethodAdoption.objects.filter(
        institution_id=row.institution_id, method_id=row.method_id, site_id=row.site_id,
        state=MethodAdoption.State.CURRENT,
    ).exclude(pk=row.pk)  # fmt: skip
    if same.exists():
        yield Refusal("data", _("%(site)s 已经采用 %(code)s。请更正那一行，不要重复登记。")
                      % {"site": row.site.name, "code": row.method.code})  # fmt: skip


def measured_only_after(row: MethodAdoption, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What results already rest on is not taken from under them. Source: C-5.2.4-s2."""
    if row.pk is None:
        return
    stored = MethodAdoption.objects.get(pk=row.pk, institution_id=row.institution_id)
    first = first_measured_on(row.institution_id, stored.method_id, stored.site_id)
    if first is None:
        return
    moved = (row.method_id, row.site_id) != (stored.method_id, stored.site_id)
    if moved or row.verified_on > max(first, stored.verified_on):
        yield Refusal("C-5.2.4-s2", _("自 %(day)s 起已有记录使用这次验证，方法和场所不能改，验证日期不能改晚。请另行登记。")
                      % {"day": first})  # fmt: skip


# --- 查新


def review_is_conclusive(row: MethodReview, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Somebody at work looked, not in the future, and says since when an ended method has ended. Source: C-5.2.3-s1."""
    yield from not_later_than_today(row.reviewed_on, at, _("查新日期"))
    if not row.reviewer.active_on(row.reviewed_on):
        yield Refusal("C-5.2.3-s1", _("查新人 %(name)s 在查新日期不在职。请核对。") % {"name": row.reviewer.name})
    ended = row.result != MethodReview.Result.CURRENT
    if ended and row.ends_on is None:
        yield Refusal("C-5.2.3-s1", _("结果是“%(result)s”，请填失效日期：新版本实施或公告废止的日期。")
                      % {"result": row.get_result_display()})  # fmt: skip
    if not ended and (row.ends_on or row.successor):
        yield Refusal("C-5.2.3-s1", _("结果是“现行有效”，就不填失效日期和新版本编号。请核对结果。"))
    if row.result == MethodReview.Result.SUPERSEDED and not row.successor:
        yield Refusal("C-5.2.3-s1", _("结果是“已被代替”，请填新版本编号，例如 JJG 52-2013。"))
    if row.next_review_on is None:
        return
    if row.next_review_on <= row.reviewed_on:
        yield Refusal("C-5.2.3-s1", _("下次查新要晚于查新日期 %(day)s。") % {"day": row.reviewed_on})
    elif row.next_review_on > row.reviewed_on + REVIEW_AT_LEAST_EVERY:
        yield Refusal("C-5.2.3-s1", _("两次查新的间隔不能超过一年。请把下次查新提前。"))


# --- a method of one's own


def code_is_free(row: OwnMethod, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """No other method goes by the code, and nothing but a national one looks like it. Source: C-5.2.4-s2."""
    if Method.objects.filter(owner=None, code=row.code).exists():
        yield Refusal("data", _("方法目录里已有 %(code)s，直接采用即可，不用另行登记。") % {"code": row.code})
    same = OwnMethod.objects.filter(institution_id=row.institution_id, code=row.code).exclude(pk=row.pk)
    if same.exclude(state=OwnMethod.State.WITHDRAWN, method=None).exists():
        yield Refusal("data", _("本机构已有编号 %(code)s。新版本请用新编号，例如改年号。") % {"code": row.code})
    plain = _plainly(row.code)
    for kind, shape in NATIONAL.items():
        if bool(shape.fullmatch(row.code)) != (row.kind == kind) or (row.code != plain and shape.fullmatch(plain)):
            yield Refusal("data", _("“%(code)s”与种类“%(kind)s”不符：国家规程写 JJG 52-2013，国家规范写 JJF 1071-2010，其他编号不能这样写。")
                          % {"code": row.code, "kind": row.get_kind_display()})  # fmt: skip
    later = _later_edition(row)
    if later is not None:
        yield Refusal("C-5.2.4-s2", _("%(code)s 不是现行版本，目录里已有 %(later)s。请采用 %(later)s。")
                      % {"code": row.code, "later": later.code})  # fmt: skip


def _plainly(code: str) -> str:
    """A code as a reader takes it, however it is spaced, hyphened and cased: "ＪＪｇ52—2013" is JJG 52-2013."""
    close = re.sub(r"\s", "", unicodedata.normalize("NFKC", code).upper())
    return re.sub(r"^(JJ[GF])(?=\d)", r"\1 ", re.sub(r"[‐-―−ー一_](?=\d)", "-", close))


def _later_edition(row: OwnMethod) -> Method | None:
    """The method of the catalogue that is a later edition of the same national regulation or specification."""
    if row.kind not in NATIONAL:
        return None
    series, _dash, year = row.code.rpartition("-")
    known = Method.objects.filter(owner=None, code__startswith=f"{series}-")
    return max((one for one in known if one.code[-4:] > year), key=lambda one: one.code, default=None)


def kind_fits_origin(row: OwnMethod, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What its users made or changed is a non-standard method, whatever it is called. Source: B-6.1.2-s4."""
    if row.is_non_standard != (row.kind == Method.Kind.NON_STANDARD):
        yield Refusal("B-6.1.2-s4", _("来源是“%(origin)s”，种类不能是“%(kind)s”。自编、客户提供、改动或超范围使用的都是非标准方法。")
                      % {"origin": row.get_origin_display(), "kind": row.get_kind_display()})  # fmt: skip


def developer_is_entitled(row: OwnMethod, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A non-standard method is developed by a level-1 metrologist or somebody with a senior title. Source: B-4.5-c."""
    if not row.is_non_standard:
        return
    if row.developer is None:
        yield Refusal("B-4.5-c", _("非标准方法要写明开发人。请选择开发人。"))
    elif not entitled_to_validate(row.developer, row.field, day_of(at)):
        yield Refusal("B-4.5-c", _not_entitled(row.developer, row.field, day_of(at)))


def _not_entitled(employment: Employment, field: str, day: date) -> str:
    return _("%(name)s 在 %(day)s 没有“%(field)s”专业有效的一级注册计量师证书或高级职称。请换人，或先在“资格证书”登记。") % {
        "name": employment.name, "day": day, "field": field,
    }  # fmt: skip


def replaces_one_in_force(row: OwnMethod, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A new edition takes the place of one that is in force, and not of itself."""
    if row.replaces is not None and (row.replaces.state != OwnMethod.State.CURRENT or row.replaces_id == row.pk):
        yield Refusal("data", _("只能代替现行有效的旧版本。请重新选择，或留空。"))


def validator_is_entitled(row: OwnMethod, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Whoever validates was entitled to on the day, and it is not in the future. Source: B-4.5-c, B-4.6-s4."""
    yield from not_later_than_today(row.validated_on, at, _("确认日期"))
    if not row.validator.active_on(row.validated_on):
        yield Refusal("B-4.5-c", _("确认人 %(name)s 在确认日期不在职。请核对。") % {"name": row.validator.name})
    elif not entitled_to_validate(row.validator, row.field, row.validated_on):
        yield Refusal("B-4.5-c", _not_entitled(row.validator, row.field, row.validated_on))


def needs_validation(row: OwnMethod, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What others published is verified, not validated; what is validated has its full text. Source: B-6.1.2-s5."""
    if not row.is_non_standard:
        yield Refusal("B-6.1.2-s4", _("目录外的标准方法不用确认，验证后直接实施。"))
    if row.text is None:
        yield Refusal("B-6.1.2-s5", _("还没有方法全文。请先在“更正”里上传全文，再确认。"))


def papers_are_kept(row: OwnMethod, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The full text is kept; of a non-standard method also the validation and the evaluation.

    Source: B-6.1.2-s4, B-6.1.2-s5.
    """
    asked = [("B-6.1.2-s5", _("方法全文"), row.text)]
    if row.is_non_standard:
        asked += [
            ("B-4.6-s4", _("确认记录"), row.validation),
            ("B-6.1.2-s4", _("不确定度评定报告"), row.evaluation),
        ]
    for clause, title, document in asked:
        if not accepted(document):
            yield Refusal(clause, _("%(title)s还没有检查通过的文件。请上传，或等文件检查完再实施。") % {"title": title})


def validated_first(row: OwnMethod, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A non-standard method comes into force from being validated, not from its draft. Source: B-4.6-s4."""
    if row.is_non_standard and row.validated_on is None:
        yield Refusal("B-4.6-s4", _("这是非标准方法，要先由有资格的人确认。请先登记确认。"))
