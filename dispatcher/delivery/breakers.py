"""Circuit breakers: a domain that refuses us as a matter of policy is left in peace for a while; the others go on.

Each process judges by what it saw itself, and writes down what it concludes, for all workers: rows of that domain go back, uncharged,
until one copy has been tried and taken. Such refusals are about us, and never held against an address.
"""

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from random import random

from django.db import transaction

from dispatcher.delivery.ledger import Claimed
from dispatcher.formats.verdicts import Verdict
from dispatcher.models import Breaker
from dispatcher.models.clock import database_now

# Of the last so many messages to a domain, at least so many refused by policy, and at least this share of what was seen.
WINDOW, FEWEST, SHARE = 50, 10, 0.2
FIRST, LONGEST = timedelta(minutes=15), timedelta(hours=4)
# Others wait so long for what becomes of a probe.
_PROBE = timedelta(minutes=2)


class Breakers:
    """What one process saw lately of each domain. Times are monotonic."""

    def __init__(self) -> None:
        self._seen: defaultdict[str, deque[bool]] = defaultdict(lambda: deque(maxlen=WINDOW))
        self._open: dict[str, float] = {}

    def notice(self, domain: str, verdict: Verdict) -> bool:
        """What became of a message. True if it changes something: `settle` then writes it down."""
        refused = verdict is Verdict.POLICY
        if domain in self._open:
            return refused or verdict is Verdict.ACCEPTED
        if not refused and domain not in self._seen:
            return False  # most domains never refuse us, and cost no memory
        seen = self._seen[domain]
        seen.append(refused)
        tripped = refused and sum(seen) >= max(FEWEST, SHARE * len(seen))
        if tripped:
            self._open[domain] = time.monotonic()
        return tripped

    def withholds(self, domain: str, taken: float) -> bool:
        """Was the domain open to us when this copy was taken, and is it no more?"""
        return taken < self._open.get(domain, taken)

    def settle(self, domain: str, verdict: Verdict, reply: str) -> None:
        """Write down that the domain refuses us, or that its probe was taken. Meets the database."""
        self._seen.pop(domain, None)
        if verdict is not Verdict.ACCEPTED:
            open_up(domain, reply)
        elif Breaker.objects.filter(domain=domain, probing=True).delete()[0]:
            self._open.pop(domain, None)

    def learn(self) -> None:
        """What other workers wrote down. Meets the database."""
        now = time.monotonic()
        self._open = {
            one: self._open.get(one, now) for one in Breaker.objects.values_list("domain", flat=True)
        }


@cache
def seen_by(process: int, database: str) -> Breakers:  # noqa: ARG001 -- what they are kept by
    """What this process has seen while it delivered from this database."""
    return Breakers()


def open_up(domain: str, reply: str) -> None:
    """Leave it in peace: a quarter of an hour at first, twice as long after each probe that is refused. Twice at once counts once."""
    with transaction.atomic():
        now = database_now()
        breaker, new = Breaker.objects.select_for_update().get_or_create(
            domain=domain, defaults={"opened_at": now, "retry_at": now + FIRST, "problem": reply}
        )
        if not new and breaker.probing:
            breaker.refusals += 1
            breaker.retry_at = now + min(FIRST * 2 ** (breaker.refusals - 1), LONGEST)
            breaker.probing, breaker.problem = False, reply
            breaker.save()


def withheld(rows: Sequence[Claimed]) -> dict[Claimed, float]:
    """Of these rows those whose domain is left in peace, with the seconds until they are due. One of each that is due is its probe."""
    now = database_now()
    waits = {one.domain: one for one in Breaker.objects.all()}
    found: dict[Claimed, float] = {}
    for row in rows if waits else ():
        breaker = waits.get(row.domain)
        if breaker is not None and not _is_probe(breaker, now):
            found[row] = (breaker.retry_at - now).total_seconds() + 60 * random()  # noqa: S311 -- spreads load, guards nothing
    return found


def _is_probe(breaker: Breaker, now: datetime) -> bool:
    """Whoever moves its time on has the probe; if that worker dies, the next one has it then."""
    if breaker.retry_at > now:
        return False
    due = Breaker.objects.filter(domain=breaker.domain, retry_at__lte=now)
    breaker.retry_at = now + _PROBE
    return bool(due.update(retry_at=breaker.retry_at, probing=True))
