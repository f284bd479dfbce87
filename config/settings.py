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
# One secret a line: the first seals personal fields and second factors, the others still open what they sealed.
FIELD_KEYS = tuple(environment.secret("FIELD_KEY_FILE", None if PRODUCTION else STATE_DIR / "field_key").split())
# Signs the heads of the public ledger (portal/ledger/keys.py). Heads signed by a retired key, written as it is shown at
# /ledger/key, stay valid.
LEDGER_KEY = environment.secret(
    "LEDGER_KEY_FILE", None if PRODUCTION else STATE_DIR / "ledger_key", environment.new_signing_key
)
LEDGER_RETIRED_KEYS = environment.names("LEDGER_RETIRED_KEYS", [])
# Where signed heads go besides the database: a directory that outlives it, best on another machine, and mail addresses.
CHECKPOINT_DIR = environment.text("CHECKPOINT_DIR", "" if PRODUCTION else str(STATE_DIR / "checkpoints"))
CHECKPOINT_MAIL_TO = environment.names("CHECKPOINT_MAIL_TO", [])
SITE_URL = environment.text("SITE_URL", "" if PRODUCTION else "http://127.0.0.1:8000").rstrip("/")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
HTTPS = SITE_URL.startswith("https://")
LOCAL_HOSTS = [] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = environment.names("ALLOWED_HOSTS", [*dict.fromkeys([*filter(None, [SITE_HOST]), *LOCAL_HOSTS])])
# Addresses or networks of the reverse proxies whose X-Forwarded-* headers are believed.
TRUSTED_PROXIES = environment.names("TRUSTED_PROXIES", [])
# Networks in which /readyz tells details and /metrics and /ops/ exist.
ADMIN_NETWORKS = environment.names("ADMIN_NETWORKS", ["127.0.0.0/8", "::1/128"])

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
    "portal.observe.ObserveMiddleware",
    "portal.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.ScanMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.RequestIdMiddleware",
    "portal.middleware.GateMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "institutions.sessions.SessionClockMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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

# Three logins on one database. The portal works as the runtime role, which owns nothing and bypasses nothing;
# only `migrate --database owner` uses the owner, and only `backup` and `restore` the role that reads everything.
# Statement timeouts: 5 s behind a web request, 60 s set for workers.
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
# The private server's backup role only beside its runtime role: a backup is of the database that is worked in.
PRIVATE = STACK.get("DATABASE_URL") == DATABASE_URL
DATABASE_BACKUP_URL = environment.text("DATABASE_BACKUP_URL", STACK.get("DATABASE_BACKUP_URL", "") if PRIVATE else "")
if DATABASE_BACKUP_URL:
    DATABASES["backup"] = environment.database(DATABASE_BACKUP_URL)
# Where pg_dump and pg_restore are; without it they are looked for on the path.
PG_BIN = environment.text("PG_BIN", STACK.get("PG_BIN", ""))
BACKUP_KEY_FILE = environment.text("BACKUP_KEY_FILE")

REDIS_URL = environment.text("REDIS_URL", STACK.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
# How generous the limits of portal/limits.py are: "relaxed" allows a hundred times as much, for one machine that tests.
RATE_PROFILE = environment.choice("RATE_PROFILE", ("normal", "relaxed"), "relaxed" if APP_ENV == "dev" else "normal")
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
# A worker process renders a specimen before it takes work; on a busy machine that took longer than the usual 4 s.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Asia/Shanghai"

AUTH_USER_MODEL = "institutions.User"
AUTHENTICATION_BACKENDS = ["institutions.backends.Accounts"]
LOGIN_URL = "/login/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Which rules passwords follow: "gb22239" adds kinds of characters, the last five and ninety days to those of "asvs".
PASSWORD_PROFILE = environment.choice("PASSWORD_PROFILE", ("gb22239", "asvs"), "gb22239")
PASSWORD_RESET_TIMEOUT = 30 * 60
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "config.passwords.LengthValidator", "OPTIONS": {"least": 12, "most": 128}},
    {"NAME": "config.passwords.CommonPasswordValidator"},
    {"NAME": "config.passwords.ContextWordsValidator"},
]
if PASSWORD_PROFILE == "gb22239":
    AUTH_PASSWORD_VALIDATORS += [
        {"NAME": "config.passwords.KindsOfCharactersValidator", "OPTIONS": {"least": 3}},
        {"NAME": "config.passwords.OldPasswordsValidator"},
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
        "report-uri": ["/csp-report"],
        "report-to": ["csp"],  # the name that portal/headers.py gives the same address
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# portal/headers.py takes the header away from everybody else.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None

# No request is larger than one file of the largest kind and the fields around it.
LONGEST_ADDRESS = 3000
LARGEST_BODY = 25 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# How much one institution may keep here in all, and who else looks at each file: the dotted path of a function that
# takes the bytes and returns the name of what it found, or None.
UPLOAD_QUOTA_MB = environment.whole_number("UPLOAD_QUOTA_MB", 10240)
DOCUMENT_SCANNER = environment.text("DOCUMENT_SCANNER")

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
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# In development mail is kept where /_mail/ shows it.
EMAIL_URL = environment.text("EMAIL_URL", "file:" if APP_ENV == "dev" else "console:")
globals().update(environment.mail(EMAIL_URL, STATE_DIR / "mail"))
DEFAULT_FROM_EMAIL = environment.text("MAIL_FROM", f"noreply@{SITE_HOST or 'localhost'}")

# Doors for programs. Who knocks, what it may do and how often is the door's and the tenant middleware's.
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.ExactJson"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portal.api.AlwaysJson",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "EXCEPTION_HANDLER": "portal.api.said",
    "LIST_SERIALIZER_ERRORS_AS_DICT": True,
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
        # A line for each task received and another for each done: the event "work" says both.
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "weasyprint.progress": {"level": "WARNING"},
        "pikepdf": {"level": "WARNING"},
    },
}

if PRODUCTION:
    checks.refuse(checks.unsafe_settings(globals()))
