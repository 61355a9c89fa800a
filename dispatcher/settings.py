"""Django's settings, derived from `config`: nothing is decided here that a person could want to set."""

from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from dispatcher import config

_config = config.current()


def database(url: str) -> dict[str, Any]:
    """Django's settings for one database URL, with what durability and fairness ask of each kind."""
    if url.startswith("sqlite"):
        return {
            **dj_database_url.parse(url),
            "ENGINE": "dispatcher.database",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                # FULL: in WAL mode NORMAL loses commits at a power failure, and an accepted mail would go out again.
                # recursive_triggers: without it INSERT OR REPLACE slips past the journal's delete trigger.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
            },
        }
    parsed: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)}
    # A dead server must not stall a worker for the kernel's default of a quarter of an hour. What the URL says wins: `?sslmode=…`.
    patience = {"connect_timeout": 5, "tcp_user_timeout": 5_000, "keepalives_idle": 10}
    return {**parsed, "OPTIONS": {**patience, **parsed.get("OPTIONS", {})}}


SECRET_KEY = _config.secret_key
SECRET_KEY_FALLBACKS = list(_config.secret_key_fallbacks)
DEBUG = False
# The loopback names for whoever works on the machine itself. No link is ever made from the host of a request.
ALLOWED_HOSTS = [urlsplit(_config.public_url).hostname or "", "localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "dispatcher.urls"
# No sessions, so no cookies; no form, so nothing that could be forged: the first form brings CsrfViewMiddleware.
MIDDLEWARE = ["dispatcher.web.headers.strict_headers", "dispatcher.web.hosts.KnownHost"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "dispatcher"]
MIGRATION_MODULES = {"dispatcher": "dispatcher.models.migrations"}
AUTH_USER_MODEL = "dispatcher.Staff"
DATABASES = {
    "default": database(_config.database_url or f"sqlite:///{_config.data_dir / 'dispatcher.sqlite3'}")
}
USE_TZ = True
TIME_ZONE = "UTC"
# Django's own would mail errors to administrators, of whom there are none: a page that broke would leave no trace.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "ERROR"},
        # Strangers try every name; each try is answered with 400 and is no error of ours.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
