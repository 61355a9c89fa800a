"""Chaos in a short form, one run a database: nobody lost, few doubled, nobody mailed who had left. `make chaos` is the long form."""

import os

import postgres
import pytest
from chaos.run import cycle, line_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workers"), pytest.mark.timeout(300)]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_chaos_loses_nobody(database: str) -> None:
    if database == "postgresql" and (missing := postgres.missing()):
        pytest.skip(missing)
    result = cycle(int(os.environ.get("SEED") or 1), database, harms=6)
    assert not result["broken"], line_of(result)
    assert result["kills"] >= 3
    assert result["copies"] > 200
