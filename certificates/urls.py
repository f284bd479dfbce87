from django.urls import path

from . import export_views, procedure_views, record_views, views

app_name = "certificates"

urlpatterns = [
    path("records/", record_views.record_list, name="records"),
    path("records/new/<slug:ref>/", record_views.record_new, name="start"),
    path("records/<slug:ref>/", record_views.record_detail, name="record"),
    path("records/<slug:ref>/readings/", record_views.record_readings, name="readings"),
    path("records/<slug:ref>/submit/", record_views.record_submit, name="submit"),
    path("records/<slug:ref>/abandon/", record_views.record_abandon, name="abandon_record"),
    path("records/<slug:ref>/history/", record_views.record_history, name="history"),
    path("certificates/", views.certificate_list, name="list"),
    path("certificates/export/", export_views.certificate_export, name="export"),
    path("certificates/<slug:ref>/", views.certificate_detail, name="certificate"),
    path("certificates/<slug:ref>/check/", views.certificate_check, name="check"),
    path("certificates/<slug:ref>/approve/", views.certificate_approve, name="approve"),
    path("certificates/<slug:ref>/issue/", views.certificate_issue, name="issue"),
    path("certificates/<slug:ref>/resubmit/", views.certificate_resubmit, name="resubmit"),
    path("certificates/<slug:ref>/return/", views.certificate_send_back, name="send_back"),
    path("certificates/<slug:ref>/abandon/", views.certificate_abandon, name="abandon"),
    path("certificates/<slug:ref>/void/", views.certificate_void, name="void"),
    path("certificates/<slug:ref>/progress/", views.certificate_progress, name="progress"),
    path("certificates/<slug:ref>/preview.pdf", views.certificate_preview, name="preview"),
    path("certificates/<slug:ref>/certificate.pdf", views.certificate_pdf, name="pdf"),
    path("procedures/", procedure_views.procedure_list, name="procedures"),
    path("procedures/new/", procedure_views.procedure_new, name="new_procedure"),
    path("procedures/<slug:ref>/", procedure_views.procedure_detail, name="procedure"),
    path("procedures/<slug:ref>/approve/", procedure_views.procedure_approve, name="approve_procedure"),
    path("procedures/<slug:ref>/retire/", procedure_views.procedure_retire, name="retire_procedure"),
]
