"""What lies on this host's disk: who else may read it, and how much room is left."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.db import connection

from dispatcher.config import Config
from dispatcher.management.doctor.findings import Check, Finding, ok, problem, warning

_MB = 1_000_000
_TOO_LITTLE, _LITTLE = 100 * _MB, 1_000 * _MB


def checks(config: Config) -> list[Check]:
    """The folder of the data, and the files that must not be read by everybody."""
    return [
        Check("DATA_DIR", partial(room, config.data_dir)),
        Check("files", partial(closed, config.secret_key_file, *_database_files())),
    ]


def room(folder: Path) -> Iterator[Finding]:
    """How much more fits."""
    if not folder.is_dir():
        yield problem("DATA_DIR", f"no folder {folder}", "`dispatcher migrate` makes it")
        return
    yield left(folder, shutil.disk_usage(folder).free)


def left(folder: Path, free: int) -> Finding:
    """What so many bytes come to."""
    what = f"{free // _MB} MB free in {folder}"
    if free >= _LITTLE:
        return ok("DATA_DIR", what)
    remedy = "make room: on a full disk nothing is recorded, so nothing is sent"
    return problem("DATA_DIR", what, remedy) if free < _TOO_LITTLE else warning("DATA_DIR", what, remedy)


def closed(*files: Path) -> Iterator[Finding]:
    """Whether others on this host are kept out. What is not there is nobody's to read."""
    may_open = {file: others for file in files if (others := _open_to_others(file)) is not None}
    for file in (file for file, others in may_open.items() if others):
        yield problem("files", f"others on this host may open {file}", f"chmod o= {file}")
    if may_open and not any(may_open.values()):
        yield ok("files", f"closed to others on this host: {', '.join(file.name for file in may_open)}")


def _open_to_others(file: Path) -> bool | None:
    """None if it is not there; SQLite takes its -wal away whenever the last one leaves."""
    try:
        # A folder that others may not enter keeps them from what is in it.
        return bool(file.stat().st_mode & 0o007 and file.parent.stat().st_mode & 0o001)
    except FileNotFoundError:
        return None


def _database_files() -> list[Path]:
    if connection.vendor != "sqlite":
        return []
    database = Path(connection.settings_dict["NAME"])
    return [
        database.with_name(database.name + end) for end in ("", "-wal")
    ]  # the newest rows are in the second
