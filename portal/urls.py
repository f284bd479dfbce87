"""Public addresses and those of operations."""

from django.conf import settings
from django.urls import path

from . import views, views_alerts, views_compliance, views_operations
from .ledger import views as ledger

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
    path("i/<slug:slug>/alerts/", views_alerts.inbox, name="alerts"),
    path("i/<slug:slug>/alerts/<slug:ref>/seen/", views_alerts.acknowledge, name="alert_acknowledge"),
    path("i/<slug:slug>/compliance/", views_compliance.compliance, name="compliance"),
]
if settings.APP_ENV != "production":
    urlpatterns.append(path("_components/", views.components, name="components"))
    urlpatterns.append(path("_mail/", views_alerts.mails, name="mails"))
