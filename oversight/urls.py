"""Addresses of regulators, across institutions."""

from django.urls import path

from . import views, views_institution, views_pairs

app_name = "oversight"

urlpatterns = [
    path("", views.home, name="home"),
    # Two parts, so that no institution's name can stand in their place.
    path("region/export/", views.export, name="export"),
    path("region/pairs/", views_pairs.two_employers, name="pairs"),
    path("<slug:slug>/", views_institution.institution, name="institution"),
]
