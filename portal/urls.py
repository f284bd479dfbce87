"""Public addresses and those of operations."""

from django.conf import settings
from django.urls import path

from . import views

app_name = "portal"

urlpatterns = [
    path("", views.home, name="home"),
    # A QR code holds its whole address in capitals, because that makes the printed modules larger.
    path("q/<str:token>.json", views.code_json, name="code_json"),
    path("q/<str:token>", views.code, name="code"),
    path("Q/<str:token>.JSON", views.code_json),
    path("Q/<str:token>", views.code),
    path("verify/", views.verify, name="verify"),
    path("verify/certificate.pdf", views.certificate_file, name="certificate_file"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]
if settings.APP_ENV != "production":
    urlpatterns.append(path("_components/", views.components, name="components"))
