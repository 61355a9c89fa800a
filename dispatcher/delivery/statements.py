"""What a round of sending writes hundreds of times a second: outcomes and marks of all connections, in one transaction.

On PostgreSQL that is one statement, because there a round trip costs more than the rows; on SQLite, where there are none, plain ones.
Both go past Django's cursor, which rewrites a statement's text each time and never prepares it; its errors are what callers see.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple, Self, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections

from dispatcher.database.base import DatabaseWrapper
from dispatcher.delivery.unmarked import SUPPRESSED, WANTED
from dispatcher.models import DeliveryState
from dispatcher.models.clock import database_now, for_sql


class Outcome(NamedTuple):
    """What became of one attempt. `state` is a DeliveryState; `due_in` counts where it is `pending` again."""

    id: int
    attempt: int
    state: str
    verdict: str
    mailing: int = 0
    reason: str = ""
    code: int | None = None
    reply: str = ""
    relay: str = ""
    duration_ms: int = 0
    charged: bool = False
    doubted: bool = False
    due_in: timedelta = timedelta()


class Mark(NamedTuple):
    """The wish to hand over the content of this attempt."""

    id: int
    attempt: int


_TYPES = {
    "id": "bigint", "attempt": "integer", "state": "text", "reason": "text", "code": "smallint", "reply": "text", "relay": "text",
    "duration_ms": "integer", "charged": "integer", "doubted": "integer", "verdict": "text", "due_in": "double precision",
}  # fmt: skip

# A late answer of a row that recovery already gave back: a 250 still ends it, as long as nobody has claimed it again.
_WRITE = """
    UPDATE dispatcher_delivery SET state = said.state, reason = said.reason, code = said.code, reply = said.reply, relay = said.relay,
           duration_ms = said.duration_ms, tries = tries + said.charged, doubts = doubts + said.doubted,
           due_at = COALESCE({due}, dispatcher_delivery.due_at),
           ended_at = CASE WHEN said.state <> 'pending' THEN {now} END, lease_until = NULL
    FROM {said} AS said
    WHERE dispatcher_delivery.id = said.id AND dispatcher_delivery.attempt = said.attempt
      AND (dispatcher_delivery.state = 'sending' OR (dispatcher_delivery.state = 'claimed' AND said.state <> 'accepted')
           OR (dispatcher_delivery.state = 'pending' AND said.state = 'accepted'))
    RETURNING dispatcher_delivery.id
"""
# A commit may have been made before, and only its answer lost: then the row says all this already, and nothing came late.
_REMEMBER = """
    INSERT INTO dispatcher_attempt (delivery_id, attempt, at, verdict, code, reply, relay, duration_ms, late)
    SELECT said.id, said.attempt, {now}, said.verdict, said.code, said.reply, said.relay, said.duration_ms, done.id IS NULL
    FROM {said} AS said LEFT JOIN {done} AS done ON done.id = said.id
    WHERE done.id IS NOT NULL AND said.verdict <> 'accepted'
       OR done.id IS NULL AND NOT EXISTS (
            SELECT 1 FROM dispatcher_delivery d WHERE d.id = said.id AND d.attempt = said.attempt AND d.state = said.state
              AND d.reply = said.reply AND d.relay = said.relay)
"""
# A row that is `sending` for this very attempt was marked by us, in a commit whose answer was lost. `IS TRUE` keeps PostgreSQL from
# going by leases or mailings, as it would while its statistics know of few claimed rows: it then reads all of them for each row asked for.
_MARK = f"""
    UPDATE dispatcher_delivery SET state = 'sending'
    FROM {{asked}} AS asked
    WHERE dispatcher_delivery.id = asked.id AND dispatcher_delivery.attempt = asked.attempt
      AND (dispatcher_delivery.state IN ('claimed', 'sending') AND lease_until > {{now}}) IS TRUE
      AND NOT {SUPPRESSED}
      AND (EXISTS (
        SELECT 1 FROM dispatcher_mailing m WHERE m.id = dispatcher_delivery.mailing_id AND m.state = 'running' AND {WANTED})) IS TRUE
    RETURNING dispatcher_delivery.id
"""


def write(outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
    """Write both in one transaction; returns the ids that were marked."""
    if connection.vendor == "postgresql":
        return _in_one_statement(outcomes, marks)
    with cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS]).written() as raw:
        return _written(raw, outcomes, marks)


def _written(raw: sqlite3.Connection, outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
    now = database_now()
    if outcomes:
        _settle(raw, outcomes, now)
    return _marked(raw, marks, now) if marks else set()


def _settle(raw: sqlite3.Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    values = [value for one in outcomes for value in (*_values(one), _due(one, now))]
    write, remember = _settling(len(outcomes))
    ids = [row[0] for row in raw.execute(write, [for_sql(now), *values])]
    if len(ids) < len(outcomes) or any(one.verdict != "accepted" for one in outcomes):
        raw.execute(remember, [for_sql(now), *values, json.dumps(ids)])


def _due(one: Outcome, now: datetime) -> object:
    return for_sql(now + one.due_in) if one.state == DeliveryState.PENDING else None


def _marked(raw: sqlite3.Connection, marks: Sequence[Mark], now: datetime) -> set[int]:
    values = [value for one in marks for value in one]
    return {row[0] for row in raw.execute(_marking(len(marks)), [*values, for_sql(now)])}


def _values(one: Outcome) -> tuple[object, ...]:
    """In the order of _TYPES, without the last; of types that databases take as they are."""
    return (
        one.id, one.attempt, str(one.state), one.reason, one.code, one.reply, one.relay, one.duration_ms, int(one.charged), int(one.doubted),
        str(one.verdict),
    )  # fmt: skip


# The texts of SQLite's statements, for so many rows.
@cache
def _settling(rows: int) -> tuple[str, str]:
    said = _table(tuple(_TYPES), rows)
    write = _WRITE.format(said=said, due="said.due_in", now="?")
    return write, _REMEMBER.format(said=said, now="?", done="(SELECT value AS id FROM json_each(?))")


@cache
def _marking(rows: int) -> str:
    return _MARK.format(asked=_table(Mark._fields, rows), now="?")


def _table(names: tuple[str, ...], rows: int) -> str:
    """For SQLite: to take the rows out of JSON would cost as much again as the update."""
    picked = ", ".join(f"column{at} AS {name}" for at, name in enumerate(names, 1))
    places = ", ".join([f"({', '.join('?' * len(names))})"] * rows)
    return f"(SELECT {picked} FROM (VALUES {places}))"


class Line:
    """A connection to PostgreSQL beside Django's, for a loop to wait for."""

    def __init__(self, raw: psycopg.AsyncConnection[tuple[int]]) -> None:
        self._raw = raw

    @classmethod
    async def open(cls) -> Self:
        """As Django would. Raises its errors."""
        params = {**connection.get_connection_params(), "cursor_factory": psycopg.AsyncCursor}
        with connection.wrap_database_errors:
            return cls(await psycopg.AsyncConnection.connect(**params, autocommit=True))

    async def write(self, outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
        """As the function of this name. Raises Django's errors."""
        with connection.wrap_database_errors:
            asked = await self._raw.execute(_one_statement(), _parameters(outcomes, marks), prepare=True)
            return {row[0] for row in await asked.fetchall()}

    async def close(self) -> None:
        """Also if it is broken."""
        await self._raw.close()


def _in_one_statement(outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
    connection.ensure_connection()
    with connection.wrap_database_errors:
        asked = psycopg.Cursor(connection.connection)
        asked.execute(_one_statement(), _parameters(outcomes, marks), prepare=True)
        return {row[0] for row in asked}


def _parameters(outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> list[str]:
    said = [dict(zip(_TYPES, (*_values(one), _seconds(one)), strict=True)) for one in outcomes]
    return [json.dumps(many) for many in (said, [one._asdict() for one in marks])]


def _seconds(one: Outcome) -> float | None:
    return one.due_in.total_seconds() if one.state == DeliveryState.PENDING else None


@cache
def _one_statement() -> str:
    said, asked = (_recordset(dict(list(_TYPES.items())[:many])) for many in (len(_TYPES), 2))
    now = "clock_timestamp()"
    written = _WRITE.format(said="said", due="clock_timestamp() + said.due_in * interval '1 second'", now=now)
    remembered = _REMEMBER.format(said="said", done="written", now=now)
    marked = _MARK.replace("%", "%%").format(asked=asked, now=now)
    return f"WITH said AS MATERIALIZED {said}, written AS ({written}), remembered AS ({remembered}), marked AS ({marked}) SELECT id FROM marked"


def _recordset(types: Mapping[str, str]) -> str:
    """A parameter, objects in JSON, as a table."""
    # Of a JSON list PostgreSQL expects a hundred rows, and then reads the whole ledger to find them; of an unnested array it expects ten.
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    return f"(SELECT one.* FROM unnest(ARRAY(SELECT json_array_elements(%s::json))) AS listed(row), json_to_record(row) AS one({columns}))"
