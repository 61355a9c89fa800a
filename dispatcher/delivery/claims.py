"""The claims of one worker in one lane: what it takes from the ledger, as copies that are ready to be printed."""

import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import OperationalError, connection

from dispatcher.config import Config
from dispatcher.delivery import brakes, breakers, composition, ledger
from dispatcher.delivery.composition import Press
from dispatcher.delivery.ledger import Claimed
from dispatcher.delivery.pacing import Pacing
from dispatcher.delivery.queue import Copy
from dispatcher.delivery.terms import Terms
from dispatcher.errors import Transient
from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.address import fold
from dispatcher.models import Lane

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """The next copies; if there are none, the seconds after which there may be, or 0: nothing more to take. And how wide to send."""

    copies: Sequence[Copy]
    wait: float
    connections: int


class Claims:
    """Until nothing is due (`dry`) or the time is over. `once`: a single claim, to see what a relay says to it."""

    def __init__(self, config: Config, lane: Lane, terms: Terms, *, until: float, once: bool) -> None:
        self.count = 0
        self.dry = False
        self.breakers = breakers.seen_by(os.getpid(), str(connection.settings_dict["NAME"]))
        self.pacing = Pacing(config, str(terms.relays[0]))
        self._config = config
        self._lane = lane
        self._terms = terms
        self._until = until
        self._once = once
        self._only = [fold(one) for one in config.send.only]
        self._presses: dict[int, Press | None] = {}

    def take(self) -> Taken:
        """Claim once more."""
        copies: Sequence[Copy] = ()
        wait = 0.0
        while not copies and (left := self._until - time.monotonic()) > 0 and not (self._once and self.count):
            grant = self.pacing.allowed(self._terms.copies)
            if not grant.given:
                wait = min(grant.wait, left)
                break
            rows = ledger.claim(self._lane, self._terms.owner, grant.given, self._terms.lease, self._only)
            self.pacing.give_back(grant.given - len(rows))
            if not rows:
                self.dry = True
                break
            reach(Failpoint.AFTER_CLAIM)
            self.breakers.learn()
            copies = self._copies(self.pacing.kept(rows))
        return Taken(copies, wait, self.pacing.connections(self._terms.connections))

    def _copies(self, rows: Sequence[Claimed]) -> list[Copy]:
        self.count += len(rows)
        now = time.monotonic()
        return [
            Copy(row, row.domain, press, now)
            for row in rows
            if (press := self._press(row.mailing)) is not None
        ]

    def _press(self, mailing: int) -> Press | None:
        if mailing not in self._presses:
            self._presses[mailing] = self._made(mailing)
        return self._presses[mailing]

    def _made(self, mailing: int) -> Press | None:
        try:
            return composition.press(self._config, mailing)
        except (OperationalError, Transient):
            raise  # the database is busy or away: the mailing is as good as before
        except Exception as failure:
            # A message that cannot be composed stops its own mailing, visibly, and nobody else's.
            log.exception("mailing paused: its message cannot be composed", extra={"mailing": mailing})
            brakes.pause(mailing, f"its message cannot be composed: {failure}")
            return None
