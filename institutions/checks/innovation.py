"""Clauses decided by figures of innovation, research and partners."""

from collections.abc import Callable
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from portal.clauses import State, Verdict, all_of, clause, existing, none_in_breach, window
from portal.registers.verbs import accepted

from ..models import (
    Activity,
    InnovationFigure,
    Institution,
    Partnership,
    ResearchProject,
    YearFigures,
)
from .rows import CURRENT, current, evidence, listed, page
from .service import held

Kind = Activity.Kind


FIGURES = {
    "B-6.7.2-c": "cooperation",
    "B-6.7.2-d": "projects",
    "B-6.7.2-e": "utility_patents",
    "B-6.7.2-f": "invention_patents",
    "B-6.7.2-g": "papers",
    "B-6.7.2-h": "software",
    "B-6.7.4-a": "international_standards",
    "B-6.7.4-b": "national_standards",
    "B-6.7.4-c": "international_papers",
    "B-6.7.4-d": "science_awards",
    "B-6.7.4-e": "quality_awards",
    "B-6.7.4-f": "patent_awards",
}


# Of these one or more is proven by files or certificates, of the others by references. Source: B-6.7.2, B-6.7.4.
PROVEN = ("cooperation", "projects", "science_awards", "quality_awards", "patent_awards")


def _counted(name: str, indicator: str) -> Callable[[Institution, date], Verdict]:
    def check(institution: Institution, day: date) -> Verdict:
        rows = current(InnovationFigure, institution).filter(indicator=indicator, year=day.year - 1)
        row = rows.select_related("file").first()
        advice = _("没有登记去年的“%(name)s”数量；没有的请填 0。")
        title = dict(InnovationFigure.Indicator.choices)[indicator]
        fix = page(institution, "innovation", year=str(day.year - 1), indicator=indicator)
        if row is None:
            return existing([], advice=advice % {"name": title}, fix=fix)
        bare = ""
        if row.count and indicator in PROVEN and not accepted(row.file):
            bare = _("没有证明文件")
        elif row.count and indicator not in PROVEN and not row.references.strip():
            bare = _("没有逐项写明名称和编号")
        if bare:
            advice = _("请在“更正”里逐项写明名称和编号，上传证明文件。")
            fix = listed(institution, "innovation")
            return none_in_breach(
                1, [evidence(institution, "innovation", row, bare)], nothing="", advice=advice, fix=fix
            )
        return Verdict(State.MET, {str(title): row.count}, (evidence(institution, "innovation", row),))

    check.__name__ = check.__qualname__ = f"figure_for_{name}"
    return check


for _name, _indicator in FIGURES.items():
    clause(_name)(_counted(_name, _indicator))


@clause("B-6.4-b")
def writes_specifications(institution: Institution, day: date) -> Verdict:
    """Took part in writing a specification in one of the last three years."""
    years = (day.year - 1, day.year - 2, day.year - 3, day.year)
    rows = current(InnovationFigure, institution).filter(indicator="specifications", year__in=years, count__gte=1)
    return existing(
        [evidence(institution, "innovation", row) for row in rows],
        advice=_("近三年没有参与计量技术规范制修订的登记。"), fix=page(institution, "innovation", indicator="specifications"),
    )  # fmt: skip


def _share(institution: Institution, day: date, part: str, whole: str, title: str) -> Verdict:
    """The share of one declared figure of last year in another."""
    row = current(YearFigures, institution).filter(year=day.year - 1).first()
    over, under = (getattr(row, part), getattr(row, whole)) if row else (None, None)
    if row is None or over is None or not under:
        advice = _("去年的年度数据没有填齐。请填写后再看%(title)s。") % {"title": title}
        return existing([], advice=advice, fix=page(institution, "year-figures", year=str(day.year - 1)))
    return Verdict(State.MET, {title: f"{100 * over / under:.1f} %"}, (evidence(institution, "year-figures", row),))


@clause("B-6.7.2-a")
def share_of_researchers(institution: Institution, day: date) -> Verdict:
    """How many of last year's staff did research."""
    return _share(institution, day, "research_staff", "headcount", _("研发人数占比"))


@clause("B-6.7.2-b")
def share_of_research_spending(institution: Institution, day: date) -> Verdict:
    """How much of last year's revenue from calibrations went into development."""
    return _share(institution, day, "research_spend", "calibration_revenue", _("技术开发费占校准收入"))


@clause("B-6.7.3")
def leads_research_of_its_own(institution: Institution, day: date) -> Verdict:
    """A project led by the institution, for some industry, ran within the year."""
    first, _last = window(day)
    rows = current(ResearchProject, institution).filter(lead=ResearchProject.Lead.OWN, valid_from__lte=day)
    rows = rows.filter(Q(valid_until=None) | Q(valid_until__gte=first)).exclude(application="")
    return existing(
        [evidence(institution, "research", row) for row in rows], advice=_("近一年没有本机构牵头、面向产业的研发项目。"),
        fix=page(institution, "research"),
    )  # fmt: skip


# --- partners of an industry centre


def _partners(institution: Institution, day: date, kind: str) -> list[Partnership]:
    return list(current(Partnership, institution).filter(kind=kind).valid_on(day).select_related("file", "project"))


@clause("D-5.6.2")
def has_a_team_and_experts(institution: Institution, day: date) -> Verdict:
    """A team with its lead, an expert, and guidance given within the year."""
    teams = [row for row in _partners(institution, day, Partnership.Kind.INNOVATION_TEAM) if row.lead]
    experts = _partners(institution, day, Partnership.Kind.EXPERT)
    fix = page(institution, "partnerships", kind="innovation_team")
    return all_of(
        existing([evidence(institution, "partnerships", row) for row in teams], advice=_("没有写明负责人的创新团队。"), fix=fix),
        existing([evidence(institution, "partnerships", row) for row in experts], advice=_("专家库里没有在期的专家。"), fix=fix),
        held(institution, day, Kind.GUIDANCE),
    )  # fmt: skip


@clause("D-5.6.3")
def works_with_others(institution: Institution, day: date) -> Verdict:
    """An agreement in force, on file, with a joint project."""
    rows = _partners(institution, day, Partnership.Kind.COOPERATION)
    rows = [row for row in rows if row.project and row.project.state == CURRENT and accepted(row.file)]
    return existing(
        [evidence(institution, "partnerships", row) for row in rows], advice=_("没有带联合项目、附协议的有效合作。"),
        fix=page(institution, "partnerships", kind="cooperation"),
    )  # fmt: skip


@clause("D-5.7.2")
def belongs_to_an_alliance(institution: Institution, day: date) -> Verdict:
    """A platform or alliance with its members and its agreement on file."""
    rows = [
        row for row in _partners(institution, day, Partnership.Kind.ALLIANCE) if row.partners and accepted(row.file)
    ]
    return existing(
        [evidence(institution, "partnerships", row) for row in rows], advice=_("没有附协议和成员名单的公共平台或联盟。"),
        fix=page(institution, "partnerships", kind="alliance"),
    )  # fmt: skip
