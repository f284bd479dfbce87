"""Addresses of the pledge: the institution's pages, and the directory that everybody reads. The regulator's: oversight."""

from django.urls import include, path

from . import views_api, views_directory, views_ending, views_history, views_paper, views_pledge, views_public

app_name = "commitments"

institution = [
    path("", views_pledge.pledge, name="pledge"),
    path("poster/", views_paper.poster, name="poster"),
    path("poster.pdf", views_paper.poster_pdf, name="poster_pdf"),
    path("<slug:ref>/paper.pdf", views_paper.paper, name="paper"),
    path("history/", views_history.pledge_history, name="pledge_history"),
    path("draft/", views_pledge.pledge_draft, name="draft"),
    path("hearings/<slug:ref>/answer/", views_ending.hearing_answer, name="hearing_answer"),
    path("withdrawals/<slug:ref>/remedy/", views_ending.remediation_begin, name="remediation_begin"),
    path("remediations/<slug:ref>/", views_ending.remediation_fill, name="remediation_fill"),
    path("<slug:ref>/", views_history.pledge_one, name="pledge_one"),
    path("<slug:ref>/check/", views_pledge.pledge_check, name="check"),
    path("<slug:ref>/sign/", views_pledge.pledge_sign, name="sign"),
    path("<slug:ref>/scan/", views_pledge.pledge_scan, name="scan"),
    path("<slug:ref>/publish/", views_pledge.pledge_publish, name="publish"),
    path("<slug:ref>/confirm/", views_pledge.pledge_confirm, name="confirm"),
    path("<slug:ref>/drop/", views_pledge.pledge_drop, name="drop"),
    path("<slug:ref>/withdraw/", views_ending.pledge_withdraw, name="withdraw"),
]

directory = [
    path("", views_directory.directory, name="directory"),
    path("data.json", views_directory.data, name="directory_data"),
    path("<slug:slug>/", views_directory.directory_one, name="directory_one"),
    path("<slug:slug>/data.json", views_directory.one_data, name="directory_one_data"),
    path("<slug:slug>/badge.svg", views_public.badge, name="badge"),
    path("<slug:slug>/badge/", views_public.badge_page, name="badge_page"),
]

programs = [
    path("pledges/", views_api.pledges, name="api_pledges"),
    path("directory/", views_api.directory, name="api_directory"),
]

urlpatterns = [
    path("api/v1/", include(programs)),
    path("q/<str:token>/pledge.pdf", views_public.code_paper, name="code_paper"),
    path("i/<slug:slug>/pledge/", include(institution)),
    path("directory/", include(directory)),
]
