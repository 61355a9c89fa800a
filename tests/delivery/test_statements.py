"""That a commit reads the rows it is about, and no others, whatever the database believes of its tables; and writes no more than it must."""

import asyncio

import pytest
from django.db import IntegrityError, connection, transaction
from owing import accepted, claim, mark, owe

from dispatcher.delivery import ledger
from dispatcher.delivery.statements import Line, Mark
from dispatcher.models import Delivery

CLAIMED = 20_000  # of a small table PostgreSQL reads all, and may
PEOPLE = """
    INSERT INTO dispatcher_subscriber (id, address, folded, created_at)
    SELECT id, 'p' || id || '@example.com', 'p' || id || '@example.com', now() FROM generate_series(1000, %s) AS id
"""
ROWS = """
    INSERT INTO dispatcher_delivery (id, mailing_id, subscriber_id, state, topics, due_at)
    SELECT id, %s, id, 'pending', '', now() FROM generate_series(1000, %s) AS id
"""
CLAIM = "UPDATE dispatcher_delivery SET state = 'claimed', lease_until = now() + interval '1 hour' WHERE id >= 1000"
READ = """
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'dispatcher_delivery'
"""


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
@pytest.mark.parametrize("plan", ["force_generic_plan", "force_custom_plan"])
def test_a_commit_goes_by_id_though_no_row_was_claimed_when_they_were_counted(db: str, plan: str) -> None:
    owe(2)
    first, second = claim()
    assert mark(first)
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [1000 + CLAIMED])
        cursor.execute(ROWS, [first.mailing, 1000 + CLAIMED])
        cursor.execute("ANALYZE")
        cursor.execute(CLAIM)
        cursor.execute(f"SET plan_cache_mode = {plan}")
        with transaction.atomic():
            before = rows_read()
            assert ledger.commit([accepted(first)], [Mark(second.id, second.attempt)]) == {second.id}
            assert rows_read() - before < 50


def rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(READ)
        return cursor.fetchone()[0]


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_commit_is_planned_once_and_nothing_else_is_prepared(db: str) -> None:
    owe(2)
    first, second = claim()
    assert mark(first)

    async def prepared() -> list[str]:
        line = await Line.open()
        try:
            assert await line.write([accepted(first)], [Mark(second.id, second.attempt)]) == {second.id}
            asked = await line._raw.execute("SELECT statement FROM pg_prepared_statements")
            return [row[0] for row in await asked.fetchall()]
        finally:
            await line.close()

    (statement,) = asyncio.run(prepared())
    assert statement.startswith("WITH said AS")


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_mark_writes_into_no_index(db: str) -> None:
    owe(8)
    rows = claim()
    with transaction.atomic():
        before = updated()
        assert len(ledger.commit([], [Mark(one.id, one.attempt) for one in rows])) == 8
        assert updated() == (before[0] + 8, before[1] + 8)


def updated() -> tuple[int, int]:
    """Rows written anew, and of these without an index entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'dispatcher_delivery'"
        )
        return cursor.fetchone()


def test_nothing_is_pending_that_claims_would_not_find(db: str) -> None:
    owe()
    claim()
    with pytest.raises(IntegrityError, match="delivery_pending"), transaction.atomic():
        Delivery.objects.update(state="pending")
