"""Conditions that must hold before a record is submitted and a certificate is checked, approved and issued.

Every gate sees the row (record or certificate), the actor and the time, and yields a refusal for each thing that is
wrong: its clause, what is wrong, what to do, where. All are shown at once. Validity is judged on the day of
measurement and, for what must also hold on the day of issue, again on that day.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.urls import reverse
from django.utils.translation import gettext as _

from institutions import units
from institutions.methods.currency import ending, warning
from institutions.models import Authorisation, Method, MethodAdoption, ScopeItem
from institutions.scope import choosing, judging
from orders.models import Item
from portal import decimals, glyphs
from portal.clock import CHINA
from portal.transitions import Refusal

from . import canonical, conformity, datasheet
from .models import Procedure

LONGEST_DELAY = timedelta(days=1)
LIVING = ("draft", "returned", "checked", "approved", "issued")


def day_of(at: datetime):
    return at.astimezone(CHINA).date()


def _link(row, name, *args):
    return reverse(name, args=[row.institution.slug, *args])


def _pointer(row, text, name, *args):
    """Where a refusal points, to be called only when there is one: making an address takes longer than most gates."""
    return {"link": _link(row, name, *args), "link_text": text}


def procedure_has_two_people(procedure, actor, at) -> Iterator[Refusal]:
    """The one who approves a data sheet is not the one who proposed it. Source: C-5.2.4-s2."""
    proposer = procedure.proposed_by
    if actor.person_id is None or (proposer is not None and proposer.person_id == actor.person_id):
        yield Refusal("C-5.2.4-s2", _("数据表由一人编制、另一人批准。请由另一位技术负责人批准。"))


def method_is_adopted(procedure, actor, at) -> Iterator[Refusal]:
    """A data sheet is approved for a current method that some site has verified. Source: C-5.2.4-s2, B-6.1.2-s2."""
    adopted = MethodAdoption.objects.living().filter(
        institution_id=procedure.institution_id, method_id=procedure.method_id
    )
    if not adopted.exists():
        yield Refusal(
            "C-5.2.4-s2", _("%(code)s 还没有在任何场所完成方法验证，数据表不能批准。请先登记方法采用。")
            % {"code": procedure.method.code}, link=_link(procedure, "institutions:methods"), link_text=_("查看方法"),
        )  # fmt: skip
    end = ending(procedure.institution_id, procedure.method)
    if end is not None and end.on <= day_of(at):
        yield Refusal(
            "B-6.1.2-s2", warning(procedure.institution_id, procedure.method, day_of(at)),
            link=_link(procedure, "institutions:method", procedure.method.ref), link_text=_("查看方法"),
        )  # fmt: skip


def item_is_free(record, actor, at) -> Iterator[Refusal]:
    """No other record of the item is open or certified: a form sent twice opens one data sheet."""
    open_ones = record.item.records.filter(state="draft")
    certified = record.item.records.filter(certificates__state__in=LIVING)
    other = (open_ones | certified).distinct().first()
    if other is not None:
        yield Refusal(
            "B-5.8-a",
            _("样品 %(item)s 已有记录 %(record)s。请继续填写它；要重新记录，请先放弃它。")
            % {"item": record.item.number, "record": other.number},
            link=_link(other, "certificates:record", other.ref), link_text=_("打开记录"),
        )  # fmt: skip


def procedure_is_approved(record, actor, at) -> Iterator[Refusal]:
    """A record is begun with an approved version of its data sheet, and with no other. Source: C-5.2.4-s2."""
    procedure = Procedure.objects.get(pk=record.procedure_id)
    if procedure.state != Procedure.State.APPROVED:
        yield Refusal("C-5.2.4-s2", _("数据表“%(name)s”当前状态为“%(state)s”，不能用来做新记录。请重新选择数据表。")
                      % {"name": procedure, "state": procedure.get_state_display()})  # fmt: skip


# --- what was read


def points_span_the_range(row, actor, at) -> Iterator[Refusal]:
    """A verification has as many different points as its data sheet asks for, from its lowest to its highest one.

    At which points a calibration is made is agreed with the customer. Source: A-6.5.1-s3, docs/procedures.md.
    """
    dossier = row.dossier
    record, definition = dossier.record, dossier.definition
    if record.item.activity != Item.Activity.VERIFICATION or not dossier.points:
        return
    proposed = [decimals.parse(text) for text in datasheet.default_points(definition, record.device)]
    fewest = definition["points"].get("minimum_count", 1)
    if len(set(dossier.points)) < fewest:
        yield Refusal("A-6.5.1-s3", _("检定点只有 %(now)d 个，数据表要求至少 %(fewest)d 个不同的点。请放弃本记录，按规程选点重测。")
                      % {"now": len(set(dossier.points)), "fewest": fewest})  # fmt: skip
    if proposed and (min(dossier.points) > min(proposed) or max(dossier.points) < max(proposed)):
        yield Refusal(
            "A-6.5.1-s3",
            _("检定点没有覆盖全量程：须从 %(low)s %(unit)s 到 %(high)s %(unit)s。请放弃本记录，按规程选点重测。")
            % {"low": f"{min(proposed):f}", "high": f"{max(proposed):f}", "unit": definition["unit"]},
        )


def conclusion_can_be_drawn(row, actor, at) -> Iterator[Refusal]:
    """A finished verification has passed or failed: a paper that says neither is not issued. Source: C-6.4.1-s1."""
    sheet = row.dossier.sheet
    decided = sheet.verdict in (conformity.Verdict.PASS, conformity.Verdict.FAIL)
    # Where the standard is too coarse, `standard_is_suitable` says so.
    if sheet.activity == datasheet.VERIFICATION and sheet.complete and not decided and sheet.ratio_met is not False:
        yield Refusal("C-6.4.1-s1", _("作不出检定结论：数据表没有给出全部项目的允许值。请技术负责人修改数据表后重测。"))


def sheet_is_complete(row, actor, at) -> Iterator[Refusal]:
    """Every cell of the data sheet has a readable value. Source: B-5.7-a, C-6.3.2."""
    sheet = row.dossier.sheet
    if sheet.missing:
        yield Refusal("B-5.7-a", _("数据表还有 %(count)d 格没有填写。请补测并填写。") % {"count": sheet.missing})
    for check in sheet.checks:
        if not check.result and not sheet.missing:
            yield Refusal("B-5.7-a", _("“%(title)s”没有填写。请补充。") % {"title": check.title})
    for problem in sheet.problems:
        if problem.blocking:
            yield Refusal("C-6.3.2", problem.named)


def environment_is_suitable(row, actor, at) -> Iterator[Refusal]:
    """Every required condition was recorded and lies within the method's limits. Source: B-4.2-s4, D-4.2.2.1-s3."""
    for condition in row.dossier.sheet.conditions:
        if condition.sentence:
            yield Refusal("B-6.1.7-7.8.4-b" if condition.met is None else "B-4.2-s4", condition.sentence)


def recorded_in_time(row, actor, at) -> Iterator[Refusal]:
    """The record was begun on the day of measurement, or says why not; never before it. Source: C-6.3.3-s1."""
    record = row.dossier.record
    started = day_of(record.started_at)
    if record.performed_on > started:
        yield Refusal("C-6.3.3-s1", _("检校日期 %(day)s 晚于记录开始的日期。请放弃本记录，在检校当天重新记录。")
                      % {"day": record.performed_on})  # fmt: skip
    elif started - record.performed_on > LONGEST_DELAY and not record.late_reason:
        yield Refusal("C-6.3.3-s1", _("检校日期 %(day)s 比记录开始早超过一天，又没有说明理由。请放弃本记录并重新记录。")
                      % {"day": record.performed_on})  # fmt: skip


# --- what it was measured with


def standard_was_assessed(row, actor, at) -> Iterator[Refusal]:
    """The measurement standard might be used on the day for this work: its assessment was valid, its kind allows it, and
    its items reach over the points. Source: A-6.1.1, B-5.8-d, C-4.1.2, C-4.1.2-a, C-4.1.2-b."""
    yield from row.dossier.against_standard


def equipment_was_traced(row, actor, at) -> Iterator[Refusal]:
    """Everything that was measured with might be used on the day: in use, traced and confirmed, nothing overdue.

    Source: A-6.2.2, C-5.4.2-s1, B-4.4.2-s1, D-4.4.3.2-s1.
    """
    for refusals in row.dossier.against_equipment.values():
        yield from refusals


def standard_is_suitable(row, actor, at) -> Iterator[Refusal]:
    """The standard's range covers every point and its uncertainty fits the method's ratio. Source: B-5.7-e."""
    dossier = row.dossier
    main = dossier.main
    if main is None:
        yield Refusal("A-6.5.1-s3", _("计量标准“%(name)s”没有登记计量标准器。请先在计量标准页补充。")
                      % {"name": dossier.standard.name})  # fmt: skip
        return
    if not dossier.standard_figures:
        yield Refusal("C-6.4.2.2-s2", _("%(name)s 的溯源证书没有登记扩展不确定度 U 和 k，无法评定结果的不确定度。请在设备页补充登记。")
                      % {"name": main}, link=_link(row, "equipment:detail", main.ref), link_text=_("查看设备"))  # fmt: skip
    low, high = main.range_low, main.range_high
    outside = [
        point
        for point in dossier.points
        if not _within(judging.converted(point, dossier.definition["unit"], main.unit), low, high)
    ]
    if outside:
        yield Refusal("B-5.7-e", _("标准器 %(name)s 的测量范围 %(range)s 不含检校点 %(points)s。请改用量程合适的标准器。")
                      % {"name": main, "range": main.range_text, "points": "、".join(map(str, outside))})  # fmt: skip
    if dossier.record.item.activity == Item.Activity.VERIFICATION and dossier.sheet.ratio_met is False:
        yield Refusal(
            "B-5.7-e", _("扩展不确定度 U 超过最大允许误差绝对值的 1/3，不能用于检定。请改用更高准确度的标准器。")
        )


def _within(value, low, high) -> bool:
    return None not in (value, low, high) and low <= value <= high


# --- by which method, in which scope


def method_was_in_force(row, actor, at) -> Iterator[Refusal]:
    """The method was 现行有效 on the day; a verification follows a regulation. Source: A-6.5.1-s2, B-6.1.2-s2."""
    dossier = row.dossier
    method, end = dossier.record.procedure.method, dossier.method_ends
    if dossier.record.item.activity == Item.Activity.VERIFICATION and method.kind != Method.Kind.REGULATION:
        yield Refusal("A-6.5.1-s2", _("检定须执行检定规程，%(code)s 是%(kind)s。请改用依据检定规程的数据表，或按校准受理。")
                      % {"code": method.code, "kind": method.get_kind_display()})  # fmt: skip
    ended = end is not None and end.on <= dossier.day
    if ended or dossier.day < method.in_force_from:
        verification = dossier.record.item.activity == Item.Activity.VERIFICATION
        successor = _("，已由 %(code)s 代替") % {"code": end.successor} if ended and end.successor else ""
        yield Refusal(
            "A-6.5.1-s2" if verification else "B-6.1.2-s2",
            _("%(code)s 在检校日 %(day)s 不是现行有效版本%(successor)s。请换用现行版本的数据表重测。")
            % {"code": method.code, "day": dossier.day, "successor": successor},
            link=_link(row, "institutions:methods"), link_text=_("查看方法"),
        )  # fmt: skip


def method_was_verified(row, actor, at) -> Iterator[Refusal]:
    """The method had been verified at the site by the day, and a non-standard one validated. Source: C-5.2.4-s2, s3."""
    dossier = row.dossier
    method = dossier.record.procedure.method
    if dossier.adoption is None:
        yield Refusal(
            "C-5.2.4-s2",
            _("%(code)s 在“%(site)s”检校前没有完成方法验证，或已停用。请由技术负责人先登记验证。")
            % {"code": method.code, "site": dossier.record.site.name},
            link=_link(row, "institutions:methods"), link_text=_("查看方法"),
        )  # fmt: skip
    elif not method.is_standard and not dossier.method_was_validated:
        yield Refusal(
            "C-5.2.4-s3", _("非标准方法 %(code)s 验证之前没有经过确认，不能用来出数据。请先完成方法确认。")
            % {"code": method.code}, link=_link(row, "institutions:methods"), link_text=_("查看方法"),
        )  # fmt: skip


def points_are_inside_scope(row, actor, at) -> Iterator[Refusal]:
    """Every point lies inside a line of scope for the instrument, quantity, method and site. Source: A-6.1.3, B-5.8-e.

    What is wrong with the qualification behind the line, `qualification_is_valid` says.
    """
    link = partial(_pointer, row, _("查看能力范围"), "institutions:scope")
    for refusal, lines in _scope_refusals(row.dossier):
        if refusal.clause == judging.MORE_THAN_ONE:
            yield replace(refusal, link=choosing.address(row.institution.slug, lines), link_text=_("选定一条"))
        elif refusal.clause not in (judging.QUALIFICATION, judging.AUTHORISATION):
            yield replace(refusal, **link())


def scope_is_of_the_field(row, actor, at) -> Iterator[Refusal]:
    """The lines are filed under the field of the data sheet: the rule of two people counts by it. Source: C-5.1.1-s2."""
    dossier = row.dossier
    lines = {line.pk: line for point in dossier.points if (line := dossier.judged(point).line) is not None}
    for line in lines.values():
        if line.field != dossier.field:
            yield Refusal(
                "C-5.1.1-s2",
                _("能力范围“%(line)s”登记在专业“%(stated)s”，数据表的专业是“%(field)s”。请更正能力范围的专业，人数按它计算。")
                % {"line": line, "stated": line.field, "field": dossier.field},
                link=_link(row, "portal:register_row", "scope", line.ref), link_text=_("查看能力范围"),
            )  # fmt: skip


def _scope_refusals(dossier) -> Iterator[tuple[Refusal, tuple[ScopeItem, ...]]]:
    """What the scope has against the points: each reason once, with the points it is about unless it is about all."""
    points: dict[Refusal, list[str]] = {}
    lines: dict[Refusal, tuple[ScopeItem, ...]] = {}
    for point, judgement in ((point, dossier.judged(point)) for point in dossier.points):
        for refusal in judgement.reasons:
            points.setdefault(refusal, []).append(f"{point:f}")
            lines.setdefault(refusal, judgement.candidates)
    for refusal, about in points.items():
        where = "" if len(about) == len(dossier.points) else f"{'、'.join(about)} {dossier.definition['unit']}："
        yield replace(refusal, text=where + refusal.text), lines[refusal]


def qualification_is_valid(row, actor, at) -> Iterator[Refusal]:
    """The qualification behind the scope is valid on the day of measurement and today. Source: B-4.3-s2, C-4.1.2-c-s1."""
    dossier, today = row.dossier, day_of(at)
    link = partial(_pointer, row, _("查看资质"), "institutions:qualifications")
    for refusal, _lines in _scope_refusals(dossier):
        if refusal.clause in (judging.QUALIFICATION, judging.AUTHORISATION):
            yield replace(refusal, **link())
    lines = [judgement.line for judgement in map(dossier.judged, dossier.points) if judgement.line]
    for qualification in {line.qualification_id: line.qualification for line in lines}.values():
        if why := qualification.why_not_valid_on(today):
            yield Refusal(
                "B-4.3-s2", _("%(name)s 在今天 %(day)s 无效（%(why)s）。请先完成续期。")
                % {"name": qualification, "day": today, "why": why}, **link(),
            )  # fmt: skip


# --- what is stated


def every_line_has_uncertainty(row, actor, at) -> Iterator[Refusal]:
    """Every value reported has its own expanded uncertainty and k. Source: C-6.4.2.2-s2, B-6.1.7-7.8.4-a."""
    without = [
        line.text for line in row.dossier.sheet.points if line.complete and not (line.U and line.U > 0 and line.k)
    ]
    if without:
        yield Refusal("C-6.4.2.2-s2", _("这些点没有扩展不确定度：%(points)s。请检查标准器溯源证书的 U 和 k。")
                      % {"points": "、".join(without)})  # fmt: skip


def uncertainty_is_not_below_cmc(row, actor, at) -> Iterator[Refusal]:
    """No U, as reckoned or as rounded for the paper, is smaller at k = 2 than the CMC of its line. Source: C-6.4.2.2-s2."""
    dossier = row.dossier
    for line in dossier.sheet.points:
        cmc = dossier.judged(line.value).cmc
        if cmc is not None and line.U and min(line.U, decimals.parse(line.U_text)) * 2 / line.k < cmc:
            yield Refusal(
                "C-6.4.2.2-s2",
                _("%(point)s %(unit)s 处 U = %(U)s %(unit)s 小于能力范围的 CMC %(cmc)s %(unit)s。请复核不确定度评定。")
                % {"point": line.text, "U": line.U_text, "unit": dossier.definition["unit"], "cmc": f"{cmc.normalize():f}"},
                link=_link(row, "institutions:scope"), link_text=_("查看能力范围"),
            )  # fmt: skip


def units_are_legal(row, actor, at) -> Iterator[Refusal]:
    """All units are legal units of measurement, in fields and in words. Source: A-6.7."""
    dossier = row.dossier
    definition, item = dossier.definition, dossier.record.item
    symbols = {definition["unit"]}
    symbols |= {entry["unit"] for part in ("device", "conditions") for entry in definition[part] if entry.get("unit")}
    symbols |= {item_.unit for item_ in dossier.scope}
    for symbol in sorted(symbols):
        if not units.is_legal(symbol):
            yield Refusal("A-6.7", _("“%(unit)s”不是法定计量单位。请修改数据表。") % {"unit": symbol})
    for label, text in ((_("器具名称"), item.name), (_("型号规格"), item.model), (_("样品状态"), item.condition)):
        for illegal in units.illegal_units_in(text):
            yield Refusal("A-6.7", _("%(label)s里的“%(unit)s”不是法定计量单位：%(advice)s")
                          % {"label": label, "unit": illegal.symbol, "advice": illegal.advice})  # fmt: skip


def text_can_be_printed(row, actor, at) -> Iterator[Refusal]:
    """Every character of what will be printed has a glyph: no number is spent on a paper that cannot be made.

    Source: B-6.1.7-7.8.2.
    """
    dossier = row.dossier
    record, item, institution = dossier.record, dossier.record.item, row.institution
    printed = {
        _("客户名称"): item.customer.name, _("客户地址"): item.customer.address, _("器具名称"): item.name,
        _("英文名称"): item.name_en, _("型号规格"): item.model, _("出厂编号"): item.serial_number,
        _("制造单位"): item.manufacturer, _("样品状态"): item.condition, _("房间"): record.room,
        _("场所"): f"{record.site.name}{record.site.address}", _("机构"): f"{institution.name}{institution.address}",
        _("人员姓名"): record.operator.name, _("计量标准"): f"{dossier.standard.name}{dossier.standard.accuracy}",
        _("设备"): "".join(f"{e.name}{e.model}{e.serial_number}{e.range_text}" for e, _trace in dossier.used),
        _("数据表"): json.dumps(dossier.definition, ensure_ascii=False),
    }  # fmt: skip
    for label, text in printed.items():
        lacking = sorted(letter for letter in set(text) if not glyphs.is_drawn(letter))
        if lacking:
            named = "".join(letter if letter.isprintable() else f"[U+{ord(letter):04X}]" for letter in lacking)
            yield Refusal("B-6.1.7-7.8.2", _("%(label)s里的“%(letters)s”印不到证书上。请换用常用字，或联系平台补充字形。")
                          % {"label": label, "letters": named})  # fmt: skip


def conformity_has_a_rule(row, actor, at) -> Iterator[Refusal]:
    """A statement of conformity on a calibration rests on a rule agreed with the customer. Source: C-6.4.2.3-s3."""
    record = row.dossier.record
    if record.item.activity == Item.Activity.CALIBRATION and record.decision_rule != record.item.decision_rule:
        yield Refusal("C-6.4.2.3-s3", _("判定规则与受理时和客户约定的不一致。请放弃本记录，按约定的规则重新记录。"))
    if record.decision_rule and record.decision_rule not in conformity.RULES:
        yield Refusal("C-6.4.2.3-s3", _("判定规则“%(rule)s”未定义。") % {"rule": record.decision_rule})


# --- by whom


OPERATOR_ROLES = {
    Item.Activity.CALIBRATION: (Authorisation.Role.CALIBRATOR,),
    Item.Activity.VERIFICATION: (Authorisation.Role.VERIFIER,),
}


def operator_was_authorised(row, actor, at) -> Iterator[Refusal]:
    """The operator was employed, within age and authorised in the field on the day. Source: B-4.5-d, C-5.1.4, C-5.1.2-s4."""
    dossier, operator = row.dossier, row.operator
    activity = dossier.record.item.activity
    link = partial(_pointer, row, _("查看人员与授权"), "institutions:people")
    facts = {"name": operator.name, "field": dossier.field, "day": dossier.day}
    if not operator.within_age_on(dossier.day):
        yield Refusal("C-5.1.2-s4", _("%(name)s 在检校日 %(day)s 已超过 65 周岁，不得从事检定校准。") % facts, **link())
    if not operator.active_on(dossier.day):
        yield Refusal("C-5.1.2-s3", _("%(name)s 在检校日 %(day)s 不在职。") % facts, **link())
    elif not dossier.authorised(operator.pk, OPERATOR_ROLES[activity], dossier.day):
        role = OPERATOR_ROLES[activity][0]
        yield Refusal(
            "B-4.5-d",
            _("%(name)s 在检校日 %(day)s 没有“%(field)s”专业的%(role)s授权。当日有授权的人：%(others)s。请由他们重测。")
            % {**facts, "role": role.label, "others": "、".join(dossier.who_may(role, dossier.day)) or _("无")},
            **link(),
        )


def checker_is_authorised(row, actor, at) -> Iterator[Refusal]:
    """The one who checks now is authorised to check in the field. Source: B-4.5-d."""
    yield from _authorised_now(row, actor.employment_id, actor.name, at, Authorisation.Role.CHECKER, "B-4.5-d")


def signatory_is_authorised(row, actor, at) -> Iterator[Refusal]:
    """The one who approves now may sign in this field today. Source: B-5.7-d-s2."""
    yield from _authorised_now(row, actor.employment_id, actor.name, at, Authorisation.Role.SIGNATORY, "B-5.7-d-s2")


def approver_is_still_authorised(row, actor, at) -> Iterator[Refusal]:
    """The signatory who approved may still sign in this field today. Source: B-5.7-d-s2."""
    approver = row.approver
    yield from _authorised_now(row, approver.pk, approver.name, at, Authorisation.Role.SIGNATORY, "B-5.7-d-s2")


def _authorised_now(row, employment_id, name, at, role, clause) -> Iterator[Refusal]:
    dossier = row.dossier
    day = day_of(at)
    if not dossier.authorised(employment_id, (role,), day):
        yield Refusal(
            clause,
            _("%(name)s 在 %(day)s 不在职，或没有“%(field)s”专业的%(role)s授权。现在可以办理的人：%(others)s。")
            % {
                "name": name, "day": day, "field": dossier.field, "role": role.label,
                "others": "、".join(dossier.who_may(role, day)) or _("无"),
            },
            link=_link(row, "institutions:people"), link_text=_("查看人员与授权"),
        )  # fmt: skip


def checked_by_another(row, actor, at) -> Iterator[Refusal]:
    """The one who checks is another person than the one who measured. Source: B-6.1.7-s2, B-5.4."""
    if actor.person_id is None or actor.person_id == row.operator.person_id:
        yield Refusal(
            "B-6.1.7-s2", _("核验员与检定/校准员 %(name)s 必须是两个不同的人。") % {"name": row.operator.name}
        )


def approved_by_a_third(row, actor, at) -> Iterator[Refusal]:
    """The one who approves is neither the one who measured nor the one who checked. Source: B-6.1.7-s2, B-5.4."""
    others = {row.operator.person_id: row.operator.name}
    if row.checker:
        others[row.checker.person_id] = row.checker.name
    if actor.person_id is None or actor.person_id in others:
        yield Refusal("B-6.1.7-s2", _("批准人与%(names)s必须是不同的人：检校、核验、批准由三个人完成。")
                      % {"names": "、".join(others.values())})  # fmt: skip


def three_people_acted(row, actor, at) -> Iterator[Refusal]:
    """Three different people measured, checked and approved, in this order. Source: B-6.1.7-s2, A-6.6-s3."""
    people = [person for person in (row.operator, row.checker, row.approver) if person]
    if len({person.person_id for person in people}) != 3:
        yield Refusal("B-6.1.7-s2", _("检校、核验、批准必须由三个不同的人完成。"))
    elif not row.dossier.record.submitted_at <= row.checked_at <= row.approved_at <= at:
        yield Refusal("A-6.6-s3", _("检校、核验、批准的时间顺序不对。请退回重新办理。"))


# --- what was approved


def content_is_as_approved(row, actor, at) -> Iterator[Refusal]:
    """The content about to be issued is, byte for byte, the one approved. Source: B-5.7-c."""
    if not row.body or canonical.sha256(row.body) != row.body_sha256:
        yield Refusal("B-5.7-c", _("证书内容与批准时不一致。请退回，重新核验和批准。"))


def pdf_is_stored(row, actor, at) -> Iterator[Refusal]:
    """The PDF exists, so that the public page can say what became of it. Source: E5.29."""
    if not row.pdf_sha256:
        yield Refusal("E5.29", _("证书 PDF 还在生成。请稍候片刻，再作废。"))


# What the gates say that ask equipment/usability and equipment/standards, and what is missing from a record.
CLAUSES = {
    environment_is_suitable: ("D-4.2.2.1-s1",),
    standard_was_assessed: (
        "A-6.1.1", "B-5.8-d", "C-4.1.2", "C-4.1.2-a", "C-4.1.2-b", "C-4.1.2-c-s1", "C-5.1.1-s2", "C-5.1.1-s3",
        "D-4.4.2.2-s1",
    ),
    equipment_was_traced: (
        "A-6.2.1.1-s2", "A-6.2.1.2-s1", "A-6.2.1.2-s2", "A-6.2.1.3", "A-6.2.2", "B-4.4.1-b", "B-4.4.1-f", "B-4.4.2-s1",
        "B-4.4.2-s2", "B-4.4.2-s5", "B-5.8-d", "C-5.4.2-s1", "C-5.5.3", "C-5.5.4", "D-4.4.1.2", "D-4.4.2.1-s2", "D-4.4.2.2-s1",
        "D-4.4.3.2-s1", "D-4.4.3.6",
    ),
}  # fmt: skip

# --- which gates guard which verb

RECORD = (
    sheet_is_complete, points_span_the_range, environment_is_suitable, recorded_in_time, standard_was_assessed,
    equipment_was_traced, standard_is_suitable, method_was_in_force, method_was_verified, points_are_inside_scope,
    scope_is_of_the_field, qualification_is_valid, every_line_has_uncertainty, uncertainty_is_not_below_cmc, units_are_legal,
    text_can_be_printed, conformity_has_a_rule, conclusion_can_be_drawn, operator_was_authorised,
)  # fmt: skip
CHECK = (checked_by_another, checker_is_authorised, *RECORD)
APPROVE = (approved_by_a_third, signatory_is_authorised, *RECORD)
# At issue the record can no longer change: what may have changed since the approval is asked again.
ISSUE = (
    three_people_acted, content_is_as_approved, standard_was_assessed, equipment_was_traced, method_was_in_force,
    method_was_verified, points_are_inside_scope, scope_is_of_the_field, qualification_is_valid, operator_was_authorised,
    approver_is_still_authorised,
)  # fmt: skip

TITLES = {
    sheet_is_complete: "原始记录齐全", points_span_the_range: "检定点覆盖全量程",
    conclusion_can_be_drawn: "检定有结论", environment_is_suitable: "环境在要求内", recorded_in_time: "当时即记",
    standard_was_assessed: "计量标准考核有效", equipment_was_traced: "设备溯源有效", standard_is_suitable: "标准器适用",
    method_was_in_force: "方法现行有效", method_was_verified: "方法已验证",
    points_are_inside_scope: "能力范围覆盖", scope_is_of_the_field: "能力范围的专业", qualification_is_valid: "机构资质有效",
    every_line_has_uncertainty: "每点有不确定度", uncertainty_is_not_below_cmc: "U 不小于 CMC",
    units_are_legal: "单位为法定计量单位", text_can_be_printed: "文字可以印出", conformity_has_a_rule: "判定规则已约定",
    operator_was_authorised: "检校人员有授权", checked_by_another: "核验人另有其人", checker_is_authorised: "核验员有授权",
    approved_by_a_third: "三人互不相同", signatory_is_authorised: "签字人有授权",
    three_people_acted: "三人互不相同", content_is_as_approved: "内容与批准时一致",
    approver_is_still_authorised: "批准人授权仍有效", pdf_is_stored: "PDF 已存档",
}  # fmt: skip


def passed(gates, row, actor, at) -> list[str]:
    """Titles of the gates that hold right now, for the page that shows what was looked at."""
    return [TITLES[gate] for gate in gates if not any(gate(row, actor, at))]
