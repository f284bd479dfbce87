from django.urls import path

from . import record_views, views

app_name = "certificates"

urlpatterns = [
    path("records/", record_views.record_list, name="records"),
    path("records/new/<str:ref>/", record_views.record_new, name="start"),
    path("records/<str:ref>/", record_views.record_detail, name="record"),
    path("records/<str:ref>/readings/", record_views.record_readings, name="readings"),
    path("records/<str:ref>/submit/", record_views.record_submit, name="submit"),
    path("records/<str:ref>/abandon/", record_views.record_abandon, name="abandon_record"),
    path("records/<str:ref>/history/", record_views.record_history, name="history"),
    path("certificates/", views.certificate_list, name="list"),
    path("certificates/<str:ref>/", views.certificate_detail, name="certificate"),
    path("certificates/<str:ref>/check/", views.certificate_check, name="check"),
    path("certificates/<str:ref>/approve/", views.certificate_approve, name="approve"),
    path("certificates/<str:ref>/issue/", views.certificate_issue, name="issue"),
    path("certificates/<str:ref>/resubmit/", views.certificate_resubmit, name="resubmit"),
    path("certificates/<str:ref>/return/", views.certificate_send_back, name="send_back"),
    path("certificates/<str:ref>/abandon/", views.certificate_abandon, name="abandon"),
    path("certificates/<str:ref>/void/", views.certificate_void, name="void"),
    path("certificates/<str:ref>/progress/", views.certificate_progress, name="progress"),
    path("certificates/<str:ref>/preview.pdf", views.certificate_preview, name="preview"),
    path("certificates/<str:ref>/certificate.pdf", views.certificate_pdf, name="pdf"),
    path("procedures/", views.procedure_list, name="procedures"),
    path("procedures/<str:ref>/", views.procedure_detail, name="procedure"),
]
