"""The kinds of documents a management system has: what each must contain, and who must have read it.

One table: the form offers the sections, the checks ask for them. Sources: A-5.2, B-4.7, B-6.1, C-4, C-7.3, D-4.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EVERYBODY = "everybody"


@dataclass(frozen=True)
class DocumentKind:
    """A kind of document: its title, its mandatory sections by name, and whether everybody must have read it."""

    title: str | Promise
    sections: dict[str, str | Promise]
    readers: str = ""


def _kind(title: str | Promise, readers: str = "", **sections: str | Promise) -> DocumentKind:
    return DocumentKind(title, sections, readers)


KINDS: dict[str, DocumentKind] = {
    # the system as a whole
    "quality_manual": _kind(
        _("质量手册"), verification=_("覆盖检定"), calibration=_("覆盖校准"), testing=_("覆盖测试"), research=_("覆盖科研"),
        product_development=_("覆盖产品研发"), fixed=_("覆盖固定场所"), temporary_place=_("覆盖临时场所"),
        temporary_facility=_("覆盖临时设施"), mobile=_("覆盖移动设施"), jjf_1033=_("与 JJF 1033 的对照"),
        jjf_1069=_("与 JJF 1069 的对照"),
    ),
    "system_documentation": _kind(_("体系文件总则")),
    "procedure": _kind(_("程序文件")),
    "work_instruction": _kind(_("作业指导书")),
    "document_control": _kind(_("文件控制程序")),
    "record_control": _kind(_("记录控制程序")),
    "risks_and_opportunities": _kind(_("风险和机遇控制程序")),
    "improvement": _kind(_("改进程序")),
    "corrective_action": _kind(_("纠正措施程序")),
    "internal_audit": _kind(_("内部审核程序")),
    "management_review": _kind(_("管理评审程序")),
    "policy_and_objectives": _kind(
        _("质量方针和目标"), EVERYBODY, source=_("确立的依据"), capability=_("体现能力的目标"), impartiality=_("体现公正的目标")
    ),
    # integrity
    "integrity_system": _kind(
        _("诚信计量管理体系文件"), gbt_31950=_("对 GB/T 31950 的引用"), size=_("规模的考虑"), process=_("过程的考虑"),
        staffing=_("人员的考虑"),
    ),
    "integrity_rules": _kind(_("诚信管理制度"), departments=_("负责部门与职责"), persons=_("负责人员与职责")),
    "equipment_policy": _kind(
        _("计量器具管理制度"), provision=_("配备"), use=_("使用"), verification=_("检定"), maintenance=_("维护")
    ),
    "inspection_policy": _kind(
        _("计量监督检查制度"), frequency=_("检查频次"), content=_("检查内容"), result_handling=_("结果处置")
    ),
    "complaint_policy": _kind(_("投诉处理制度"), process=_("办理步骤"), records=_("留痕要求")),
    "commitment_policy": _kind(_("诚信承诺制度"), channels=_("公示渠道")),
    "confidentiality": _kind(_("保密制度")),
    "impartiality": _kind(_("公正性程序")),
    "anti_bribery": _kind(_("防止商业贿赂规定"), EVERYBODY),
    "code_of_conduct": _kind(_("行为规范"), EVERYBODY),
    # work
    "contract_review_procedure": _kind(_("要求、标书与合同评审程序")),
    "item_handling": _kind(
        _("样品管理程序"), transport=_("运输"), receipt=_("接收"), handling=_("处置"), protection=_("防护"),
        storage=_("存储"), retention=_("保留"), clearance=_("清理"), return_=_("归还"),
    ),
    "service_window_rules": _kind(_("服务窗口规章")),
    "post_duties": _kind(
        _("岗位职责"), EVERYBODY, verifier=_("检定员"), calibrator=_("校准员"), checker=_("核验员"),
        authorised_signatory=_("授权签字人"), technical_manager=_("技术负责人"), quality_manager=_("质量负责人"),
        supervisor=_("质量监督员"), metrology_manager=_("计量管理人员"), trainer=_("培训教师"), opinion=_("意见解释人"),
        manager=_("管理人员"),
    ),
    "archive_policy": _kind(_("档案管理制度")),
    "on_site_control": _kind(_("场外作业控制文件")),
    # people
    "training_policy": _kind(_("培训管理文件"), goals=_("教育、培训和技能目标"), needs=_("培训需求的确定")),
    "talent_plan": _kind(_("人才引进培养计划"), year=_("计划年度"), actions=_("已实施或正在实施的措施")),
    "performance": _kind(_("绩效管理办法"), comparisons=_("与计量比对的联系")),
    "training": _kind(_("培训办法"), comparisons=_("与计量比对的联系")),
    "reward_penalty": _kind(_("奖惩办法"), comparisons=_("与计量比对的联系")),
    # organisation and outlook
    "organisation_chart": _kind(_("组织机构图")),
    "facility_development_plan": _kind(_("设施发展规划"), horizon_year=_("规划到哪一年")),
    "innovation_plan": _kind(
        _("创新规划"), year=_("规划年度"), people=_("人才"), funds=_("资金"), results=_("成果"),
        intellectual_property=_("知识产权"),
    ),
    "brand_management": _kind(_("品牌管理办法")),
    "culture": _kind(
        _("机构文化手册"), mission=_("使命"), vision=_("愿景"), values=_("价值观"), operating_view=_("经营理念"),
        spirit=_("机构精神"), conduct=_("行为准则"), department=_("负责部门"), duties=_("各层级职责"),
    ),
    "esg_report": _kind(_("ESG 报告"), year=_("报告年度")),
}  # fmt: skip


def choices() -> list[tuple[str, str | Promise]]:
    """The kinds as a form offers them."""
    return [(name, kind.title) for name, kind in KINDS.items()]
