"""The write-ahead log is copied back between transactions of much, and by commits again afterwards."""

from pathlib import Path

import factories as make
import pytest
from django.db import connection

from dispatcher.database.copying_back import copying_back


def ask(pragma: str) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(pragma)
        return cursor.fetchone()


def database() -> bytes:
    return Path(connection.settings_dict["NAME"]).read_bytes()


def test_it_is_copied_back_every_few_calls_and_by_no_commit_meanwhile(sqlite_db: str) -> None:
    with copying_back() as copied_back:
        assert ask("PRAGMA wal_autocheckpoint") == (0,)
        make.subscriber("ann@example.com")
        for _ in range(3):
            copied_back()
        assert b"ann@example.com" not in database()
        copied_back()
        assert b"ann@example.com" in database()
    assert ask("PRAGMA wal_autocheckpoint") == (1000,)


def test_after_an_error_commits_copy_back_as_before(sqlite_db: str) -> None:
    with pytest.raises(ZeroDivisionError), copying_back():
        1 / 0  # noqa: B018 -- something goes wrong inside
    assert ask("PRAGMA wal_autocheckpoint") == (1000,)


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_postgresql_is_asked_nothing(db: str) -> None:
    with copying_back() as copied_back:
        for _ in range(10):
            copied_back()
