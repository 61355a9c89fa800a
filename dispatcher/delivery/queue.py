"""The copies of a round that wait for a connection, filled by claims: the next claim runs while the last one's copies are being sent."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from dispatcher.delivery.connection import Envelope
from dispatcher.delivery.ledger import Claimed


@dataclass(frozen=True, slots=True)
class Copy:
    """One claimed delivery and how to make its bytes; they are made when it is its turn."""

    row: Claimed
    system: bool
    address: Callable[[], Envelope]


class Queue:
    """First in, first out. `claim` gives the next copies, or none when nothing is due any more; `low`: when to claim again."""

    def __init__(self, claim: Callable[[], Awaitable[Sequence[Copy]]], low: int) -> None:
        self._claim = claim
        self._low = low
        self._copies: deque[Copy] = deque()
        self._claiming: asyncio.Task[None] | None = None
        self._dry = False
        self._failure: Exception | None = None

    def __len__(self) -> int:
        return len(self._copies)

    def take(self) -> Copy | None:
        """The next copy, if there is one at this moment."""
        if len(self._copies) <= self._low:
            self._refill()
        return self._copies.popleft() if self._copies else None

    async def any(self) -> bool:
        """Wait for a copy, without taking it. False if nothing is due any more."""
        while not self._copies and not self._dry:
            self._refill()
            if self._claiming is not None:
                # Shielded: whoever waits may be cancelled, and the claim belongs to all.
                await asyncio.shield(self._claiming)
        return bool(self._copies)

    def put_back(self, copy: Copy) -> None:
        """It comes next."""
        self._copies.appendleft(copy)

    async def close(self) -> None:
        """Claim no more; what is left is for the caller to give back. Raises what a claim met."""
        self._dry = True
        if self._claiming is not None:
            await self._claiming
        if self._failure is not None:
            raise self._failure

    def _refill(self) -> None:
        if not self._dry and self._claiming is None:
            self._claiming = asyncio.create_task(self._one_claim())

    async def _one_claim(self) -> None:
        copies: Sequence[Copy] = ()
        try:
            copies = await self._claim()
        except Exception as failure:  # noqa: BLE001 -- told by `close`: messages that are on their way to a relay are finished first
            self._failure = failure
        self._claiming = None
        self._copies.extend(copies)
        self._dry = self._dry or not copies
