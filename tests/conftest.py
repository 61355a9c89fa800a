"""What every test may ask for: a fresh, real database of each kind, and a clean configuration.

A test that takes `db` runs twice, on SQLite and on PostgreSQL, each time on a database that nobody has used: a copy of a migrated
template, or one that is as the template again. Commits are real, so other threads and processes see them.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Each commit on SQLite waits for the disk, and a database of PostgreSQL is a thousand files: in memory making one takes 0.03 s, not 0.5.
_MEMORY = Path("/dev/shm")  # noqa: S108 -- what is made there gets a random name, as tempfile does it
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 4 * 1024**3:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

_HOME = Path(tempfile.mkdtemp(prefix="dispatcher-tests-"))
for _name in [name for name in os.environ if name.startswith("DISPATCHER_")]:
    del os.environ[_name]
os.environ["DISPATCHER_DATA_DIR"] = str(_HOME)
os.environ["DISPATCHER_SECRET_KEY"] = "only-for-tests-0123456789-abcdefghijklmnop"
os.environ["DJANGO_SETTINGS_MODULE"] = "dispatcher.settings"

import django  # noqa: E402 -- the environment above must stand first

django.setup()

import lent  # noqa: E402 -- as above
import postgres  # noqa: E402 -- as above
import pytest  # noqa: E402 -- as above
from django.core.management import call_command  # noqa: E402 -- as above
from django.core.management.commands.migrate import Command as Migrate  # noqa: E402 -- as above
from django.db import connections  # noqa: E402 -- as above

from dispatcher import config  # noqa: E402 -- as above
from dispatcher.settings import database  # noqa: E402 -- as above


def pytest_sessionfinish() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fresh database; the value is its URL."""
    yield from _in_use(_fresh(request.param, request, tmp_path), monkeypatch)


@pytest.fixture
def sqlite_db(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A fresh SQLite database, for what only SQLite does and for doors whose verbs have run on both."""
    yield from _in_use(_fresh("sqlite", request, tmp_path), monkeypatch)


def _in_use(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("DISPATCHER_DATABASE_URL", url)
    config.current.cache_clear()
    _point_to(url)
    yield url
    connections.close_all()
    config.current.cache_clear()


def _point_to(url: str) -> None:
    connections.close_all()
    connections.settings["default"] = connections.configure_settings({"default": database(url)})["default"]
    with suppress(AttributeError):  # this thread has none yet
        del connections["default"]


def _fresh(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if kind == "postgresql":
        return request.getfixturevalue("_lent").fresh()
    return f"sqlite:///{shutil.copyfile(request.getfixturevalue('_sqlite_template'), tmp_path / 'dispatcher.sqlite3')}"


@pytest.fixture(scope="session")
def _sqlite_template() -> Path:
    template = _HOME / "template.sqlite3"
    _point_to(f"sqlite:///{template}")
    call_command(Migrate(), verbosity=0)
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
    return template


@pytest.fixture(scope="session")
def _lent(_postgresql_server: postgres.Server) -> Iterator[lent.Lent]:
    _postgresql_server.create(name="dispatcher_template")
    _point_to(_postgresql_server.url("dispatcher_template"))
    call_command(Migrate(), verbosity=0)
    connections.close_all()
    one = lent.Lent(_postgresql_server, "dispatcher_template")
    yield one
    one.give_up()


@pytest.fixture(scope="session")
def _postgresql_server() -> Iterator[postgres.Server]:
    missing = postgres.missing()
    if missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run the PostgreSQL tests: {missing}")
        pytest.skip(missing)
    with postgres.Server() as server:
        yield server
