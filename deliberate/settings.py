"""Everything that can be set, read from the environment here and nowhere else. docs/reference/settings.md lists it."""

import secrets
from pathlib import Path

from csp.constants import NONCE, NONE, SELF, STRICT_DYNAMIC
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env

from deliberate import __version__

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- What kind of instance this is -------------------------------------------------------------------------------
DEBUG: bool = env.bool("DEBUG", False)
DEMO: bool = env.bool("DEMO", False)
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "var"))).resolve()

if DEMO:
    # A demo signs anyone in with one click: it must not be possible to turn one into an instance by accident.
    for name in ("SECRET_KEY", "HOSTS", "DATABASE_URL", "REDIS_URL"):
        if env.str(name, ""):
            raise ImproperlyConfigured(
                f"DEMO=1 signs anyone in as anyone, so it refuses to start while {name} is set: unset one of the two."
            )
    if DEBUG:
        raise ImproperlyConfigured("DEMO=1 and DEBUG=1 exclude each other: unset one of the two.")
    DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    _secret = DATA_DIR / "secret"
    if not _secret.exists():
        _secret.touch(mode=0o600)
        _secret.write_text(secrets.token_urlsafe(50))
    SECRET_KEY = _secret.read_text()
    HOSTS = ["localhost", "127.0.0.1", "[::1]"]
elif DEBUG:
    SECRET_KEY = env.str("SECRET_KEY", "only-for-development")
    HOSTS = env.list("HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
else:
    SECRET_KEY = env.str("SECRET_KEY", "")
    HOSTS = env.list("HOSTS", [])
    if len(SECRET_KEY) < 50:
        raise ImproperlyConfigured(
            "SECRET_KEY is missing or shorter than 50 characters: set it in the environment, or set DEBUG=1 to develop."
        )
    if not HOSTS or "*" in HOSTS:
        raise ImproperlyConfigured(
            "HOSTS is missing: set it to the host names of this instance, separated by commas, or set DEBUG=1 to develop."
        )
    if not env.str("SMTP_HOST", ""):
        raise ImproperlyConfigured(
            "SMTP_HOST is missing: without it sign-in codes would be printed instead of mailed. Set it, or DEBUG=1 to develop."
        )

ALLOWED_HOSTS = HOSTS
SECURE = not (DEBUG or DEMO)
PORT: int = env.int("PORT", 8000)
SITE_NAME: str = env.str("SITE_NAME", "Rudkenar" if DEMO else "Deliberate")
SITE_NAME_FA: str = env.str("SITE_NAME_FA", "رودکنار" if DEMO else SITE_NAME)
SOURCE_URL: str = env.str("SOURCE_URL", "")

# --- Apps and middleware -----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "template_partials.apps.SimpleAppConfig",
    "csp",
    "django_htmx",
    "channels",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "common",
    "accounts",
    "approvals",
    "eligibility",
    "processes",
    "realtime",
    "ballotbox",
    "votelog",
    "voting",
    "outbox",
    "moderation",
    "objections",
    "incidents",
    "proposals",
    "deliberate",
    *(["deliberate.demo"] if DEMO else []),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ballotbox.middleware.box_away",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "deliberate.urls"
ASGI_APPLICATION = "deliberate.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_loaders: list[object] = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    _loaders if DEBUG else [("django.template.loaders.cached.Loader", _loaders)],
                )
            ],
            "builtins": ["template_partials.templatetags.partials", "common.templatetags.text"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "common.context.page",
            ],
        },
    }
]

# --- Data --------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'deliberate.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        # recursive_triggers: without it REPLACE INTO deletes log rows without firing the trigger that forbids it.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
    }
REDIS_URL: str = env.str("REDIS_URL", "")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- The vote log ------------------------------------------------------------------------------------------------
LOG_HOST: str = env.str("LOG_HOST", HOSTS[0])
LOG_DIR = Path(env.str("LOG_DIR", str(DATA_DIR / "log")))
KEYS_DIR = Path(env.str("KEYS_DIR", str(DATA_DIR / "keys")))
# True: the server process itself orders the log and closes polls that are due. False: `manage.py sequencer` and
# `manage.py worker` do, as processes of their own.
EMBEDDED_SEQUENCER: bool = env.bool("EMBEDDED_SEQUENCER", DEMO or DEBUG)
# The socket of `manage.py ballotbox`, which then holds the secrets of polls; empty: this process does, in KEYS_DIR.
BALLOTBOX_SOCKET: str = env.str("BALLOTBOX_SOCKET", "")
# A C2SP tlog-policy file with the witnesses that are asked to cosign the log; empty: none are.
_policy: str = env.str("WITNESS_POLICY", "")
WITNESS_POLICY = Path(_policy).resolve() if _policy else None
SOFTWARE_VERSION = __version__
SOFTWARE_COMMIT: str = env.str("SOFTWARE_COMMIT", "")
# A folder on another disk or host; the sequencer lays every checkpoint down there too, and compares at its start.
_copies: str = env.str("CHECKPOINT_COPY_DIR", "")
CHECKPOINT_COPY_DIR = Path(_copies) if _copies else None
# How long after its last news a poll may still be contested; a year's log is closed when that is over for all its polls.
APPEALS_DAYS: int = env.int("APPEALS_DAYS", 30)

# --- People ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "deliberate.demo.adapter.DemoAdapter" if DEMO else "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_FORMS = {
    "login": "accounts.signin.LoginForm",
    "signup": "accounts.signin.SignupForm",
    "request_login_code": "accounts.signin.LoginCodeRequestForm",
    "reset_password": "accounts.signin.PasswordResetForm",
    "add_email": "accounts.signin.AddEmailForm",
    "set_password": "accounts.signin.PasswordSetForm",
    "change_password": "accounts.signin.PasswordChangeForm",
    "reset_password_from_key": "accounts.signin.PasswordAfterResetForm",
    "reauthenticate": "accounts.signin.ReauthenticateForm",
    "confirm_login_code": "accounts.signin.LoginCodeForm",
    "confirm_email_verification_code": "accounts.signin.EmailCodeForm",
    "confirm_password_reset_code": "accounts.signin.PasswordResetCodeForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
# Digits, because letters of one script cannot be typed on every keyboard; three attempts a code.
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 8, "dashed": True}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Besides allauth's own: how often one person may do what.
ACCOUNT_RATE_LIMITS = {
    "redeem_code": "10/m/user,60/h/user",
    "proposal_create": "10/h/user",
    "proposal_edit": "60/h/user",
    "proposal_endorse": "60/m/user",
    "comment_create": "12/m/user,120/h/user",
    "ballot_cast": "30/m/user",
    "receipt_find": "60/m/ip",
    "poll_bundle": "12/m/ip,120/h/ip",
    # Per network address first: whoever is stopped there uses up nobody's mail address.
    "objection_file": "5/m/ip,30/d/ip,3/h/key",
    "objection_confirm": "20/m/ip,10/h/key",
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXY_COUNT", 0)
MFA_SUPPORTED_TYPES = ["webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_FORMS = {
    "authenticate": "accounts.signin.RecoveryCodeForm",
    "reauthenticate": "accounts.signin.ReauthenticateCodeForm",
    "add_webauthn": "accounts.signin.AddPasskeyForm",
    "signup_webauthn": "accounts.signin.SignupPasskeyForm",
    "edit_webauthn": "accounts.signin.EditPasskeyForm",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"

EMAIL_BACKEND = (
    "deliberate.demo.mail.ShownMail"
    if DEMO
    else "django.core.mail.backends.smtp.EmailBackend"
    if env.str("SMTP_HOST", "")
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_HOST: str = env.str("SMTP_HOST", "")
EMAIL_PORT: int = env.int("SMTP_PORT", 587)
EMAIL_HOST_USER: str = env.str("SMTP_USER", "")
EMAIL_HOST_PASSWORD: str = env.str("SMTP_PASSWORD", "")
EMAIL_USE_TLS: bool = env.bool("SMTP_TLS", True)
# A mail server that does not answer must not hold up the clock.
EMAIL_TIMEOUT = 10
# Where answers to our mails go: appeals against moderation among them.
CONTACT_MAIL: str = env.str("CONTACT_MAIL", "")
DEFAULT_FROM_EMAIL: str = env.str("MAIL_FROM", f"{SITE_NAME} <no-reply@{HOSTS[0].strip('.')}>")

# --- Language and time -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fa", _("Persian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE: str = env.str("TIME_ZONE", "UTC")

# --- Static files ------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

# --- Security ----------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, STRICT_DYNAMIC],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
if SECURE:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
CSRF_TRUSTED_ORIGINS = [f"https://{host.lstrip('.')}" for host in HOSTS] if SECURE else []
CSRF_FAILURE_VIEW = "common.views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 262_144
# Where a live page may be opened from: its own origin, nothing else.
LIVE_ORIGINS = [f"https://{host}" for host in HOSTS] if SECURE else [f"http://{host}:{PORT}" for host in HOSTS]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "WARNING")},
    # Refused and unknown addresses are no errors, and a line with time and address of a receipt must not exist.
    "loggers": {"django.request": {"level": "ERROR"}},
}
