"""Django's SQLite backend, passing the write gate before each transaction and leaving it after."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper
from django.db.transaction import TransactionManagementError
from django.db.utils import OperationalError

from dispatcher.database.gate import Gate
from dispatcher.errors import Busy

_creating = threading.Lock()


class DatabaseWrapper(SqliteWrapper):
    """`transaction_mode: IMMEDIATE` makes every transaction a writing one; each waits its turn at the gate."""

    _gate: Gate | None = None

    def get_connection_params(self) -> dict[str, Any]:
        """As Django's; the database must exist, for our eyes only, before SQLite opens it: it would be readable to all."""
        params: dict[str, Any] = super().get_connection_params()
        _create(Path(params["database"]))
        return params

    @contextmanager
    def written(self) -> Iterator[sqlite3.Connection]:
        """A transaction past Django's bookkeeping, which costs as much as a dozen rows. Raises Django's errors; inside `atomic`, TransactionManagementError."""
        self.ensure_connection()
        raw: sqlite3.Connection = self.connection
        if self.in_atomic_block:
            raise TransactionManagementError("a transaction of its own cannot begin inside `atomic`")
        self._enter()
        try:
            with self.wrap_database_errors:
                raw.execute("BEGIN IMMEDIATE")
                yield raw
                raw.commit()
        except BaseException:
            with suppress(sqlite3.Error):  # what went wrong before is what the caller must hear
                raw.rollback()
            raise
        finally:
            self._leave()

    def _start_transaction_under_autocommit(self) -> None:
        self._enter()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # the stubs leave Django's inner hooks out
        except BaseException:
            self._leave()
            raise

    def _enter(self) -> None:
        if self._gate is None:
            database = Path(self.settings_dict["NAME"])
            self._gate = Gate(database, timeout=float(self.settings_dict["OPTIONS"].get("timeout", 30)))
        try:
            self._gate.enter()
        except (Busy, OSError) as hindered:  # its files cannot be opened where the disk can only be read
            raise OperationalError(str(hindered)) from hindered

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]  # as above
        finally:
            self._leave()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # as above
        finally:
            self._leave()

    def _close(self) -> None:
        super()._close()  # type: ignore[misc]  # as above
        if self._gate is not None:
            self._gate.close()
            self._gate = None

    def _leave(self) -> None:
        if self._gate is not None:
            self._gate.leave()


def _create(database: Path) -> None:
    """An empty file, unless one is there; SQLite gives its -wal and -shm the mode of the database."""
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # O_EXCL and the lock: to close a file that another thread has open in SQLite would drop that thread's locks on it.
    # Whatever else hinders us hinders SQLite too, which says it as a database error.
    with _creating, suppress(OSError):
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
