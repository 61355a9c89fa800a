"""Statements that run hundreds of times a second, past Django's cursor: that one rewrites their text each time and never prepares them.

They stand inside a transaction of Django's, and its errors are what callers see.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import psycopg
from django.db import connection


def run(statement: str, parameters: Sequence[object]) -> list[Any]:
    """The rows it returns. Placeholders are `%s`, and a per cent sign is doubled, as everywhere."""
    raw = connection.connection
    with connection.wrap_database_errors:
        if connection.vendor == "sqlite":
            return list(raw.execute(_for_sqlite(statement), parameters))
        return psycopg.Cursor(raw).execute(statement, parameters, prepare=True).fetchall()


@cache
def _for_sqlite(statement: str) -> str:
    return statement.replace("%s", "?").replace("%%", "%")
