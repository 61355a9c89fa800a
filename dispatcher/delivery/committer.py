"""The one writer of a round of sending: outcomes and marks of all connections, in as few commits as they come; claims too.

There is no timer: everything queued while a commit ran goes into the next one. What PostgreSQL is asked, one thread waits for, which closes
its connection at the end. What SQLite is asked keeps this process busy itself: in a second thread it would only wait for the interpreter's
lock at each statement and each row, and the loop for it. There the loop does it, and stands still for a disk's write.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self, TypeVar

from django.db import OperationalError, connection, connections

from dispatcher.delivery import leases, ledger
from dispatcher.delivery.statements import Mark, Outcome
from dispatcher.failpoints import Failpoint, reach

T = TypeVar("T")
log = logging.getLogger(__name__)

_RENEWALS_A_LEASE = 4
# Turns of the loop without a new mark, and nobody's reply is here already: bytes, their reader, its mark. Measured on SQLite with 32
# connections: 22 rows a commit instead of 15, and a seventh of the time of a message.
_QUIET = 3
_TOLD_EVERY = 60  # seconds
_DATABASE_PAUSE = 0.5  # seconds between two tries to write outcomes while the database is away


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
        in_process = connection.vendor == "sqlite"
        self._thread = None if in_process else ThreadPoolExecutor(1, thread_name_prefix="ledger")

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
            if self._thread is not None:
                await self.call(connections.close_all)
                self._thread.shutdown(wait=False)

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
        """Run something else that meets the database, between two commits."""
        if self._thread is None:
            return _here(work)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

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
                    asked.set_exception(failure)
                for waiter in (*waiting, *self._waiting):
                    waiter.set_exception(failure)
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
                marked = await self.call(lambda: ledger.commit(outcomes, [mark for mark, _ in marks]))
            except OperationalError as away:
                # What relays said is kept until it can be written, and no further content leaves.
                self._tell(away, len(outcomes))
                await self.call(connections.close_all)
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
                await self.call(lambda: leases.renew(self._owner, self._lease))


def _here(work: Callable[[], T]) -> T:
    """Django refuses its connections where a loop runs, lest they hold up others; here all others wait for what they write."""
    loop = asyncio.get_running_loop()
    asyncio._set_running_loop(None)  # noqa: SLF001 -- the one place where Python keeps, and Django asks, whether a loop runs
    try:
        return work()
    finally:
        asyncio._set_running_loop(loop)  # noqa: SLF001 -- as above


def _answer(waiting: asyncio.Future[T], answer: T) -> None:
    if not waiting.done():  # whoever asked may have been cancelled
        waiting.set_result(answer)
