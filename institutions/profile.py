"""The public facts of an institution itself, which are printed on its certificates from now on."""

import hashlib
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from stdnum.cn import uscc

from portal import audit, entitlement
from portal.actors import Actor
from portal.permissions import Permission
from portal.transitions import Refusal, Refused

from .models import Institution

FACTS = ("name", "name_en", "credit_code", "address", "address_en", "postcode", "phone", "complaint_phone")


def edition(institution: Institution) -> str:
    """A short text that changes with every one of the facts: whoever amends an older edition is told."""
    return hashlib.sha256("\n".join(getattr(institution, name) for name in FACTS).encode()).hexdigest()[:16]


def amend(institution: Institution, values: dict[str, Any], seen: str, *, actor: Actor, at: datetime) -> Institution:
    """The institution's public facts are these; certificates issued before keep what they say.

    `values` by name of FACTS; `seen`: the edition that the form started from. Raises: Refused. Source: GB 32100-2015.
    """
    actor.require(Permission.FILE_KEEP, institution.pk)
    try:
        with transaction.atomic():
            row = Institution.objects.select_for_update().get(pk=institution.pk)
            entitlement.confirm(actor, Permission.FILE_KEEP, row.pk)
            if edition(row) != seen:
                raise Refused(
                    Refusal(
                        "revision", _("您打开之后，别人改过机构概况，所以没有保存。请核对下面现在的内容，再提交一次。")
                    )
                )
            if not uscc.is_valid(values["credit_code"]):
                raise Refused(Refusal("C-4.1.1-s1", _("统一社会信用代码的校验位不对。请照营业执照逐位核对这 18 位。")))
            before = audit.snapshot(row)
            for name in FACTS:
                setattr(row, name, values[name])
            row.save(update_fields=FACTS)
            changes = audit.differences(before, audit.snapshot(row))
            audit.record(actor, "institution.amend", row, changes=changes)
            return row
    except IntegrityError as error:
        raise Refused(
            Refusal("data", _("这个统一社会信用代码已登记在另一家机构名下。请核对；确实属于本机构的，请联系平台运维。"))
        ) from error
