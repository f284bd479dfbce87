"""Public addresses about one institution, below `/c/<slug>/`."""

from django.urls import path

from . import views_capability

app_name = "capability"

urlpatterns = [
    path("<slug:slug>/", views_capability.page, name="page"),
    path("<slug:slug>/lines.json", views_capability.lines, name="lines"),
]
