"""The SQLite backend: what it makes is for the eyes of the one who runs it."""

from pathlib import Path

from django.db import connections

from dispatcher.database.base import DatabaseWrapper
from dispatcher.settings import database


def modes_after_a_write(file: Path) -> dict[str, int]:
    """A write to the database, and the permissions of all that lies in its folder then."""
    settings = connections.configure_settings({"default": database(f"sqlite:///{file}")})["default"]
    connection = DatabaseWrapper(settings, "private")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS people (address TEXT)")
    found = {one.name: one.stat().st_mode & 0o777 for one in [file.parent, *file.parent.iterdir()]}
    connection.close()
    return found


def test_a_new_database_and_its_folder_are_private(tmp_path: Path) -> None:
    assert modes_after_a_write(tmp_path / "data" / "db") == {
        "data": 0o700,
        "db": 0o600,
        "db-wal": 0o600,
        "db-shm": 0o600,
    }


def test_what_was_there_keeps_the_mode_that_somebody_gave_it(tmp_path: Path) -> None:
    file = tmp_path / "data" / "db"
    modes_after_a_write(file)
    file.chmod(0o640)
    assert modes_after_a_write(file)["db"] == 0o640
