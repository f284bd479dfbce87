"""Every address of the portal. Each app brings its own `urls.py`; members' pages lie below their institution."""

from django.urls import include, path

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.forbidden"
handler404 = "portal.errors.not_found"
handler500 = "portal.errors.server_error"

urlpatterns = [
    path("", include("portal.urls")),
    path("ledger/", include("portal.ledger.urls")),
    path("", include("institutions.urls_accounts")),
    path("c/", include("institutions.urls_public")),
    path("", include("equipment.codes.urls")),
    path("i/<slug:slug>/", include("institutions.urls")),
    path("i/<slug:slug>/", include("equipment.urls")),
    path("", include("commitments.urls")),
    path("i/<slug:slug>/", include("orders.urls")),
    path("i/<slug:slug>/", include("certificates.urls")),
    path("api/v1/", include("equipment.api.urls")),
    path("o/", include("oversight.urls")),
]
