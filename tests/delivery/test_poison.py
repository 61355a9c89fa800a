"""A copy that kills whoever composes it, the whole process at once: the others are delivered, it parks itself, and few processes die of it."""

import factories as make
import pytest
from owing import accepted, claim, expire, mark, owe

from dispatcher.delivery import leases, ledger
from dispatcher.models import Delivery

BATCH = 10
PEOPLE = 25


@pytest.mark.parametrize("place", [0, 7, PEOPLE - 1], ids=["first", "in the middle", "last"])
def test_it_parks_itself_and_the_others_are_delivered(db: str, place: int) -> None:
    mailing = owe(PEOPLE)
    poison = Delivery.objects.order_by("id")[place].id
    deaths = 0
    while died := work_until_it_dies(poison):
        deaths += died
        expire()
        leases.recover()
    assert deaths == leases.MOST_RECOVERIES
    row = Delivery.objects.get(id=poison)
    assert (row.state, row.reason, row.recovered) == ("failed", "unknown", leases.MOST_RECOVERIES)
    assert make.assert_sums(mailing.id)["accepted"] == PEOPLE - 1


def work_until_it_dies(poison: int) -> bool:
    """One process: batch after batch, each composed whole before any of it is sent. False if it is done and lives."""
    while rows := claim(BATCH):
        if poison in {row.id for row in rows}:
            return True
        for row in rows:
            assert mark(row)
            ledger.commit([accepted(row)], [])
    return False


def test_a_batch_that_died_twice_is_claimed_one_by_one(db: str) -> None:
    owe(BATCH)
    for _ in range(ledger.ALONE_AFTER):
        assert len(claim(BATCH)) == BATCH
        expire()
        leases.recover()
    assert [len(claim(BATCH)) for _ in range(BATCH + 1)] == [1] * BATCH + [0]
