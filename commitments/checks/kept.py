"""Clauses decided by what becomes of a pledge: shown to everybody, confirmed each year, and kept."""

from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.checks.documents import pledge_policy_names_somebody
from institutions.checks.record import standing
from institutions.models import Institution
from portal.clauses import (
    Evidence,
    State,
    Verdict,
    all_of,
    catalogue,
    clause,
    existing,
    none_in_breach,
    not_applicable,
    standing_of,
    window,
)
from portal.registers.verbs import accepted

from ..days import a_year_later, day_of
from ..models import Channel, Commitment
from .rows import broken, codes_shown, evidence, nothing_public, page, public, signed

KEEPING = "A-8.2.2.1-s4"
# The same question as of the policy itself.
clause("A-8.2.1-s1")(pledge_policy_names_somebody)


@clause("A-8.2.1-s2")
def has_pledged(institution: Institution, day: date) -> Verdict:
    """A pledge is public that day, and its conditions hold: one that has lapsed by its dates counts for nothing."""
    row, lapsed = public(institution, day), broken(institution, day)
    if row is not None and lapsed:
        advice = _("承诺的条件已不具备，公开页显示失效。请先处理，整改后重新承诺。")
        return Verdict(
            State.NOT_MET, {}, tuple(evidence(institution, row, one.text) for one in lapsed), advice, page(institution)
        )
    return existing(
        [evidence(institution, row)] if row else [], fix=page(institution),
        advice=_("当天没有公开的承诺书。请起草、核对、签署并公开。"),
    )  # fmt: skip


def _page_is_live(institution: Institution, row: Commitment, day: date) -> Verdict:
    """The page behind the code of the pledge says what is so now."""
    dead = codes_shown(institution, day).state_of(row.token) != row.state
    wrong = [evidence(institution, row, _("公开页没有发布"))] if dead else []
    return none_in_breach(
        1, wrong, nothing="", fix=page(institution), advice=_("承诺的公开页打不开。请联系平台运维重新发布。")
    )


@clause("A-8.2.1-s3")
def is_open_to_the_public(institution: Institution, day: date) -> Verdict:
    """Whoever scans the code reads the pledge and a number to call. What was reported there is not known yet."""
    row = public(institution, day)
    if row is None:
        return nothing_public()
    profile = reverse("institutions:profile", args=[institution.slug])
    silent = [] if institution.complaint_phone.strip() else [Evidence(institution.name, profile, _("没有投诉电话"))]
    reachable = none_in_breach(
        1, silent, nothing="", advice=_("公开页上没有投诉电话。请在机构概况填写。"), fix=profile,
        rest=_("公开页和投诉电话齐备；经公开页反映的问题尚未纳入系统，不能判为符合。"),
    )  # fmt: skip
    return all_of(_page_is_live(institution, row, day), reachable)


@clause(KEEPING)
def pledge_is_kept(institution: Institution, day: date) -> Verdict:
    """Since the publication nothing was decided against the institution, and the duties that the wording takes over are met."""
    row = public(institution, day)
    if row is None:
        return nothing_public()
    since = day_of(row.published_at)
    found = [one for one in standing(institution, day) if one.final_on >= since]
    decided = [
        Evidence(
            str(one), reverse("portal:register_row", args=[institution.slug, "violations", one.ref]),
            _("%(day)s 生效") % {"day": one.final_on}, one.pk,
        )
        for one in found
        if one.integrity_related or one.key_person_id is None
    ]  # fmt: skip
    unmet, asked = [], _duties(row)
    for name in asked:
        if standing_of(name, institution, day).state == State.NOT_MET:
            address = reverse("portal:compliance_clause", args=[institution.slug, name])
            unmet.append(Evidence(name, address, catalogue()[name].title))
    return all_of(
        none_in_breach(
            1, decided, nothing="", fix=page(institution),
            advice=_("公开承诺以来有生效的违法违规或处罚。请整改，必要时撤销承诺。"),
            rest=_("没有发现违背承诺的记录；查实的投诉尚未纳入系统，不能判为符合。"),
        ),
        none_in_breach(
            len(asked), unmet, nothing="", fix=unmet[0].url if unmet else "",
            advice=_("承诺书写明要遵守的条款没有做到。请逐条整改。"),
        ),
    )  # fmt: skip


def _duties(row: Commitment) -> list[str]:
    """What the wording takes over from the standard, as far as it is a duty; not that it is kept."""
    known = catalogue()
    return [
        name for name in dict.fromkeys(row.template.clauses)
        if name != KEEPING and name in known and known[name].level in ("shall", "shall_not")
    ]  # fmt: skip


@clause("A-8.2.2.2")
def is_shown_elsewhere(institution: Institution, day: date) -> Verdict:
    """Beside its page in the portal the pledge hangs or stands at one more place, seen there within the year."""
    rows = signed(institution, day)
    shown = public(institution, day)
    waiting = [row for row in rows if row.published_at is None or day_of(row.published_at) > day]
    if shown is None and not waiting:
        return not_applicable(_("当天没有已签署的承诺书。"))
    if shown is None:
        return Verdict(
            State.NOT_MET, {}, tuple(evidence(institution, row) for row in waiting),
            _("承诺书已签署，还没有公开。请公开。"), page(institution),
        )  # fmt: skip
    places = Channel.objects.filter(institution=institution, state=Channel.State.CURRENT, shown_on__range=window(day))
    seen = [row for row in places.select_related("photo").order_by("-shown_on", "pk") if row.url or accepted(row.photo)]
    found = [
        Evidence(
            str(row), reverse("portal:register_row", args=[institution.slug, "pledge-channels", row.ref]), str(row.shown_on), row.pk
        )
        for row in seen
    ]  # fmt: skip
    return all_of(
        _page_is_live(institution, shown, day),
        existing(
            found, fix=reverse("portal:register_new", args=[institution.slug, "pledge-channels"]),
            advice=_("近 365 天没有其他公示渠道的网址或照片。请在公告栏、屏幕、网站等处公示，并登记凭证。"),
        ),
    )  # fmt: skip


def confirm_by(row: Commitment) -> date:
    """Until when it had to be confirmed next, as of the day for which the row was read."""
    return a_year_later(row.confirmed_on or day_of(row.published_at))


@clause("A-5.1-d")
def confirmed_in_time(institution: Institution, day: date) -> Verdict:
    """The last confirmation that was due was made by then."""
    row = public(institution, day)
    if row is None:
        return nothing_public()
    due = confirm_by(row)
    if row.confirmed_on is None and due >= day:
        return not_applicable(_("还没有到第一次年度确认：应在 %(day)s 前确认。") % {"day": due})
    late = []
    if due < day:
        late = [evidence(institution, row, _("应在 %(day)s 前确认，还没有确认") % {"day": due})]
    elif row.confirmed_on > row.was_due_on:
        said = {"due": row.was_due_on, "day": row.confirmed_on}
        late = [evidence(institution, row, _("应在 %(due)s 前确认，%(day)s 才确认") % said)]
    return none_in_breach(
        1, late, nothing="", fix=page(institution),
        advice=_("年度确认没有按期办理。请确认承诺；今后在提醒之后及时办理。"),
    )  # fmt: skip


@clause("A-8.2.2.3")
def is_confirmed(institution: Institution, day: date) -> Verdict:
    """The pledge was published or confirmed within twelve months."""
    row = public(institution, day)
    if row is None:
        return nothing_public()
    due = confirm_by(row)
    late = [evidence(institution, row, _("应在 %(day)s 前确认") % {"day": due})] if due < day else []
    return none_in_breach(
        1, late, nothing="", fix=page(institution),
        advice=_("承诺已超过 12 个月没有确认，公开页显示“逾期未确认”。请确认，或撤销承诺。"),
    )  # fmt: skip
