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
        self._relays = relays
        self._widths = {str(one): _Width(connections) for one in relays}
        self._open: Counter[str] = Counter()
        self._strikes: Counter[str] = Counter()

    def relay(self) -> SmtpUrl | None:
        """The one that gets mail now."""
        return next((one for one in self._relays if str(one) not in self.in_trouble), None)

    def wanted(self, relay: SmtpUrl) -> int:
        """How many connections it gets; none while it is in trouble."""
        return 0 if str(relay) in self.in_trouble else self._widths[str(relay)].wanted

    def has_room(self, relay: SmtpUrl) -> bool:
        """May another connection be opened?"""
        return self._open[str(relay)] < self.wanted(relay)

    def is_crowded(self, relay: SmtpUrl) -> bool:
        """Are more open than it gets?"""
        return self._open[str(relay)] > self.wanted(relay)

    def opened(self, relay: SmtpUrl) -> None:
        """A connection is open."""
        self._open[str(relay)] += 1

    def closed(self, relay: SmtpUrl) -> None:
        """It is closed."""
        self._open[str(relay)] -= 1

    def refused(self, relay: SmtpUrl, result: Result) -> None:
        """It would not have another connection. With others open, it just wants no more of them."""
        in_use = self._open[str(relay)]
        if result.verdict is Verdict.RELAY_DOWN and in_use:
            self._widths[str(relay)].bound(in_use)
        else:
            self.in_trouble[str(relay)] = result

    def judge(self, relay: SmtpUrl, result: Result) -> None:
        """What the fate of a message says about the relay."""
        name = str(relay)
        if result.verdict is Verdict.OUR_FAULT:
            self.in_trouble[name] = result
        elif result.verdict in {Verdict.RELAY_DOWN, Verdict.IN_DOUBT}:
            self._strikes[name] += 1
            if self._strikes[name] >= _STRIKES:
                self.in_trouble[name] = result
        else:
            self._strikes[name] = 0
            self.took_mail.add(name)
            if result.verdict is Verdict.ACCEPTED:
                self._widths[name].took_mail()
            elif _slow_down(result):
                self._widths[name].bound(self._open[name] // 2)


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
