"""Django's SQLite backend, passing the write gate before each transaction and leaving it after."""

from pathlib import Path
from typing import Any

from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper
from django.db.utils import OperationalError

from dispatcher.database.gate import Gate
from dispatcher.errors import Busy


class DatabaseWrapper(SqliteWrapper):
    """`transaction_mode: IMMEDIATE` makes every transaction a writing one; each waits its turn at the gate."""

    _gate: Gate | None = None

    def get_connection_params(self) -> dict[str, Any]:
        """As Django's; the folder of the database must exist before SQLite opens the file."""
        params: dict[str, Any] = super().get_connection_params()
        Path(params["database"]).parent.mkdir(parents=True, exist_ok=True)
        return params

    def _start_transaction_under_autocommit(self) -> None:
        if self._gate is None:
            database = Path(self.settings_dict["NAME"])
            self._gate = Gate(database, timeout=float(self.settings_dict["OPTIONS"].get("timeout", 30)))
        try:
            self._gate.enter()
        except Busy as wait:
            raise OperationalError(str(wait)) from wait
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # the stubs leave Django's inner hooks out
        except BaseException:
            self._gate.leave()
            raise

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
