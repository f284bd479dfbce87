"""Addresses of an institution's own pages, below `/i/<slug>/`."""

from django.urls import path

from . import (
    views,
    views_authorisation,
    views_exports,
    views_member,
    views_methods,
    views_own_methods,
    views_people,
    views_person,
    views_profile,
    views_reading,
    views_scope,
    views_staff,
    views_training,
)

app_name = "institutions"

urlpatterns = [
    path("", views.today, name="today"),
    path("profile/", views.profile, name="profile"),
    path("profile/amend/", views_profile.profile_amend, name="profile_amend"),
    path("qualifications/", views_scope.qualifications, name="qualifications"),
    *(
        path(
            f"qualifications/<slug:ref>/{step}/",
            views_scope.qualification_step,
            {"step": step},
            name=f"qualification_{step}",
        )
        for step in ("confirm", "suspend", "resume", "revoke")
    ),
    path("people/", views_people.people, name="people"),
    path("people/matrix/", views_people.matrix, name="people_matrix"),
    path("people/new/", views_staff.person_new, name="person_new"),
    path("people/<slug:ref>/", views_person.person, name="person"),
    path("people/<slug:ref>/unmask/", views_person.person_unmask, name="person_unmask"),
    path("people/<slug:ref>/amend/", views_staff.person_amend, name="person_amend"),
    path("people/<slug:ref>/identify/", views_staff.person_identify, name="person_identify"),
    path("people/<slug:ref>/leave/", views_staff.person_leave, name="person_leave"),
    path("people/<slug:ref>/withdraw/", views_staff.person_withdraw, name="person_withdraw"),
    path("people/<slug:ref>/authorise/", views_authorisation.person_authorise, name="person_authorise"),
    path("authorisations/<slug:ref>/", views_authorisation.authorisation, name="authorisation"),
    path("authorisations/<slug:ref>/grant/", views_authorisation.authorisation_grant, name="authorisation_grant"),
    path("authorisations/<slug:ref>/decline/", views_authorisation.authorisation_decline, name="authorisation_decline"),
    path("authorisations/<slug:ref>/revoke/", views_authorisation.authorisation_revoke, name="authorisation_revoke"),
    path("trainings/<slug:ref>/attendance/", views_training.training_list, name="training_list"),
    path("scope/", views_scope.scope_items, name="scope"),
    path("scope/choose/", views_scope.scope_choose, name="scope_choose"),
    path("scope/<slug:ref>/suspend/", views_scope.scope_step, {"step": "suspend"}, name="scope_suspend"),
    path("scope/<slug:ref>/resume/", views_scope.scope_step, {"step": "resume"}, name="scope_resume"),
    path("methods/", views_methods.methods, name="methods"),
    path("methods/review/", views_methods.methods_review, name="methods_review"),
    path("methods/catalogue/", views_methods.method_catalogue, name="method_catalogue"),
    path("methods/<slug:ref>/", views_methods.method, name="method"),
    path("methods/own/<slug:ref>/validate/", views_own_methods.own_method_validate, name="own_method_validate"),
    path("methods/own/<slug:ref>/release/", views_own_methods.own_method_release, name="own_method_release"),
    path("methods/own/<slug:ref>/give-up/", views_own_methods.own_method_give_up, name="own_method_give_up"),
    path("documents/<slug:ref>/read/", views_reading.confirm_reading, name="confirm_reading"),
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
