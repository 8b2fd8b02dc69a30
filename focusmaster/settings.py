"""All settings. Environments differ by variables, listed in `.env.example`.

With no variable set the service is local: embedded PostgreSQL, a generated key, mail
to the console, loopback only. With DATABASE_URL set it is in production, and what
production needs must be there.
"""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject

from focusmaster.environment import (
    checked_secret_key,
    database_from_url,
    env,
    env_bool,
    env_folder,
    env_host,
    env_hosts,
    env_int,
    env_keys,
    env_list,
    env_origins,
    env_rate,
    env_redirect,
    env_sender,
    env_timezone,
    env_url,
    env_with,
    kept_secret_key,
    refuse_misspelt,
    require_together,
)
from focusmaster.logs import LOGGING as LOGGING
from focusmaster.retention import RETENTION as RETENTION

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

SILENCED_SYSTEM_CHECKS = [
    # The email is unique, by a constraint on its lower-case form.
    "auth.W004",
    # The middleware that these look for is in PAGE_MIDDLEWARE.
    "admin.E408",
    "admin.E409",
    "admin.E410",
    "security.W001",
    "security.W002",
    "security.W003",
]

# Where and how it runs

PRODUCTION = "DATABASE_URL" in os.environ
DEBUG = env_bool("DEBUG", "false")
STATE_DIR = env_folder("STATE_DIR", BASE_DIR / ".state")
HOST = env_host("HOST", "127.0.0.1")
MOST_PORT = 65_535
PORT = env_int("PORT", "5000", at_least=1, at_most=MOST_PORT)
MOST_WORKERS = 64
WEB_CONCURRENCY = env_int("WEB_CONCURRENCY", "2", at_least=1, at_most=MOST_WORKERS)
# Threads of a worker that answer requests; each keeps one database connection.
WEB_THREADS = env_int("WEB_THREADS", "16", at_least=2, at_most=64)

if PRODUCTION:
    SECRET_KEY = checked_secret_key(env("SECRET_KEY"))
    ALLOWED_HOSTS = env_hosts("ALLOWED_HOSTS")
else:
    # Made at the first use: importing the settings writes nothing.
    SECRET_KEY = cast("str", SimpleLazyObject(lambda: kept_secret_key(STATE_DIR)))
    ALLOWED_HOSTS = env_hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")

# Earlier keys: what was encrypted under them can still be read.
SECRET_KEY_FALLBACKS = env_keys("SECRET_KEY_FALLBACKS")

# Origins of web clients: they may call with credentials, and use the cookie.
CLIENT_ORIGINS = env_origins(
    "CLIENT_ORIGINS",
    "" if PRODUCTION else "http://localhost:3000,http://localhost:5173",
)
# Whether the proxy in front sets X-Forwarded-Proto and overwrites a client's own.
if env_bool("TRUST_FORWARDED_PROTO", "false"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Database

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "focusmaster.postgresql",
        "NAME": "focusmaster",
        "OPTIONS": {},
        # A thread keeps its connection; the backend tells for free whether it is alive.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Where the embedded server keeps its data; None: the server is elsewhere.
        "EMBEDDED_DIR": None if PRODUCTION else STATE_DIR / "postgresql",
    }
}
# The folder of PostgreSQL's programs for the embedded server; empty: the wheel's.
PG_BINDIR = env("PG_BINDIR", "")
# Server settings such as fsync=off, for the embedded server of a test run.
EMBEDDED_OPTIONS = env_list("EMBEDDED_OPTIONS", "")
if PRODUCTION:
    DATABASES["default"] |= database_from_url(env("DATABASE_URL"))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Application

INSTALLED_APPS = [
    "focusmaster",
    "moderation",
    "integrations",
    "analytics",
    "timeclock",
    "pomodoro",
    "kanban",
    "accounts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "social_django",
]
MIDDLEWARE = [
    "focusmaster.api.middleware.RequestMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "accounts.authentication.CallerMiddleware",
    "focusmaster.api.idempotency.IdempotencyMiddleware",
    "focusmaster.api.middleware.PagesMiddleware",
]
# What runs around the pages for staff and for reading, and not around /api.
PAGE_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "focusmaster.api.middleware.PagePolicyMiddleware",
    "moderation.audit.pages.PageTransactionMiddleware",
]
ROOT_URLCONF = "focusmaster.urls"
WSGI_APPLICATION = "focusmaster.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
STATIC_URL = "/static/"
# Served from where the packages keep them: nothing to collect.
WHITENOISE_USE_FINDERS = True
USE_TZ = True
TIME_ZONE = "UTC"
# The zone of new people, until they choose their own.
DEFAULT_TIMEZONE = env_timezone("DEFAULT_TIMEZONE", "UTC")
LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "focusmaster.formats"

# People and their tokens

AUTHENTICATION_BACKENDS = ["accounts.authentication.StaffBackend"]
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["accounts.passwords.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.LengthValidator"},
    {"NAME": "accounts.passwords.LetterAndDigitValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation."
        "UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["name", "email"]},
    },
]
TOKEN_DAYS = env_int("TOKEN_DAYS", "30", at_least=1, at_most=3650)
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(days=TOKEN_DAYS),
    "UPDATE_LAST_LOGIN": False,
}
TOKEN_COOKIE = "jwt"
# A web client on another site needs SameSite=None, which browsers take only over https.
TOKEN_COOKIE_CROSS_SITE = env_bool("TOKEN_COOKIE_CROSS_SITE", "false")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
# Where staff come to after signing in, whatever foreign page `next` names.
LOGIN_REDIRECT_URL = "admin:index"

CORS_ALLOWED_ORIGINS = CLIENT_ORIGINS
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("x-request-id", "idempotency-key", "if-match", "if-none-match"),
]
CORS_EXPOSE_HEADERS = [
    *("x-request-id", "retry-after"),
    *("link", "etag", "idempotency-replayed", "idempotency-stored"),
    *("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
    *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
]

# API

MAX_BODY_BYTES = 2**20
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["focusmaster.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["focusmaster.api.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "focusmaster.api.renderers.JSONNegotiation",
    # Not drf-spectacular's, which the URLs would import; see focusmaster.openapi.
    "DEFAULT_SCHEMA_CLASS": "rest_framework.schemas.inspectors.ViewInspector",
    "DEFAULT_METADATA_CLASS": "focusmaster.api.errors.Methods",
    "EXCEPTION_HANDLER": "focusmaster.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "FocusMaster API",
    "VERSION": VERSION,
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "OAS_VERSION": "3.1.0",
    "TAGS": [
        {"name": "Accounts", "description": "Signing up, in and out; your profile."},
        {"name": "Tasks", "description": "Cards on a board of three columns."},
        {"name": "Sessions", "description": "Blocks of focus and rest."},
        {"name": "Clock", "description": "Working time: clocking in and out, breaks."},
        {"name": "Analytics", "description": "What the focus sessions add up to."},
        {"name": "Spotify", "description": "Music for the focus, paused in breaks."},
        {"name": "Feedback", "description": "What you would like us to know."},
        {"name": "Admin", "description": "For staff: people, the audit log, feedback."},
        {"name": "Service", "description": "Whether the service is well."},
    ],
    "PREPROCESSING_HOOKS": ["focusmaster.openapi.generator.keep_documented"],
    "POSTPROCESSING_HOOKS": [
        "focusmaster.openapi.generator.describe_objects",
        "focusmaster.openapi.generator.show_lone_examples",
    ],
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": "focusmaster.openapi.generator.headers_last",
    "COMPONENT_SPLIT_REQUEST": True,
    # Docstrings are for who reads the code; the document has its own texts.
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    "ENUM_NAME_OVERRIDES": {
        "Role": "accounts.models.User.Role",
        "AccountStatus": "accounts.models.User.Status",
        "Theme": "accounts.models.User.Theme",
        "WeekStart": "accounts.models.User.WeekStart",
        "TaskStatus": "kanban.models.Task.Status",
        "Priority": "kanban.models.Task.Priority",
        "SessionType": "pomodoro.models.PomodoroSession.Type",
        "Mood": "pomodoro.models.PomodoroSession.Mood",
        "FeedbackType": "moderation.models.Feedback.Type",
        "FeedbackStatus": "moderation.models.Feedback.Status",
    },
}

# Limits: requests of one person or address, and what they may try in vain

RATE_LIMITS = {
    "guest": env_rate("RATE_LIMIT_GUEST", "100/h"),
    "user": env_rate("RATE_LIMIT_USER", "1000/h"),
    "admin": env_rate("RATE_LIMIT_ADMIN", "5000/h"),
}
# Proxies in front whose X-Forwarded-For can be believed; 0: the header is ignored.
PROXY_COUNT = env_int("PROXY_COUNT", "0", at_least=0, at_most=9)
REDIS_URL = env_url("REDIS_URL", "", schemes=("redis", "rediss", "unix"))
CACHES: dict[str, dict[str, Any]] = {
    # What Django keeps for itself; nothing of ours.
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "counters": {
        "BACKEND": "focusmaster.db.counters.DatabaseCounters",
        # Seconds that a counter is kept: more than the longest window.
        "TIMEOUT": max([3600, *(rate.seconds for rate in RATE_LIMITS.values() if rate)])
        + 60,
    },
}
if REDIS_URL:
    CACHES["counters"] |= {
        "BACKEND": "focusmaster.api.ratelimit_redis.RedisCounters",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "focusmaster",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
RATELIMIT_USE_CACHE = "counters"
# Its defaults. It looks for them at each request, and looking in vain is slow.
RATELIMIT_ENABLE = True
RATELIMIT_CACHE_PREFIX = "rl:"
RATELIMIT_HASH_ALGORITHM = hashlib.sha256

# Hours after which a running work clock counts as forgotten.
MOST_FORGOTTEN_HOURS = 8760  # a year
CLOCK_FORGOTTEN_HOURS = env_int(
    "CLOCK_FORGOTTEN_HOURS", "12", at_least=1, at_most=MOST_FORGOTTEN_HOURS
)

# Mail

EMAIL_HOST = env_host("EMAIL_HOST", "")
# Printed mail would put codes and links that open accounts into a log.
CAN_SEND_MAIL = bool(EMAIL_HOST) or not PRODUCTION
EMAIL_BACKEND = (
    "django.core.mail.backends."
    f"{'smtp' if EMAIL_HOST else 'console' if CAN_SEND_MAIL else 'dummy'}.EmailBackend"
)
EMAIL_USE_SSL = env_bool("EMAIL_USE_SSL", "false")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", "false")
if EMAIL_USE_SSL and EMAIL_USE_TLS:
    raise ImproperlyConfigured("EMAIL_USE_TLS and EMAIL_USE_SSL exclude each other.")
EMAIL_PORT = env_int(
    "EMAIL_PORT",
    "465" if EMAIL_USE_SSL else "587" if EMAIL_USE_TLS else "25",
    at_least=1,
    at_most=MOST_PORT,
)
EMAIL_HOST_USER = env("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env_with("EMAIL_HOST_PASSWORD", EMAIL_HOST_USER=EMAIL_HOST_USER)
# Seconds that a person may have to wait for a mail server that does not answer.
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT", "10", at_least=1, at_most=300)
DEFAULT_FROM_EMAIL = env_sender(
    "DEFAULT_FROM_EMAIL", "FocusMaster <focusmaster@localhost>"
)
# The web client, for links in mails; empty: there is none.
CLIENT_URL = env_url("CLIENT_URL", next(iter(CLIENT_ORIGINS), ""), is_base=True)

# Google sign-in; without the first there is none

# The web client's id at Google, several separated by commas: whom ID tokens are for.
GOOGLE_CLIENT_IDS = env_list("GOOGLE_CLIENT_ID", "")
# Google writes itself in both ways.
GOOGLE_ISSUERS = env_list(
    "GOOGLE_ISSUER", "https://accounts.google.com,accounts.google.com"
)
if not GOOGLE_ISSUERS:
    raise ImproperlyConfigured("GOOGLE_ISSUER must name an issuer.")
# Another only to try it out, see `manage.py run_fakes`.
GOOGLE_JWKS_URL = env_url(
    "GOOGLE_JWKS_URL", "https://www.googleapis.com/oauth2/v3/certs", blank=False
)
if PRODUCTION and not GOOGLE_JWKS_URL.startswith("https://"):
    raise ImproperlyConfigured("GOOGLE_JWKS_URL must begin with https://.")

# Spotify; without the first two there is none

SPOTIFY_CLIENT_ID = env("SPOTIFY_CLIENT_ID", "").strip()
SPOTIFY_CLIENT_SECRET = env("SPOTIFY_CLIENT_SECRET", "").strip()
# Where Spotify sends the browser back to; registered there to the letter.
SPOTIFY_REDIRECT_URI = env_redirect(
    "SPOTIFY_REDIRECT_URI",
    "" if PRODUCTION else f"http://127.0.0.1:{PORT}/api/spotify/callback",
)
# Where the browser goes from there: a page of the web client; empty: nowhere.
SPOTIFY_CLIENT_REDIRECT = env_url("SPOTIFY_CLIENT_REDIRECT", CLIENT_URL)
# Others only to try it out, see `manage.py run_fakes`.
SPOTIFY_ACCOUNTS_URL = env_url(
    "SPOTIFY_ACCOUNTS_URL", "https://accounts.spotify.com", blank=False
).rstrip("/")
SPOTIFY_API_URL = env_url(
    "SPOTIFY_API_URL", "https://api.spotify.com/v1", blank=False
).rstrip("/")
if PRODUCTION and not (
    SPOTIFY_ACCOUNTS_URL.startswith("https://")
    and SPOTIFY_API_URL.startswith("https://")
):
    raise ImproperlyConfigured(
        "SPOTIFY_ACCOUNTS_URL and SPOTIFY_API_URL must begin with https://."
    )

require_together(
    SPOTIFY_CLIENT_ID=SPOTIFY_CLIENT_ID,
    SPOTIFY_CLIENT_SECRET=SPOTIFY_CLIENT_SECRET,
    SPOTIFY_REDIRECT_URI=SPOTIFY_CLIENT_ID and SPOTIFY_REDIRECT_URI,
)

# The last variable is read.
refuse_misspelt(os.environ)
