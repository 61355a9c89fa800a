"""Named places where a test may have this process die, so that "what if it dies here?" has an answer that is tried.

Dead unless DISPATCHER_FAILPOINT names one, as `name:n`: at the nth arrival there the process kills itself with SIGKILL, which no
`finally` sees. A house test compares the names with the code and with the tests.
"""

import os
import signal
from collections import Counter
from enum import StrEnum

from dispatcher import config
from dispatcher.errors import BadSetting


class Failpoint(StrEnum):
    """Where one can die, in the order of the path."""

    AFTER_ITEM_COMMIT = "after_item_commit"
    AFTER_MATCH_BEFORE_RING = "after_match_before_ring"
    AFTER_MAILING_BEFORE_ROWS = "after_mailing_before_rows"
    MID_SLICE = "mid_slice"
    AFTER_SLICE = "after_slice"
    AFTER_CLAIM = "after_claim"
    AFTER_SENDING_MARK = "after_sending_mark"
    IN_DATA = "in_data"
    AFTER_DOT_BEFORE_250 = "after_dot_before_250"
    AFTER_250_BEFORE_COMMIT = "after_250_before_commit"
    AFTER_OUTCOME_COMMIT = "after_outcome_commit"
    AFTER_COMMIT_BEFORE_ACK = "after_commit_before_ack"
    IN_RECOVER = "in_recover"
    AFTER_UNSUBSCRIBE_COMMIT = "after_unsubscribe_commit"
    AFTER_EVENT_STORED = "after_event_stored"


_arrivals: Counter[Failpoint] = Counter()


def reach(here: Failpoint) -> None:
    """Die here if a test asked for it."""
    armed = config.current().failpoint
    if not armed or _named(armed[0]) != here:
        return
    _arrivals[here] += 1
    if _arrivals[here] == armed[1]:
        os.kill(os.getpid(), signal.SIGKILL)


def _named(name: str) -> Failpoint:
    # Asked here, not where settings are read: those know nothing of the path. A name that is nowhere would pass a crash test.
    try:
        return Failpoint(name)
    except ValueError:
        raise BadSetting(
            "DISPATCHER_FAILPOINT", f"no failpoint {name!r}", f"one of {', '.join(Failpoint)}"
        ) from None
