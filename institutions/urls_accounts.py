"""Addresses of people's accounts, outside any institution."""

from django.urls import path

from . import views_account, views_invitation, views_password
from . import views_accounts as views

app_name = "accounts"

urlpatterns = [
    path("login/", views.login, name="login"),
    path("login/code/", views.login_code, name="login_code"),
    path("login/frozen/", views.login_frozen, name="login_frozen"),
    path("login/factor/<str:token>/", views.login_mail, name="login_mail"),
    path("login/forgot/", views_password.forgotten, name="forgotten"),
    path("login/reset/<str:token>/", views_password.set_new, name="set_new"),
    path("logout/", views.logout, name="logout"),
    path("password/", views_password.password, name="password"),
    path("switch/", views.switch, name="switch"),
    path("account/", views_account.account, name="account"),
    path("account/sessions/end/", views_account.session_end, name="session_end"),
    path("account/factor/", views_account.factor, name="factor"),
    path("account/factor/off/", views_account.factor_off, name="factor_off"),
    path("account/codes/", views_account.codes_renew, name="codes_renew"),
    path("account/freeze/", views_account.freeze_own, name="freeze_own"),
    path("account/freeze/<str:token>/", views_account.freeze, name="freeze"),
    path("invitation/<str:token>/", views_invitation.invitation, name="invitation"),
]
