"""Leases: a worker proves that it lives, gives back what it will not send, and finds what a dead one left.

All times are the database's, read in the transaction that uses them.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection, transaction

from dispatcher.failpoints import Failpoint, reach
from dispatcher.models.clock import database_now, for_sql

# After so many doubts or recoveries a row parks itself, visible, for staff to decide.
MOST_DOUBTS = 3
MOST_RECOVERIES = 5


def renew(owner: str, lease: timedelta) -> None:
    """Prove that this worker lives: its leases begin anew."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE dispatcher_delivery SET lease_until = %s WHERE owner = %s AND lease_until IS NOT NULL",
            [for_sql(database_now() + lease), owner],
        )


def release(owner: str, due_in: timedelta, unsent: Sequence[int] = ()) -> int:
    """Give back what this worker claimed and did not begin to send: uncharged, due in a while. `unsent` was marked, and never left."""
    marked = f"OR state = 'sending' AND id IN ({', '.join(['%s'] * len(unsent))})" if unsent else ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE dispatcher_delivery SET state = 'pending', lease_until = NULL, due_at = %s "
            f"WHERE owner = %s AND lease_until IS NOT NULL AND (state = 'claimed' {marked})",
            [for_sql(database_now() + due_in), owner, *unsent],
        )
        return int(cursor.rowcount)


def postpone(rows: Sequence[tuple[int, int, timedelta]]) -> None:
    """Give back claimed rows, by id and attempt, uncharged, each due after its own while."""
    with transaction.atomic(), connection.cursor() as cursor:
        now = database_now()
        cursor.executemany(
            "UPDATE dispatcher_delivery SET state = 'pending', lease_until = NULL, due_at = %s "
            "WHERE id = %s AND attempt = %s AND state = 'claimed'",
            [(for_sql(now + due_in), id_, attempt) for id_, attempt, due_in in rows],
        )


_RECOVER = """
    UPDATE dispatcher_delivery SET
        state = CASE WHEN recovered + 1 >= %(recoveries)s OR (state = 'sending' AND doubts + 1 >= %(doubts)s)
                     THEN 'failed' ELSE 'pending' END,
        reason = CASE WHEN recovered + 1 >= %(recoveries)s OR (state = 'sending' AND doubts + 1 >= %(doubts)s)
                      THEN 'unknown' ELSE reason END,
        ended_at = CASE WHEN recovered + 1 >= %(recoveries)s OR (state = 'sending' AND doubts + 1 >= %(doubts)s)
                        THEN %(now)s ELSE NULL END,
        doubts = doubts + CASE WHEN state = 'sending' THEN 1 ELSE 0 END,
        recovered = recovered + 1, due_at = %(now)s, lease_until = NULL
    WHERE state IN ('claimed', 'sending') AND lease_until <= %(now)s
"""


def recover() -> int:
    """The sweep: rows whose lease is over go back to pending; the third doubt or fifth recovery parks a row as failed(unknown)."""
    with transaction.atomic(), connection.cursor() as cursor:
        now = for_sql(database_now())
        cursor.execute(_RECOVER, {"now": now, "recoveries": MOST_RECOVERIES, "doubts": MOST_DOUBTS})
        reach(Failpoint.IN_RECOVER)
        return int(cursor.rowcount)
