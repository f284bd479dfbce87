"""Work of this app that outlives the request."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import mail
from portal.clock import DatabaseClock
from portal.models import StepUp
from portal.outbox import work
from portal.periodic import only_one

from . import freezing, reset, second_factor, workflow
from .models import Invitation, PasswordReset, User
from .people import reconsidering


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
    mail.send(_("诚量：加入机构的邀请"), text, "", [invitation.email], key=f"invitation:{invitation.pk}")


@work(queue="mail")
def answer_reset(wish_id: int) -> None:
    """The account asked for has a link by mail to set a new password; for a name that is none, nothing happens."""
    wish = PasswordReset.objects.select_for_update().get(pk=wish_id)
    if wish.answered_at is not None:
        return
    user = reset.asked_by(wish)
    PasswordReset.objects.filter(pk=wish.pk).update(answered_at=DatabaseClock())
    if user is None:
        return
    text = _(
        "您好：\n\n有人为您的诚量账号申请重设密码。请在 30 分钟内打开下面的地址，设一个新密码：\n\n%(address)s\n\n"
        "设好以后所有登录都会结束；设过第二因素的，登录时仍要输入手机上的动态验证码。\n如果不是您本人申请，请忽略这封邮件，密码不会变。\n"
    ) % {"address": _address("accounts:set_new", reset.link_token(user))}
    mail.send(_("诚量：重设密码"), text, "", [user.email], key=f"reset:{wish.pk}")


@work(queue="mail")
def send_factor_link(user_id: int) -> None:
    """The person whose second factor was removed has the link by mail that leads, after the password, to a new one."""
    user = User.objects.get(pk=user_id)
    if not user.email or not user.is_active or not second_factor.was_removed(user.pk):
        return
    text = _(
        "您好：\n\n管理员已移除您诚量账号的第二因素（手机验证码）。请在输入密码后五分钟内，用同一个浏览器打开（过了时间就重新登录，会再发一封）：\n\n"
        "%(address)s\n\n打开后即可在新手机上重新设置。\n"
        "如果您没有在登录，说明别人知道您的密码：请立即打开下面的地址冻结账号：\n\n%(freeze)s\n"
    ) % {
        "address": _address("accounts:login_mail", second_factor.link_token(user)),
        "freeze": _address("accounts:freeze", freezing.link_token(user)),
    }
    mail.send(_("诚量：重新设置第二因素"), text, "", [user.email], key=f"factor:{user.pk}:{_minute()}")


@work(queue="mail")
def tell_of_signing(user_id: int) -> None:
    """After the first signature of an hour its owner hears of it, with the brake at hand. Source: E3.18."""
    user = User.objects.get(pk=user_id)
    since = timezone.now() - timedelta(hours=1)
    count = StepUp.objects.filter(user=user, act__in=second_factor.SIGNING, used_at__gt=since).count()
    if not count or not user.email:
        return
    text = _(
        "您好：\n\n过去一小时内，以您的名义确认了 %(count)d 次签署（批准、签发、作废证书，或签署承诺书）。"
        "登录后可在证书页和承诺页查看每一次。\n\n"
        "如果不是您本人，请立即打开下面的地址冻结账号，所有登录会马上结束：\n\n%(freeze)s\n"
    ) % {"count": count, "freeze": _address("accounts:freeze", freezing.link_token(user))}
    mail.send(_("诚量：签署提醒"), text, "", [user.email], key=f"signing:{user.pk}:{timezone.now():%Y%m%d%H}")


@work(queue="mail")
def tell_of_recovery(user_id: int) -> None:
    """The owner hears that a recovery code was used to sign in."""
    user = User.objects.get(pk=user_id)
    if not user.email:
        return
    text = _(
        "您好：\n\n刚才有人用恢复码登录了您的诚量账号。如果是您本人，请在“我的账号”里设置新手机。\n\n"
        "如果不是您本人，请立即打开下面的地址冻结账号：\n\n%(freeze)s\n"
    ) % {"freeze": _address("accounts:freeze", freezing.link_token(user))}
    mail.send(_("诚量：恢复码登录提醒"), text, "", [user.email], key=f"recovery:{user.pk}:{_minute()}")


def _address(name: str, token: str) -> str:
    return settings.SITE_URL + reverse(name, args=[token])


def _minute() -> str:
    """Keeps what is asked for again and again to one mail a minute."""
    return f"{timezone.now():%Y%m%d%H%M}"


@shared_task(name="institutions.reconsider_people", ignore_result=True, soft_time_limit=1500, time_limit=1600)
@only_one("reconsider_people")
def reconsider_people() -> str:
    """The night's re-evaluation of authorisations and lines of scope for today, in Shanghai's calendar. Source: E6.36."""
    return reconsidering.run(timezone.localdate())
