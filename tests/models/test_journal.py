"""The journal is append-only and chained, on both databases, whatever door one comes through."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from dispatcher.models import Journal

AT = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)


def write(verb: str) -> Journal:
    return Journal.append(at=AT, actor="ana", door="shell", verb=verb, subject="bulletin:1", facts={"n": 1})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dispatcher_journal SET actor = 'mallory'",
        "DELETE FROM dispatcher_journal",
    ],
)
def test_raw_sql_can_neither_change_nor_delete_an_entry(db: str, statement: str) -> None:
    write("approve")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Journal.objects.get().actor == "ana"


def test_replacing_an_entry_does_not_slip_past_the_delete_trigger(sqlite_db: str) -> None:
    entry = write("approve")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT OR REPLACE INTO dispatcher_journal (id, at, actor, door, verb, subject, facts, previous, hash) "
            "VALUES (%s, %s, 'mallory', 'shell', 'approve', 'x', '{}', '', 'h')",
            [entry.id, AT],
        )


def test_a_chain_that_holds_is_reported_whole(db: str) -> None:
    for verb in ("draft", "submit", "approve"):
        write(verb)
    assert Journal.broken_at() is None


def test_a_changed_entry_is_found_even_by_somebody_who_drops_the_trigger(db: str) -> None:
    write("draft")
    changed = write("submit")
    write("approve")
    with transaction.atomic(), connection.cursor() as cursor:
        on = " ON dispatcher_journal" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER journal_no_update{on}")
        cursor.execute("UPDATE dispatcher_journal SET actor = 'mallory' WHERE id = %s", [changed.id])
    assert Journal.broken_at() == changed.id


def test_an_entry_taken_out_of_the_middle_is_found(db: str) -> None:
    write("draft")
    gone = write("submit")
    after = write("approve")
    with transaction.atomic(), connection.cursor() as cursor:
        on = " ON dispatcher_journal" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER journal_no_delete{on}")
        cursor.execute("DELETE FROM dispatcher_journal WHERE id = %s", [gone.id])
    assert Journal.broken_at() == after.id
