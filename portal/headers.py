"""The headers of every answer: pages, JSON, scans, files, static files, errors and redirects alike.

HSTS, nosniff, Referrer-Policy and Cross-Origin-Opener-Policy are Django's (SecurityMiddleware); the rest is set here,
unless the view has said otherwise. All texts are made once, since scans pass through here too.
"""

from collections.abc import Callable

from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse

from . import addresses

# A page may look at QR codes through the camera; nothing else of the device is ours to ask for.
ALLOWED_DEVICES = {"camera": "(self)"}
DEVICES = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "display-capture",
    "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts",
    "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get",
    "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip

# Addresses below these are for whoever holds a code or a certificate, not for search engines. Source: E10.49.
UNLISTED = ("/q/", "/Q/", "/verify/")


class HeadersMiddleware:
    """Stands before everything that answers, so that no answer goes without its headers. Source: E11.51.

    Also takes `X-Forwarded-Proto` away from whoever is no proxy of ours, before Django believes it. Source: E13.59.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.always = {
            "Content-Security-Policy": build_policy(),
            "Reporting-Endpoints": 'csp="/csp-report"',
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": ", ".join(f"{name}={ALLOWED_DEVICES.get(name, '()')}" for name in DEVICES),
            "X-Frame-Options": "DENY",
            # What may be kept says so itself: static files, and the pages of codes for a minute.
            "Cache-Control": "private, no-store",
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_X_FORWARDED_PROTO" in request.META and not addresses.is_forwarded_by_us(request):
            del request.META["HTTP_X_FORWARDED_PROTO"]
        response = self.get_response(request)
        headers = response.headers
        for name, value in self.always.items():
            if name not in headers:
                headers[name] = value
        if request.path_info.startswith(UNLISTED):
            headers["X-Robots-Tag"] = "noindex"
        return response
