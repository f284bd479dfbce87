"""Work of this app that outlives the request."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.outbox import work

from . import workflow
from .models import Invitation


def invitation_address(invitation: Invitation) -> str:
    """The whole address that opens the invitation, as it is mailed or copied."""
    return settings.SITE_URL + reverse("accounts:invitation", args=[workflow.link_token(invitation)])


@work(queue="mail")
def send_invitation(invitation_id: int) -> None:
    """The invited person has the link by mail. Nothing is sent once the invitation is closed; twice is harmless."""
    invitation = Invitation.objects.select_related("institution").get(pk=invitation_id)
    if invitation.state != Invitation.State.SENT or invitation.expires_at < timezone.now():
        return
    text = _(
        "%(name)s，您好：\n\n%(institution)s邀请您加入诚量，身份是：%(roles)s。\n"
        "请打开下面的地址设置登录名和密码，%(until)s 前有效：\n\n%(address)s\n\n"
        "如果您不认识发件机构，请忽略这封邮件。\n"
    ) % {
        "name": invitation.name,
        "institution": invitation.institution.name,
        "roles": invitation.role_titles,
        "until": timezone.localtime(invitation.expires_at).strftime("%Y-%m-%d %H:%M"),
        "address": invitation_address(invitation),
    }
    message = EmailMessage(_("诚量：加入机构的邀请"), text, to=[invitation.email])
    # The same id however often it is sent: mail programs show it once.
    message.extra_headers["Message-ID"] = f"<invitation-{invitation.ref}@{urlsplit(settings.SITE_URL).hostname}>"
    message.send()
