"""Conditions that must hold before a qualification counts and before a line stands in the scope."""

from collections.abc import Iterator
from datetime import date, datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from institutions.models import Qualification, ScopeItem, Site
from institutions.people import reconsidering
from portal.actors import Actor
from portal.clock import CHINA
from portal.models import Document
from portal.transitions import Refusal


def lease_is_proven(site: Site, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A place that is not the institution's own has a proof of its use and the day until which it holds. Source: B-4.2-s2."""
    if site.tenure == Site.Tenure.OWN:
        return
    if site.tenure_proof is None:
        yield Refusal("B-4.2-s2", _("不是自有的场地要有租约或独立使用的证明。请上传使用证明。"))
    if site.tenure_valid_until is None:
        yield Refusal("B-4.2-s2", _("不是自有的场地要写明使用期。请填写“使用期至”。"))


def site_days_in_order(site: Site, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A site closes after it opened, and its area is no less than something."""
    if site.opened_on and site.closed_on and site.closed_on < site.opened_on:
        yield Refusal("data", _("停用日期早于启用日期。请核对两个日期。"))
    if site.total_area is not None and site.total_area <= 0:
        yield Refusal("data", _("面积必须大于零。不清楚就留空。"))


def papers_are_there(row: Qualification, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The certificate, and of what lines of scope rest on the annex, is filed and was taken in. Source: B-4.3-s1."""
    amend = reverse("portal:register_amend", args=[row.institution.slug, "qualifications", row.ref])
    wanted = [(_("证书"), row.file)] + ([(_("能力附表"), row.annex)] if row.needs_annex else [])
    for title, document in wanted:
        if document is None:
            told = _("没有%(title)s文件。请先上传。") % {"title": title}
            yield Refusal("B-4.3-s1", told, link=amend, link_text=_("去上传"))
        elif document.state == Document.State.QUARANTINED:
            yield Refusal(
                "B-4.3-s1", _("%(title)s文件还在安全检查，通常一分钟内完成。请稍后再确认。") % {"title": title}
            )
        elif document.state != Document.State.ACCEPTED:
            told = _("%(title)s文件没有通过安全检查。请重新上传。") % {"title": title}
            yield Refusal("B-4.3-s1", told, link=amend, link_text=_("重新上传"))


def lines_stay_where_they_are_named(row: Site | Qualification, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """No line in use comes to stand at an address that its qualification does not name. Source: B-4.2-s3."""
    if row.pk is None:
        return
    mine = {"site": row} if isinstance(row, Site) else {"qualification": row}
    lines = ScopeItem.objects.filter(institution_id=row.institution_id, **mine).exclude(state=ScopeItem.State.WITHDRAWN)
    pairs = lines.order_by("site", "qualification").distinct("site", "qualification")
    for line in pairs.select_related("site", "qualification"):
        address = row.address if isinstance(row, Site) else line.site.address
        paper = line.qualification if isinstance(row, Site) else row
        if not paper.names(address):
            yield Refusal(
                "B-4.2-s3",
                _("“%(site)s”有能力范围依据 %(paper)s，证书所载地址里没有“%(address)s”。搬迁请另登记场所；证书变更请另登记资质。")
                % {"site": line.site.name, "paper": paper, "address": address},
            )  # fmt: skip


def stays_what_was_confirmed(row: Qualification, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """What was confirmed keeps its kind and its papers: another paper is another row, confirmed anew. Source: B-4.3-s1."""
    if row.pk is None or row.state not in Qualification.COUNTING:
        return
    stored = Qualification.objects.get(pk=row.pk, institution_id=row.institution_id)
    if row.kind != stored.kind:
        yield Refusal("B-4.3-s1", _("已确认的资质不能改种类。请作废这一条，按新的证书登记并确认。"))
    for title, before, after in ((_("证书"), stored.file_id, row.file), (_("能力附表"), stored.annex_id, row.annex)):
        if before and after is None:
            yield Refusal("B-4.3-s1", _("已确认的资质不能去掉%(title)s文件。请换成新的文件。") % {"title": title})


def renewal_follows(row: Qualification, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A qualification takes the place of an earlier one of its own kind, and not of itself."""
    old = row.replaces
    if old is None:
        return
    if old.pk == row.pk or old.kind != row.kind or old.valid_from >= row.valid_from:
        yield Refusal("data", _("“换发自”要选同一种类、有效期更早的证书。请重新选择，或留空。"))


def stands_on_its_papers(line: ScopeItem, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The line is at an address that its qualification names, and rests on a qualification for calibration.

    Source: B-4.2-s3.
    """
    if not line.qualification.names(line.site.address):
        yield Refusal(
            "B-4.2-s3",
            _("场所“%(site)s”的地址“%(address)s”不在 %(paper)s 所载的地址里。请核对地址，或换一个场所。")
            % {"site": line.site.name, "address": line.site.address, "paper": line.qualification},
        )
    if not line.qualification.needs_annex:
        yield Refusal(
            "B-4.3-s1",
            _("%(paper)s 不能作为能力范围的依据。请选认可、授权或考核证书。") % {"paper": line.qualification},
        )
    if line.qualification.state not in Qualification.COUNTING:
        yield Refusal("B-4.3-s1", _("%(paper)s 还没有确认有效。请先在资质页确认。") % {"paper": line.qualification})


def has_two_people(line: ScopeItem, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Two people may verify or calibrate in the field of the line. Source: C-5.1.1-s2."""
    day = at.astimezone(CHINA).date()
    count = len(reconsidering.operators_by_field(line.institution, day).get(line.field, ()))
    if count < reconsidering.FEWEST_PEOPLE:
        yield Refusal(
            reconsidering.TWO_PEOPLE,
            _("“%(field)s”专业在职、有授权的检定或校准员只有 %(count)d 人，少于 2 人。请先补充授权，再恢复。")
            % {"field": line.field, "count": count},
        )


def not_in_the_future(day: date, at: datetime) -> bool:
    """Whether the day has come in China."""
    return day <= at.astimezone(CHINA).date()
