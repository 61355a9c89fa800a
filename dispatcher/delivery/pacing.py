"""How fast and how wide one worker may send: its claims within the rates that all workers share, and its part of what they may have at once.

Without a limit in the settings nothing is asked of anybody.
"""

import os
import secrets
import socket
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache

from dispatcher.config import Config
from dispatcher.delivery import breakers, leases
from dispatcher.delivery.ledger import Claimed
from dispatcher.throttle import Grant, Throttle, Wish

_ALL = "*"  # every domain that has no limit of its own


class Pacing:
    """The limits of one deployment, for one relay and the domains of recipients."""

    def __init__(self, config: Config, relay: str) -> None:
        self._config = config
        self._relay = relay
        limited = (
            config.relay_rate or config.relay_connections or config.domain_rate or config.domain_connections
        )
        self._throttle = _throttle(config.redis_url, os.getpid(), config.senders) if limited else None

    def allowed(self, wanted: int) -> Grant:
        """How many may be claimed now, and when the next if that is none."""
        if self._throttle is None:
            return Grant(wanted)
        if not self._config.relay_rate:
            self._throttle.take(())  # says that we are sending, for the others' shares
            return Grant(wanted)
        return self._throttle.take([self._of_relay(wanted)])[0]

    def give_back(self, unused: int) -> None:
        """Tokens that no copy was found for."""
        if self._throttle is not None and self._config.relay_rate and unused:
            self._throttle.take([self._of_relay(-unused)])

    def kept(self, rows: Sequence[Claimed]) -> list[Claimed]:
        """Those that may go now. The others go back, uncharged, each due when its turn comes: one by one, not all at once."""
        later = breakers.withheld(rows)
        later |= self._beyond_rates([row for row in rows if row not in later] if later else rows)
        if not later:
            return list(rows)
        leases.postpone([(row.id, row.attempt, timedelta(seconds=wait)) for row, wait in later.items()])
        self.give_back(len(later))
        return [row for row in rows if row not in later]

    def connections(self, wanted: int) -> int:
        """Our part of the connections that all workers may have to the relay."""
        if self._throttle is None or not self._config.relay_connections:
            return wanted
        return min(wanted, self._throttle.share(self._config.relay_connections))

    def at_once(self, domain: str) -> int | None:
        """Our part of the messages that may be under way to recipients of this domain; None: no limit."""
        if self._throttle is None or not self._config.domain_connections:
            return None
        limit = _limit(self._config.domain_connections, domain)
        return None if limit is None else self._throttle.share(limit)

    def _of_relay(self, wanted: int) -> Wish:
        return Wish(f"relay:{self._relay}", self._config.relay_rate, wanted)

    def _beyond_rates(self, rows: Sequence[Claimed]) -> dict[Claimed, float]:
        limited: defaultdict[str, list[Claimed]] = defaultdict(list)
        for row in rows if self._config.domain_rate else ():
            if _limit(self._config.domain_rate, row.domain):
                limited[row.domain].append(row)
        if self._throttle is None or not limited:
            return {}
        wishes = [
            Wish(f"domain:{one}", self._rate(one), len(mine), promise=True) for one, mine in limited.items()
        ]
        found: dict[Claimed, float] = {}
        for (domain, mine), grant in zip(limited.items(), self._throttle.take(wishes), strict=True):
            beyond = mine[grant.given :]
            found |= {row: grant.wait + at / self._rate(domain) for at, row in enumerate(beyond)}
        return found

    def _rate(self, domain: str) -> float:
        return _limit(self._config.domain_rate, domain) or 0.0


def _limit(limits: Mapping[str, float], domain: str) -> float | None:
    return limits.get(domain, limits.get(_ALL))


@cache
def _throttle(url: str, pid: int, senders: int) -> Throttle:
    """One for each process: a line to Redis crosses no fork."""
    return Throttle(url, f"{socket.gethostname()}:{pid}:{secrets.token_hex(4)}", senders)
