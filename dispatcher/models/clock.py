"""The one clock that freezes, leases and due times are compared with: the database's."""

from datetime import UTC, datetime

from django.db import connection, transaction

# Freezing an audience must not overlap with changes of subscriptions: a change stamped before the freeze but committed after it
# would be counted on one side and not on the other. On SQLite the write gate keeps them apart.
_AUDIENCE_LOCK = 0x61756469


def database_now() -> datetime:
    """The database's time, in UTC. On SQLite that is this machine's, so no query is spent on it."""
    if connection.vendor == "sqlite":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)  # noqa: S101 -- tells the type checker what PostgreSQL promises
    return now


def change_time() -> datetime:
    """Inside a transaction that changes subscriptions, or what people are told: the time to stamp it with. Many may hold it together."""
    _lock("pg_advisory_xact_lock_shared")
    return database_now()


def frozen_now() -> datetime:
    """A time that no change of subscriptions straddles: every change stamped up to then is committed. In a short transaction of its own."""
    with transaction.atomic(durable=True):
        _lock("pg_advisory_xact_lock")
        return database_now()


def time_alone() -> datetime:
    """Inside a short transaction that must see all that people are told, and subscribe to: until its end nobody else changes that."""
    _lock("pg_advisory_xact_lock")
    return database_now()


def _lock(function: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [_AUDIENCE_LOCK])


def for_sql(moment: datetime) -> str | datetime:
    """A time as hand-written SQL must pass it: SQLite compares times as text, in the form Django stores."""
    adapted = connection.ops.adapt_datetimefield_value(moment)
    return moment if adapted is None else adapted


def from_sql(read: datetime) -> datetime:
    """A column of times as hand-written SQL reads it: on SQLite it has no zone."""
    return read if read.tzinfo else read.replace(tzinfo=UTC)
