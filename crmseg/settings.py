"""The one settings file: reads the environment, fails loudly."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.utils.translation import gettext_lazy as _

from crmseg import embedded
from crmseg.starting import environment

BASE_DIR = environment.BASE_DIR

# --- where things are ---------------------------------------------------------------------------------------
DATA_DIR = environment.directory("DATA_DIR", environment.DATA_DIR)
DATABASE_URL = environment.text("DATABASE_URL")
REDIS_URL = environment.redis(environment.text("REDIS_URL") or embedded.redis_url(DATA_DIR))
PUBLIC_URL = environment.site("PUBLIC_URL", "http://127.0.0.1:8000")
IS_EMBEDDED = not DATABASE_URL or environment.flag("CRMSEG_EMBEDDED")

# --- security -----------------------------------------------------------------------------------------------
DEBUG = environment.flag("DEBUG")
SECRET_KEY = environment.text("SECRET_KEY")
FIELD_KEYS = environment.names("FIELD_KEYS")
if IS_EMBEDDED or DEBUG:
    SECRET_KEY = SECRET_KEY or environment.local_secret(DATA_DIR, "secret_key")
    FIELD_KEYS = FIELD_KEYS or [environment.local_secret(DATA_DIR, "field_key")]
if not DEBUG:
    environment.refuse_weak("SECRET_KEY", SECRET_KEY, 50)
    environment.refuse_weak("FIELD_KEYS", next(iter(FIELD_KEYS), ""), 32)  # the current one; the others only read
ALLOWED_HOSTS = environment.hosts("ALLOWED_HOSTS") or [urlsplit(PUBLIC_URL).hostname or "localhost"]
ALLOWED_HOSTS = sorted({*ALLOWED_HOSTS, "127.0.0.1", "localhost", "[::1]"})  # who asks whether it lives asks from here
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_HTTPONLY = False  # a login in another tab changes it, and the pages that stand open follow (app.js)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "style-src-attr": [UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:login"
CSRF_FAILURE_VIEW = "crmseg.web.errors.csrf_failure"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "accounts:login"

# --- rooms --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "csp",
    "django_filters",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "crmseg",
    "crmseg.accounts",
    "crmseg.web",
    "pipelines",
    "segments",
    "segments.campaigns",
    "integrations",
    "integrations.amocrm",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crmseg.web.preferences.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crmseg.web.middleware.NotAllowedMiddleware",
    "crmseg.web.middleware.SessionRequiredMiddleware",
]
ROOT_URLCONF = "crmseg.urls"
WSGI_APPLICATION = "crmseg.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crmseg.web.context.shell",
            ],
            "builtins": ["crmseg.web.templatetags.crmseg"],
        },
    }
]

# --- data ---------------------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": environment.database(DATABASE_URL or embedded.database_url(DATA_DIR))
}
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
    "min_size": 0,
    "max_size": environment.number("DATABASE_POOL", 10),
    "timeout": 20,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024  # a letter that is too long is refused by its form, which keeps it
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# --- work in the background ---------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")  # kombu has a name of its own for a socket
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 300  # seconds; a child slower than this to begin is killed, and another one forked
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for Redis as long as it is away
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "run" / "beat")
CELERY_TASK_DEFAULT_QUEUE = "io"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 3,
    "socket_timeout": 30,
    "socket_keepalive": True,
    "health_check_interval": 25,
}

# --- letters ------------------------------------------------------------------------------------------------
EMAIL_URL = environment.smtp(environment.text("EMAIL_URL", "smtp://127.0.0.1:1025"))
DEFAULT_FROM_EMAIL = environment.sender("DEFAULT_FROM_EMAIL", "crmseg <crmseg@localhost>")
CHANNELS = {"email": "integrations.channels.email.channel.EmailChannel"}
FREQUENCY_CAP = (3, 7)  # at most so many advertising messages per person, mailbox and channel in so many days
LAUNCH_GRACE = timedelta(seconds=60)  # after the click that sends a campaign nothing leaves yet: it can be taken back
REFUSAL_LIMIT = (10, 0.1)  # a run pauses when at least ten letters, and over a tenth of them, were refused or came back
QUIET_HOURS = dict.fromkeys(("sms", "telegram", "whatsapp"), (21, 9))  # a letter wakes nobody

# --- amoCRM -------------------------------------------------------------------------------------------------
AMOCRM_REQUESTS_PER_SECOND = 6.5  # amoCRM allows 7 to an integration
AMOCRM_BREAKER_SECONDS = 15 * 60  # how long nobody asks after amoCRM shut the door with a page of HTML

# --- the API ------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "URL_FORMAT_OVERRIDE": None,  # there is one format
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["integrations.api.permissions.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["integrations.api.permissions.HasScope"],
    "DEFAULT_PAGINATION_CLASS": "integrations.api.pagination.ChangedAtPagination",
    "EXCEPTION_HANDLER": "integrations.api.problems.problem",
    "UNAUTHENTICATED_USER": None,
}

# --- language and time --------------------------------------------------------------------------------------
LANGUAGE_CODE = environment.choice("LANGUAGE_CODE", ("ru", "en"), "ru")
LANGUAGES = [("ru", _("Русский")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = environment.zone("TIME_ZONE", "Europe/Moscow")
USE_TZ = USE_I18N = True

# --- static files -------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]  # no page uses the files of a library
STATIC_ROOT = environment.directory("STATIC_ROOT", DATA_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # every page names them by hash

# --- logs ---------------------------------------------------------------------------------------------------
LOG_FORMAT = environment.choice("LOG_FORMAT", ("text", "json"), "text")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "crmseg.starting.logs.JsonFormatter"},
    },
    "filters": {"requests": {"()": "crmseg.starting.logs.Requests"}, "untold": {"()": "crmseg.starting.logs.Untold"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["untold"] if LOG_FORMAT == "text" else [],
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django.request": {"filters": ["requests"]},
        "django.security.DisallowedHost": {"filters": ["requests"]},
        "django.server": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},  # who was to use the connection tells why it is gone
    },
}

environment.refuse_faults()
