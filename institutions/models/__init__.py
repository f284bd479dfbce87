"""Who may do what, where, and until when."""

from .accounts import Invitation, LoginFailure, Membership, User
from .institution import Customer, Institution, Qualification, ScopeItem, Site
from .methods import Method, MethodAdoption
from .people import Authorisation, Employment, Person

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
    "Person",
    "Qualification",
    "ScopeItem",
    "Site",
    "User",
]
