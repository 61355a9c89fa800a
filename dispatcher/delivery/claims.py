"""The claims of one worker in one lane: what it takes from the ledger, as copies that are ready to be printed."""

import logging
import time
from collections.abc import Sequence
from functools import partial

from django.db import OperationalError

from dispatcher.config import Config
from dispatcher.delivery import brakes, composition, ledger
from dispatcher.delivery.composition import Press
from dispatcher.delivery.ledger import Claimed
from dispatcher.delivery.queue import Copy
from dispatcher.delivery.sending import Terms
from dispatcher.errors import Transient
from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.address import fold
from dispatcher.models import Lane

log = logging.getLogger(__name__)


class Claims:
    """Until nothing is due (`dry`) or the time is over. `once`: a single claim, to see what a relay says to it."""

    def __init__(self, config: Config, lane: Lane, terms: Terms, *, until: float, once: bool) -> None:
        self.count = 0
        self.dry = False
        self._config = config
        self._lane = lane
        self._terms = terms
        self._until = until
        self._once = once
        self._only = [fold(one) for one in config.send.only]
        self._presses: dict[int, Press | None] = {}

    def take(self) -> Sequence[Copy]:
        """The next copies; none when there is nothing more to take."""
        while time.monotonic() < self._until and not (self._once and self.count):
            rows = ledger.claim(
                self._lane, self._terms.owner, self._terms.copies, self._terms.lease, self._only
            )
            if not rows:
                self.dry = True
                return ()
            reach(Failpoint.AFTER_CLAIM)
            self.count += len(rows)
            if copies := self._copies(rows):
                return copies
        return ()

    def _copies(self, rows: list[Claimed]) -> list[Copy]:
        found = [(row, self._press(row.mailing)) for row in rows]
        return [
            Copy(row, press.system, partial(press.print, row)) for row, press in found if press is not None
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
