"""The doctor looks at the database: each kind, whole and broken."""

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from dispatcher.management.doctor import database
from dispatcher.management.doctor.findings import Finding, together
from dispatcher.models import Journal

AT = datetime(2026, 8, 21, 12, 0, tzinfo=UTC)


def levels(found: Iterator[Finding] | list[Finding]) -> dict[str, str]:
    """What was seen, with its level."""
    return {one.what: one.level for one in found}


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def drop_trigger(name: str) -> None:
    on = "" if connection.vendor == "sqlite" else " ON dispatcher_journal"
    execute(f"DROP TRIGGER {name}{on}")


def test_a_whole_database_answers_and_holds(db: str) -> None:
    (answers,) = database.answers()
    assert answers.level == "ok"
    assert answers.what.endswith(" answers")
    assert answers.what.startswith(connection.display_name)
    found = {one.where: one.level for one in [*database.triggers(), *database.journal()]}
    assert found == {"triggers": "ok", "journal": "ok"}


def test_its_checks_run_in_threads_of_their_own(db: str) -> None:
    # The server of the tests does not wait for its disk, which is told; nothing else is wrong.
    odd = [one for one in together(database.checks()) if one.level != "ok"]
    expected = [] if connection.vendor == "sqlite" else ["fsync is off", "synchronous_commit is off"]
    assert [one.what for one in odd] == expected


def test_a_database_that_is_away_is_told(db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed = gone.getsockname()[1]
    elsewhere = (
        {"NAME": str(tmp_path)} if connection.vendor == "sqlite" else {"HOST": "127.0.0.1", "PORT": closed}
    )
    for name, value in elsewhere.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    (away,) = database.answers()
    assert away.level == "problem"
    assert "does not answer" in away.what


def test_a_missing_file_is_not_created_by_looking(
    sqlite_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.close()
    file = tmp_path / "none.sqlite3"
    monkeypatch.setitem(connection.settings_dict, "NAME", str(file))
    (missing,) = database.answers()
    assert (missing.level, missing.remedy) == ("problem", "`dispatcher migrate` makes it")
    assert not file.exists()


@pytest.mark.parametrize(
    ("which", "told"),
    [("0", ["answers, but holds no tables yet"]), ("{last}", ["answers", "without {last}"])],
)
def test_tables_that_are_not_there_are_told(db: str, which: str, told: list[str]) -> None:
    last = max(
        name for app, name in MigrationRecorder(connection).applied_migrations() if app == "dispatcher"
    )
    execute(
        f"DELETE FROM django_migrations WHERE app = 'dispatcher' AND name LIKE '{which.format(last=last)}%'"
    )
    found = list(database.answers())
    assert len(found) == len(told)
    assert all(words.format(last=last) in one.what for one, words in zip(found, told, strict=True))
    assert found[-1].level == "problem"


def test_a_trigger_that_is_gone_is_named(db: str) -> None:
    drop_trigger("journal_no_delete")
    (lost,) = database.triggers()
    assert (lost.level, lost.what) == ("problem", "gone or disabled: journal_no_delete")


def test_a_trigger_that_is_only_disabled_counts_as_gone(db: str) -> None:
    if connection.vendor == "sqlite":
        return  # it cannot disable one
    execute("ALTER TABLE dispatcher_journal DISABLE TRIGGER journal_no_update")
    (lost,) = database.triggers()
    assert lost.what == "gone or disabled: journal_no_update"


def test_an_entry_that_was_tampered_with_breaks_the_chain(db: str) -> None:
    entries = [
        Journal.append(at=AT, actor="ana", door="shell", verb=verb, subject="bulletin:1", facts={})
        for verb in ("submit", "approve", "cancel")
    ]
    drop_trigger("journal_no_update")
    execute(f"UPDATE dispatcher_journal SET actor = 'mallory' WHERE id = {entries[1].id}")
    (broken,) = database.journal()
    assert (broken.level, broken.what) == ("problem", f"its chain breaks at entry {entries[1].id}")


def test_sqlite_keeps_what_it_says_yes_to(sqlite_db: str) -> None:
    assert levels(database.sqlite()) == {
        "journal_mode WAL, synchronous FULL": "ok", "quick_check finds nothing wrong": "ok",
    }  # fmt: skip


def test_sqlite_that_does_not_is_told(sqlite_db: str) -> None:
    execute("PRAGMA journal_mode=DELETE")
    execute("PRAGMA synchronous=NORMAL")
    found = levels(database.sqlite())
    assert found["journal_mode is delete, not WAL"] == "problem"
    assert found["synchronous is 1, not FULL"] == "problem"


def test_a_damaged_file_is_told(sqlite_db: str) -> None:
    execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = Path(connection.settings_dict["NAME"])
    connection.close()
    with file.open("r+b") as damaged:
        damaged.seek(-4096, os.SEEK_END)  # its last page: the table of the tables stands at the head
        damaged.write(b"\xff" * 64)
    found = [one for one in database.sqlite() if one.level == "problem"]
    assert any(one.what.startswith("quick_check: ") for one in found)


@pytest.mark.parametrize(
    ("seconds", "level", "what"),
    [
        (0.04, "ok", "this host is +0.0 s from the database"),
        (1.9, "ok", "this host is +1.9 s from the database"),
        (-3, "warning", "this host is -3.0 s from the database"),
        (3600, "warning", "this host is +3600.0 s from the database"),
    ],
)
def test_clocks_that_run_apart_are_told(seconds: float, level: str, what: str) -> None:
    told = database.apart(seconds)
    assert (told.level, told.what) == (level, what)


def test_the_clock_of_this_host_is_held_against_the_database(db: str) -> None:
    (told,) = database.clocks()
    assert told.level == "ok"


def test_too_few_connections_are_told() -> None:
    enough = database._CONNECTIONS_A_HOST
    assert [database.room(number).level for number in (97, enough, enough - 1)] == ["ok", "ok", "warning"]
