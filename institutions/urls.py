"""Addresses of an institution's own pages, below `/i/<slug>/`."""

from django.urls import path

from . import views

app_name = "institutions"

urlpatterns = [
    path("", views.today, name="today"),
    path("profile/", views.profile, name="profile"),
    path("qualifications/", views.qualifications, name="qualifications"),
    path("people/", views.people, name="people"),
    path("people/<slug:ref>/", views.person, name="person"),
    path("scope/", views.scope_items, name="scope"),
    path("methods/", views.methods, name="methods"),
    path("audit/", views.audit_trail, name="audit"),
    path("settings/members/", views.members, name="members"),
    path("settings/members/invite/", views.member_invite, name="member_invite"),
    path("settings/members/<slug:ref>/", views.member, name="member"),
    path("settings/members/<slug:ref>/roles/", views.member_roles, name="member_roles"),
    path("settings/members/<slug:ref>/end/", views.member_end, name="member_end"),
    path("settings/invitations/<slug:ref>/", views.invitation, name="invitation"),
    path("settings/invitations/<slug:ref>/withdraw/", views.invitation_withdraw, name="invitation_withdraw"),
]
