"""Clauses decided by methods: looked up in time, validated by entitled people, warned of on the day they end."""

from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.clauses import Evidence, Verdict, clause, none_in_breach
from portal.models import Alert
from portal.registers.verbs import accepted

from ..methods.currency import in_use
from ..methods.uses import impact
from ..models import Credential, Institution, Method, OwnMethod

WARNED_WITHIN = timedelta(days=1)


def _method(institution: Institution, row: Method, text: str) -> Evidence:
    return Evidence(str(row), reverse("institutions:method", args=[institution.slug, row.ref]), text, row.pk)


@clause("C-5.2.3-s1")
def methods_are_looked_up(institution: Institution, day: date) -> Verdict:
    """Every method in use was looked up within its interval, with reviewer and result."""
    rows = list(in_use(institution.pk, day).order_by("due_on", "code"))
    late = [
        _method(institution, row, _("应在 %(day)s 前查新") % {"day": row.due_on}) for row in rows if row.due_on < day
    ]
    return none_in_breach(
        rows, late, nothing=_("没有在用的方法。"), advice=_("这些方法的查新已到期。请在“方法与查新”逐条查新并登记。")
    )


def _own(institution: Institution, day: date) -> list[OwnMethod]:
    """Non-standard methods in force that day."""
    rows = OwnMethod.objects.filter(institution=institution, method__in=Method.objects.in_force_on(day))
    rows = rows.exclude(origin=OwnMethod.Origin.PUBLISHED)
    return list(
        rows.select_related("method", "developer", "validator", "text", "validation", "evaluation").order_by("code")
    )


def _paper(institution: Institution, row: OwnMethod, text: str) -> Evidence:
    return Evidence(
        str(row), reverse("portal:register_row", args=[institution.slug, "own-methods", row.ref]), text, row.pk
    )


def _none() -> str:
    return _("没有在用的非标准方法。")


@clause("B-4.5-c")
def entitled_people_made_them(institution: Institution, day: date) -> Verdict:
    """Who developed a non-standard method and who validated it were entitled to it when it was validated."""
    rows = _own(institution, day)
    makers = {person for row in rows for person in (row.developer, row.validator)}
    held: dict[int, list[Credential]] = {}
    for credential in Credential.objects.filter(institution=institution, employment__in=makers):
        held.setdefault(credential.employment_id, []).append(credential)
    wrong = [
        _paper(institution, row, _("%(name)s 在确认日期没有一级注册计量师证书或高级职称") % {"name": person.name})
        for row in rows
        for person in dict.fromkeys((row.developer, row.validator))
        if not any(one.may_validate(row.field, row.validated_on) for one in held.get(person.pk, ()))
    ]
    return none_in_breach(
        rows, wrong, nothing=_none(), advice=_("请由一级注册计量师或相关专业高级职称的人员重新确认，或补登他们的证书。")
    )


@clause("B-6.1.2-s4")
def evaluated_before_use(institution: Institution, day: date) -> Verdict:
    """No non-standard method came into force before it was validated and its evaluation was on file."""
    rows = _own(institution, day)
    wrong = [
        _paper(institution, row, _("没有不确定度评定报告，或实施早于确认"))
        for row in rows
        if not accepted(row.evaluation) or row.method.in_force_from < row.validated_on
    ]
    return none_in_breach(rows, wrong, nothing=_none(), advice=_("请停用这些方法，补作确认和评定后再实施。"))


@clause("B-6.1.2-s5")
def full_texts_are_kept(institution: Institution, day: date) -> Verdict:
    """The full text of every non-standard method in force is kept with its hash."""
    rows = _own(institution, day)
    wrong = [_paper(institution, row, _("没有方法全文")) for row in rows if not accepted(row.text)]
    return none_in_breach(rows, wrong, nothing=_none(), advice=_("请上传方法全文。"))


@clause("B-6.6.1-e")
def users_were_warned(institution: Institution, day: date) -> Verdict:
    """Of a method that has ended and is still adopted, its users were warned within a day, and somebody has seen it.

    A warning of another end of the method, which was corrected since, is none of this one.
    """
    ended = list(in_use(institution.pk, day).filter(ended_on__lte=day).order_by("ended_on", "code"))
    alerts = Alert.objects.filter(institution=institution, rule="institutions.method_end")
    warned, seen = set(), set()
    for method, due_on, seen_at in alerts.values_list("target_id", "due_on", "seen_at"):
        warned.add((method, due_on))
        if seen_at:
            seen.add((method, due_on))
    relied = impact(institution, ended)
    silent = [
        _method(institution, row, _("失效后没有提醒，还有 %(count)d 处在用") % {"count": len(relied[row.pk])})
        for row in ended
        if (row.pk, row.ended_on) not in warned and row.ended_on + WARNED_WITHIN < day
    ]
    unread = [row.code for row in ended if (row.pk, row.ended_on) not in seen]
    return none_in_breach(
        ended, silent, nothing=_("没有失效而仍在采用的方法。"), advice=_("请作废这些方法的采用登记，改用现行版本。"),
        rest=_("%(codes)s 的失效提醒还没有人确认知悉。") % {"codes": "、".join(unread)} if unread else "",
    )  # fmt: skip
