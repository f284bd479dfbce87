"""Clauses decided by the pledge: what it says, where it is shown, whether it was confirmed, and how it ended."""

from django.utils.translation import gettext_lazy as _

from portal.clauses import finished, without_check

from . import ended, kept, made  # noqa: F401  register themselves

without_check("A-9.3-b", _("投诉查实随投诉处理一并建设，之前没有数据。"))

finished("commitments")
