"""One round of sending: connections take copies from one queue, and one committer writes what became of them.

A connection hands over a message's content only after a commit that holds its previous outcome and this row's `sending` mark; that is
what bounds doubles to one per connection. Each row is marked one message ahead, so that its envelope may travel behind the content
before it: a marked row whose content never left is sent again without being a double. What meets the database goes by the committer.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.db import OperationalError

from dispatcher.delivery import brakes, smtp
from dispatcher.delivery.brakes import Brakes
from dispatcher.delivery.claims import Claims
from dispatcher.delivery.committer import Committer
from dispatcher.delivery.connection import Connection, Envelope, Result
from dispatcher.delivery.outcomes import outcome_of, unmade
from dispatcher.delivery.queue import Copy, Queue
from dispatcher.delivery.standing import Standing
from dispatcher.delivery.statements import Mark, Outcome
from dispatcher.delivery.terms import Terms
from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.verdicts import Stage, Verdict

# So often a copy that never got to its content is offered again at once, on a new connection or another relay.
_OFFERS = 3
# A mark this old is asked for again before the content leaves: somebody may have paused, cancelled or left since.
_MARK_LASTS = 1.0

Told = Callable[[Outcome], None]


@dataclass(slots=True)
class Report:
    """What a round met, for the verb to act on: outcomes by state, how the relays stand, what was stopped, and rows marked in vain."""

    standing: Standing
    brakes: Brakes = field(default_factory=Brakes)
    counts: Counter[str] = field(default_factory=Counter)
    unsent: set[Mark] = field(default_factory=set)


async def send_all(claims: Claims, terms: Terms, now: datetime, told: Told) -> Report:
    """Offer everything that `claims` give once. `told` hears of each outcome. Copies that no relay would hear of stay claimed."""
    report = Report(Standing(terms.relays, terms.connections))
    async with Committer(terms.owner, terms.lease) as committer:

        async def more() -> Sequence[Copy]:
            # A relay in trouble ends the round soon, so that all workers learn of it.
            while not report.standing.in_trouble:
                taken = await committer.call(claims.take)
                report.standing.allow(taken.connections)
                if taken.copies or not taken.wait:
                    return taken.copies
                await asyncio.sleep(taken.wait)
            return ()

        queue = Queue(more, terms.copies // 2, claims.pacing.at_once)
        try:
            async with asyncio.TaskGroup() as group:
                await _Round(queue, claims, terms, committer, report, group, now, told).begin()
        finally:
            await queue.close()
    return report


class _Marked(NamedTuple):
    """A copy that may leave, and since when we know."""

    copy: Copy
    envelope: Envelope
    mark: Mark
    at: float


class _Round:
    """The state that the connections of one round share."""

    def __init__(  # noqa: PLR0917 -- made in one place
        self, queue: Queue, claims: Claims, terms: Terms, committer: Committer, report: Report, group: asyncio.TaskGroup,
        now: datetime, told: Told,
    ) -> None:  # fmt: skip
        self._queue = queue
        self._breakers = claims.breakers
        self._terms = terms
        self._committer = committer
        self._report = report
        self._standing = report.standing
        self._group = group
        self._now = now
        self._told = told
        self._workers = 0
        self._offers: Counter[int] = Counter()
        # One at a time: a relay that takes two connections and refuses the third is not down.
        self._opening = asyncio.Lock()

    async def begin(self) -> None:
        """Wait for the first copies, then open the first connections for them; each that takes mail brings the next."""
        if await self._queue.any() and (relay := self._standing.relay()) is not None:
            for _ in range(min(self._standing.wanted(relay), len(self._queue))):
                self._start_worker()

    def _start_worker(self) -> None:
        self._workers += 1
        self._group.create_task(self._work())

    async def _work(self) -> None:
        """One connection after the other, until the queue or the relays give out."""
        try:
            while (found := await self._connected()) is not None:
                connection, relay = found
                try:
                    await self._use(connection, relay)
                except BaseException:
                    connection.drop()  # half a message is on the wire: nobody can go on from here
                    raise
                finally:
                    self._standing.closed(relay)
                await connection.quit()
        finally:
            self._workers -= 1

    async def _connected(self) -> tuple[Connection, str] | None:
        """A new connection to the relay that gets mail now; None if there is none to be had, or nothing to be sent."""
        terms, standing = self._terms, self._standing
        while await self._queue.any():
            async with self._opening:
                relay = standing.relay()
                if relay is None or not standing.has_room(relay):
                    return None
                if not self._queue:
                    continue  # another connection took it meanwhile
                opened = await smtp.connect(standing[relay], terms.timeouts, terms.hello_name, terms.messages)
                if isinstance(opened, Connection):
                    standing.opened(relay)
                    return opened, relay
                standing.refused(relay, opened)
        return None

    async def _use(self, connection: Connection, relay: str) -> None:
        """Message after message: while one's content waits for its reply, the envelope of the next is with the relay already."""
        current = await self._first(connection, relay)
        while current is not None:
            following = None
            result = await connection.invited()
            if result is None:
                following = await self._next(connection, relay)
                if not await self._may_still_go(current):
                    connection.drop()
                    self._put_back(following)
                    return
                self._report.unsent.discard(current.mark)
                connection.hand_over(following.envelope if following else None)
                result = await connection.concluded()
                reach(Failpoint.AFTER_250_BEFORE_COMMIT)
            self._conclude(current, relay, result)
            if following is not None and not connection.alive:
                self._put_back(following)
                return
            current = following or await self._first(connection, relay)

    async def _first(self, connection: Connection, relay: str) -> _Marked | None:
        """A copy with nothing before it: there is time to wait for one."""
        while self._goes_on(connection, relay) and await self._queue.any():
            marked = await self._next(connection, relay)
            if marked is not None:
                connection.offer(marked.envelope)
                return marked
        return None

    async def _next(self, connection: Connection, relay: str) -> _Marked | None:
        """The next copy that may leave, if there is one now. Either way everything recorded before is committed."""
        while self._goes_on(connection, relay) and (copy := self._queue.take()) is not None:
            if self._is_stopped(copy):
                self._queue.done(copy)
                continue  # stays claimed, and is given back with the others at the end of the round
            envelope = self._addressed(copy)
            mark = Mark(copy.row.id, copy.row.attempt)
            if envelope is not None and await self._committer.mark(mark):
                self._report.unsent.add(mark)
                return _Marked(copy, envelope, mark, time.monotonic())
            self._queue.done(copy)
        await self._committer.settled()
        return None

    def _is_stopped(self, copy: Copy) -> bool:
        stopped = copy.row.mailing in self._report.brakes.to_pause
        return stopped or self._breakers.withholds(copy.domain, copy.taken)

    def _goes_on(self, connection: Connection, relay: str) -> bool:
        return connection.usable and not self._standing.is_crowded(relay)

    async def _may_still_go(self, marked: _Marked) -> bool:
        fresh = time.monotonic() - marked.at < _MARK_LASTS
        if fresh and marked.copy.row.mailing not in self._report.brakes.to_pause:
            return True
        if await self._committer.mark(marked.mark):
            return True
        self._report.unsent.discard(marked.mark)
        self._queue.done(marked.copy)
        return False

    def _put_back(self, marked: _Marked | None) -> None:
        """It was offered and has not left: the next connection may have it."""
        if marked is not None:
            self._queue.put_back(marked.copy)

    def _addressed(self, copy: Copy) -> Envelope | None:
        try:
            return copy.press.print(copy.row)
        except Exception as failure:  # noqa: BLE001 -- one poisoned copy must not take the round with it; the row records it
            self._record(unmade(copy, failure))
            return None

    def _conclude(self, marked: _Marked, relay: str, result: Result) -> None:
        self._standing.judge(relay, result)
        copy = marked.copy
        accepted = result.verdict is Verdict.ACCEPTED
        if not accepted and self._offer_again(copy, result):
            return
        self._queue.done(copy)
        self._report.unsent.discard(marked.mark)
        outcome = outcome_of(copy, relay, result, self._now)
        if self._report.brakes.notice(outcome, result.verdict):
            self._write(partial(brakes.pause, outcome.mailing, self._report.brakes.to_pause[outcome.mailing]))
        # At MAIL nobody was named yet: such a refusal says nothing of the recipient's domain.
        if result.stage is not Stage.MAIL and self._breakers.notice(copy.domain, result.verdict):
            self._write(partial(self._breakers.settle, copy.domain, result.verdict, outcome.reply))
        self._record(outcome)
        if accepted and self._queue and self._workers < self._standing.wanted(relay):
            self._start_worker()

    def _write(self, what: Callable[[], None]) -> None:
        """At once, for other workers to see."""
        self._group.create_task(self._call(what))

    async def _call(self, what: Callable[[], None]) -> None:
        # The database is away: mailings are stopped at the end of the round too, and a breaker trips again.
        with suppress(OperationalError):
            await self._committer.call(what)

    def _offer_again(self, copy: Copy, result: Result) -> bool:
        """Before the content nothing has left: the next connection, or relay, may have it at once."""
        untouched = result.stage not in {Stage.DATA, Stage.CONTENT}
        if not untouched or result.verdict not in {Verdict.RELAY_DOWN, Verdict.RECONNECT}:
            return False
        # At MAIL a connection that has carried its share says so; that costs the copy nothing.
        self._offers[copy.row.id] += not (result.verdict is Verdict.RECONNECT and result.stage is Stage.MAIL)
        if self._offers[copy.row.id] >= _OFFERS:
            return False
        self._queue.put_back(copy)
        return True

    def _record(self, outcome: Outcome) -> None:
        self._report.counts[outcome.state] += 1
        self._committer.record(outcome)
        self._told(outcome)
