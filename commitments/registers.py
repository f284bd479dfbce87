"""公示渠道: where the pledge hangs besides the portal's own page."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.actors import Actor
from portal.permissions import Permission
from portal.registers import Register, register
from portal.transitions import Refusal

from .forms_pledge import ChannelForm
from .models import Channel

ONLINE = (Channel.Kind.WEBSITE, Channel.Kind.ACCOUNT)


def shown_is_proven(row: Channel, actor: Actor, at: datetime) -> Iterator[Refusal]:
    """A place on record was looked at, on a day that has come, and has an address or a picture. Source: A-8.2.2.2."""
    if row.shown_on > timezone.localdate(at):
        yield Refusal("A-8.2.2.2", _("拍摄或查看日期还没有到。只登记已经公示的，请核对日期。"))
    if row.kind in ONLINE and not row.url:
        yield Refusal("A-8.2.2.2", _("网站和公众号要填能打开承诺书的网址。"))
    elif row.kind not in ONLINE and not row.photo and not row.url:
        yield Refusal("A-8.2.2.2", _("请上传能看清承诺书的照片，或填写网址。"))


register(
    Register(
        name="pledge-channels", model=Channel, title=gettext_lazy("公示渠道"), group=gettext_lazy("诚信"),
        about=gettext_lazy("承诺书除平台页面外公示在哪里；照片或网址每年更新一次"),
        fields=("kind", "place", "url", "shown_on", "photo"), columns=("place", "kind", "url", "shown_on"),
        search=("place", "url"), filters=("kind",), order=("-shown_on", "-pk"), keeper=Permission.PLEDGE_KEEP,
        gates=(shown_is_proven,), clauses=("A-8.2.2.2",), form=ChannelForm, home="commitments:pledge",
    )
)  # fmt: skip
