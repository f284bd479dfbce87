"""Addresses of regulators, across institutions."""

from django.urls import path

from . import views

app_name = "oversight"

urlpatterns = [path("", views.home, name="home")]
