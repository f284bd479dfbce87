"""What keeps a pledge alive: the confirmation of every year, and the places where it hangs."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.clock import DatabaseClock
from portal.models import RegisterRow
from portal.tenancy import TenantModel

from .pledge import Commitment


class CommitmentConfirmation(TenantModel):
    """年度确认: on a day somebody entitled said that the pledge still holds. Never changed. Source: A-5.1-d, A-8.2.2.3."""

    protection = "append_only"

    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="confirmations")
    due_on = models.DateField(_("应于"))
    confirmed_on = models.DateField(_("确认日期"))
    confirmed_by = models.ForeignKey(
        "institutions.Employment", on_delete=models.PROTECT, related_name="+", verbose_name=_("确认人")
    )
    remark = models.CharField(_("说明"), max_length=300, blank=True)
    recorded_at = models.DateTimeField(db_default=DatabaseClock(), editable=False)

    class Meta:
        verbose_name = _("年度确认")
        constraints = [
            models.UniqueConstraint(fields=["institution", "commitment", "due_on"], name="confirmed_once_a_year")
        ]

    def __str__(self):
        return f"{self.commitment} {self.confirmed_on}"


class Channel(RegisterRow):
    """公示渠道: where else the pledge is shown, with a link or a picture of the day. Source: A-8.2.2.2."""

    class Kind(models.TextChoices):
        NOTICE_BOARD = "notice_board", _("公告栏")
        SCREEN = "screen", _("电子屏")
        WINDOW = "window", _("服务窗口")
        WEBSITE = "website", _("网站")
        ACCOUNT = "account", _("公众号")
        OTHER = "other", _("其他")

    kind = models.CharField(_("渠道"), max_length=20, choices=Kind)
    place = models.CharField(_("位置或名称"), max_length=100)
    url = models.URLField(_("网址"), blank=True)
    photo = models.ForeignKey(
        "portal.Document",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("照片或截图"),
    )
    shown_on = models.DateField(_("拍摄或查看日期"))

    class Meta:
        verbose_name = _("公示渠道")

    def __str__(self):
        return f"{self.get_kind_display()} {self.place}"
