"""Who may do what: one table. Views, verbs, pages and tests read it; nothing else decides rights."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Permission(StrEnum):
    INSTITUTION_READ = "institution:read"
    AUDIT_READ = "audit:read"
    MEMBER_INVITE = "member:invite"
    MEMBER_ACCEPT = "member:accept"
    MEMBER_CHANGE = "member:change"
    DOCUMENT_UPLOAD = "document:upload"
    DOCUMENT_CHECK = "document:check"
    PERSON_IDENTIFY = "person:identify"
    PERSON_UNMASK = "person:unmask"
    EXPORT = "export"
    FILE_KEEP = "file:keep"
    PEOPLE_KEEP = "people:keep"
    AUTHORISE = "people:authorise"
    SCOPE_KEEP = "scope:keep"
    METHOD_KEEP = "method:keep"
    ALERT_ASSIGN = "alert:assign"
    EQUIPMENT_MANAGE = "equipment:manage"
    EQUIPMENT_CONFIRM = "equipment:confirm"
    EQUIPMENT_REPORT = "equipment:report"
    EQUIPMENT_COUNT = "equipment:count"
    ENVIRONMENT_NOTE = "environment:note"
    API_MANAGE = "api:manage"
    PLEDGE_KEEP = "pledge:keep"
    PLEDGE_SIGN = "pledge:sign"
    PLEDGE_FALL = "pledge:fall"
    PLEDGE_OVERSEE = "pledge:oversee"
    PENALTY_RECORD = "penalty:record"
    ITEM_RECEIVE = "item:receive"
    ITEM_FINISH = "item:finish"
    RECORD_WRITE = "record:write"
    CERTIFICATE_CHECK = "certificate:check"
    CERTIFICATE_APPROVE = "certificate:approve"
    CERTIFICATE_ISSUE = "certificate:issue"
    CERTIFICATE_RENDER = "certificate:render"
    CERTIFICATE_VOID = "certificate:void"
    PROCEDURE_MANAGE = "procedure:manage"
    PROCEDURE_APPROVE = "procedure:approve"
    PLATFORM_OPERATE = "platform:operate"


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    QUALITY_MANAGER = "quality_manager"
    TECHNICAL_MANAGER = "technical_manager"
    METROLOGY_MANAGER = "metrology_manager"
    OPERATOR = "operator"
    CHECKER = "checker"
    SIGNATORY = "signatory"
    RECEPTIONIST = "receptionist"
    SUPERVISOR = "supervisor"
    LEGAL_REPRESENTATIVE = "legal_representative"
    REGULATOR = "regulator"
    PLATFORM_OPERATOR = "platform_operator"


ROLE_TITLES = {
    Role.ADMINISTRATOR: _("机构管理员"),
    Role.QUALITY_MANAGER: _("质量负责人"),
    Role.TECHNICAL_MANAGER: _("技术负责人"),
    Role.METROLOGY_MANAGER: _("计量管理人员"),
    Role.OPERATOR: _("检定/校准员"),
    Role.CHECKER: _("核验员"),
    Role.SIGNATORY: _("授权签字人"),
    Role.RECEPTIONIST: _("业务受理"),
    Role.SUPERVISOR: _("质量监督员"),
    Role.LEGAL_REPRESENTATIVE: _("法定代表人"),
    Role.REGULATOR: _("监管人员"),
    Role.PLATFORM_OPERATOR: _("平台运维"),
}

# Who signs in with a password and a code from the phone; everybody else may. Source: E3.15.
SECOND_FACTOR_ROLES = frozenset(
    {Role.SIGNATORY, Role.QUALITY_MANAGER, Role.ADMINISTRATOR, Role.REGULATOR, Role.PLATFORM_OPERATOR}
)

INSTITUTION_ROLES = [role for role in Role if role not in (Role.REGULATOR, Role.PLATFORM_OPERATOR)]

P = Permission
READING = {P.INSTITUTION_READ}
# Whoever works there: stop equipment that is not right (D-4.4.3.2), count it, write down what a room's instruments show.
EVERYBODYS = {P.EQUIPMENT_REPORT, P.EQUIPMENT_COUNT, P.ENVIRONMENT_NOTE}
GRANTS: dict[Role, frozenset[Permission]] = {
    role: frozenset(READING | rights | (set() if role == Role.REGULATOR else EVERYBODYS))
    for role, rights in {
        Role.ADMINISTRATOR: {
            P.AUDIT_READ,
            P.MEMBER_INVITE,
            P.MEMBER_CHANGE,
            P.DOCUMENT_UPLOAD,
            P.PERSON_IDENTIFY,
            P.PERSON_UNMASK,
            P.EXPORT,
            P.FILE_KEEP,
            P.PEOPLE_KEEP,
            P.SCOPE_KEEP,
            P.METHOD_KEEP,
            P.ALERT_ASSIGN,
            P.API_MANAGE,
        },
        Role.QUALITY_MANAGER: {
            P.AUDIT_READ,
            P.DOCUMENT_UPLOAD,
            P.FILE_KEEP,
            P.PEOPLE_KEEP,
            P.SCOPE_KEEP,
            P.METHOD_KEEP,
            P.ALERT_ASSIGN,
            P.EQUIPMENT_MANAGE,
            P.EQUIPMENT_CONFIRM,
            P.PLEDGE_KEEP,
            P.CERTIFICATE_VOID,
            P.PERSON_UNMASK,
            P.EXPORT,
        },
        Role.TECHNICAL_MANAGER: {
            P.DOCUMENT_UPLOAD,
            P.EQUIPMENT_MANAGE,
            P.EQUIPMENT_CONFIRM,
            P.PROCEDURE_MANAGE,
            P.PROCEDURE_APPROVE,
            P.PEOPLE_KEEP,
            P.AUTHORISE,
            P.SCOPE_KEEP,
            P.METHOD_KEEP,
            P.ALERT_ASSIGN,
        },
        Role.METROLOGY_MANAGER: {
            P.DOCUMENT_UPLOAD,
            P.EQUIPMENT_MANAGE,
            P.EQUIPMENT_CONFIRM,
            P.FILE_KEEP,
            P.PLEDGE_KEEP,
        },
        Role.OPERATOR: {P.DOCUMENT_UPLOAD, P.RECORD_WRITE, P.PROCEDURE_MANAGE, P.EQUIPMENT_CONFIRM},
        Role.CHECKER: {P.CERTIFICATE_CHECK},
        Role.SIGNATORY: {P.CERTIFICATE_APPROVE, P.CERTIFICATE_ISSUE, P.CERTIFICATE_VOID},
        Role.RECEPTIONIST: {P.ITEM_RECEIVE, P.DOCUMENT_UPLOAD},
        Role.SUPERVISOR: {P.AUDIT_READ},
        Role.LEGAL_REPRESENTATIVE: {P.PLEDGE_SIGN},
        Role.REGULATOR: {P.AUDIT_READ, P.PLEDGE_OVERSEE, P.PENALTY_RECORD},
    }.items()
}
# What a regulator may write in an institution of its region, from the pages of regulators only.
REGULATORS_RIGHTS = frozenset({P.PLEDGE_OVERSEE, P.PENALTY_RECORD})
# What a key for programs may be made for: nothing that a person has to sign or answer for.
MACHINE_RIGHTS = {
    P.INSTITUTION_READ: _("读设备台账"),
    P.ENVIRONMENT_NOTE: _("送环境读数"),
    P.EQUIPMENT_MANAGE: _("导入和更新设备"),
    P.EXPORT: _("导出设备台账"),
}
GRANTS[Role.PLATFORM_OPERATOR] = frozenset({P.PLATFORM_OPERATE})


def granted(roles) -> frozenset[Permission]:
    """The rights of a person holding all of these roles."""
    return frozenset().union(*(GRANTS[Role(role)] for role in roles))
