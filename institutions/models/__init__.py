"""Who may do what, where, and until when."""

from .accounts import Invitation, LoginFailure, Membership, User
from .api import ApiToken
from .authorisations import Authorisation
from .competence import Credential, Experience, ProtectiveIssue, Training, TrainingAttendance, TrainingPlan
from .conduct import Activity, Award, Declaration, Incentive, RegisterCheck, Violation
from .institution import Customer, Institution
from .methods import Method, MethodAdoption, MethodReview, OwnMethod
from .organisation import ArchiveClass, Department, Isolation, KeyPerson, LegalStatus, Room, YearFigures
from .people import Employment, EmploymentConflict, Person
from .qualification import Qualification, Site
from .scope import FieldStaffing, ScopeChoice, ScopeItem
from .service import (
    Brand,
    InnovationFigure,
    Partnership,
    PublicItem,
    PublicItemCheck,
    ResearchProject,
    ServiceWindow,
)
from .sign_in import OldPassword, PasswordReset, RecoveryCode, SecondFactor, UserSession
from .system import DocumentRead, ManagementDocument

__all__ = [
    "Activity",
    "ApiToken",
    "ArchiveClass",
    "Authorisation",
    "Award",
    "Brand",
    "Credential",
    "Customer",
    "Declaration",
    "Department",
    "DocumentRead",
    "Employment",
    "EmploymentConflict",
    "Experience",
    "FieldStaffing",
    "Incentive",
    "InnovationFigure",
    "Institution",
    "Invitation",
    "Isolation",
    "KeyPerson",
    "LegalStatus",
    "LoginFailure",
    "ManagementDocument",
    "Membership",
    "Method",
    "MethodAdoption",
    "MethodReview",
    "OldPassword",
    "OwnMethod",
    "Partnership",
    "PasswordReset",
    "Person",
    "ProtectiveIssue",
    "PublicItem",
    "PublicItemCheck",
    "Qualification",
    "RecoveryCode",
    "RegisterCheck",
    "ResearchProject",
    "Room",
    "ScopeChoice",
    "ScopeItem",
    "SecondFactor",
    "ServiceWindow",
    "Site",
    "Training",
    "TrainingAttendance",
    "TrainingPlan",
    "User",
    "UserSession",
    "Violation",
    "YearFigures",
]
