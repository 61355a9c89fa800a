"""The ledger: claims deliveries, marks them, writes their outcomes, recovers what a dead worker left.

Every move is one UPDATE whose WHERE names the state it leaves and the attempt it belongs to; touching no row means that somebody
else owns it. Leases compare with the database's clock. Nothing here talks to a relay: no transaction is open while one thinks.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection, transaction

from dispatcher.delivery import statements, unmarked
from dispatcher.delivery.statements import Mark, Outcome
from dispatcher.formats import message_names
from dispatcher.models import Lane, Mailing
from dispatcher.models.clock import database_now, for_sql, from_sql

# A row that was recovered this often is claimed alone, so that a poison message takes no batch with it.
ALONE_AFTER = 2


class Claimed(NamedTuple):
    """One delivery that is ours until the lease ends."""

    id: int
    attempt: int
    mailing: int
    address: str
    topics: tuple[str, ...]
    bulletins: tuple[str, ...]
    tries: int
    doubts: int
    owed_since: datetime  # how long it has been tried counts from here
    plain_text: bool = False
    answers: str = ""  # the message that a correction answers: what its Message-ID is made from

    @property
    def domain(self) -> str:
        """Of the address; limits and breakers go by it."""
        return self.address.rpartition("@")[2].lower()


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
               (SELECT 1 FROM dispatcher_delivery d
                WHERE d.mailing_id = m.id AND d.state = 'pending' AND d.ended_at IS NULL AND d.lease_until IS NULL AND d.due_at <= %s)
               ORDER BY m.id LIMIT 50""",
            [lane.value, for_sql(now)],
        )
        return [row[0] for row in cursor.fetchall()]


# Whether as plain text is settled at the first attempt: until then people may change their mind, afterwards the bytes stay the same.
_CLAIM = """
    UPDATE dispatcher_delivery SET state = 'claimed', attempt = attempt + 1, lease_until = %s, owner = %s,
           plain_text = CASE WHEN attempt > 0 THEN plain_text
                        ELSE (SELECT p.plain_text FROM dispatcher_subscriber p WHERE p.id = subscriber_id) END
    WHERE id {among} RETURNING id, attempt, subscriber_id, topics, bulletins, tries, doubts, plain_text, answers_id, released_at
"""
# Walks the partial index `delivery_owed`, whose words for "pending" stand here too: first attempts before retries, then by due time.
_DUE = """
    SELECT id FROM dispatcher_delivery
    WHERE mailing_id = %s AND state = 'pending' AND ended_at IS NULL AND lease_until IS NULL AND due_at <= %s AND {which} {only}
    ORDER BY attempt, due_at, id LIMIT %s
"""
# As an array, so that PostgreSQL picks them once and then goes by id, whatever it believes of the table.
_AMONG = {"sqlite": "IN ({due})", "postgresql": "= ANY (ARRAY({due} FOR UPDATE SKIP LOCKED))"}
_THESE = {
    "sqlite": "IN (SELECT value FROM json_each(%s))",
    "postgresql": "= ANY (ARRAY(SELECT json_array_elements_text(%s::json)::bigint))",
}
_ADDRESSES = "SELECT id, address FROM dispatcher_subscriber WHERE id {these}"
_EARLIER = """
    SELECT e.id, n.nonce FROM dispatcher_delivery e JOIN dispatcher_mailing n ON n.id = e.mailing_id WHERE e.id {these}
"""


def _claim_of(take: _Take, limit: int) -> list[Claimed]:
    return _claim(take, f"recovered < {ALONE_AFTER}", limit)


def _claim_alone(take: _Take) -> list[Claimed]:
    return _claim(take, f"recovered >= {ALONE_AFTER}", 1)


def _claim(take: _Take, which: str, limit: int) -> list[Claimed]:
    only = ""
    if take.only:
        only = f"AND subscriber_id IN (SELECT id FROM dispatcher_subscriber WHERE folded IN ({', '.join(['%s'] * len(take.only))}))"
    among = _AMONG[connection.vendor].format(due=_DUE.format(which=which, only=only))
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM.format(among=among),
            [for_sql(take.lease_until), take.owner, take.mailing, for_sql(take.now), *take.only, limit],
        )
        return _loaded(take.mailing, sorted(cursor.fetchall()))


def _loaded(mailing: int, rows: list[tuple[Any, ...]]) -> list[Claimed]:
    """With what else stands in other tables."""
    if not rows:
        return []
    addresses = _looked_up(_ADDRESSES, [row[2] for row in rows])
    nonces = _looked_up(_EARLIER, [row[8] for row in rows if row[8]])
    frozen = Mailing.objects.values_list("frozen_at", flat=True).get(id=mailing)
    return [
        Claimed(
            id_, attempt, mailing, addresses[person], _ids(topics), _ids(bulletins), tries, doubts,
            from_sql(released) if released else frozen, bool(plain),
            message_names.of(nonces[earlier], earlier) if earlier else "",
        )
        for id_, attempt, person, topics, bulletins, tries, doubts, plain, earlier, released in rows
    ]  # fmt: skip


def _looked_up(statement: str, ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(these=_THESE[connection.vendor]), [json.dumps(ids)])
        return dict(cursor.fetchall())


@lru_cache(maxsize=1024)
def _ids(listed: str) -> tuple[str, ...]:
    return tuple(filter(None, listed.split(",")))


def commit(outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
    """Write outcomes and marks in one transaction; returns the ids that may now hand over their content.

    A mark holds only while the lease lives, the mailing runs, the address is not suppressed and the person still subscribes: to one
    of the topics at once, or to one that waits for no digest, as fan-out asked it; for a digest to one of them at all, for a message to everyone to anything.
    """
    marked = statements.write(outcomes, marks)
    settle_refused(marks, marked)
    return marked


def settle_refused(marks: Sequence[Mark], marked: set[int]) -> None:
    """Move the rows whose content may not leave to where they belong."""
    for one in marks:
        if one.id not in marked:
            unmarked.settle(one.id, one.attempt)
