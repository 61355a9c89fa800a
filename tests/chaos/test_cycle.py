"""Chaos in a short form, one run a database: nobody lost, few doubled, nobody mailed who had left. `make chaos` is the long form."""

import os

import postgres
import pytest
from chaos.plan import Plan
from chaos.run import DATABASES, cycle, line_of

HARMS = 6
SEED = 241  # draws, over both databases, what no short form may leave out
NEVER_LEFT_OUT = {
    "kill a child", "kill a worker", "arm a worker", "kill the pages", "stop a worker", "empty Valkey", "lose Valkey", "restart PostgreSQL",
}  # fmt: skip


def test_the_short_form_has_each_harm_once_at_least() -> None:
    plans = [Plan.draw(SEED, HARMS, database) for database in DATABASES]
    missing = NEVER_LEFT_OUT - {harm.what for plan in plans for harm in plan.harms}
    assert not missing, f"{sorted(missing)} → the draw has changed, look for another seed"


@pytest.mark.slow
@pytest.mark.xdist_group("workers")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", DATABASES)
def test_chaos_loses_nobody(database: str) -> None:
    if database == "postgresql" and (missing := postgres.missing()):
        pytest.skip(missing)
    result = cycle(int(os.environ.get("SEED") or SEED), database, HARMS)
    assert not result["broken"], line_of(result)
    assert result["kills"] >= 3
    assert result["copies"] > 200
    assert result["departed"] >= 5
