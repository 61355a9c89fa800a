"""One round of sending: many connections take copies from one queue, and one committer writes what became of them.

A connection hands over a message's content only after a commit that holds its previous outcome and this row's `sending` mark;
that is what bounds doubles to one per connection. The ORM is never called in this loop; the committer's one thread does that.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import random

from dispatcher.delivery import smtp
from dispatcher.delivery.committer import Committer
from dispatcher.delivery.ledger import Claimed, Mark, Outcome
from dispatcher.delivery.smtp import Connection, Envelope, Result, Timeouts
from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.verdicts import EXPIRES, Action, Stage, Verdict, consequence, delay
from dispatcher.models import DeliveryState
from dispatcher.parsing import SmtpUrl

# So many relay-level failures in a row, without a message taken in between, and the relay counts as down.
_STRIKES = 3
# So often a copy that never got to its content is offered again at once, on a new connection or another relay.
_OFFERS = 3
# Of 500 copies in a round no more than this should turn out to be gone: 2 %.
MOST_GONE = 10


@dataclass(frozen=True, slots=True)
class Copy:
    """One claimed delivery and how to make its bytes; they are made when it is its turn."""

    row: Claimed
    system: bool
    address: Callable[[], Envelope]


@dataclass(frozen=True, slots=True)
class Terms:
    """How this worker sends: relays in order of failover, connections, messages a connection, patience, what it calls itself."""

    relays: tuple[SmtpUrl, ...]
    connections: int
    copies: int
    messages: int
    hello_name: str
    owner: str
    lease: timedelta
    timeouts: Timeouts = field(default_factory=Timeouts)


@dataclass(slots=True)
class Report:
    """What a round met, for the verb to act on: relays that took mail, relays in trouble, mailings to pause."""

    counts: Counter[str] = field(default_factory=Counter)
    took_mail: set[str] = field(default_factory=set)
    in_trouble: dict[str, Result] = field(default_factory=dict)
    to_pause: dict[int, str] = field(default_factory=dict)
    charged: list[int] = field(default_factory=list)  # failed by a fault of the address
    flooded: set[int] = field(
        default_factory=set
    )  # mailings of which too many addresses are gone for that to be true


async def send_all(
    copies: Sequence[Copy], terms: Terms, now: datetime, told: Callable[[Outcome], None]
) -> Report:
    """Offer every copy once. `told` hears of each outcome; copies that no relay would hear of stay claimed."""
    async with Committer(terms.owner, terms.lease) as committer:
        this = _Round(deque(copies), terms, committer, now, told)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(terms.connections, len(copies))):
                group.create_task(this.work())
    return this.report


class _Round:
    """The state that the connections of one round share."""

    def __init__(
        self,
        queue: deque[Copy],
        terms: Terms,
        committer: "Committer",
        now: datetime,
        told: Callable[[Outcome], None],
    ) -> None:
        self.report = Report()
        self._queue = queue
        self._terms = terms
        self._committer = committer
        self._now = now
        self._told = told
        self._offers: Counter[int] = Counter()
        self._strikes: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self._gone: Counter[int] = Counter()
        # One at a time: a relay that takes two connections and refuses the third is not down.
        self._opening = asyncio.Lock()

    async def work(self) -> None:
        """One connection after the other, one copy after the other, until the queue or the relays give out."""
        while self._queue and (relay := self._relay()) is not None:
            async with self._opening:
                if str(relay) in self.report.in_trouble or not self._queue:
                    continue
                opened = await self._opened(relay)
            if opened is None:
                if self._open[str(relay)]:
                    return
                continue
            try:
                await self._use(opened, relay)
            finally:
                self._open[str(relay)] -= 1
                await opened.quit()

    async def _opened(self, relay: SmtpUrl) -> Connection | None:
        """One more connection; None if there is none to be had. With others open, the relay just wants no more of them."""
        terms = self._terms
        opened = await Connection.open(relay, terms.timeouts, terms.hello_name, terms.messages)
        if isinstance(opened, Connection):
            self._open[str(relay)] += 1
            return opened
        if opened.verdict is not Verdict.RELAY_DOWN or not self._open[str(relay)]:
            self.report.in_trouble[str(relay)] = opened
        return None

    async def _use(self, connection: Connection, relay: SmtpUrl) -> None:
        while self._queue and connection.usable and str(relay) not in self.report.in_trouble:
            copy = self._queue.popleft()
            if copy.row.mailing in self.report.to_pause:
                continue  # stays claimed, and is given back with the others at the end of the round
            envelope = self._addressed(copy)
            if envelope is None:
                continue
            mark = Mark(copy.row.id, copy.row.attempt)
            result = await smtp.send(connection, envelope, lambda mark=mark: self._committer.mark(mark))  # type: ignore[misc]  # mypy cannot type a default of a lambda
            if result is not None:
                reach(Failpoint.AFTER_250_BEFORE_COMMIT)
                self._conclude(copy, relay, result)

    def _relay(self) -> SmtpUrl | None:
        usable = (one for one in self._terms.relays if str(one) not in self.report.in_trouble)
        return next(usable, None)

    def _addressed(self, copy: Copy) -> Envelope | None:
        try:
            return copy.address()
        except Exception as failure:  # noqa: BLE001 -- one poisoned copy must not take the round with it; the row records it
            what = f"{type(failure).__name__}: {failure}"
            self._record(
                Outcome(
                    copy.row.id,
                    copy.row.attempt,
                    DeliveryState.FAILED,
                    Verdict.BUG,
                    reason="bug",
                    reply=what[:1000],
                )
            )
            return None

    def _conclude(self, copy: Copy, relay: SmtpUrl, result: Result) -> None:
        self._judge_relay(relay, result)
        if self._offer_again(copy, result):
            return
        outcome = outcome_of(copy, relay, result, self._now)
        if consequence(result.verdict, result.reply).action is Action.PAUSE_MAILING:
            self.report.to_pause[copy.row.mailing] = f"{result.verdict}: {outcome.reply}"
        if result.verdict is Verdict.GONE:
            self._count_gone(copy.row.mailing, outcome.reply)
        self._record(outcome)

    def _count_gone(self, mailing: int, reply: str) -> None:
        """A relay that answers everybody with a plain "no" would empty the list: beyond a few, the mailing stops for a person."""
        self._gone[mailing] += 1
        if self._gone[mailing] > MOST_GONE:
            self.report.to_pause[mailing] = (
                f"more than {MOST_GONE} addresses gone at once, none suppressed: {reply}"
            )
            self.report.flooded.add(mailing)

    def _judge_relay(self, relay: SmtpUrl, result: Result) -> None:
        name = str(relay)
        if result.verdict is Verdict.OUR_FAULT:
            self.report.in_trouble[name] = result
        elif result.verdict in {Verdict.RELAY_DOWN, Verdict.IN_DOUBT}:
            self._strikes[name] += 1
            if self._strikes[name] >= _STRIKES:
                self.report.in_trouble[name] = result
        else:
            self._strikes[name] = 0
            self.report.took_mail.add(name)

    def _offer_again(self, copy: Copy, result: Result) -> bool:
        """Before DATA nothing has left and the row is not marked: the next connection, or relay, may have it at once."""
        untouched = result.stage not in {Stage.DATA, Stage.CONTENT}
        if not untouched or result.verdict not in {Verdict.RELAY_DOWN, Verdict.RECONNECT}:
            return False
        # At MAIL a connection that has carried its share says so; that costs the copy nothing.
        self._offers[copy.row.id] += not (result.verdict is Verdict.RECONNECT and result.stage is Stage.MAIL)
        if self._offers[copy.row.id] >= _OFFERS:
            return False
        self._queue.appendleft(copy)
        return True

    def _record(self, outcome: Outcome) -> None:
        self.report.counts[outcome.state.value] += 1
        if outcome.charged and outcome.state is DeliveryState.FAILED:
            self.report.charged.append(outcome.id)
        self._committer.record(outcome)
        self._told(outcome)


def outcome_of(copy: Copy, relay: SmtpUrl, result: Result, now: datetime) -> Outcome:
    """A result in the ledger's words: the end of the delivery, or when it is due again."""
    follows = consequence(result.verdict, result.reply)
    state, reason, wait = DeliveryState(follows.state), "", timedelta()
    if state is DeliveryState.FAILED:
        reason = result.verdict.value
    elif state is DeliveryState.PENDING:
        state, reason, wait = _again(copy, result.verdict, now)
    return Outcome(
        copy.row.id,
        copy.row.attempt,
        state,
        result.verdict,
        mailing=copy.row.mailing,
        reason=reason,
        code=result.reply.code if result.reply else None,
        reply=result.reply.text if result.reply else result.problem,
        relay=str(relay),
        duration_ms=result.duration_ms,
        charged=follows.charged,
        doubted=result.verdict is Verdict.IN_DOUBT,
        due_in=wait,
    )


def _again(copy: Copy, verdict: Verdict, now: datetime) -> tuple[DeliveryState, str, timedelta]:
    failures = {
        Verdict.IN_DOUBT: copy.row.doubts + 1,
        Verdict.LATER: copy.row.tries + 1,
        Verdict.POLICY: copy.row.tries + 1,
    }
    wait = delay(verdict, failures.get(verdict, 1), system=copy.system, jitter=random())  # noqa: S311 -- spreads load, guards nothing
    if wait is None:
        return DeliveryState.FAILED, "unknown", timedelta()
    if verdict in {Verdict.LATER, Verdict.POLICY} and now + wait - copy.row.created > EXPIRES["ordinary"]:
        return DeliveryState.FAILED, "expired", timedelta()
    return DeliveryState.PENDING, "", wait
