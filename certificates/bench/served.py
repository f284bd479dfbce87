"""The page that does nothing, as gunicorn serves it: `plain` without middleware, `full` behind all of the portal's.

Imported by the servers that `code_page` starts, never by the portal.
"""

import os
from pathlib import Path

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402

from certificates.bench import code_page  # noqa: E402

code_page.BODY = Path(os.environ["BENCH_BODY"]).read_bytes()
settings.ROOT_URLCONF = code_page.__name__
full = WSGIHandler()
plain = code_page.without_middleware()
