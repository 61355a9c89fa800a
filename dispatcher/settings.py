"""Django's settings, derived from `config`: nothing is decided here that a person could want to set."""

from typing import Any

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
    return {
        **dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True),
        # A dead server must not stall a worker for the kernel's default of a quarter of an hour.
        "OPTIONS": {"connect_timeout": 5, "tcp_user_timeout": 5_000, "keepalives_idle": 10},
    }


SECRET_KEY = _config.secret_key
SECRET_KEY_FALLBACKS = list(_config.secret_key_fallbacks)
DEBUG = False
ALLOWED_HOSTS: list[str] = []
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "dispatcher"]
MIGRATION_MODULES = {"dispatcher": "dispatcher.models.migrations"}
AUTH_USER_MODEL = "dispatcher.Staff"
DATABASES = {
    "default": database(_config.database_url or f"sqlite:///{_config.data_dir / 'dispatcher.sqlite3'}")
}
USE_TZ = True
TIME_ZONE = "UTC"
