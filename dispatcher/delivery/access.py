"""How the loop of a round meets the database: the same few questions, asked as each kind of database wants it.

What SQLite is asked keeps this process busy itself: in a second thread it would only wait for the interpreter's lock at each statement and
each row, and the loop for it. So the loop does it, and stands still for a disk's write and its turn at the gate; what relays said meanwhile
is read before any patience with them is over. PostgreSQL works elsewhere: the loop waits for its commits as it waits for relays, and a
thread for all that goes through Django. To wait for commits in that thread cost a seventh more.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from django.db import connection, connections

from dispatcher.delivery import ledger
from dispatcher.delivery.statements import Line, Mark, Outcome

T = TypeVar("T")


class Access(Protocol):
    """Of one round. All raise Django's errors."""

    async def commit(self, outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
        """As `ledger.commit`. One at a time."""

    async def call(self, work: Callable[[], T]) -> T:
        """Run something else that meets the database."""

    async def reset(self) -> None:
        """Begin with new connections next time."""

    async def close(self) -> None:
        """There is no next time."""


def access() -> Access:
    """To the database of this deployment."""
    return _Inside() if connection.vendor == "sqlite" else _Outside()


class _Inside:
    """SQLite: in this very thread."""

    async def commit(self, outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
        return _here(lambda: ledger.commit(outcomes, marks))

    async def call(self, work: Callable[[], T]) -> T:
        return _here(work)

    async def reset(self) -> None:
        _here(connections.close_all)

    async def close(self) -> None:
        pass  # the thread's connection was there before this round, and stays


class _Outside:
    """PostgreSQL: commits by a connection that the loop waits for, all else in a thread with one of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._line: Line | None = None

    async def commit(self, outcomes: Sequence[Outcome], marks: Sequence[Mark]) -> set[int]:
        if self._line is None:
            self._line = await Line.open()
        marked = await self._line.write(outcomes, marks)
        if len(marked) < len(marks):
            await self.call(lambda: ledger.settle_refused(marks, marked))
        return marked

    async def call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def reset(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()
        await self.call(connections.close_all)

    async def close(self) -> None:
        await self.reset()
        self._thread.shutdown(wait=False)


def _here(work: Callable[[], T]) -> T:
    """Django refuses its connections where a loop runs, lest they hold up others; here all others wait for what they write."""
    loop = asyncio.get_running_loop()
    asyncio._set_running_loop(None)  # noqa: SLF001 -- the one place where Python keeps, and Django asks, whether a loop runs
    try:
        return work()
    finally:
        asyncio._set_running_loop(loop)  # noqa: SLF001 -- as above
