"""The copies of a round that wait for a connection, filled by claims: the next claim runs while the last one's copies are being sent."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from dispatcher.delivery.composition import Press
from dispatcher.delivery.ledger import Claimed


class Copy(NamedTuple):
    """One claimed delivery, the domain it goes to, the press that makes its bytes when it is its turn, and when it was taken."""

    row: Claimed
    domain: str
    press: Press
    taken: float


class Queue:
    """First in, first out, but for domains that have as many messages under way as they may.

    `claim` gives the next copies, or none when nothing is due any more; `low`: when to claim again; `at_once`: a domain's limit.
    """

    def __init__(
        self, claim: Callable[[], Awaitable[Sequence[Copy]]], low: int, at_once: Callable[[str], int | None]
    ) -> None:
        self._claim = claim
        self._low = low
        self._at_once = at_once
        self._copies: deque[Copy] = deque()
        self._held: defaultdict[str, deque[Copy]] = defaultdict(deque)
        self._under_way: Counter[str] = Counter()
        self._claiming: asyncio.Task[None] | None = None
        self._dry = False
        self._failure: Exception | None = None

    def __len__(self) -> int:
        return len(self._copies)

    def take(self) -> Copy | None:
        """The next copy, if there is one at this moment. Tell `done` when it is no longer under way."""
        while self._copies:
            copy = self._copies.popleft()
            if (
                len(self._copies) <= self._low
                and len(self._copies) + sum(map(len, self._held.values())) <= self._low
            ):
                self._refill()
            limit = self._at_once(copy.domain)
            if limit is None:
                return copy
            if self._under_way[copy.domain] < limit:
                self._under_way[copy.domain] += 1
                return copy
            self._held[copy.domain].append(copy)
        self._refill()
        return None

    def done(self, copy: Copy) -> None:
        """It is no longer under way; one that waited for it comes next."""
        if self._under_way and self._under_way[copy.domain]:
            self._under_way[copy.domain] -= 1
            if held := self._held.get(copy.domain):
                self._copies.appendleft(held.popleft())

    def put_back(self, copy: Copy) -> None:
        """It has not left, and comes next."""
        self._copies.appendleft(copy)
        self.done(copy)

    async def any(self) -> bool:
        """Wait for a copy, without taking it. False if nothing is due any more."""
        while not self._copies and not self._dry:
            self._refill()
            if self._claiming is not None:
                # Shielded: whoever waits may be cancelled, and the claim belongs to all.
                await asyncio.shield(self._claiming)
        return bool(self._copies)

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
