"""Settings of the portal, all from the environment. docs/operations.md explains each variable."""

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from config import checks, environment

BASE_DIR = Path(__file__).resolve().parent.parent

# Where this process runs: "dev" on somebody's machine, "test" under pytest, "production" for real.
APP_ENV = environment.choice("APP_ENV", ("dev", "test", "production"), "dev")
PRODUCTION = APP_ENV == "production"
DEBUG = environment.flag("DEBUG")
FAULTPOINTS = environment.text("FAULTPOINTS")
STATE_DIR = Path(environment.text("CHENGLIANG_STATE", str(BASE_DIR / ".dev")))

SECRET_KEY = environment.secret("SECRET_KEY_FILE", None if PRODUCTION else STATE_DIR / "secret_key")
SITE_URL = environment.text("SITE_URL", "" if PRODUCTION else "http://127.0.0.1:8000").rstrip("/")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
HTTPS = SITE_URL.startswith("https://")
LOCAL_HOSTS = [] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = environment.names("ALLOWED_HOSTS", [*dict.fromkeys([*filter(None, [SITE_HOST]), *LOCAL_HOSTS])])
# Addresses or networks of the reverse proxies whose X-Forwarded-* headers are believed.
TRUSTED_PROXIES = environment.names("TRUSTED_PROXIES", [])

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "csp",
    "portal",
    "institutions",
    "equipment",
    "commitments",
    "comparisons",
    "orders",
    "certificates",
    "complaints",
    "inspections",
    "oversight",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.ScanMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.RequestIdMiddleware",
    "portal.middleware.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "institutions.sessions.SessionClockMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "institutions.middleware.TenantMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["portal.templatetags.portal"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.navigation",
            ],
        },
    }
]

# Two logins on one database. The portal works as the runtime role, which owns nothing and bypasses nothing;
# only `migrate --database owner` uses the other. Statement timeouts: 5 s behind a web request, 60 s set for workers.
STATEMENT_TIMEOUT_SECONDS = environment.whole_number("STATEMENT_TIMEOUT_SECONDS", 5)
LOCK_TIMEOUT_SECONDS = environment.whole_number("LOCK_TIMEOUT_SECONDS", 2)
STACK = {} if PRODUCTION else environment.addresses(STATE_DIR)
DATABASE_URL = environment.text("DATABASE_URL", STACK.get("DATABASE_URL", ""))
DATABASE_OWNER_URL = environment.text("DATABASE_OWNER_URL", STACK.get("DATABASE_OWNER_URL", ""))
DATABASES = {
    "default": {
        **environment.database(
            DATABASE_URL or "postgresql://portal_app@/portal",
            # Queries with many joins are written in a good order; at the default of 8 planning them took 40 ms.
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s -c lock_timeout={LOCK_TIMEOUT_SECONDS}s "
            "-c join_collapse_limit=4 -c from_collapse_limit=4",
        ),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    },
}
if DATABASE_OWNER_URL:
    DATABASES["owner"] = environment.database(DATABASE_OWNER_URL, options="-c lock_timeout=10s")

REDIS_URL = environment.text("REDIS_URL", STACK.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
OUTBOX_RESEND_SECONDS = environment.whole_number("OUTBOX_RESEND_SECONDS", 30)
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Publishing gives up at once when the broker is away: the outbox row is there, and the relay sends it again.
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,
    "visibility_timeout": 300,
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_TASK_TIME_LIMIT = 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Asia/Shanghai"

AUTH_USER_MODEL = "institutions.User"
LOGIN_URL = "/login/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "config.passwords.MaximumLengthValidator", "OPTIONS": {"max_length": 128}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

# How often one person may confirm acts of one kind by step-up within an hour.
STEP_UPS_PER_HOUR = environment.whole_number("STEP_UPS_PER_HOUR", 300)
SESSION_ENGINE = "institutions.session_store"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [SITE_URL] if HTTPS else []
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "frame-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None

# No request is larger than one file of the largest kind and the fields around it.
LARGEST_BODY = 25 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

MEDIA_ROOT = Path(environment.text("MEDIA_ROOT", str(STATE_DIR / "media")))
STATIC_URL = "/static/"
STATIC_ROOT = Path(environment.text("STATIC_ROOT", str(BASE_DIR / "static_collected"))) if PRODUCTION else None
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

globals().update(environment.mail(environment.text("EMAIL_URL", "console:")))
DEFAULT_FROM_EMAIL = environment.text("MAIL_FROM", f"noreply@{SITE_HOST or 'localhost'}")

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.logs.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": environment.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "weasyprint.progress": {"level": "WARNING"},
        "pikepdf": {"level": "WARNING"},
    },
}

if PRODUCTION:
    checks.refuse(checks.unsafe_settings(globals()))
