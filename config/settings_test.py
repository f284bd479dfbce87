"""Settings under pytest: the real ones, with a quick password hash and template names that must exist."""

import os

os.environ["APP_ENV"] = "test"

from config.settings import *  # noqa: E402, F403
from config.settings import PASSWORD_HASHERS, TEMPLATES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = "!!%s!!"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if "MAIL_FILES" in os.environ:  # a process that a test has started, which shares no memory with it
    EMAIL_BACKEND, EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", os.environ["MAIL_FILES"]
# A file is looked for when it is asked for: else the browser of each test would look through all of them first.
WHITENOISE_AUTOREFRESH = True
