"""How the relays of a round stand: which one gets mail, over how many connections, and which is in trouble.

A relay gets few connections at first, more while it takes mail, fewer when it says that they are too many. Failover is in the order of
the setting; a relay that is in trouble gets nothing more in this round.
"""

from collections import Counter
from collections.abc import Sequence

from dispatcher.delivery.connection import Result
from dispatcher.formats.verdicts import CLOSING, Verdict
from dispatcher.parsing import SmtpUrl

_FIRST = 2  # connections
_CALM = 200  # messages taken in a row before a relay that complained is offered one connection more
# So many relay-level failures in a row, without a message taken in between, and the relay counts as down.
_STRIKES = 3


class Standing:
    """All relays of a round. `took_mail` and `in_trouble` are for whoever remembers relays between rounds."""

    def __init__(self, relays: Sequence[SmtpUrl], connections: int) -> None:
        self.took_mail: set[str] = set()
        self.in_trouble: dict[str, Result] = {}
        self._relays = {str(one): one for one in relays}
        self._widths = {name: _Width(connections) for name in self._relays}
        self._open: Counter[str] = Counter()
        self._strikes: Counter[str] = Counter()

    def __getitem__(self, relay: str) -> SmtpUrl:
        """How to reach it."""
        return self._relays[relay]

    def relay(self) -> str | None:
        """The name of the one that gets mail now."""
        return next((one for one in self._relays if one not in self.in_trouble), None)

    def wanted(self, relay: str) -> int:
        """How many connections it gets; none while it is in trouble."""
        return 0 if relay in self.in_trouble else self._widths[relay].wanted

    def allow(self, connections: int) -> None:
        """So many to each relay from now on: workers that come and go change what is ours."""
        for width in self._widths.values():
            width.allow(connections)

    def has_room(self, relay: str) -> bool:
        """May another connection be opened?"""
        return self._open[relay] < self.wanted(relay)

    def is_crowded(self, relay: str) -> bool:
        """Are more open than it gets?"""
        return self._open[relay] > self.wanted(relay)

    def opened(self, relay: str) -> None:
        """A connection is open."""
        self._open[relay] += 1

    def closed(self, relay: str) -> None:
        """It is closed."""
        self._open[relay] -= 1

    def refused(self, relay: str, result: Result) -> None:
        """It would not have another connection. With others open, it just wants no more of them."""
        in_use = self._open[relay]
        if result.verdict is Verdict.RELAY_DOWN and in_use:
            self._widths[relay].bound(in_use)
        else:
            self.in_trouble[relay] = result

    def judge(self, relay: str, result: Result) -> None:
        """What the fate of a message says about the relay."""
        if result.verdict is Verdict.ACCEPTED:
            self._strikes[relay] = 0
            self.took_mail.add(relay)
            self._widths[relay].took_mail()
        elif result.verdict is Verdict.OUR_FAULT:
            self.in_trouble[relay] = result
        elif result.verdict in {Verdict.RELAY_DOWN, Verdict.IN_DOUBT}:
            self._strikes[relay] += 1
            if self._strikes[relay] >= _STRIKES:
                self.in_trouble[relay] = result
        else:
            self._strikes[relay] = 0
            self.took_mail.add(relay)
            if _slow_down(result):
                self._widths[relay].bound(self._open[relay] // 2)


def _slow_down(result: Result) -> bool:
    """A relay that hangs up in the middle, or calls our rate a matter of policy, gets too much at once."""
    reply = result.reply
    return reply is not None and (reply.code == CLOSING or reply.enhanced.startswith("4.7."))


class _Width:
    """One relay's number of connections, between 1 and the limit that is set."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ceiling = limit
        self._calm = 0
        self.wanted = min(_FIRST, limit)

    def allow(self, limit: int) -> None:
        """Another limit; a ceiling that was as high goes along."""
        self._ceiling = limit if self._ceiling == self._limit else min(self._ceiling, limit)
        self._limit = limit
        self.wanted = min(self.wanted, self._ceiling)

    def took_mail(self) -> None:
        """One more; after a complaint slowly."""
        self._calm += 1
        if self.wanted < self._ceiling:
            self.wanted += 1
        elif self._ceiling < self._limit and self._calm >= _CALM:
            self._ceiling += 1
            self._calm = 0

    def bound(self, ceiling: int) -> None:
        """So many and no more, for a while."""
        self._ceiling = self.wanted = max(1, ceiling)
        self._calm = 0
