"""Conditions before a traceability, its confirmation, and corrections are recorded."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _

from portal.models import Document
from portal.transitions import Refusal

from ..life.opened import opened_since
from ..models import Confirmation, CopyUpdate, CorrectionSet, Equipment, Traceability
from ..tracing import chain as tracing
from . import confirming

# What makes two recordings of a certificate the same.
FACTS = (
    "kind", "certificate_number", "issuer", "issuer_qualification", "chain", "reference_standard", "own_standard_id",
    "calibrated_on", "valid_until", "validity_printed", "expanded_uncertainty", "coverage_factor", "uncertainty_unit",
    "dcc_identifier",
)  # fmt: skip
POINT = (
    "quantity",
    "unit",
    "nominal",
    "value",
    "error",
    "uncertainty",
    "coverage_factor",
    "permitted",
)
Conclusion = Confirmation.Conclusion


# --- before a traceability is recorded


def equipment_still_exists(trace, actor, at) -> Iterator[Refusal]:
    """Nothing is recorded for equipment that is scrapped or was registered by mistake."""
    if trace.equipment.state in (Equipment.State.SCRAPPED, Equipment.State.WITHDRAWN):
        state = trace.equipment.get_state_display()
        yield Refusal(
            "state",
            _("%(name)s %(state)s，不再登记溯源。")
            % {"name": trace.equipment, "state": _("已") + state.removeprefix("已")},
        )


def dates_are_in_order(trace, actor, at) -> Iterator[Refusal]:
    """It was calibrated at the latest today, and is valid from that day on. Source: A-6.2.2."""
    today = timezone.localdate(at)
    if trace.calibrated_on > today:
        yield Refusal(
            "A-6.2.2",
            _("检定/校准日期 %(day)s 在今天（%(today)s）之后。请按证书改正，或等证书日期到了再登记。")
            % {"day": trace.calibrated_on, "today": today},
        )
    if trace.valid_until < trace.calibrated_on:
        yield Refusal(
            "A-6.2.2",
            _("有效期至 %(until)s 早于检定/校准日期 %(day)s。请核对证书，改正其中一个日期。")
            % {"until": trace.valid_until, "day": trace.calibrated_on},
        )


def uncertainty_is_complete(trace, actor, at) -> Iterator[Refusal]:
    """U, its k and its unit are known together or not at all."""
    parts = {
        _("扩展不确定度 U"): trace.expanded_uncertainty,
        _("包含因子 k"): trace.coverage_factor,
        _("U 的单位"): trace.uncertainty_unit,
    }
    missing = [name for name, text in parts.items() if not text]
    if missing and len(missing) < len(parts):
        yield Refusal("data", _("还缺%(missing)s。请按证书补全，或三项都不填。") % {"missing": _("、").join(missing)})


def not_traced_to_itself(trace, actor, at) -> Iterator[Refusal]:
    """The chain leads away from the equipment: nothing above it was calibrated with it. Source: C-5.3.2."""
    if trace.own_standard is None:
        return
    way = tracing.way_back(trace.own_standard, trace.equipment, trace.calibrated_on)
    if way:
        yield Refusal(
            "C-5.3.2",
            _("溯源链绕回了自己：%(way)s。请选择不用这台设备传递的计量标准。") % {"way": " → ".join(way)},
            link=trace.own_standard.get_absolute_url(),
            link_text=_("查看计量标准"),
        )


def certificate_is_on_file(trace, actor, at) -> Iterator[Refusal]:
    """The certificate itself comes along: a DCC, or a file of this institution that was not refused. Source: B-4.4.2-s1.

    `trace.scan` is the file that is being uploaded with it; one that is still being inspected counts.
    """
    if trace.dcc is not None or trace.scan is not None:
        return
    file = trace.file
    if file is None:
        yield Refusal("B-4.4.2-s1", _("还没有溯源证书的文件。请上传扫描件或电子版，或导入 DCC。"))
    elif file.institution_id != trace.institution_id or file.state == Document.State.REFUSED:
        yield Refusal("B-4.4.2-s1", _("溯源证书的文件没有收下。请换一个文件再上传。"))


def recorded_once(trace, actor, at) -> Iterator[Refusal]:
    """The same certificate with the same facts and points is not in the list already; a correction differs somewhere.

    One whose file was refused or is missing may come again, with a file that can be kept; so may one with which a repair
    of its own day was noted since: whoever records it then says that it was given afterwards. `trace.given` are its points.
    """
    same = {name: getattr(trace, name) for name in FACTS if name != "dcc_identifier"}
    rows = Traceability.objects.filter(institution_id=trace.institution_id, equipment=trace.equipment, **same)
    for row in rows.filed():
        if opened_since(row, row.calibrated_on) is None and _as_facts(row.points.order_by("pk")) == _as_facts(
            trace.given
        ):
            sentence = _("证书 %(number)s 已经登记过，内容相同，不用再登记。") % {"number": trace.certificate_number}
            yield Refusal("data", sentence, link=row.get_absolute_url(), link_text=_("查看证书"))
            return


def _as_facts(points) -> list[tuple]:
    return [tuple(getattr(point, name) for name in POINT) for point in points]


def dcc_comes_once(trace, actor, at) -> Iterator[Refusal]:
    """A DCC was accepted, and is not on record for the equipment already."""
    if trace.dcc is not None and trace.dcc.state != Document.State.ACCEPTED:
        yield Refusal("data", _("DCC 文件还没有检查完，或没有通过检查。请稍后再试，或照证书键入。"))
    if not trace.dcc_identifier:
        return
    known = Traceability.objects.filter(
        institution_id=trace.institution_id, equipment=trace.equipment, dcc_identifier=trace.dcc_identifier
    )
    if row := known.select_related("institution").first():
        yield Refusal(
            "data",
            _("标识为 %(identifier)s 的 DCC 已经登记过。有误要改的，请不用 DCC，照证书再登记一次。")
            % {"identifier": trace.dcc_identifier},
            link=row.get_absolute_url(),
            link_text=_("查看证书"),
        )


# --- before a confirmation is recorded


def confirmed_after_calibration(confirmation, actor, at) -> Iterator[Refusal]:
    """计量确认 was done by somebody employed then, after the calibration and not in the future. Source: C-5.5.4."""
    today, trace = timezone.localdate(at), confirmation.traceability
    if confirmation.confirmed_on < trace.calibrated_on:
        yield Refusal(
            "C-5.5.4",
            _("计量确认日期 %(confirmed)s 早于检定/校准日期 %(day)s。计量确认要在拿到证书之后做，请改正日期。")
            % {"confirmed": confirmation.confirmed_on, "day": trace.calibrated_on},
        )
    if confirmation.confirmed_on > today:
        yield Refusal(
            "C-5.5.4",
            _("计量确认日期 %(confirmed)s 在今天（%(today)s）之后。请先做计量确认，再登记。")
            % {"confirmed": confirmation.confirmed_on, "today": today},
        )
    if not confirmation.confirmed_by.active_on(confirmation.confirmed_on):
        yield Refusal(
            "C-5.5.4",
            _("%(name)s 在 %(confirmed)s 不在职。请选择当天在职的计量确认人，或改正日期。")
            % {"name": confirmation.confirmed_by.name, "confirmed": confirmation.confirmed_on},
        )


def restriction_is_stated(confirmation, actor, at) -> Iterator[Refusal]:
    """Whoever restricts the use says to what. Source: C-5.5.4."""
    if confirmation.conclusion == Conclusion.RESTRICTED and not confirmation.restriction.strip():
        yield Refusal("C-5.5.4", _("限制使用要写明限制在哪些范围或功能。请填写“限制”。"))


def conclusion_suits_the_points(confirmation, actor, at) -> Iterator[Refusal]:
    """Nobody concludes "fit" over a point that is not, and corrections help only where U leaves room. Source: C-5.5.4."""
    if confirmation.conclusion not in (Conclusion.FIT, Conclusion.CORRECTED):
        return
    points = list(confirmation.traceability.points.all())
    rows = confirming.judged(points, confirmation.requirement, confirmation.permitted)
    corrected = confirmation.conclusion == Conclusion.CORRECTED
    wide = [row for row in rows if row.is_wide]
    beyond = [row for row in rows if row.tone == "bad" and not row.is_wide]
    doubtful = [row for row in rows if row.tone == "due"]
    if wide:
        yield Refusal(
            "C-5.5.4",
            _("%(points)s 的 U 大于允许值，修正也不能满足要求。请选“限制使用”或“不满足要求”。")
            % {"points": confirming.named(wide)},
        )
    elif beyond and not corrected:
        yield Refusal(
            "C-5.5.4",
            _("%(points)s 的误差超出允许值，不能判为满足要求。请选“带修正使用”“限制使用”或“不满足要求”。")
            % {"points": confirming.named(beyond)},
        )
    elif doubtful and not corrected and not confirmation.requirement_text.strip():
        yield Refusal(
            "C-5.5.4",
            _("%(points)s 计入 U 后可能超出允许值。仍判满足的，请在“要求”里写明约定的判定规则；否则改选结论。")
            % {"points": confirming.named(doubtful)},
        )


# --- before corrections are made, and before somebody says that a copy holds them


def certificate_has_errors(edition, actor, at) -> Iterator[Refusal]:
    """There is something to correct by: points with their errors, of a certificate confirmed as usable. Source: D-4.4.3.6."""
    trace, today = edition.traceability, timezone.localdate(at)
    if not edition.values:
        yield Refusal("D-4.4.3.6", _("证书里没有带误差的校准点，做不出修正值。请照证书重新登记，并填写各点的误差。"))
    confirmation = trace.confirmation_on(today)
    if confirmation is None or confirmation.conclusion not in Confirmation.USABLE:
        yield Refusal(
            "C-5.5.4", _("这份证书还没有计量确认为可用，不能由它生成修正值。请先做计量确认。"), link=trace.get_absolute_url(),
            link_text=_("去做计量确认"),
        )  # fmt: skip


def corrections_are_newer(edition, actor, at) -> Iterator[Refusal]:
    """Each edition comes from a later certificate than the one before, or from the same one, recorded again."""
    last = (
        CorrectionSet.objects.filter(institution_id=edition.institution_id, equipment=edition.equipment)
        .order_by("edition")
        .last()
    )
    if last is None:
        return
    if last.traceability_id == edition.traceability_id:
        yield Refusal(
            "D-4.4.3.6", _("第 %(edition)d 版修正值就是由这份证书生成的，不用再生成。") % {"edition": last.edition}
        )
    elif last.traceability.calibrated_on > edition.traceability.calibrated_on:
        yield Refusal(
            "D-4.4.3.6",
            _("现行修正值来自 %(day)s 的证书，比这一份新。请用最新的证书生成。")
            % {"day": last.traceability.calibrated_on},
            link=last.traceability.get_absolute_url(),
            link_text=_("查看证书"),
        )


def copy_holds_the_newest(update, actor, at) -> Iterator[Refusal]:
    """A place is confirmed for the newest edition, once, by somebody employed, not ahead of time. Source: D-4.4.3.6."""
    copy, edition, today = update.copy, update.edition, timezone.localdate(at)
    newest = (
        CorrectionSet.objects.filter(institution_id=copy.institution_id, equipment=copy.equipment_id)
        .order_by("edition")
        .last()
    )
    if newest is None or newest.pk != edition.pk:
        yield Refusal("D-4.4.3.6", _("这已不是最新一版修正值。请刷新页面，按最新一版更新。"))
    if copy.state != copy.State.CURRENT:
        yield Refusal("state", _("“%(place)s”已经作废，不用更新。") % {"place": copy.place})
    if CopyUpdate.objects.filter(institution_id=copy.institution_id, copy=copy, edition=edition).exists():
        yield Refusal("data", _("“%(place)s”已经确认更新到这一版。") % {"place": copy.place})
    if not edition.made_on <= update.updated_on <= today:
        yield Refusal(
            "data",
            _("更新日期 %(day)s 要在修正值启用（%(made)s）之后、今天（%(today)s）之前。")
            % {"day": update.updated_on, "made": edition.made_on, "today": today},
        )
    if not update.updated_by.active_on(update.updated_on):
        yield Refusal(
            "data",
            _("%(name)s 在 %(day)s 不在职。请选择当天在职的人。")
            % {"name": update.updated_by.name, "day": update.updated_on},
        )
