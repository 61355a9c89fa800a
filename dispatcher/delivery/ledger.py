"""The ledger: claims deliveries, marks them, writes their outcomes, recovers what a dead worker left.

Every move is one UPDATE whose WHERE names the state it leaves and the attempt it belongs to; touching no row means that somebody
else owns it. Leases compare with the database's clock. Nothing here talks to a relay: no transaction is open while one thinks.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from django.db import connection, transaction

from dispatcher.delivery import statements, unmarked
from dispatcher.formats import message_names
from dispatcher.models import Attempt, Delivery, DeliveryState, Lane
from dispatcher.models.clock import database_now, for_sql

# A row that was recovered this often is claimed alone, so that a poison message takes no batch with it.
ALONE_AFTER = 2


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery that is ours until the lease ends."""

    id: int
    attempt: int
    mailing: int
    address: str
    topics: tuple[str, ...]
    bulletins: tuple[str, ...]
    tries: int
    doubts: int
    created: datetime
    plain_text: bool = False
    answers: str = ""  # the message that a correction answers: what its Message-ID is made from

    @property
    def domain(self) -> str:
        """Of the address; limits and breakers go by it."""
        return self.address.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. `due_in` is set when the row goes back to pending."""

    id: int
    attempt: int
    state: DeliveryState
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


@dataclass(frozen=True, slots=True)
class Mark:
    """The wish to hand over the content of this attempt."""

    id: int
    attempt: int


def claim(lane: Lane, owner: str, limit: int, lease: timedelta, only: Sequence[str] = ()) -> list[Claimed]:
    """Take up to `limit` due deliveries of running mailings, oldest mailing first. `only`: folded addresses we may write to."""
    claimed: list[Claimed] = []
    with transaction.atomic():
        now = database_now()
        for mailing in _owing(lane, now):
            take = _Take(mailing, owner, now, now + lease, tuple(only))
            claimed += _claim_of(take, limit - len(claimed)) or (_claim_alone(take) if not claimed else [])
            if len(claimed) >= limit:
                break
    return claimed


@dataclass(frozen=True, slots=True)
class _Take:
    mailing: int
    owner: str
    now: datetime
    lease_until: datetime
    only: tuple[str, ...]


def _owing(lane: Lane, now: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT m.id FROM dispatcher_mailing m WHERE m.lane = %s AND m.state = 'running' AND EXISTS
               (SELECT 1 FROM dispatcher_delivery d WHERE d.mailing_id = m.id AND d.state = 'pending' AND d.due_at <= %s)
               ORDER BY m.id LIMIT 50""",
            [lane.value, for_sql(now)],
        )
        return [row[0] for row in cursor.fetchall()]


# Whether as plain text is settled at the first attempt: until then people may change their mind, afterwards the bytes stay the same.
# The inner SELECT walks the partial index `delivery_owed`: first attempts before retries, then by due time.
_CLAIM = """
    UPDATE dispatcher_delivery SET state = 'claimed', attempt = attempt + 1, lease_until = %s, owner = %s,
           plain_text = CASE WHEN attempt > 0 THEN plain_text
                        ELSE (SELECT p.plain_text FROM dispatcher_subscriber p WHERE p.id = subscriber_id) END
    WHERE id IN (
        SELECT id FROM dispatcher_delivery WHERE mailing_id = %s AND state = 'pending' AND due_at <= %s AND {which} {only}
        ORDER BY attempt, due_at, id LIMIT %s {skip_locked})
    RETURNING id
"""
_LOAD = """
    SELECT d.id, d.attempt, d.mailing_id, p.address, d.topics, d.bulletins, d.tries, d.doubts, m.frozen_at, d.plain_text, e.id, n.nonce
    FROM dispatcher_delivery d JOIN dispatcher_subscriber p ON p.id = d.subscriber_id JOIN dispatcher_mailing m ON m.id = d.mailing_id
    LEFT JOIN dispatcher_delivery e ON e.id = d.answers_id LEFT JOIN dispatcher_mailing n ON n.id = e.mailing_id
    WHERE d.id IN ({ids}) ORDER BY d.id
"""


def _claim_of(take: _Take, limit: int) -> list[Claimed]:
    return _claim(take, f"recovered < {ALONE_AFTER}", limit)


def _claim_alone(take: _Take) -> list[Claimed]:
    return _claim(take, f"recovered >= {ALONE_AFTER}", 1)


def _claim(take: _Take, which: str, limit: int) -> list[Claimed]:
    only = ""
    if take.only:
        only = f"AND subscriber_id IN (SELECT id FROM dispatcher_subscriber WHERE folded IN ({_places(len(take.only))}))"
    skip_locked = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM.format(which=which, only=only, skip_locked=skip_locked),
            [for_sql(take.lease_until), take.owner, take.mailing, for_sql(take.now), *take.only, limit],
        )
        ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return []
        cursor.execute(_LOAD.format(ids=_places(len(ids))), ids)
        return [_claimed(row) for row in cursor.fetchall()]


def _claimed(row: tuple[Any, ...]) -> Claimed:
    id_, attempt, mailing, address, topics, bulletins, tries, doubts, created, plain, earlier, nonce = row
    answers = message_names.of(nonce, earlier) if earlier else ""
    return Claimed(
        id_, attempt, mailing, address, _ids(topics), _ids(bulletins), tries, doubts, _moment(created), bool(plain), answers,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _ids(listed: str) -> tuple[str, ...]:
    return tuple(filter(None, listed.split(",")))


@lru_cache(maxsize=64)  # of few mailings
def _moment(stored: datetime | str) -> datetime:
    """What hand-written SQL reads: SQLite keeps times as text, in UTC."""
    when = stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def commit(outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
    """Write outcomes and marks in one transaction; returns the ids that may now hand over their content.

    A mark holds only while the lease lives, the mailing runs, the address is not suppressed and the person still subscribes: to one
    of the topics at once, or to one that waits for no digest, as fan-out asked it; for a digest to one of them at all, for a message to everyone to anything.
    """
    with transaction.atomic():
        _write(outcomes)
        return _mark(marks)


_COLUMNS = {
    "id": "bigint", "attempt": "integer", "state": "text", "reason": "text", "code": "smallint", "reply": "text", "relay": "text",
    "duration_ms": "integer", "charged": "integer", "doubted": "integer", "due_at": "timestamptz", "ended_at": "timestamptz",
}  # fmt: skip


def _said(vendor: str, *columns: str) -> str:
    """A parameter, a list of lists in JSON, as a table: a commit is two statements, however many rows it holds."""
    if vendor == "sqlite":
        picked = ", ".join(f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(columns))
        return f"(SELECT {picked} FROM json_each(%s))"
    picked = ", ".join(f"(value ->> {at})::{_COLUMNS[name]} AS {name}" for at, name in enumerate(columns))
    return f"(SELECT {picked} FROM json_array_elements(%s::json) AS listed(value))"


# A late answer of a row that recovery already gave back: a 250 still ends it, as long as nobody has claimed it again.
_WRITE = """
    UPDATE dispatcher_delivery SET state = said.state, reason = said.reason, code = said.code, reply = said.reply, relay = said.relay,
           duration_ms = said.duration_ms, tries = tries + said.charged, doubts = doubts + said.doubted,
           due_at = COALESCE(said.due_at, dispatcher_delivery.due_at), ended_at = said.ended_at, lease_until = NULL
    FROM {said} AS said
    WHERE dispatcher_delivery.id = said.id AND dispatcher_delivery.attempt = said.attempt
      AND (dispatcher_delivery.state = 'sending' OR (dispatcher_delivery.state = 'claimed' AND said.state <> 'accepted')
           OR (dispatcher_delivery.state = 'pending' AND said.state = 'accepted'))
    RETURNING dispatcher_delivery.id
"""


def _write(outcomes: Sequence[Outcome]) -> None:
    if not outcomes:
        return
    now = database_now()
    ended = for_sql(now)
    rows = json.dumps([_written(one, now, ended) for one in outcomes], default=str)
    written = {row[0] for row in statements.run(_write_statement(connection.vendor), [rows])}
    for one in outcomes:
        late = one.id not in written
        if late and _is_written(one):
            continue  # this commit was made before, and only its answer was lost
        if late or one.verdict != "accepted":
            _remember(one, now, late=late)


@cache
def _write_statement(vendor: str) -> str:
    return _WRITE.format(said=_said(vendor, *_COLUMNS))


def _is_written(one: Outcome) -> bool:
    same = Delivery.objects.filter(
        id=one.id, attempt=one.attempt, state=one.state.value, reply=one.reply, relay=one.relay
    )
    return same.exists()


def _written(one: Outcome, now: datetime, ended: str | datetime) -> list[Any]:
    again = one.state is DeliveryState.PENDING
    return [
        one.id, one.attempt, one.state, one.reason, one.code, one.reply, one.relay, one.duration_ms, int(one.charged), int(one.doubted),
        for_sql(now + one.due_in) if again else None, None if again else ended,
    ]  # fmt: skip


def _remember(one: Outcome, now: datetime, *, late: bool) -> None:
    Attempt.objects.create(
        delivery_id=one.id, attempt=one.attempt, at=now, verdict=one.verdict, code=one.code, reply=one.reply,
        relay=one.relay, duration_ms=one.duration_ms, late=late,
    )  # fmt: skip


# A row that is `sending` for this very attempt was marked by us, in a commit whose answer was lost.
_MARK = """
    UPDATE dispatcher_delivery SET state = 'sending'
    FROM {said} AS said
    WHERE dispatcher_delivery.id = said.id AND dispatcher_delivery.attempt = said.attempt
      AND dispatcher_delivery.state IN ('claimed', 'sending') AND lease_until > %s
      AND NOT {suppressed}
      AND EXISTS (
        SELECT 1 FROM dispatcher_mailing m WHERE m.id = dispatcher_delivery.mailing_id AND m.state = 'running'
          AND (m.kind = 'system' OR EXISTS (
            SELECT 1 FROM dispatcher_subscription s WHERE s.subscriber_id = dispatcher_delivery.subscriber_id
              AND s.ended_at IS NULL AND s.confirmed_at IS NOT NULL
              AND (dispatcher_delivery.topics = ''
                   OR ',' || dispatcher_delivery.topics || ',' LIKE '%%,' || s.topic_id || ',%%' AND (
                        s.cadence = 'immediate' OR m.kind IN ('daily', 'weekly') OR EXISTS (
                          SELECT 1 FROM dispatcher_match f WHERE f.topic_id = s.topic_id AND f.must_deliver
                            AND (f.bulletin_id = m.bulletin_id OR f.bulletin_id IN (
                                 SELECT c.bulletin_id FROM dispatcher_carried c WHERE c.mailing_id = m.id))))))))
    RETURNING dispatcher_delivery.id
"""


@cache
def _mark_statement(vendor: str) -> str:
    return _MARK.format(suppressed=unmarked.SUPPRESSED, said=_said(vendor, "id", "attempt"))


def _mark(marks: Sequence[Mark]) -> set[int]:
    if not marks:
        return set()
    rows = json.dumps([(one.id, one.attempt) for one in marks])
    found = statements.run(_mark_statement(connection.vendor), [rows, for_sql(database_now())])
    marked = {row[0] for row in found}
    for one in marks:
        if one.id not in marked:
            unmarked.settle(one.id, one.attempt)
    return marked


def _places(count: int) -> str:
    return ", ".join(["%s"] * count)
