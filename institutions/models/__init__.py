"""Who may do what, where, and until when."""

from .accounts import Invitation, LoginFailure, Membership, User
from .institution import Customer, Institution, Qualification, ScopeItem, Site
from .methods import Method, MethodAdoption
from .people import Authorisation, Employment, Person
from .sign_in import OldPassword, PasswordReset, RecoveryCode, SecondFactor, UserSession

__all__ = [
    "Authorisation",
    "Customer",
    "Employment",
    "Institution",
    "Invitation",
    "LoginFailure",
    "Membership",
    "Method",
    "MethodAdoption",
    "OldPassword",
    "PasswordReset",
    "Person",
    "Qualification",
    "RecoveryCode",
    "ScopeItem",
    "SecondFactor",
    "Site",
    "User",
    "UserSession",
]
