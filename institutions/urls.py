"""Addresses of an institution's own pages, below `/i/<slug>/`."""

from django.urls import path

from . import views, views_exports, views_member, views_person

app_name = "institutions"

urlpatterns = [
    path("", views.today, name="today"),
    path("profile/", views.profile, name="profile"),
    path("qualifications/", views.qualifications, name="qualifications"),
    path("people/", views.people, name="people"),
    path("people/<slug:ref>/", views_person.person, name="person"),
    path("people/<slug:ref>/unmask/", views_person.person_unmask, name="person_unmask"),
    path("scope/", views.scope_items, name="scope"),
    path("methods/", views.methods, name="methods"),
    path("audit/", views.audit_trail, name="audit"),
    path("audit/export/", views_exports.audit_export, name="audit_export"),
    path("settings/members/", views.members, name="members"),
    path("settings/members/invite/", views.member_invite, name="member_invite"),
    path("settings/members/<slug:ref>/", views_member.member, name="member"),
    path("settings/members/<slug:ref>/roles/", views_member.member_roles, name="member_roles"),
    path("settings/members/<slug:ref>/end/", views_member.member_end, name="member_end"),
    path("settings/members/<slug:ref>/factor/", views_member.member_remove_factor, name="member_remove_factor"),
    path("settings/members/<slug:ref>/unfreeze/", views_member.member_unfreeze, name="member_unfreeze"),
    path("settings/invitations/<slug:ref>/", views.invitation, name="invitation"),
    path("settings/invitations/<slug:ref>/withdraw/", views.invitation_withdraw, name="invitation_withdraw"),
]
