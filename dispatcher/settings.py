"""Django's settings, derived from `config`: nothing is decided here that a person could want to set."""

import logging
from logging.config import dictConfig
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from dispatcher import config
from dispatcher.errors import BadSetting
from dispatcher.formats.masking import MaskedRecord

_config = config.current()

# The ledger relies on READ COMMITTED; and senders have connections that Django does not open, to which it would apply none of these.
_UNFIT = {"assume_role", "isolation_level", "pool"}
_NEVER = 1_000_000_000  # executions of a statement, before psycopg prepares it unasked


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
                # cache_size: 16 MiB, in which the indexes of a large mailing have room; with SQLite's 2, writing costs a tenth more.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384; PRAGMA recursive_triggers=ON;",
            },
        }
    parsed: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True)}
    # A dead server must not stall a worker for the kernel's default of a quarter of an hour. What the URL says wins: `?sslmode=…`.
    patience = {"connect_timeout": 5, "tcp_user_timeout": 5_000, "keepalives_idle": 10}
    # Of itself nothing is prepared, but what asks for it may be; without a threshold psycopg ignores who asks, and says nothing.
    asked: dict[str, Any] = parsed.get("OPTIONS", {})
    if unfit := sorted(_UNFIT & asked.keys()):
        raise BadSetting("DISPATCHER_DATABASE_URL", f"asks for {', '.join(unfit)}", "leave it out")
    options = {**patience, "prepare_threshold": _NEVER, **asked}
    return {**parsed, "ENGINE": "dispatcher.database.postgresql", "OPTIONS": options}


SECRET_KEY = _config.secret_key
SECRET_KEY_FALLBACKS = list(_config.secret_key_fallbacks)
DEBUG = False
# The loopback names for whoever works on the machine itself. No link is ever made from the host of a request.
ALLOWED_HOSTS = [urlsplit(_config.public_url).hostname or "", "localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "dispatcher.urls"
# No sessions, so no cookies; without a cookie there is nothing for CsrfViewMiddleware to compare: OwnForms asks where a form stood.
MIDDLEWARE = [
    "dispatcher.web.headers.strict_headers",
    "dispatcher.web.hosts.KnownHost",
    "dispatcher.web.origin.OwnForms",
]
# Our longest form is an address and a tick for each topic. Nobody uploads anything: a file is read past and dropped.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 2
FILE_UPLOAD_HANDLERS: list[str] = []
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "dispatcher"]
MIGRATION_MODULES = {"dispatcher": "dispatcher.models.migrations"}
AUTH_USER_MODEL = "dispatcher.Staff"
DATABASES = {
    "default": database(_config.database_url or f"sqlite:///{_config.data_dir / 'dispatcher.sqlite3'}")
}
USE_TZ = True
TIME_ZONE = "UTC"


def configure_logging(wanted: dict[str, Any]) -> None:
    """Whoever writes a record in this process, Celery and gunicorn too: no address and no ticket stands in it."""
    logging.setLogRecordFactory(MaskedRecord)
    dictConfig(wanted)


LOGGING_CONFIG = "dispatcher.settings.configure_logging"
# Django's own would mail errors to administrators, of whom there are none: a page that broke would leave no trace.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        # Tells each reader that it tries, and with a traceback what it cannot read; we tell that ourselves.
        "flufl.bounce": {"level": "CRITICAL"},
        "django": {"handlers": ["stderr"], "level": "ERROR"},
        # Strangers try every name, and forms of any size; each try is answered with 400 and is no error of ours.
        "django.security": {"level": "CRITICAL"},
    },
}
