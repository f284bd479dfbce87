"""A laboratory that has pledged three times, about whose pledges every clause is met, and ways in which one fact is otherwise.

day 0    the first pledge is public        day 100  a violation becomes final, the pledge falls, and is remedied
day 120  the second one                    day 150  the laboratory stops for five days, the pledge falls, and is remedied
day 170  the third one, w.pledge           day 440  it is confirmed
day 450  JUDGED
"""

from datetime import date, datetime, timedelta
from types import SimpleNamespace

from commitments import ending, workflow
from commitments.models import Channel, Commitment, CommitmentTemplate, Remediation
from institutions.models import Institution, LegalStatus, Qualification, Violation
from portal import codes
from portal.models import Document, SmartCode
from portal.tenancy import scope, tenant
from tests import clauses, make
from tests.commitments import pledges

A_DAY = timedelta(1)
NAMES = ("first", "second", "pledge")


def at(number: int) -> datetime:
    """Noon of a day of the story."""
    return make.NOON + number * A_DAY


def day(number: int) -> date:
    return make.DAY + number * A_DAY


JUDGED = day(450)
DUE = day(440).replace(year=2028)  # until when it has to be confirmed next


def story(w: SimpleNamespace) -> SimpleNamespace:
    """The laboratory on day 450."""
    pledges.public(w)
    w.first = w.pledge
    offends(w, day(100))
    w.first_end = fallen(w, 100)
    w.second = again(w, 120)
    stops(w, day(150))
    w.second_end = fallen(w, 150)
    written(w, LegalStatus, since=day(155), legal_form="legal_person", business_status="operating")
    w.remedy = remedied(w, w.second_end, 160)
    w.pledge = again(w, 170, remedied=True)
    pledges.searched(w, day(439))
    confirmed(w, 440)
    with tenant(w.institution.pk):
        w.channel = Channel.objects.create(
            institution=w.institution, kind="website", place="官网首页", url="https://alpha.example/", shown_on=JUDGED - 364 * A_DAY
        )  # fmt: skip
    w.policy = clauses.document(w.institution, "commitment_policy", responsible=w.keeper_employment)
    return w


def written(w, model, **values):
    """The row is there; nothing followed it, as after an act past the portal."""
    with tenant(w.institution.pk):
        return model.objects.bulk_create([model(institution=w.institution, **values)])[0]


def offends(w, on, **values):
    """Something is final since that day that ends a pledge, and was written down at once."""
    values = {
        "kind": Violation.Kind.VIOLATION, "integrity_related": True, "issuer": "市级监管部门（示）", "number": "决 1 号",
        "summary": "事由", "decided_on": on, "final_on": on, "recorded_at": at((on - make.DAY).days), **values,
    }  # fmt: skip
    return written(w, Violation, **values)


def stops(w, on):
    return written(w, LegalStatus, since=on, legal_form="legal_person", business_status="suspended")


def fallen(w, number):
    """The portal has looked on that day, and the pledge has fallen."""
    with tenant(w.institution.pk):
        return ending.reconsider(w.institution, at=at(number))


def remedied(w, withdrawal, number):
    """What ended the pledge was put right and accepted that day."""
    with tenant(w.institution.pk):
        row = ending.begin(withdrawal, actor=w.keeper, at=at(number))
        row = ending.submit(
            row,
            cause_found="原因",
            measures="措施",
            finished_on=day(number),
            file=w.paper,
            actor=w.keeper,
            at=at(number),
        )
        return ending.review(row, accept=True, decision="认可", actor=pledges.regulator(w), at=at(number))


def again(w, number, *, remedied=False):
    """Another pledge is public since that day, after the one before was remedied."""
    if not remedied:
        globals()["remedied"](w, w.first_end, number - 5)
    pledges.searched(w, day(number - 1))
    return pledges.public(w, at=at(number)).pledge


def confirmed(w, number):
    with tenant(w.institution.pk):
        return workflow.confirm(make.fresh(w.pledge), actor=w.keeper, at=at(number))


# --- one fact otherwise


def both(*changes):
    def spoil(w):
        for one in changes:
            one(w)

    return spoil


def pledge(which="pledge", **values):
    """One of the three pledges says something else."""
    return lambda w: _update(Commitment, getattr(w, which).pk, **values)


def change(of, **values):
    """The row under this name says something else; nothing followed it."""
    return lambda w: _update(type(getattr(w, of)), getattr(w, of).pk, **values)


def _update(model, pk, **values):
    assert model.objects.filter(pk=pk).update(**values) == 1


def checked_by_its_maker(w):
    pledge(checked_by_id=w.pledge.made_by_id)(w)


def signed_by(name):
    return lambda w: pledge(signed_by=getattr(w, name))(w)


def on_paper(state, **values):
    """It was signed on paper, and its scan is in this state; none without a state."""

    def spoil(w):
        scan = make.document(w.institution, "扫描件.pdf", state=state) if state else None
        pledge(mode="paper", scan=scan, **values)(w)

    return spoil


def offence(on, **values):
    return lambda w: offends(w, on, **values)


def stop(on):
    return lambda w: stops(w, on)


def late(on, number):
    """It stops on a day, and the portal hears of it and ends the pledge on a later one."""

    def spoil(w):
        stops(w, on)
        assert fallen(w, number)

    return spoil


def by_wording(region, used=False, **values):
    """There is another wording; `used`: the pledge is by it."""

    def spoil(w):
        values.setdefault("state", "retired" if values.get("retired_on") else "active")
        facts = {"edition": 7, "title": "本地承诺书", "made_by": "市级监管部门（示）", "paragraphs": [], **values}
        with scope(region=region):
            row = CommitmentTemplate.objects.create(region_code=region, **facts)
        if used:
            with tenant(w.institution.pk):
                pledge(template=row)(w)

    return spoil


def unpublished(which="pledge"):
    return lambda w: codes.unpublish(w.institution.pk, getattr(w, which).token, at=make.NOON)


def a_code_too_many(w):
    SmartCode.objects.create(
        institution=w.institution, kind="unit", token_digest="f" * 64, card={"state": "public"}, updated_at=make.NOON
    )


def says_public(w):
    """The page of a withdrawn pledge still says that it is public."""
    token = codes._token_digest(w.first.token)
    row = SmartCode.objects.get(token_digest=token)
    SmartCode.objects.filter(pk=row.pk).update(card=row.card | {"state": "public"})


def institution(**values):
    return lambda w: (
        Institution.objects.filter(pk=w.institution.pk).update(**values) and w.institution.refresh_from_db()
    )


def photo(state, **values):
    """The place is shown by a photo in this state instead of an address."""
    return lambda w: change("channel", url="", photo=make.document(w.institution, state=state), **values)(w)


def withdrawn_on(number):
    return pledge(state="withdrawn", withdrawn_at=at(number))


def confirmed_again(days_late):
    """It was confirmed so many days after it should have been."""

    def change(w):
        number = (DUE - make.DAY).days + days_late
        pledges.searched(w, day(number - 1))
        confirmed(w, number)

    return change


def remedy(**values):
    return lambda w: _update(Remediation, w.remedy.pk, **values)


def licence_of(until):
    return change("licence", valid_until=until)


def papers_of(until):
    return lambda w: Qualification.objects.exclude(kind="business_licence").update(valid_until=until)


def quarantined(document):
    Document.objects.filter(pk=document.pk).update(state="quarantined")
