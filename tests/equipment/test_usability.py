"""The one answer to whether equipment may be used on a day: each reason, as of the day, singly and for whole lists."""

import random
from datetime import date, timedelta

import pytest

from equipment.clocks.winding import last_day
from equipment.labels import facts
from equipment.models import (
    AlternativeTraceability,
    Confirmation,
    CopyUpdate,
    CorrectionCopy,
    CorrectionSet,
    Equipment,
    EquipmentEvent,
    ExternalUse,
    ImpactQuestion,
    IntermediateCheck,
)
from equipment.usability import live_word, reasons_against, reasons_of, restriction_on, usable_on
from tests import filled, make
from tests.make import DAY

YESTERDAY, TOMORROW = DAY - timedelta(1), DAY + timedelta(1)
Kind, State, Role = EquipmentEvent.Kind, Equipment.State, Equipment.Role


@pytest.fixture
def device(lab):
    """Equipment of the laboratory that may be used."""
    return traced(lab)


def traced(lab, *, conclusion="fit", restriction="", **values):
    """The laboratory's equipment with its certificate, confirmed with this conclusion; both are never changed later."""
    on = values.pop("confirmed_on", date(2025, 9, 5))
    trace = make.traceability(lab.institution, lab.equipment, lab.keeper, confirmed_on=None, **values)
    filled.row(
        Confirmation, lab.institution, traceability=trace, confirmed_by=lab.keeper, confirmed_on=on, file=None,
        conclusion=conclusion, restriction=restriction,
    )  # fmt: skip
    return lab.equipment


def changed(row, **values):
    type(row).objects.filter(pk=row.pk).update(**values)


def row(lab, model, **values):
    if any(field.name == "file" for field in model._meta.fields):
        values["file"] = None
    return filled.row(model, lab.institution, **{"equipment": lab.equipment, **values})


def event(lab, kind, on, after="", **values):
    return row(lab, EquipmentEvent, kind=kind, happened_on=on, state_after=after, **values)


def asked(lab, **values):
    """An impact question about the results from some day until some day."""
    cause = event(lab, Kind.SUSPICIOUS, DAY)
    return row(lab, ImpactQuestion, event=cause, **{"since": DAY, "until": DAY, **values})


def copy_of_corrections(lab, updated_on=None):
    trace = lab.equipment.traceabilities.first()
    edition = row(lab, CorrectionSet, traceability=trace, edition=2, made_on=DAY)
    copy = row(lab, CorrectionCopy, place="数据处理表")
    if updated_on:
        filled.row(CopyUpdate, lab.institution, copy=copy, edition=edition, updated_on=updated_on)


def failed_check(lab, on=YESTERDAY):
    plan = make.check_plan(lab.institution, lab.equipment)
    row(lab, IntermediateCheck, plan=plan, performed_on=on, verdict=IntermediateCheck.Verdict.FAILED)


def clauses(equipment, day=DAY):
    return [reason.clause for reason in reasons_against(equipment, day)]


def test_equipment_that_is_traced_and_confirmed_may_be_used(device):
    assert clauses(device) == []


AGAINST = {
    "quarantined": ("D-4.4.3.2-s1", lambda lab: changed(lab.equipment, state=State.QUARANTINED)),
    "withdrawn from the register": ("D-4.4.3.2-s1", lambda lab: (
        event(lab, Kind.RETURN_VERIFICATION, YESTERDAY, State.IN_USE), changed(lab.equipment, state=State.WITHDRAWN))),
    "repaired since": ("A-6.2.1.2-s2", lambda lab: event(lab, Kind.REPAIR, YESTERDAY)),
    "adjusted on the day of its certificate": ("A-6.2.1.2-s2", lambda lab: event(
        lab, Kind.ADJUSTMENT, date(2025, 9, 1))),
    "adjusted since": ("A-6.2.1.2-s2", lambda lab: event(lab, Kind.ADJUSTMENT, YESTERDAY)),
    "seal broken since": ("A-6.2.1.2-s2", lambda lab: event(lab, Kind.SEAL, YESTERDAY)),
    "intermediate check overdue": ("C-5.5.3", lambda lab: make.clock(
        lab.institution, lab.equipment, due_on=YESTERDAY)),
    "maintenance overdue": ("A-6.2.1.3", lambda lab: make.clock(
        lab.institution, lab.equipment, "maintenance", due_on=YESTERDAY)),
    "stability overdue": ("C-7.1.2-s2", lambda lab: make.clock(
        lab.institution, lab.equipment, "stability", due_on=YESTERDAY)),
    "calibration due earlier than printed": ("A-6.2.2", lambda lab: make.clock(
        lab.institution, lab.equipment, "calibration", due_on=YESTERDAY)),
    "check failed": ("A-6.2.1.2-s1", failed_check),
    "open impact question": ("D-4.4.3.2-s3", asked),
    "all results wrong": ("D-4.4.3.2-s3", lambda lab: asked(lab, state="answered", conclusion="all")),
    "copy not updated": ("D-4.4.3.6", copy_of_corrections),
    "borrowed unchecked": ("D-4.4.1.2", lambda lab: changed(lab.equipment, control="external")),
    "abolished": ("A-6.2.1.1-s2", lambda lab: changed(lab.equipment, obsolete=True)),
    "abolished that day": ("A-6.2.1.1-s2", lambda lab: changed(lab.equipment, obsolete=True, obsolete_on=DAY)),
    "material expired": ("B-4.4.2-s5", lambda lab: changed(
        lab.equipment, role=Role.REFERENCE_MATERIAL, expires_on=YESTERDAY)),
    "reagent expired": ("B-4.4.1-f", lambda lab: changed(lab.equipment, role=Role.CONSUMABLE, expires_on=YESTERDAY)),
    "software never validated": ("B-4.4.1-b", lambda lab: changed(lab.equipment, role=Role.SOFTWARE)),
    "software validated later": ("B-4.4.1-b", lambda lab: changed(
        lab.equipment, role=Role.SOFTWARE, validated_on=TOMORROW)),
}  # fmt: skip


@pytest.mark.parametrize("name", AGAINST)
def test_each_reason_is_told_with_its_clause(lab, device, name):
    clause, spoil = AGAINST[name]
    spoil(lab)
    assert clauses(device) == [clause]


@pytest.mark.parametrize("name", AGAINST)
def test_each_reason_takes_the_equipment_off_the_lists(lab, device, name):
    AGAINST[name][1](lab)
    assert not usable_on(Equipment.objects.all(), DAY).exists()


FOR = {
    "calibrated on the day of the repair": lambda lab: (
        event(lab, Kind.REPAIR, DAY - timedelta(2)), make.traceability(
            lab.institution, lab.equipment, lab.keeper, calibrated_on=DAY - timedelta(2))),
    "due today": lambda lab: make.clock(lab.institution, lab.equipment, due_on=DAY),
    "a clock that blocks nothing": lambda lab: make.clock(
        lab.institution, lab.equipment, "label_check", due_on=YESTERDAY),
    "a check that is not needed": lambda lab: make.clock(
        lab.institution, lab.equipment, due_on=YESTERDAY, needed=False),
    "a question of other days": lambda lab: asked(lab, since=TOMORROW, until=TOMORROW),
    "a question answered": lambda lab: asked(lab, state="answered", conclusion="some"),
    "copies updated": lambda lab: copy_of_corrections(lab, DAY),
    "borrowed and checked": lambda lab: (
        changed(lab.equipment, control="external"),
        row(lab, ExternalUse, valid_from=DAY, valid_until=DAY, traceability_checked=True, condition_checked=True)),
    "abolished tomorrow": lambda lab: changed(lab.equipment, obsolete=True, obsolete_on=TOMORROW),
    "software validated": lambda lab: changed(lab.equipment, role=Role.SOFTWARE, validated_on=DAY),
    "stopped after the day": lambda lab: (
        event(lab, Kind.RETURN_VERIFICATION, YESTERDAY, State.IN_USE),
        event(lab, Kind.STORE, TOMORROW, State.OUT_OF_USE), changed(lab.equipment, state=State.OUT_OF_USE)),
    "stopped after the day, with no earlier event": lambda lab: (
        event(lab, Kind.DEFECT, TOMORROW, State.QUARANTINED), changed(lab.equipment, state=State.QUARANTINED)),
}  # fmt: skip


@pytest.mark.parametrize("name", FOR)
def test_what_is_no_reason_does_not_keep_equipment_from_use(lab, device, name):
    FOR[name](lab)
    assert clauses(device) == [] and usable_on(Equipment.objects.all(), DAY).exists()


CERTIFICATES = {
    "run out": (["A-6.2.2"], {"valid_until": YESTERDAY}),
    "last valid day": ([], {"valid_until": DAY}),
    "not calibrated yet": (["A-6.2.2"], {"calibrated_on": TOMORROW}),
    "not confirmed yet": (["A-6.2.2"], {"confirmed_on": TOMORROW}),
    "confirmed that day": ([], {"confirmed_on": DAY}),
    "confirmed as unfit": (["A-6.2.2"], {"conclusion": "unfit"}),
    "confirmed with corrections": ([], {"conclusion": "corrected"}),
    "restricted": ([], {"conclusion": "restricted"}),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_the_certificate_must_cover_the_day_and_be_confirmed_by_then(lab, name):
    expected, values = CERTIFICATES[name]
    device = traced(lab, **values)
    assert clauses(device) == expected and usable_on(Equipment.objects.all(), DAY).exists() == (not expected)


def newer(lab, conclusion=None, on=YESTERDAY, **values):
    """A later certificate; of the fixture's one is still valid."""
    trace = make.traceability(lab.institution, lab.equipment, lab.keeper, confirmed_on=None, calibrated_on=on, **values)
    if conclusion:
        filled.row(
            Confirmation, lab.institution, traceability=trace, confirmed_by=lab.keeper, confirmed_on=on, file=None,
            conclusion=conclusion, restriction="只用 0～1 MPa" if conclusion == "restricted" else "",
        )  # fmt: skip
    return trace


LATER = {
    "unconfirmed": ("还没有确认", "停用", lambda lab: newer(lab)),
    "unfit": ("结论是不满足要求", "停用", lambda lab: newer(lab, "unfit")),
    "run out already": ("有效期 2026-03-08 至 2026-03-09", "停用", lambda lab: newer(
        lab, "fit", on=DAY - timedelta(2), valid_until=YESTERDAY)),
    "restricted": ("", "准用", lambda lab: newer(lab, "restricted")),
    "performed after the day": ("", "合格", lambda lab: newer(lab, on=TOMORROW)),
    "older": ("", "合格", lambda lab: newer(lab, on=date(2025, 1, 1))),
    "unfit, recorded first of its day": ("", "合格", lambda lab: (newer(lab, "unfit"), newer(lab, "fit"))),
    "unfit, recorded last of its day": ("结论是不满足要求", "停用", lambda lab: (newer(lab, "fit"), newer(lab, "unfit"))),
}  # fmt: skip


@pytest.mark.parametrize("name", LATER)
def test_the_last_certificate_performed_by_the_day_decides(lab, device, name):
    sentence, word, happens = LATER[name]
    happens(lab)
    told = " ".join(reason.text for reason in reasons_against(device, DAY))
    assert sentence in told and bool(told) == bool(sentence)
    device = make.fresh(device)
    assert live_word(device, DAY).text == word and [facts.drafts([device], DAY)[0].get_word_display()] == [word]
    assert usable_on(Equipment.objects.all(), DAY).exists() == (not sentence)
    assert (device.traced_on(DAY) is None) == bool(sentence)


def test_a_newer_certificate_counts_from_its_confirmation_on(lab, device):
    trace = newer(lab, on=DAY)
    filled.row(
        Confirmation, lab.institution, traceability=trace, confirmed_by=lab.keeper, file=None, conclusion="fit",
        confirmed_on=DAY + timedelta(3),
    )  # fmt: skip
    assert [bool(clauses(device, DAY + timedelta(days))) for days in (-1, 0, 2, 3)] == [False, True, True, False]


PAPERS = {
    "no file": (["B-4.4.2-s1"], lambda lab: {"file": None}),
    "file refused": (["B-4.4.2-s1"], lambda lab: {"file": make.document(lab.institution, state="refused")}),
    "file in inspection": ([], lambda lab: {"file": make.document(lab.institution, state="quarantined")}),
    "a DCC": ([], lambda lab: {"file": None, "dcc": make.document(lab.institution, "dcc.xml")}),
}


@pytest.mark.parametrize("name", PAPERS)
def test_the_certificate_must_be_on_file(lab, name):
    expected, papers = PAPERS[name]
    device = traced(lab, **papers(lab))
    assert clauses(device) == expected and usable_on(Equipment.objects.all(), DAY).exists() == (not expected)


def test_a_monitor_of_the_room_is_refused_with_its_own_clause(lab):
    device = traced(lab, valid_until=YESTERDAY)
    changed(device, role=Role.ENVIRONMENT)
    assert clauses(device) == ["C-5.4.2-s1"]


def test_what_needs_no_traceability_may_be_used_without(lab):
    changed(lab.equipment, traced=False)
    assert clauses(lab.equipment) == [] and usable_on(Equipment.objects.all(), DAY).exists()


def test_a_late_calibration_of_what_needs_no_certificate_is_told_and_keeps_it_off_the_lists(lab):
    changed(lab.equipment, traced=False)
    make.clock(lab.institution, lab.equipment, "calibration", due_on=YESTERDAY)
    assert clauses(lab.equipment) == ["A-6.2.2"] and not usable_on(Equipment.objects.all(), DAY).exists()


def test_an_approved_alternative_stands_in_for_traceability(lab):
    row(lab, AlternativeTraceability, valid_from=DAY, valid_until=None)
    assert (clauses(lab.equipment), clauses(lab.equipment, YESTERDAY)) == ([], ["A-6.2.2"])


def test_a_borrowed_device_whose_condition_nobody_checked_is_refused(lab, device):
    changed(device, control="external")
    row(lab, ExternalUse, valid_from=DAY, valid_until=DAY, traceability_checked=True, condition_checked=False)
    assert clauses(device) == ["D-4.4.1.2"]


def test_a_day_before_it_was_taken_into_use_is_refused(lab, device):
    event(lab, Kind.RETURN_VERIFICATION, DAY, State.IN_USE)
    assert clauses(device, YESTERDAY) == ["D-4.4.3.2-s1"] and clauses(device, DAY) == []


def test_the_last_event_of_a_day_decides(lab, device):
    event(lab, Kind.DEFECT, DAY, State.QUARANTINED)
    event(lab, Kind.RETURN_VERIFICATION, DAY, State.IN_USE)
    assert clauses(device) == []


def test_a_certificate_recorded_again_takes_the_place_of_its_first_row(lab, device):
    first = device.traceabilities.get()
    make.traceability(
        lab.institution, device, lab.keeper, certificate_number=first.certificate_number, valid_until=YESTERDAY
    )
    assert clauses(device) == ["A-6.2.2"]


def test_a_check_done_late_leaves_the_days_before_it_unusable(lab, device):
    make.clock(lab.institution, device, due_on=last_day(DAY, 6), interval_months=6)
    plan = make.check_plan(lab.institution, device)
    for on in (date(2025, 8, 1), DAY):
        row(lab, IntermediateCheck, plan=plan, performed_on=on, verdict="passed", next_on=last_day(on, 6))
    assert [clauses(device, day) for day in (date(2026, 1, 31), date(2026, 2, 1), YESTERDAY, DAY)] == [
        [], ["C-5.5.3"], ["C-5.5.3"], [],
    ]  # fmt: skip


def test_a_sentence_names_the_equipment_the_certificate_and_its_days(lab):
    device = traced(lab, valid_until=YESTERDAY, certificate_number="SL-7")
    (reason,) = reasons_against(device, DAY)
    assert all(text in reason.text for text in (str(device), "SL-7", "2026-03-09")) and reason.link


def test_reasons_of_many_are_one_query(lab, device, django_assert_num_queries):
    rows = [device] + [make.equipment(lab.institution, lab.site) for _ in range(3)]
    for one in rows:
        one.institution  # noqa: B018  as pages have it
    with django_assert_num_queries(1):
        found = reasons_of(rows, DAY)
    assert [bool(found[one.pk]) for one in rows] == [False, True, True, True]


def test_the_word_of_usable_equipment_is_green(device):
    assert (live_word(device, DAY).text, live_word(device, DAY).tone) == ("合格", "ok")


def test_the_word_of_restricted_equipment_is_yellow_and_says_to_what(lab):
    word = live_word(traced(lab, conclusion="restricted", restriction="只用 0～1 MPa"), DAY)
    assert (word.text, word.tone, word.restriction) == ("准用", "due", "只用 0～1 MPa")


def test_the_word_of_equipment_that_ran_out_is_red_by_itself(device):
    assert live_word(device, date(2026, 9, 1)).text == "停用"


def test_a_confirmation_without_restriction_restricts_nothing(device):
    assert restriction_on(device, DAY) == ""


# --- the rows of a list against the answers one by one, and against the rules written down once more


def days_around(dice):
    return DAY + timedelta(dice.randrange(-60, 60))


def some_world(lab, dice):
    """Equipment with facts of every kind, at random days around DAY."""
    role = dice.choice(
        [Role.STANDARD] * 4 + [Role.ENVIRONMENT, Role.REFERENCE_MATERIAL, Role.SOFTWARE, Role.CONSUMABLE]
    )
    device = lab.equipment = make.equipment(
        lab.institution, lab.site, role=role, traced=dice.random() < 0.8, obsolete=dice.random() < 0.1,
        obsolete_on=dice.choice([None, days_around(dice)]), expires_on=dice.choice([None, days_around(dice)]),
        validated_on=dice.choice([None, days_around(dice)]), control=dice.choice(["own", "own", "external"]),
        state=dice.choice([State.IN_USE] * 6 + [State.QUARANTINED, State.WITHDRAWN]),
    )  # fmt: skip
    for _ in range(dice.randrange(3)):
        on = days_around(dice)
        trace = make.traceability(
            lab.institution, device, lab.keeper, confirmed_on=None, calibrated_on=on, issuer="所",
            certificate_number=dice.choice(["甲", "乙"]), valid_until=on + timedelta(dice.randrange(90)),
        )  # fmt: skip
        for _ in range(dice.randrange(3)):
            conclusion = dice.choice(["fit", "fit", "restricted", "unfit"])
            filled.row(
                Confirmation, lab.institution, traceability=trace, conclusion=conclusion, file=None,
                confirmed_on=on + timedelta(dice.randrange(20)), confirmed_by=lab.keeper,
            )  # fmt: skip
    for _ in range(dice.randrange(3)):
        if device.traceabilities.exists() and dice.random() < 0.2:
            event(lab, Kind.REPAIR, device.traceabilities.first().calibrated_on)
        kind, after = dice.choice([
            (Kind.RETURN_VERIFICATION, State.IN_USE), (Kind.DEFECT, State.QUARANTINED), (Kind.REPAIR, ""),
            (Kind.MAINTENANCE, ""), (Kind.RETURN_VERIFICATION, State.IN_USE),
        ])  # fmt: skip
        event(lab, kind, days_around(dice), after, next_on=dice.choice([None, days_around(dice)]))
    for kind in dice.sample(["maintenance", "intermediate_check", "calibration", "label_check"], dice.randrange(3)):
        make.clock(
            lab.institution, device, kind, due_on=dice.choice([None, days_around(dice)]), needed=dice.random() < 0.8,
            interval_months=dice.choice([1, 2]),
        )  # fmt: skip
    plan = make.check_plan(lab.institution, device) if dice.random() < 0.4 else None
    for _ in range(dice.randrange(3) if plan else 0):
        verdict = dice.choice(["passed", "warning", "failed"])
        until = None if verdict == "failed" else days_around(dice)
        row(lab, IntermediateCheck, plan=plan, performed_on=days_around(dice), verdict=verdict, next_on=until)
    if dice.random() < 0.2:
        since, until = days_around(dice), days_around(dice)
        state, conclusion = dice.choice([("open", ""), ("answered", "none"), ("answered", "all")])
        asked(lab, since=dice.choice([None, since]), until=until, state=state, conclusion=conclusion)
    if dice.random() < 0.4:
        row(
            lab, ExternalUse, valid_from=DAY - timedelta(dice.randrange(60)), valid_until=days_around(dice),
            traceability_checked=dice.random() < 0.8, condition_checked=True,
        )  # fmt: skip
    if dice.random() < 0.2:
        row(lab, AlternativeTraceability, valid_from=days_around(dice), valid_until=None)
    if device.traceabilities.exists() and dice.random() < 0.3:
        copy_of_corrections(lab, dice.choice([None, days_around(dice)]))
    return device


def plainly(device, day):
    """The rules once more, over all rows in memory."""
    until = [e for e in device.events.order_by("happened_on", "pk") if e.state_after]
    if device.state == State.WITHDRAWN:
        return False
    if until:
        first = State.NEW if until[0].kind == Kind.RETURN_VERIFICATION else State.IN_USE
        state = [first, *[e.state_after for e in until if e.happened_on <= day]][-1]
    else:
        state = device.state
    if state != State.IN_USE:
        return False
    broken = [
        (e.happened_on, e.recorded_at) for e in device.events.all() if e.kind == Kind.REPAIR and e.happened_on <= day
    ]
    if device.traced and device.role not in Equipment.UNTRACED:
        trace = device.traced_on(day)
        if trace is None and not device.alternatives.filter(valid_from__lte=day).exists():
            return False
        if trace is not None and any(opened > (trace.calibrated_on, trace.recorded_at) for opened in broken):
            return False
    for clock in device.clocks.filter(needed=True).exclude(kind="label_check"):
        due = clock.due_on
        if clock.kind == "maintenance":
            deeds = [(e.happened_on, e.pk, e.next_on) for e in device.events.filter(kind="maintenance")]
        elif clock.kind == "intermediate_check":
            deeds = [(c.performed_on, c.pk, c.next_on) for c in device.checks.exclude(verdict="failed")]
        else:
            deeds = []
        if any(on > day for on, _pk, _next in deeds):
            held = max([deed for deed in deeds if deed[0] <= day], default=None)
            due = held and (held[2] or last_day(held[0], clock.interval_months))
        if due and due < day:
            return False
    checks = sorted((c for c in device.checks.all() if c.performed_on <= day), key=lambda c: (c.performed_on, c.pk))
    bad = [c for c in checks if c.verdict == "failed"]
    for check in bad:
        better = any(c.verdict != "failed" for c in checks[checks.index(check) + 1 :])
        numbered = {trace.certificate_number: trace for trace in device.traceabilities.order_by("pk")}
        fit = [
            trace
            for trace in numbered.values()
            if (confirmed := trace.confirmation_on(day))
            and confirmed.conclusion != "unfit"
            and check.performed_on < trace.calibrated_on <= day
        ]
        if not better and not fit:
            return False
    for question in device.impact_questions.all():
        about = (question.since is None or question.since <= day) and day <= question.until
        if about and (question.state == "open" or question.conclusion == "all"):
            return False
    for copy in device.correction_copies.all() if day >= DAY else ():
        if not copy.updates.filter(updated_on__lte=day).exists():
            return False
    lent = device.external_uses.filter(valid_from__lte=day, valid_until__gte=day, traceability_checked=True)
    if device.control == "external" and not lent.exists():
        return False
    if device.obsolete and (device.obsolete_on is None or device.obsolete_on <= day):
        return False
    if device.role in (Role.REFERENCE_MATERIAL, Role.CONSUMABLE) and device.expires_on and device.expires_on < day:
        return False
    return device.role != Role.SOFTWARE or bool(device.validated_on and device.validated_on <= day)


@pytest.mark.parametrize("seed", [1, 2])
def test_lists_single_answers_and_the_rules_agree_in_random_worlds(lab, seed):
    dice = random.Random(seed)
    devices = [some_world(lab, dice) for _ in range(60)]
    for day in (DAY - timedelta(25), DAY, DAY + timedelta(25)):
        single = {pk for pk, reasons in reasons_of(devices, day).items() if not reasons}
        listed = set(usable_on(Equipment.objects.all(), day).values_list("pk", flat=True))
        plain = {device.pk for device in devices if plainly(make.fresh(device), day)}
        assert single == plain and listed & {device.pk for device in devices} == plain
        assert 0 < len(plain) < len(devices)
