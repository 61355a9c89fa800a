"""Copies that wait: claimed ahead, no more of one domain under way than it may have, nobody forgotten."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from dispatcher.delivery.composition import Press
from dispatcher.delivery.ledger import Claimed
from dispatcher.delivery.queue import Copy, Queue
from dispatcher.errors import Busy
from dispatcher.formats.tickets import Purpose
from dispatcher.messages.contents import Contents
from dispatcher.messages.stencil import Stencil

WHEN = datetime(2026, 1, 5, tzinfo=UTC)
NOTHING = Stencil([])
PRESS = Press(
    NOTHING, Contents.of(NOTHING), "", "", "", (), system=False, grants=Purpose.UNSUBSCRIBE, signer=None
)


def copy(number: int, domain: str = "example.com") -> Copy:
    row = Claimed(number, 1, 1, f"person{number}@{domain}", (), (), 0, 0, WHEN)
    return Copy(row, row.domain, PRESS, 0.0)


class Claims:
    def __init__(self, *batches: Sequence[Copy]) -> None:
        self.batches = list(batches)
        self.claimed = 0

    async def __call__(self) -> Sequence[Copy]:
        await asyncio.sleep(0)
        self.claimed += 1
        return self.batches.pop(0) if self.batches else ()


def unlimited(_domain: str) -> None:
    return None


def test_the_next_claim_runs_before_the_last_copies_are_gone() -> None:
    async def go() -> tuple[int, list[int]]:
        claims = Claims([copy(n) for n in range(10)], [copy(n) for n in range(10, 20)])
        queue = Queue(claims, 5, unlimited)
        await queue.any()
        for _ in range(5):
            queue.take()
        await asyncio.sleep(0.01)
        ahead = claims.claimed
        numbers = []
        while await queue.any():
            taken = queue.take()
            assert taken is not None
            numbers.append(taken.row.id)
        return ahead, numbers

    assert asyncio.run(go()) == (2, list(range(5, 20)))


def test_what_is_put_back_comes_next() -> None:
    async def go() -> int:
        queue = Queue(Claims([copy(1), copy(2)]), 0, unlimited)
        await queue.any()
        first = queue.take()
        assert first is not None
        queue.put_back(first)
        again = queue.take()
        assert again is not None
        return again.row.id

    assert asyncio.run(go()) == 1


def test_a_domain_has_no_more_under_way_than_it_may_and_the_others_go_on() -> None:
    async def go() -> tuple[list[str], Counter[str]]:
        batch = [copy(n, "slow.example") for n in range(6)] + [copy(n, "quick.example") for n in range(6, 9)]
        queue = Queue(Claims(batch), 0, {"slow.example": 2}.get)
        await queue.any()
        first = [queue.take() for _ in range(5)]
        assert queue.take() is None
        everybody = Counter(one.row.domain for one in first if one)
        under_way = [one for one in first if one and one.row.domain == "slow.example"]
        while under_way:
            queue.done(under_way.pop())
            if following := queue.take():
                everybody[following.row.domain] += 1
                under_way.append(following)
        return [one.row.domain for one in first if one], everybody

    first, everybody = asyncio.run(go())
    assert first == ["slow.example"] * 2 + ["quick.example"] * 3
    assert everybody == {"slow.example": 6, "quick.example": 3}


def test_a_claim_that_fails_is_told_at_the_end_and_not_in_the_middle_of_a_message() -> None:
    async def fails() -> Sequence[Copy]:
        raise Busy("the database is away")

    async def go() -> None:
        queue = Queue(fails, 0, unlimited)
        assert await queue.any() is False
        with pytest.raises(Busy):
            await queue.close()

    asyncio.run(go())
