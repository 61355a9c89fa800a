"""One database of PostgreSQL, lent to test after test: emptied before each one, made anew after one that changed more than rows.

Whoever gets it cannot tell: rows, sequences and storage are those of the template, and who still holds a connection is cut off.
"""

import psycopg
from postgres import Server

# With the tables that hold rows in the template: what stands in these may neither be changed nor become more or less.
_CATALOGS = (
    "pg_attrdef", "pg_attribute", "pg_constraint", "pg_db_role_setting", "pg_index", "pg_proc", "pg_sequence", "pg_trigger",
)  # fmt: skip
_TABLES = (
    "SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
_RESTART = """
    SELECT string_agg(format('setval(%L, %L, %L)', seqrelid, coalesce(last, seqstart), last IS NOT NULL), ', ')
    FROM pg_sequence, pg_sequence_last_value(seqrelid) AS last
"""
_CUT_OFF = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


class Lent:
    """Made from a template, and kept until it is given up."""

    def __init__(self, server: Server, template: str) -> None:
        self._server, self._template = server, template
        self._make()

    def fresh(self) -> str:
        """Its URL; nobody else is in it, and it holds what the template holds."""
        if not self._emptied():
            self.give_up()
            self._make()
        return self._server.url(self._name)

    def give_up(self) -> None:
        """Nobody needs it any more."""
        self._connection.close()
        self._server.drop(self._name)

    def _make(self) -> None:
        self._name = self._server.create(template=self._template)
        # As a replica it deletes past foreign keys, and past the trigger that keeps the journal.
        options = "-c session_replication_role=replica"
        self._connection = psycopg.connect(self._server.url(self._name), autocommit=True, options=options)
        tables = [name for (name,) in self._connection.execute(_TABLES)]
        empty = [name for name in tables if not self._one(f"SELECT EXISTS (SELECT FROM {name})")]
        kept = [*_CATALOGS, *(name for name in tables if name not in empty)]
        # Two numbers for each: a row that is changed gets a new xmin, and one that is gone takes its own along.
        self._print = "SELECT " + ", ".join(
            f"(SELECT (count(*), sum(xmin::text::bigint)) FROM {name})::text" for name in kept
        )
        self._empty = "; ".join(f"DELETE FROM {name}" for name in empty) + f"; SELECT {self._one(_RESTART)}"
        # Without it rows of the next test land between those of this one, and come back in another order than they went in.
        self._tidy = f"VACUUM (INDEX_CLEANUP ON) {', '.join(empty)}"
        self._printed = self._fingerprint()

    def _emptied(self) -> bool:
        """Is it as the template again? Not if a test changed tables or what the template holds, or cut everybody off."""
        try:
            self._connection.execute(_CUT_OFF)
            if self._fingerprint() != self._printed:
                return False
            self._connection.execute(self._empty)
            self._connection.execute(self._tidy)
        except psycopg.OperationalError:
            return False
        return True

    def _fingerprint(self) -> object:
        return self._connection.execute(self._print).fetchone()

    def _one(self, question: str) -> object:
        (answer,) = self._connection.execute(question).fetchone() or (None,)
        return answer
