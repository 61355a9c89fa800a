"""What Django's PostgreSQL backend calls an internal error although trying again helps."""

from types import TracebackType

import psycopg
from django.db.backends.postgresql.base import DatabaseWrapper as PostgresWrapper
from django.db.utils import DatabaseErrorWrapper, OperationalError
from django.utils.functional import cached_property


class DatabaseWrapper(PostgresWrapper):
    """A standby, or a primary whose disk is full, refuses to write: for every caller an OperationalError, as a lost connection is."""

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        """What turns psycopg's errors into Django's."""
        return _Errors(self)


class _Errors(DatabaseErrorWrapper):
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # It is over when the name leads to the new primary, or the disk has room again.
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            raise OperationalError(*error.args) from error
        super().__exit__(kind, error, trace)
