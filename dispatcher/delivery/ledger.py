"""The ledger: claims deliveries, marks them, writes their outcomes, recovers what a dead worker left.

Every move is one UPDATE whose WHERE names the state it leaves and the attempt it belongs to; touching no row means that somebody
else owns it. Leases compare with the database's clock. Nothing here talks to a relay: no transaction is open while one thinks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

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


# The inner SELECT walks the partial index `delivery_owed`: first attempts before retries, then by due time.
_CLAIM = """
    UPDATE dispatcher_delivery SET state = 'claimed', attempt = attempt + 1, lease_until = %s, owner = %s
    WHERE id IN (
        SELECT id FROM dispatcher_delivery WHERE mailing_id = %s AND state = 'pending' AND due_at <= %s AND {which} {only}
        ORDER BY attempt, due_at, id LIMIT %s {skip_locked})
    RETURNING id
"""
_LOAD = """
    SELECT d.id, d.attempt, d.mailing_id, p.address, d.topics, d.bulletins, d.tries, d.doubts, m.frozen_at
    FROM dispatcher_delivery d JOIN dispatcher_subscriber p ON p.id = d.subscriber_id JOIN dispatcher_mailing m ON m.id = d.mailing_id
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


def _claimed(row: tuple[int, int, int, str, str, str, int, int, datetime | str]) -> Claimed:
    id_, attempt, mailing, address, topics, bulletins, tries, doubts, created = row
    when = created if isinstance(created, datetime) else datetime.fromisoformat(created)
    when = when if when.tzinfo else when.replace(tzinfo=database_now().tzinfo)
    return Claimed(id_, attempt, mailing, address, _ids(topics), _ids(bulletins), tries, doubts, when)


def _ids(listed: str) -> tuple[str, ...]:
    return tuple(filter(None, listed.split(",")))


def commit(outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
    """Write outcomes and marks in one transaction; returns the ids that may now hand over their content.

    A mark holds only while the lease lives, the mailing runs, the address is not suppressed and the person still subscribes: to one
    of the topics at once, or to one that waits for no digest, as fan-out asked it; for a message to everyone, to anything.
    """
    with transaction.atomic():
        _write(outcomes)
        return _mark(marks)


# A late answer of a row that recovery already gave back: a 250 still ends it, as long as nobody has claimed it again.
_WRITE = """
    UPDATE dispatcher_delivery SET state = %s, reason = %s, code = %s, reply = %s, relay = %s, duration_ms = %s,
           tries = tries + %s, doubts = doubts + %s, due_at = COALESCE(%s, due_at), ended_at = %s, lease_until = NULL
    WHERE id = %s AND attempt = %s
      AND (state = 'sending' OR (state = 'claimed' AND %s <> 'accepted') OR (state = 'pending' AND %s = 'accepted'))
"""


def _write(outcomes: Sequence[Outcome]) -> None:
    now = database_now()
    with connection.cursor() as cursor:
        for one in outcomes:
            cursor.execute(_WRITE, _written(one, now))
            late = cursor.rowcount == 0
            if late and _is_written(one):
                continue  # this commit was made before, and only its answer was lost
            if late or one.verdict != "accepted":
                _remember(one, now, late=late)


def _is_written(one: Outcome) -> bool:
    same = Delivery.objects.filter(
        id=one.id, attempt=one.attempt, state=one.state.value, reply=one.reply, relay=one.relay
    )
    return same.exists()


def _written(one: Outcome, now: datetime) -> list[Any]:
    ended = one.state is not DeliveryState.PENDING
    due = None if ended else for_sql(now + one.due_in)
    return [
        one.state.value, one.reason, one.code, one.reply, one.relay, one.duration_ms, int(one.charged), int(one.doubted),
        due, for_sql(now) if ended else None, one.id, one.attempt, one.state.value, one.state.value,
    ]  # fmt: skip


def _remember(one: Outcome, now: datetime, *, late: bool) -> None:
    Attempt.objects.create(
        delivery_id=one.id, attempt=one.attempt, at=now, verdict=one.verdict, code=one.code, reply=one.reply,
        relay=one.relay, duration_ms=one.duration_ms, late=late,
    )  # fmt: skip


# Who asks for a link after bounces gets that one message: if it arrives and is confirmed, the address is alive. After a complaint, none.
_SUPPRESSED = """EXISTS (SELECT 1 FROM dispatcher_suppression x JOIN dispatcher_subscriber p ON p.folded = x.folded
                        JOIN dispatcher_mailing k ON k.id = dispatcher_delivery.mailing_id
                        WHERE p.id = dispatcher_delivery.subscriber_id AND x.lifted_at IS NULL
                          AND (k.kind <> 'system' OR x.reason = 'complaint'))"""
# A row that is `sending` for this very attempt was marked by us, in a commit whose answer was lost.
_MARK = """
    UPDATE dispatcher_delivery SET state = 'sending'
    WHERE id = %s AND attempt = %s AND state IN ('claimed', 'sending') AND lease_until > %s
      AND NOT {suppressed}
      AND EXISTS (
        SELECT 1 FROM dispatcher_mailing m WHERE m.id = dispatcher_delivery.mailing_id AND m.state = 'running'
          AND (m.kind = 'system' OR EXISTS (
            SELECT 1 FROM dispatcher_subscription s WHERE s.subscriber_id = dispatcher_delivery.subscriber_id
              AND s.ended_at IS NULL AND s.confirmed_at IS NOT NULL
              AND (dispatcher_delivery.topics = ''
                   OR ',' || dispatcher_delivery.topics || ',' LIKE '%%,' || s.topic_id || ',%%' AND (
                        s.cadence = 'immediate' OR EXISTS (
                          SELECT 1 FROM dispatcher_match f WHERE f.topic_id = s.topic_id AND f.must_deliver
                            AND (f.bulletin_id = m.bulletin_id OR f.bulletin_id IN (
                                 SELECT c.bulletin_id FROM dispatcher_carried c WHERE c.mailing_id = m.id))))))))
"""


def _mark(marks: Sequence[Mark]) -> set[int]:
    marked = set()
    now = for_sql(database_now())
    with connection.cursor() as cursor:
        for one in marks:
            cursor.execute(_MARK.format(suppressed=_SUPPRESSED), [one.id, one.attempt, now])
            if cursor.rowcount == 1:
                marked.add(one.id)
            else:
                _settle_unmarked(one)
    return marked


_MAILING_STATE = "(SELECT state FROM dispatcher_mailing WHERE id = dispatcher_delivery.mailing_id)"
# Why a mark failed, in the order in which people would want to be told; what is left was fenced out and is not ours to touch.
_UNMARKED = (
    ("cancelled", "suppressed", _SUPPRESSED),
    ("pending", "", f"{_MAILING_STATE} IN ('paused', 'waiting')"),
    ("cancelled", "mailing cancelled", f"{_MAILING_STATE} <> 'running'"),
    ("cancelled", "unsubscribed", "true"),
)


def _settle_unmarked(one: Mark) -> None:
    now = database_now()
    with connection.cursor() as cursor:
        for state, reason, when in _UNMARKED:
            cursor.execute(
                "UPDATE dispatcher_delivery SET state = %s, reason = %s, ended_at = %s, lease_until = NULL "
                f"WHERE id = %s AND attempt = %s AND state = 'claimed' AND lease_until > %s AND {when}",
                [
                    state,
                    reason,
                    None if state == "pending" else for_sql(now),
                    one.id,
                    one.attempt,
                    for_sql(now),
                ],
            )
            if cursor.rowcount == 1:
                if state == "cancelled":
                    _untell(one.id)
                return


def _untell(delivery_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM dispatcher_told WHERE mailing_id = (SELECT mailing_id FROM dispatcher_delivery WHERE id = %s)
               AND subscriber_id = (SELECT subscriber_id FROM dispatcher_delivery WHERE id = %s)""",
            [delivery_id, delivery_id],
        )


def _places(count: int) -> str:
    return ", ".join(["%s"] * count)
