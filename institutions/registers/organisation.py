"""法律地位、关键人员、部门、房间、隔离、档案、年度数据."""

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Register, register
from portal.transitions import Refusal

from ..models import (
    ArchiveClass,
    Department,
    Isolation,
    KeyPerson,
    LegalStatus,
    Qualification,
    Room,
    YearFigures,
)
from ..people import following
from .conduct import in_a_year_of_records

GROUP = gettext_lazy("机构")
PLACES = gettext_lazy("场所")
KEEP = Permission.FILE_KEEP


def part_names_its_parent(row: LegalStatus, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A part of a legal person states whose. Source: B-4.1-s1."""
    if row.legal_form == LegalStatus.LegalForm.DEFINED_PART and not row.parent_entity:
        yield Refusal("B-4.1-s1", _("内设机构要写明承担法律责任的上级法人。请填写上级法人全称。"))


def part_is_authorised(row: LegalStatus, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A part of a legal person operates with its authorisation on file, good on the day it begins. Source: C-4.1.1-s3."""
    operates = row.business_status == LegalStatus.BusinessStatus.OPERATING
    if row.legal_form != LegalStatus.LegalForm.DEFINED_PART or not operates:
        return
    if row.parent_authorisation is None:
        yield Refusal("C-4.1.1-s3", _("内设机构经上级法人授权才能开展业务。请上传上级授权书。"))
    if row.authorised_until and row.authorised_until < row.since:
        yield Refusal(
            "C-4.1.1-s3",
            _("上级授权 %(last)s 就到期，早于 %(since)s。请上传续期的授权书，填写新的到期日期。")
            % {"last": row.authorised_until, "since": row.since},
        )


def founded_before(row: LegalStatus, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """It was founded before it stood like this."""
    if row.registered_on and row.registered_on > row.since:
        yield Refusal("data", _("成立日期 %(day)s 晚于“自何日起”。请核对两个日期。") % {"day": row.registered_on})


def industry_centre_is_approved(row: LegalStatus, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """Only an institution with an approval in force is an industry centre. Source: D-3.3."""
    if not row.is_industry_centre:
        return
    approvals = Qualification.objects.filter(
        institution_id=row.institution_id, kind="industry_centre_approval"
    ).valid_on(row.since)  # fmt: skip
    if not approvals.exists():
        yield Refusal("D-3.3", _("没有当天有效的产业计量测试中心批准文件。请先在“资质”登记批准文件，再勾选。"))


def named_or_employed(row: KeyPerson, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The name is that of the employment it points at."""
    if row.employment_id and row.employment.name != row.name.strip():
        yield Refusal("data", _("姓名与所选人员“%(name)s”不一致。请核对。") % {"name": row.employment.name})


def figures_make_sense(row: YearFigures, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """The year can have records; nothing is less than nothing, and a rate is a part of a hundred."""
    yield from in_a_year_of_records(row, actor, at)
    for name in ("research_spend", "calibration_revenue", "turnover_target"):
        if (value := getattr(row, name)) is not None and value < 0:
            shown = {"title": YearFigures._meta.get_field(name).verbose_name}
            yield Refusal("data", _("%(title)s不能小于零。请核对，不清楚就留空。") % shown)
    if row.turnover_target is not None and row.turnover_target > 100:
        yield Refusal("data", _("流失率目标不能超过 100%%。请填百分数，例如 8。") % {})
    if row.research_staff is not None and row.research_staff > row.headcount:
        shown = {"staff": row.research_staff, "all": row.headcount}
        yield Refusal("data", _("研发人数 %(staff)d 多于从业人数 %(all)d。请核对两个数。") % shown)


def room_has_a_size(row: Room, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A room is larger than nothing."""
    if row.area is not None and row.area <= 0:
        yield Refusal("data", _("面积必须大于零。不清楚就留空。"))


register(
    Register(
        name="legal-status", model=LegalStatus, title=gettext_lazy("法律地位"), group=GROUP,
        about=gettext_lazy("法律形式、经营状态、上级授权；有变化就登记新的一行，从生效日起算"),
        fields=(
            "since", "legal_form", "business_status", "registered_on", "parent_entity", "parent_authorisation",
            "authorised_until", "system", "is_industry_centre",
        ),
        columns=("legal_form", "business_status", "since", "parent_entity"),
        order=("-since", "-pk"), keeper=KEEP,
        gates=(part_names_its_parent, part_is_authorised, founded_before, industry_centre_is_approved),
        clauses=("A-4.1.1", "B-4.1-s1", "C-4.1.1-s3", "D-3.3"), importable=False, after=following.everybody,
    )
)  # fmt: skip
register(
    Register(
        name="key-persons", model=KeyPerson, title=gettext_lazy("关键人员"), group=GROUP,
        about=gettext_lazy("法定代表人、控股股东、实际控制人、董监高；诚信核查和声明要用到"),
        fields=("role", "name", "employment", "valid_from", "valid_until"),
        columns=("name", "role", "valid_from", "valid_until"), search=("name",), filters=("role",),
        order=("role", "pk"), keeper=KEEP, gates=(named_or_employed,), clauses=("B-4.1-s2", "D-4.3.1.2"),
    )
)  # fmt: skip
register(
    Register(
        name="departments", model=Department, title=gettext_lazy("部门"), group=GROUP,
        about=gettext_lazy("内设部门、负责人和职责"),
        fields=("name", "head", "duties"), columns=("name", "head"), search=("name",), order=("name", "pk"),
        key=("name",), keeper=KEEP, clauses=("D-4.1.3",),
    )
)  # fmt: skip
register(
    Register(
        name="year-figures", model=YearFigures, title=gettext_lazy("年度数据"), group=GROUP,
        about=gettext_lazy("每年申报一次：人数、器具数、研发和收入；与系统里的台账对得上才算齐"),
        fields=(
            "year", "headcount", "inventory", "research_staff", "research_spend", "calibration_revenue",
            "turnover_target", "file",
        ),
        columns=("year", "headcount", "inventory", "research_staff"), order=("-year", "-pk"), key=("year",),
        keeper=KEEP, gates=(figures_make_sense,), clauses=("A-6.4.1", "B-6.2.3-s2", "B-6.7.2-a", "B-6.7.2-b"),
    )
)  # fmt: skip
register(
    Register(
        name="archives", model=ArchiveClass, title=gettext_lazy("档案类别"), group=GROUP,
        about=gettext_lazy("五类档案各自的保密范围和措施"),
        fields=("archive", "confidentiality", "measure", "keeper"), columns=("archive", "confidentiality", "keeper"),
        order=("archive", "pk"), keeper=KEEP, clauses=("C-7.3.1.1", "C-7.3.1.3"),
    )
)  # fmt: skip
register(
    Register(
        name="rooms", model=Room, title=gettext_lazy("房间与区域"), group=PLACES,
        about=gettext_lazy("影响质量的区域要有准入名单和进出记录"),
        fields=("site", "name", "area", "quality_critical", "access_list", "access_log"),
        columns=("name", "site", "quality_critical"), search=("name",), order=("site", "name", "pk"), keeper=KEEP,
        gates=(room_has_a_size,), clauses=("C-5.4.3-s1", "D-4.2.1.1", "D-4.2.1.4-s2"),
    )
)  # fmt: skip
register(
    Register(
        name="isolations", model=Isolation, title=gettext_lazy("隔离措施"), group=PLACES,
        about=gettext_lazy("互不相容的项目或区域怎样隔离；确实没有的，登记声明"),
        fields=("first", "second", "measure", "file"), columns=("first", "second"), order=("first", "pk"),
        keeper=KEEP, clauses=("C-5.4.3-s2", "D-4.2.1.4-s1"),
    )
)  # fmt: skip
