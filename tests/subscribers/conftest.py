"""What the tests of people count."""

from collections.abc import Iterator

import pytest
from django.db import connection


@pytest.fixture
def queries(db: str) -> Iterator[list[str]]:
    """Every statement from here on."""
    said: list[str] = []

    def listen(execute, sql, params, many, context):
        said.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        yield said
