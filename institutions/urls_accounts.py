"""Addresses of people's accounts, outside any institution."""

from django.urls import path

from . import views_accounts as views

app_name = "accounts"

urlpatterns = [
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("password/", views.password, name="password"),
    path("switch/", views.switch, name="switch"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
]
