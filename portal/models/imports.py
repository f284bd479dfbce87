"""A spreadsheet on its way into a register."""

import json
import zlib
from base64 import b64decode, b64encode
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.sealing import seal, unseal
from portal.tenancy import TenantModel


class RegisterImport(TenantModel):
    """What somebody wants to bring into a register, from the file to the rows: nothing of it counts before `written`.

    What was read lies sealed in `content_sealed`, since it may hold anything about people, and is gone once it was
    written, dropped or left alone. The file itself is not kept, its SHA-256 is. `acting` is who started it, as an actor.
    """

    class State(models.TextChoices):
        READING = "reading", _("正在读取")
        PREVIEW = "preview", _("待确认")
        WRITING = "writing", _("正在写入")
        WRITTEN = "written", _("已写入")
        UNREADABLE = "unreadable", _("无法读取")
        DROPPED = "dropped", _("已放弃")
        EXPIRED = "expired", _("已过期")

    class Mode(models.TextChoices):
        ALL = "all", _("全部写入")
        GOOD = "good", _("只写入无误的行")

    audit_omits = ("content_sealed", "stored_as", "acting", "file_name")

    state = models.CharField(_("状态"), max_length=12, choices=State, default=State.READING)
    register = models.CharField(_("台账"), max_length=60)
    mode = models.CharField(_("写入方式"), max_length=4, choices=Mode, blank=True)
    file_name = models.CharField(_("文件名"), max_length=150, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=100, blank=True)
    acting = models.JSONField(default=dict)
    started_at = models.DateTimeField(_("开始时间"), db_default=DatabaseClock(), editable=False)
    finished_at = models.DateTimeField(null=True)
    lines = models.PositiveIntegerField(_("行数"), default=0)
    new_rows = models.PositiveIntegerField(_("新登记"), default=0)
    changed_rows = models.PositiveIntegerField(_("更正"), default=0)
    same_rows = models.PositiveIntegerField(_("没有变化"), default=0)
    flawed_rows = models.PositiveIntegerField(_("有误"), default=0)
    said = models.TextField(_("说明"), blank=True)
    content_sealed = models.TextField(blank=True)

    class Meta:
        verbose_name = _("导入")
        indexes = [models.Index(fields=["institution", "register", "-id"], name="import_newest_first")]

    def __str__(self):
        return self.ref

    @property
    def content(self) -> dict[str, Any]:
        """What was read and judged; empty when it is gone."""
        if not self.content_sealed:
            return {}
        return json.loads(zlib.decompress(b64decode(unseal(self.content_sealed))))

    @content.setter
    def content(self, value: dict[str, Any]) -> None:
        packed = zlib.compress(json.dumps(value, ensure_ascii=False).encode(), 1) if value else b""
        self.content_sealed = seal(b64encode(packed).decode()) if value else ""
