"""Personal data: which fields hold it, what for, on what ground, who sees it, how it is masked, and when it is erased.

The register below is the one list; docs/privacy.md prints it, and a test walks all models for a field that is in neither
list. Masked forms are what pages show; the original takes a right, a reason and a proof of the person. Source: E12.56.
"""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

STAR = "*"


@dataclass(frozen=True)
class PersonalField:
    """One kind of personal data: what it is, the fields that hold it ("app.Model.field"), and its rules in words."""

    holds: str
    fields: tuple[str, ...]
    purpose: str
    basis: str
    seen_by: str
    masked: str
    kept: str
    erased: str


# Of the Personal Information Protection Law, article 13, paragraph 1.
CONTRACT = "第十三条第（二）项：人力资源管理、履行合同所必需"
DUTY = "第十三条第（三）项：履行法定职责或者法定义务"

AS_LONG_AS_RECORDS = "与证书、原始记录相同：至少 6 年，机构可以定得更长"
SECURITY_LOG = "13 个月"
WITH_THE_RECORDS = "随记录到期删除；账本里只剩加盐哈希"

REGISTER = (
    PersonalField(
        "身份证号", ("institutions.Employment.id_number_sealed",),
        "确认人员身份；授权、签字人备案", f"{DUTY}；敏感个人信息，单独告知", "管理员、质量负责人，说明理由并本人确认后",
        "440***********1234，加密存放", AS_LONG_AS_RECORDS, "离职且记录到期后清空密文",
    ),
    PersonalField(
        "身份摘要", ("institutions.Person.identity_digest",),
        "同一人在两个机构从业时认作一人", DUTY, "不显示；只由程序比对", "带密钥的摘要，看不出号码",
        AS_LONG_AS_RECORDS, "最后一条从业记录清空后清空",
    ),
    PersonalField(
        "手机号", ("institutions.Employment.phone_sealed",),
        "紧急联系", CONTRACT, "管理员、质量负责人，说明理由并本人确认后", "138****5678，加密存放",
        "在职期间", "离职后清空密文",
    ),
    PersonalField(
        "出生日期", ("institutions.Employment.birth_date",),
        "判断检定员是否超过年龄", DUTY, "管理员、质量负责人；其他成员只见年份", "1985 年", AS_LONG_AS_RECORDS, WITH_THE_RECORDS,
    ),
    PersonalField(
        "人员姓名、工号", (
            "institutions.Employment.name", "institutions.Employment.staff_number", "institutions.User.name",
            "institutions.Invitation.name", "institutions.EmploymentConflict.name", "institutions.Authorisation.granted_by",
            "institutions.KeyPerson.name", "institutions.Partnership.lead",
            "certificates.Certificate.body", "certificates.Certificate.content", "portal.ClauseStanding.evidence",
        ),
        "证书和记录上写明谁检定、核验、批准", DUTY, "本机构成员、监管人员；证书持有人见证书上的姓名", "不遮盖",
        AS_LONG_AS_RECORDS, WITH_THE_RECORDS,
    ),
    PersonalField(
        "资格证书、经历、培训和考核", (
            "institutions.Credential.number", "institutions.Credential.speciality", "institutions.Experience.employer",
            "institutions.Experience.post", "institutions.TrainingAttendance.result", "institutions.TrainingAttendance.score",
            "institutions.ProtectiveIssue.item", "institutions.Authorisation.suspended_because",
        ),
        "判断能不能授权做检定、核验、签字", DUTY, "本机构成员、监管人员", "不遮盖", AS_LONG_AS_RECORDS, WITH_THE_RECORDS,
    ),
    PersonalField(
        "登录名", ("institutions.User.username", "institutions.PasswordReset.username"),
        "登录", CONTRACT, "本人、管理员", "不遮盖", "账号存续期间；找回请求 13 个月", "账号注销后改为无意义的代号",
    ),
    PersonalField(
        "电子邮箱", ("institutions.User.email", "institutions.Invitation.email"),
        "邀请、找回密码、提醒", CONTRACT, "本人", "z***@example.com", "账号存续期间", "账号注销或邀请失效后清空",
    ),
    PersonalField(
        "登录失败的名字和地址", (
            "institutions.LoginFailure.username", "institutions.LoginFailure.address", "institutions.PasswordReset.address",
        ),
        "防止猜密码", DUTY, "不显示；只由程序计数", "不显示", SECURITY_LOG, "到期删除",
    ),
    PersonalField(
        "登录会话", (
            "institutions.UserSession.address", "institutions.UserSession.agent", "institutions.UserSession.user_id",
            "institutions.UserSession.session_data", "sessions.Session.session_data",
        ),
        "保持登录；本人查看和结束自己的登录", CONTRACT, "本人", "不遮盖", "登录期间，最长 12 小时", "退出或到期删除",
    ),
    PersonalField(
        "第二因素和旧密码", (
            "institutions.User.password", "institutions.SecondFactor.secret_sealed", "institutions.RecoveryCode.digest",
            "institutions.OldPassword.hash",
        ),
        "证明是本人", DUTY, "谁也看不到", "加密或只存摘要", "账号存续期间", "停用第二因素或注销账号时删除",
    ),
    PersonalField(
        "奖惩事由", ("institutions.Incentive.reason",),
        "诚信奖惩留痕", CONTRACT, "本机构成员、监管人员", "不遮盖", AS_LONG_AS_RECORDS, WITH_THE_RECORDS,
    ),
    PersonalField(
        "客户联系人、电话", ("institutions.Customer.contact", "institutions.Customer.phone"),
        "联系送检单位", CONTRACT, "业务受理；其他成员只见遮盖的电话", "138****5678", AS_LONG_AS_RECORDS, WITH_THE_RECORDS,
    ),
    PersonalField(
        "审计记录里的人", (
            "portal.AuditEntry.actor_name", "portal.AuditEntry.target_name", "portal.AuditEntry.changes",
            "portal.AuditEntry.reason", "portal.AuditEntry.acting_as",
        ),
        "谁在什么时候做了什么", DUTY, "管理员、质量负责人、质量监督员、监管人员", "不遮盖；不写身份证号、手机号、邮箱和出生日期",
        AS_LONG_AS_RECORDS, WITH_THE_RECORDS,
    ),
    PersonalField(
        "上传文件", ("portal.Document.name", "portal.Document.uploaded_by"),
        "溯源证书等证据", DUTY, "本机构成员、监管人员", "文件名不遮盖，不进账本和日志", AS_LONG_AS_RECORDS, WITH_THE_RECORDS,
    ),
    PersonalField(
        "导入的表格", (
            "portal.RegisterImport.content_sealed", "portal.RegisterImport.file_name", "portal.RegisterImport.acting",
            "portal.RegisterImport.said",
        ),
        "把表格里的行登记到台账", CONTRACT, "发起人和同一权限的成员", "内容加密存放；文件本身不保存", "最长 7 天",
        "写入、放弃或 7 天后清空内容",
    ),
    PersonalField(
        "提醒邮件", ("portal.Alert.subject",),
        "到期提醒", CONTRACT, "收到提醒的成员", "邮件标题不含姓名", SECURITY_LOG, "到期删除",
    ),
    PersonalField(
        "离岗和代理", (
              "portal.Absence.first_day", "portal.Absence.last_day",
            "portal.Alert.snooze_reason",
        ),
        "离岗期间有人收到提醒；推迟的理由", CONTRACT, "本机构成员、监管人员", "不遮盖；只有日期，没有原因", AS_LONG_AS_RECORDS,
        WITH_THE_RECORDS,
    ),
    PersonalField(
        "承诺书上的姓名", (
            "commitments.Commitment.facts", "commitments.CommitmentWithdrawal.decided_by", "commitments.Hearing.noticed_by",
            "commitments.Hearing.decided_by", "commitments.Remediation.decided_by",
        ),
        "谁代表机构承诺；谁告知、决定和审查", DUTY, "本机构成员、监管人员；法定代表人姓名印在公开的承诺书上", "不遮盖", AS_LONG_AS_RECORDS,
        WITH_THE_RECORDS,
    ),
    PersonalField(
        "本人确认和代办任务", ("portal.OutboxEntry.on_behalf_of",),
        "以谁的名义执行", DUTY, "不显示", "只有内部编号", SECURITY_LOG, "到期删除",
    ),
)  # fmt: skip

# Fields whose names sound like a person's data and that hold none: the things and the organisations of this trade.
NOT_PERSONAL = {
    "auth.Permission.name": "a right",
    "auth.Permission.codename": "a right",
    "auth.Group.name": "a group of rights; unused",
    "sessions.Session.session_key": "a random key, worth nothing after the sign-out",
    "institutions.UserSession.session_key": "a random key, worth nothing after the sign-out",
    "institutions.ApiToken.name": "what a program's key is for",
    "institutions.ApiToken.digest": "of a program's key",
    "equipment.EnvironmentRequirement.reason": "why an element needs no control",
    "commitments.Commitment.scan_digest": "of a signed paper",
    "commitments.CommitmentWithdrawal.subject": "a kind of row",
    "commitments.CommitmentWithdrawal.subject_id": "the number of a row",
    "commitments.CommitmentWithdrawal.reason": "why a pledge ended",
    "commitments.Hearing.reason": "why a pledge is to be withdrawn",
    "commitments.DirectoryEntry.name": "an organisation",
    "commitments.DirectoryEntry.name_en": "an organisation",
    "commitments.DirectoryEntry.address": "an organisation",
    "portal.SmartCode.token_digest": "of a code",
    "portal.SmartCode.number_digest": "of a certificate's number",
    "portal.SmartCode.file_digest": "of a certificate's file",
    "portal.LedgerEntry.leaf_hash": "of a leaf",
    "portal.LedgerNode.hash": "of a part of the tree",
    "portal.AuditSeal.digest": "of entries of the audit trail",
    "portal.LedgerLeaf.data": "salted hashes",
    "portal.Delivery.last_error": "what the mail server said, without the address",
    "institutions.Institution.name": "an organisation",
    "institutions.Institution.name_en": "an organisation",
    "institutions.Institution.address": "an organisation",
    "institutions.Institution.address_en": "an organisation",
    "institutions.Institution.phone": "an organisation's published number",
    "institutions.Institution.complaint_phone": "an organisation's published number",
    "institutions.Site.name": "a place of work",
    "institutions.Site.address": "a place of work",
    "institutions.Customer.name": "an organisation",
    "institutions.Customer.address": "an organisation",
    "institutions.Department.name": "a part of an organisation",
    "institutions.Room.name": "a place of work",
    "institutions.ServiceWindow.name": "a place of work",
    "institutions.ServiceWindow.phone": "an organisation's published number",
    "institutions.ScopeChoice.reason": "why one of two lines of scope was chosen",
    "institutions.Brand.name": "an organisation's mark",
    "institutions.Partnership.name": "an organisation or a team",
    "institutions.InnovationFigure.references": "titles and numbers of works",
    "equipment.Equipment.name": "a thing",
    "equipment.MeasurementStandard.name": "a thing",
    "orders.Item.name": "a thing",
    "orders.Item.name_en": "a thing",
    "portal.JobRun.name": "a periodic job",
    "portal.SentMail.message_id": "the number of a mail",
    "portal.StepUp.method": "how somebody proved himself",
    "certificates.RawRecord.late_reason": "why a record was begun on another day",
    "certificates.Reading.reason": "why a value was corrected",
    "certificates.Certificate.returned_reason": "what is wrong with a certificate",
    "certificates.Certificate.void_reason": "what is wrong with a certificate",
}


def masked_id_number(number: str) -> str:
    """440***********1234: the first three and the last four characters."""
    return f"{number[:3]}{STAR * (len(number) - 7)}{number[-4:]}" if len(number) > 10 else STAR * len(number)


def masked_phone(number: str) -> str:
    """138****5678: the first three and the last four digits, of any number long enough; else stars only."""
    return f"{number[:3]}{STAR * max(4, len(number) - 7)}{number[-4:]}" if len(number) >= 10 else STAR * len(number)


def masked_email(address: str) -> str:
    """z***@example.com: the first letter and the domain."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}{STAR * 3}@{domain}" if at else STAR * 3


def masked_birth_date(day: date) -> str:
    """The year."""
    return _("%(year)d 年") % {"year": day.year}
