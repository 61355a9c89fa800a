"""Deliver: claim what is due, send it, write what became of it. Read — send — write: no transaction is open while a relay thinks.

Whatever ends this process, the rows tell what is owed: a claimed row comes back when its lease is over, a sending one is in doubt
and goes out again with the same Message-ID.
"""

import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import uvloop
from django.db import close_old_connections

from dispatcher import suppression
from dispatcher.config import Config
from dispatcher.delivery import brakes, composition, leases, relays, sending
from dispatcher.delivery.claims import Claims
from dispatcher.delivery.sending import Report
from dispatcher.delivery.statements import Outcome
from dispatcher.delivery.terms import Terms
from dispatcher.models import Delivery, Lane
from dispatcher.models.clock import database_now
from dispatcher.parsing import SmtpUrl

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
        one = stretch(config, which, ends, told)
        total += one
        if one.stopped or not one.more:
            return total
    return replace(total, more=True)


def stretch(config: Config, lane: Lane, ends: float, told: Told = lambda _: None) -> Delivered:
    """Send over the relays that are usable now, until nothing is due, the time is over, or the relays have changed."""
    closed = _closed(config)
    usable = relays.usable(config.smtp_url, database_now())
    if closed or not usable:
        return Delivered(stopped=closed or "every relay is down; `dispatcher status` says why")
    # A relay that was down is probed by one copy; all others wait for what it says.
    probe = relays.was_down(usable[0])
    terms = _terms(config, usable, probe=probe)
    until = min(ends, time.monotonic() + relays.seconds_to_return(config.smtp_url, usable, database_now()))
    claims = Claims(config, lane, terms, until=until, once=probe)
    unsent: list[int] = []
    try:
        report = _send(claims, terms, told)
        unsent = [mark.id for mark in report.unsent]
        wait = _act_on(report)
    finally:
        left = leases.release(terms.owner, timedelta(), unsent)
    stopped = f"a relay is in trouble; the next probe is in {wait:.0f} s" if left and wait else ""
    return Delivered(claims.count, report.counts, stopped, more=not claims.dry)


def _send(claims: Claims, terms: Terms, told: Told) -> Report:
    """One round. Where another thread wrote, this one's connection has stood idle and may be broken: it is looked at before it is used again."""
    try:
        return uvloop.run(sending.send_all(claims, terms, database_now(), told))
    finally:
        close_old_connections()


def _closed(config: Config) -> str:
    if config.send.off:
        return "DISPATCHER_SEND is off: nothing is mailed"
    if not config.smtp_url:
        return "DISPATCHER_SMTP_URL is not set: there is no relay to hand mail to"
    if not config.secret_key:
        return "there is no secret key, so links could be forged: run `dispatcher migrate`, or set DISPATCHER_SECRET_KEY"
    return composition.unfit(config)


def _terms(config: Config, usable: tuple[SmtpUrl, ...], *, probe: bool) -> Terms:
    host = socket.gethostname()
    return Terms(
        relays=usable,
        connections=1 if probe else config.smtp_connections,
        copies=1 if probe else config.claim_size,
        messages=config.smtp_messages,
        hello_name=host,
        owner=f"{host}:{os.getpid()}:{secrets.token_hex(4)}",
        lease=timedelta(seconds=config.lease_seconds),
    )


def _act_on(report: Report) -> float:
    """Write down what the round learned of relays and mailings. Returns the seconds until a relay in trouble is probed again."""
    standing, stops = report.standing, report.brakes
    relays.note_success([name for name in standing.took_mail if name not in standing.in_trouble])
    waits = [relays.note_trouble(name, result) for name, result in standing.in_trouble.items()]
    people = Delivery.objects.filter(id__in=stops.charged).values_list("subscriber", flat=True)
    suppression.weigh(people, flooded=stops.flooded)
    for mailing, why in stops.to_pause.items():
        brakes.pause(mailing, why)
    return max((wait.total_seconds() for wait in waits), default=0.0)
