"""The one writer of a round of sending: outcomes and marks of all connections, in as few commits as they come; claims too.

There is no timer: everything queued while a commit ran goes into the next one.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

from django.db import OperationalError

from dispatcher.delivery import leases
from dispatcher.delivery.access import access
from dispatcher.delivery.statements import Mark, Outcome
from dispatcher.failpoints import Failpoint, reach

T = TypeVar("T")
log = logging.getLogger(__name__)

_RENEWALS_A_LEASE = 4
# Turns that a reply takes from the socket to a mark: its bytes are read, its connection goes on, and asks. After as many without a new
# mark, no reply is left that had come already. Measured on SQLite with 32 connections: 23 rows a commit instead of 15, and a message
# takes a seventh less time.
_QUIET = 3
_TOLD_EVERY = 60  # seconds between two warnings that the database cannot be written
_DATABASE_PAUSE = 0.5  # seconds between two tries


class Committer:
    """Writes for one owner of leases, and keeps these leases alive meanwhile."""

    def __init__(self, owner: str, lease: timedelta) -> None:
        self._owner, self._lease = owner, lease
        self._outcomes: list[Outcome] = []
        self._marks: list[tuple[Mark, asyncio.Future[bool]]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._busy = False
        self._closing = False
        self._tell_again_at = 0.0
        self._broken: Exception | None = None
        self._access = access()
        # PostgreSQL would find commit and renewal in each other's way: both hold many rows of ours, each in its own order.
        self._leased = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._commit()), asyncio.create_task(self._renew())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._wake.set()
        committing, renewing = self._tasks
        renewing.cancel()
        try:
            await committing
        finally:
            await self._access.close()

    def record(self, outcome: Outcome) -> None:
        """Have an outcome written with the next commit."""
        self._outcomes.append(outcome)
        self._wake.set()

    async def mark(self, mark: Mark) -> bool:
        """True once a commit says that this row's content may leave. What was recorded before is committed then, too."""
        if self._broken is not None:
            raise self._broken
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._marks.append((mark, waiting))
        self._wake.set()
        return await waiting

    async def settled(self) -> None:
        """Wait until everything that was recorded so far is committed."""
        if self._broken is not None:
            raise self._broken
        if self._outcomes or self._busy:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            self._wake.set()
            await waiting

    async def call(self, work: Callable[[], T]) -> T:
        """Run something else that meets the database: on SQLite between two commits, on PostgreSQL beside them."""
        return await self._access.call(work)

    async def _commit(self) -> None:
        while not (self._closing and not self._outcomes and not self._marks):
            await self._wake.wait()
            await self._gather()
            if not self._closing:
                self._wake.clear()
            outcomes, self._outcomes = self._outcomes, []
            marks, self._marks = self._marks, []
            waiting, self._waiting = self._waiting, []
            self._busy = True
            try:
                if outcomes or marks:
                    await self._write(outcomes, marks)
            except Exception as failure:
                # A fault of ours: nobody may wait for a commit that will never come.
                self._broken = failure
                for _, asked in (*marks, *self._marks):
                    _refuse(asked, failure)
                for waiter in (*waiting, *self._waiting):
                    _refuse(waiter, failure)
                raise
            self._busy = False
            for one in waiting:
                _answer(one, None)

    async def _gather(self) -> None:
        """Let those come along whose reply is here already: a commit costs almost the same for thirty as for one."""
        seen = quiet = 0
        while quiet < _QUIET and not self._closing:
            quiet = 0 if len(self._marks) > seen else quiet + 1
            seen = len(self._marks)
            await asyncio.sleep(0)

    async def _write(self, outcomes: list[Outcome], marks: list[tuple[Mark, asyncio.Future[bool]]]) -> None:
        marked: set[int] | None = None
        while marked is None:
            try:
                async with self._leased:
                    marked = await self._access.commit(outcomes, [mark for mark, _ in marks])
            except OperationalError as away:
                # What relays said is kept until it can be written, and no further content leaves.
                self._tell(away, len(outcomes))
                await self._access.reset()
                await asyncio.sleep(_DATABASE_PAUSE)
        if outcomes:
            reach(Failpoint.AFTER_OUTCOME_COMMIT)
        if marked:
            reach(Failpoint.AFTER_SENDING_MARK)
        for mark, waiting in marks:
            _answer(waiting, mark.id in marked)

    def _tell(self, away: OperationalError, waiting: int) -> None:
        now = time.monotonic()
        if now >= self._tell_again_at:
            self._tell_again_at = now + _TOLD_EVERY
            log.warning(
                "the database cannot be written; sending waits: %s", away, extra={"outcomes": waiting}
            )

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / _RENEWALS_A_LEASE)
            # If it fails, leases run out and the rows are recovered; marks are refused, so nothing new begins.
            with suppress(OperationalError):
                async with self._leased:
                    await self.call(lambda: leases.renew(self._owner, self._lease))


def _answer(waiting: asyncio.Future[T], answer: T) -> None:
    if not waiting.done():  # whoever asked may have been cancelled
        waiting.set_result(answer)


def _refuse(waiting: asyncio.Future[T], failure: Exception) -> None:
    if not waiting.done():  # as above
        waiting.set_exception(failure)
