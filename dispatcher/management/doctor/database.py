"""The database: does it answer, is it up to date, does it keep what it says yes to, and does the journal hold."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from dispatcher.management.doctor.findings import Check, Finding, ok, problem, warning
from dispatcher.models import Journal, migrations
from dispatcher.models.clock import database_now
from tasks.app import WORKERS

# Of one host such as `up` makes it: of each worker two processes with two connections each, eight threads of the pages, the timetable,
# and a few for whoever types commands.
_CONNECTIONS_A_HOST = 4 * len(WORKERS) + 12
_QUICK = 100_000_000  # bytes of a SQLite file that is read through in a second or two
_CLOCKS_APART = 2  # seconds


def answers() -> Iterator[Finding]:
    """Whether it can be asked at all, and holds what we would ask for."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not Path(name).exists():
        yield problem("database", f"no file {name}", "`dispatcher migrate` makes it")
        return
    try:
        connection.ensure_connection()
    except Error as away:
        remedy = "does it run, and is DISPATCHER_DATABASE_URL right?"
        yield problem("database", f"does not answer: {away}".strip(), remedy)
        return
    executor = MigrationExecutor(connection)
    missing = [one.name for one, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if "0001_tables" in missing:
        yield problem("database", "answers, but holds no tables yet", "`dispatcher migrate` makes them")
        return
    version = ".".join(map(str, connection.get_database_version()))
    yield ok("database", f"{connection.display_name} {version} answers")
    if missing:
        what = f"its tables are not up to date: without {', '.join(missing)}"
        yield problem("database", what, "`dispatcher migrate`")


def checks() -> list[Check]:
    """What is asked of a database that answers and holds our tables."""
    kept = (
        [Check("database file", sqlite, seconds=10)]
        if connection.vendor == "sqlite"
        else [Check("database server", postgresql), Check("clocks", clocks)]
    )
    return [
        *kept,
        Check("triggers", triggers),
        Check("journal", journal, seconds=20),  # reads all of it
    ]


def sqlite() -> Iterator[Finding]:
    """Whether the file keeps what it says yes to, and can be read."""
    journal_mode, synchronous = str(_ask("PRAGMA journal_mode")), _ask("PRAGMA synchronous")
    if journal_mode != "wal":
        remedy = "put it on a local disk: WAL needs shared memory, which network file systems lack"
        yield problem("database file", f"journal_mode is {journal_mode}, not WAL", remedy)
    if synchronous != _FULL:
        remedy = "at a power failure commits are lost, and mail goes out twice: leave `synchronous` at FULL"
        yield problem("database file", f"synchronous is {synchronous}, not FULL", remedy)
    if journal_mode == "wal" and synchronous == _FULL:
        yield ok("database file", "journal_mode WAL, synchronous FULL")
    size = Path(connection.settings_dict["NAME"]).stat().st_size
    if size > _QUICK:
        yield ok("database file", f"{size // 1_000_000} MB, too large to be read through here")
        return
    said = str(_ask("PRAGMA quick_check(1)"))
    if said == "ok":
        yield ok("database file", "quick_check finds nothing wrong")
    else:
        yield problem("database file", f"quick_check: {said}", "stop everything and go back to a backup")


_FULL = 2  # PRAGMA synchronous


def postgresql() -> Iterator[Finding]:
    """Whether the server keeps what it says yes to, and has room for our connections."""
    for name in ("fsync", "synchronous_commit"):
        value = str(_ask(f"SHOW {name}"))
        if value == "off":
            remedy = "set it to on: else a crash loses commits, and mail goes out twice"
            yield problem("database server", f"{name} is off", remedy)
        else:
            yield ok("database server", f"{name} is {value}")
    yield room(int(str(_ask("SHOW max_connections"))) - int(str(_ask("SHOW superuser_reserved_connections"))))


def room(connections: int) -> Finding:
    """Whether so many connections are enough."""
    what = f"{connections} connections for all, {_CONNECTIONS_A_HOST} of them for each host such as `up` makes it"
    if connections >= _CONNECTIONS_A_HOST:
        return ok("database server", what)
    return warning("database server", what, "raise max_connections, or put a pool in front")


def clocks() -> Iterator[Finding]:
    """The clock of this host against the database's, by which all hosts work."""
    before = datetime.now(UTC)
    there = database_now()
    here = before + (datetime.now(UTC) - before) / 2
    yield apart((here - there).total_seconds())


def apart(seconds: float) -> Finding:
    """How far this host's clock is ahead of the database's."""
    what = f"this host is {seconds:+.1f} s from the database"
    if abs(seconds) <= _CLOCKS_APART:
        return ok("clocks", what)
    return warning(
        "clocks", what, "let both hosts keep time (chrony, ntpd): what is due goes by the database"
    )


def triggers() -> Iterator[Finding]:
    """Whether what keeps the journal and the approvals honest is still there."""
    statement = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        there = {name for (name,) in cursor.fetchall()}
    lost = sorted(_declared() - there)
    if lost:
        remedy = (
            "find out who took them away; `dispatcher.models.migrations` has the statements that make them"
        )
        yield problem("triggers", f"gone or disabled: {', '.join(lost)}", remedy)
    else:
        yield ok("triggers", "those of journal and approvals are in force")


def _declared() -> set[str]:
    names: set[str] = set()
    for one in pkgutil.iter_modules(migrations.__path__):
        module = importlib.import_module(f"{migrations.__name__}.{one.name}")
        for statement in getattr(module, connection.vendor.upper(), ()):
            names |= set(re.findall(r"^CREATE TRIGGER (\w+)", statement))
    return names


def journal() -> Iterator[Finding]:
    """Whether the chain of its entries holds."""
    broken = Journal.broken_at()
    if broken is None:
        yield ok("journal", "its chain holds")
    else:
        remedy = "somebody changed it past the triggers: compare it with a backup before anything else"
        yield problem("journal", f"its chain breaks at entry {broken}", remedy)


def _ask(statement: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        (value,) = cursor.fetchone()
    return value
