"""Deliver: claim what is due, send it, write what became of it. Read — send — write: no transaction is open while a relay thinks.

Whatever ends this process, the rows tell what is owed: a claimed row comes back when its lease is over, a sending one is in doubt
and goes out again with the same Message-ID.
"""

import logging
import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import uvloop
from django.db import OperationalError

from dispatcher import suppression
from dispatcher.config import Config
from dispatcher.delivery import composition, leases, ledger, relays, sending
from dispatcher.delivery.composition import Press
from dispatcher.delivery.ledger import Claimed, Outcome
from dispatcher.delivery.sending import Copy, Report, Terms
from dispatcher.errors import Transient
from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.address import fold
from dispatcher.models import Delivery, Lane, Mailing, MailingState
from dispatcher.models.clock import database_now
from dispatcher.parsing import SmtpUrl

log = logging.getLogger(__name__)

Told = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one call did, for the door to tell: rows claimed, outcomes by state, and why it stopped early, if it did.

    `more`: the time was over while something may still have been due.
    """

    claimed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    stopped: str = ""
    more: bool = False

    def __add__(self, other: "Delivered") -> "Delivered":
        stopped = self.stopped or other.stopped
        return Delivered(
            self.claimed + other.claimed, self.counts + other.counts, stopped, self.more or other.more
        )


def pending(config: Config, told: Told = lambda _: None) -> Delivered:
    """Send everything that is due now, system mail first."""
    total = Delivered()
    for one in Lane:
        total += lane(config, one, told)
    return total


def lane(config: Config, which: Lane, told: Told = lambda _: None) -> Delivered:
    """Send what is due in one lane, until nothing is or the time of one round is over."""
    total = Delivered()
    ends = time.monotonic() + config.deliver_seconds
    while time.monotonic() < ends:
        one = batch(config, which, told)
        total += one
        if one.stopped or not one.claimed:
            return total
    return replace(total, more=True)


def batch(config: Config, lane: Lane, told: Told) -> Delivered:
    """Claim once, send what was claimed, act on what the relays said."""
    closed = _closed(config)
    usable = relays.usable(config.smtp_url, database_now())
    if closed or not usable:
        return Delivered(stopped=closed or "every relay is down; `dispatcher status` says why")
    terms = _terms(config, usable)
    only = [fold(one) for one in config.send.only]
    rows = ledger.claim(lane, terms.owner, terms.copies, terms.lease, only)
    if not rows:
        return Delivered()
    reach(Failpoint.AFTER_CLAIM)
    try:
        report = uvloop.run(sending.send_all(_copies(config, rows), terms, database_now(), told))
        wait = _act_on(report)
    finally:
        left = leases.release(terms.owner, timedelta())
    stopped = f"a relay is in trouble; the next probe is in {wait:.0f} s" if left and wait else ""
    return Delivered(len(rows), report.counts, stopped)


def _closed(config: Config) -> str:
    if config.send.off:
        return "DISPATCHER_SEND is off: nothing is mailed"
    if not config.smtp_url:
        return "DISPATCHER_SMTP_URL is not set: there is no relay to hand mail to"
    if not config.secret_key:
        return "there is no secret key, so links could be forged: run `dispatcher migrate`, or set DISPATCHER_SECRET_KEY"
    return composition.unfit(config)


def _terms(config: Config, usable: tuple[SmtpUrl, ...]) -> Terms:
    host = socket.gethostname()
    # A relay that was down is probed by one copy; all others wait for what it says.
    probe = relays.was_down(usable[0])
    return Terms(
        relays=usable,
        connections=1 if probe else config.smtp_connections,
        copies=1 if probe else config.claim_size,
        messages=config.smtp_messages,
        hello_name=host,
        owner=f"{host}:{os.getpid()}:{secrets.token_hex(4)}",
        lease=timedelta(seconds=config.lease_seconds),
    )


def _copies(config: Config, rows: list[Claimed]) -> list[Copy]:
    presses = {mailing: _press(config, mailing) for mailing in dict.fromkeys(row.mailing for row in rows)}
    ready = [(row, press) for row in rows if (press := presses[row.mailing]) is not None]
    return [Copy(row, press.system, partial(press.print, row)) for row, press in ready]


def _press(config: Config, mailing: int) -> Press | None:
    try:
        return composition.press(config, mailing)
    except (OperationalError, Transient):
        raise  # the database is busy or away: the mailing is as good as before
    except Exception as failure:
        # A message that cannot be composed stops its own mailing, visibly, and nobody else's.
        log.exception("mailing paused: its message cannot be composed", extra={"mailing": mailing})
        _pause(mailing, f"its message cannot be composed: {failure}")
        return None


def _act_on(report: Report) -> float:
    """Write down what the round learned of relays and mailings. Returns the seconds until a relay in trouble is probed again."""
    relays.note_success([name for name in report.took_mail if name not in report.in_trouble])
    waits = [relays.note_trouble(name, result) for name, result in report.in_trouble.items()]
    people = Delivery.objects.filter(id__in=report.charged).values_list("subscriber", flat=True)
    suppression.weigh(people, flooded=report.flooded)
    for mailing, why in report.to_pause.items():
        _pause(mailing, why)
    return max((wait.total_seconds() for wait in waits), default=0.0)


def _pause(mailing: int, why: str) -> None:
    Mailing.objects.filter(id=mailing, state=MailingState.RUNNING).update(
        state=MailingState.PAUSED, why=why[:1000]
    )
