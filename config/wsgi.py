"""WSGI entry point, for gunicorn: `gunicorn config.wsgi`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.checks import refuse_unsafe_role
from portal.requests import Request

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
application.request_class = Request
if settings.PRODUCTION:
    refuse_unsafe_role()
