"""What stands on the paper: facts of the institution as its register has them on a day."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from institutions.models import Institution, Qualification

from .eligibility import legal_representative


def facts_of(institution: Institution, day: date) -> dict[str, Any]:
    """Name, credit code, address, legal representative, phones and the qualifications in force that day. Source: A-8.2.2.1-s2."""
    signer = legal_representative(institution, day)
    papers = Qualification.objects.filter(institution=institution).valid_on(day).order_by("kind", "number", "pk")
    return {
        "name": institution.name, "name_en": institution.name_en, "credit_code": institution.credit_code,
        "address": institution.address, "legal_representative": signer.name if signer else "",
        "phone": institution.phone, "complaint_phone": institution.complaint_phone,
        "qualifications": [
            {
                "kind": str(row.get_kind_display()), "number": row.number,
                "until": row.valid_until.isoformat() if row.valid_until else "",
            }
            for row in papers
        ],
    }  # fmt: skip


def identity_of(institution: Institution, day: date) -> dict[str, str]:
    """Of these facts who the institution is, and who stands for it that day. One query."""
    signer = legal_representative(institution, day)
    return {
        "name": institution.name, "credit_code": institution.credit_code, "address": institution.address,
        "legal_representative": signer.name if signer else "",
    }  # fmt: skip


LABELS = {
    "name": _("机构名称"),
    "credit_code": _("统一社会信用代码"),
    "address": _("地址"),
    "legal_representative": _("法定代表人"),
}
# What must still be so when it is signed and published; a renewed qualification is shown by its own dates.
IDENTITY = ("name", "credit_code", "address", "legal_representative")


def changed(stated: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Which facts of identity have changed since they were stated."""
    return [name for name in IDENTITY if stated.get(name) != now.get(name)]
