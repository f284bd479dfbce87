"""Public addresses and those of operations."""

from django.conf import settings
from django.urls import path

from . import (
    views,
    views_absence,
    views_alerts,
    views_compliance,
    views_due,
    views_finding,
    views_operations,
    views_picking,
)
from .ledger import views as ledger
from .registers import amending, exporting, views_import
from .registers import views as registers

app_name = "portal"

urlpatterns = [
    path("", views.home, name="home"),
    # A QR code holds its whole address in capitals, because that makes the printed modules larger.
    path("q/<str:token>.json", views.code_json, name="code_json"),
    path("q/<str:token>", views.code, name="code"),
    path("q/<str:token>/proof.json", ledger.code_proof, name="code_proof"),
    path("Q/<str:token>.JSON", views.code_json),
    path("Q/<str:token>", views.code),
    path("Q/<str:token>/PROOF.JSON", ledger.code_proof),
    path("verify/", views.verify, name="verify"),
    path("verify/certificate.pdf", views.certificate_file, name="certificate_file"),
    path("csp-report", views.csp_report_in, name="csp_report"),
    path("healthz", views_operations.healthz, name="healthz"),
    path("readyz", views_operations.readyz, name="readyz"),
    path("metrics", views_operations.metrics_text, name="metrics"),
    path("ops/", views_operations.overview, name="operations"),
    path("i/<slug:slug>/documents/<slug:ref>/", registers.document, name="document"),
    path("i/<slug:slug>/registers/", registers.overview, name="registers"),
    path("i/<slug:slug>/registers/<slug:name>/", registers.rows, name="register"),
    path("i/<slug:slug>/registers/<slug:name>/new/", registers.new, name="register_new"),
    path("i/<slug:slug>/registers/<slug:name>/row/<slug:ref>/", registers.row, name="register_row"),
    path("i/<slug:slug>/registers/<slug:name>/row/<slug:ref>/amend/", registers.amend, name="register_amend"),
    path("i/<slug:slug>/registers/<slug:name>/row/<slug:ref>/withdraw/", registers.withdraw, name="register_withdraw"),
    path("i/<slug:slug>/registers/<slug:name>/amend-many/", amending.amend_many, name="register_amend_many"),
    path("i/<slug:slug>/registers/<slug:name>/export/", exporting.export, name="register_export"),
    path("i/<slug:slug>/registers/<slug:name>/template.xlsx", views_import.template, name="register_template"),
    path("i/<slug:slug>/registers/<slug:name>/import/", views_import.begin, name="register_import"),
    path("i/<slug:slug>/registers/<slug:name>/import/<slug:ref>/", views_import.run, name="register_import_run"),
    path(
        "i/<slug:slug>/registers/<slug:name>/import/<slug:ref>/progress.json",
        views_import.progress,
        name="register_import_progress",
    ),
    path(
        "i/<slug:slug>/registers/<slug:name>/import/<slug:ref>/flaws.xlsx",
        views_import.flaws,
        name="register_import_flaws",
    ),
    path(
        "i/<slug:slug>/registers/<slug:name>/import/<slug:ref>/write/",
        views_import.confirm,
        name="register_import_write",
    ),
    path("i/<slug:slug>/registers/<slug:name>/import/<slug:ref>/drop/", views_import.drop, name="register_import_drop"),
    path("i/<slug:slug>/search/", views_finding.search, name="search"),
    path("i/<slug:slug>/pick/<slug:kind>/", views_picking.pick, name="pick"),
    path("i/<slug:slug>/due/", views_due.due, name="due"),
    path("i/<slug:slug>/calendar/", views_due.year, name="calendar"),
    path("i/<slug:slug>/alerts/", views_alerts.inbox_page, name="alerts"),
    path("i/<slug:slug>/alerts/substitutes/", views_absence.absences, name="absences"),
    path(
        "i/<slug:slug>/alerts/substitutes/<slug:ref>/withdraw/", views_absence.absence_withdraw, name="absence_withdraw"
    ),
    path("i/<slug:slug>/alerts/<slug:ref>/", views_alerts.alert_page, name="alert"),
    path("i/<slug:slug>/alerts/<slug:ref>/seen/", views_alerts.acknowledge, name="alert_acknowledge"),
    path("i/<slug:slug>/alerts/<slug:ref>/snooze/", views_alerts.snooze, name="alert_snooze"),
    path("i/<slug:slug>/alerts/<slug:ref>/assign/", views_alerts.assign, name="alert_assign"),
    path("i/<slug:slug>/compliance/", views_compliance.compliance, name="compliance"),
    path("i/<slug:slug>/compliance/evaluate/", views_compliance.compliance_evaluate, name="compliance_evaluate"),
    path("i/<slug:slug>/compliance/progress/", views_compliance.compliance_progress, name="compliance_progress"),
    path("i/<slug:slug>/compliance/export/", views_compliance.compliance_export, name="compliance_export"),
    path("i/<slug:slug>/compliance/<str:clause>/", views_compliance.compliance_clause, name="compliance_clause"),
]
if settings.APP_ENV != "production":
    urlpatterns.append(path("_components/", views.components, name="components"))
    urlpatterns.append(path("_mail/", views_alerts.mails, name="mails"))
