"""What a round of sending writes hundreds of times a second: outcomes and marks of all connections, in one transaction.

On PostgreSQL that is one statement, because there a round trip costs more than the rows; on SQLite, where there are none, three plain ones.
Both go past Django's cursor, which rewrites a statement's text each time and never prepares it; its errors are what callers see.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

import psycopg
from django.db import connection, transaction

from dispatcher.delivery.unmarked import SUPPRESSED
from dispatcher.models.clock import database_now, for_sql


class Written(NamedTuple):
    """An outcome as it is written. `due_in` in seconds, of a row that goes back to pending."""

    id: int
    attempt: int
    state: str
    reason: str
    code: int | None
    reply: str
    relay: str
    duration_ms: int
    charged: int
    doubted: int
    verdict: str
    due_in: float | None


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
        SELECT 1 FROM dispatcher_mailing m WHERE m.id = dispatcher_delivery.mailing_id AND m.state = 'running'
          AND (m.kind = 'system' OR EXISTS (
            SELECT 1 FROM dispatcher_subscription s WHERE s.subscriber_id = dispatcher_delivery.subscriber_id
              AND s.ended_at IS NULL AND s.confirmed_at IS NOT NULL
              AND (dispatcher_delivery.topics = ''
                   OR ',' || dispatcher_delivery.topics || ',' LIKE '%,' || s.topic_id || ',%' AND (
                        s.cadence = 'immediate' OR m.kind IN ('daily', 'weekly') OR EXISTS (
                          SELECT 1 FROM dispatcher_match f WHERE f.topic_id = s.topic_id AND f.must_deliver
                            AND (f.bulletin_id = m.bulletin_id OR f.bulletin_id IN (
                                 SELECT c.bulletin_id FROM dispatcher_carried c WHERE c.mailing_id = m.id))))))))) IS TRUE
    RETURNING dispatcher_delivery.id
"""


def write(outcomes: Sequence[Written], marks: Sequence[Mark]) -> set[int]:
    """Write both in one transaction; returns the ids that were marked."""
    if connection.vendor == "postgresql":
        return _in_one_statement(outcomes, marks)
    with transaction.atomic(), connection.wrap_database_errors:
        now = database_now()
        if outcomes:
            _settle(outcomes, now)
        return _marked(marks, now) if marks else set()


def _settle(outcomes: Sequence[Written], now: datetime) -> None:
    values = [value for one in outcomes for value in (*one[:-1], _due(one, now))]
    said = _table(Written._fields, len(outcomes))
    written = _WRITE.format(said=said, due="said.due_in", now="?")
    raw = connection.connection
    ids = [row[0] for row in raw.execute(written, [for_sql(now), *values])]
    if len(ids) < len(outcomes) or any(one.verdict != "accepted" for one in outcomes):
        remembered = _REMEMBER.format(said=said, now="?", done="(SELECT value AS id FROM json_each(?))")
        raw.execute(remembered, [for_sql(now), *values, json.dumps(ids)])


def _due(one: Written, now: datetime) -> object:
    return None if one.due_in is None else for_sql(now + timedelta(seconds=one.due_in))


def _marked(marks: Sequence[Mark], now: datetime) -> set[int]:
    statement = _MARK.format(asked=_table(Mark._fields, len(marks)), now="?")
    values = [value for one in marks for value in one]
    return {row[0] for row in connection.connection.execute(statement, [*values, for_sql(now)])}


@cache
def _table(names: tuple[str, ...], rows: int) -> str:
    """For SQLite: to take the rows out of JSON would cost as much again as the update."""
    picked = ", ".join(f"column{at} AS {name}" for at, name in enumerate(names, 1))
    places = ", ".join([f"({', '.join('?' * len(names))})"] * rows)
    return f"(SELECT {picked} FROM (VALUES {places}))"


def _in_one_statement(outcomes: Sequence[Written], marks: Sequence[Mark]) -> set[int]:
    connection.ensure_connection()
    rows = [json.dumps([one._asdict() for one in many]) for many in (outcomes, marks)]
    with connection.wrap_database_errors:
        found = psycopg.Cursor(connection.connection).execute(_one_statement(), rows, prepare=True).fetchall()
    return {row[0] for row in found}


@cache
def _one_statement() -> str:
    said, asked = (_recordset(dict(list(_TYPES.items())[:many])) for many in (len(Written._fields), 2))
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
