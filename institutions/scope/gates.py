"""Conditions that must hold before a qualification counts and before a line stands in the scope."""

from collections.abc import Iterator
from datetime import date, datetime

from django.utils.translation import gettext as _

from institutions.models import Qualification, ScopeItem, Site
from portal.actors import Actor
from portal.clock import CHINA
from portal.models import Document
from portal.transitions import Refusal


def lease_is_proven(site: Site, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A place that is not the institution's own has a proof of its use and the day until which it holds. Source: B-4.2-s2."""
    if site.tenure == Site.Tenure.OWN:
        return
    if site.tenure_proof_id is None:
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
    wanted = [(_("证书"), row.file)] + ([(_("能力附表"), row.annex)] if row.needs_annex else [])
    for title, document in wanted:
        if document is None:
            yield Refusal("B-4.3-s1", _("没有%(title)s文件。请先点“更正”上传。") % {"title": title})
        elif document.state == Document.State.QUARANTINED:
            yield Refusal(
                "B-4.3-s1", _("%(title)s文件还在安全检查，通常一分钟内完成。请稍后再确认。") % {"title": title}
            )
        elif document.state != Document.State.ACCEPTED:
            yield Refusal("B-4.3-s1", _("%(title)s文件没有通过安全检查。请重新上传。") % {"title": title})


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


def not_in_the_future(day: date, at: datetime) -> bool:
    """Whether the day has come in China."""
    return day <= at.astimezone(CHINA).date()
