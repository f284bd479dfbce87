"""Addresses of regulators, across institutions."""

from django.urls import path

from . import views, views_institution, views_pairs
from .pledges import views as views_pledges
from .pledges import views_penalties, views_pledge, views_wordings

app_name = "oversight"

urlpatterns = [
    path("", views.home, name="home"),
    # Two parts, so that no institution's name can stand in their place.
    path("region/export/", views.export, name="export"),
    path("region/pairs/", views_pairs.two_employers, name="pairs"),
    path("region/pledges/export/", views_pledges.export, name="pledges_export"),
    path("region/wordings/", views_wordings.wordings, name="wordings"),
    path("region/wordings/new/", views_wordings.new, name="wording_new"),
    path("region/wordings/<slug:region>/<int:edition>/", views_wordings.wording, name="wording"),
    path("region/wordings/<slug:region>/<int:edition>/amend/", views_wordings.amend, name="wording_amend"),
    path("region/wordings/<slug:region>/<int:edition>/activate/", views_wordings.activate, name="wording_activate"),
    path("region/wordings/<slug:region>/<int:edition>/retire/", views_wordings.retire, name="wording_retire"),
    path("pledges/", views_pledges.pledges, name="pledges"),
    path("pledges/<slug:slug>/", views_pledge.pledge, name="pledge"),
    path("pledges/<slug:slug>/notice/", views_pledge.notice, name="pledge_notice"),
    path("pledges/<slug:slug>/decide/<slug:ref>/", views_pledge.decide, name="pledge_decide"),
    path("pledges/<slug:slug>/review/<slug:ref>/", views_pledge.review, name="pledge_review"),
    path("pledges/<slug:slug>/penalties/new/", views_penalties.new, name="penalty_new"),
    path("pledges/<slug:slug>/penalties/<slug:ref>/", views_penalties.penalty, name="penalty"),
    path("<slug:slug>/", views_institution.institution, name="institution"),
]
