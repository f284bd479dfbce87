"""Addresses of codes outside any institution, for whoever is signed in."""

from django.urls import path

from . import views as views_codes

app_name = "codes"

urlpatterns = [path("codes/<str:token>/claim/", views_codes.claim_door, name="claim")]
