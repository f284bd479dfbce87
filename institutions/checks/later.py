"""Rows of this app that no check decides, each with its reason in one line."""

from django.utils.translation import gettext_lazy as _

from portal.clauses import finished, without_check

without_check("B-4.7.4-s2", _("平台的性质，由自动测试证明：主场所的质量负责人能列出每个场所的记录。"))
without_check("B-6.1.3-s3", _("现场任务随业务受理一并建设，之前没有数据。"))
without_check("E-10-d", _("计量比对尚未建设，之前没有参加比对的数据。"))

finished("institutions")
