"""What we remember of the relays between rounds: a relay that is down is left in peace until its next probe."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import random

from django.db import transaction

from dispatcher.delivery.connection import Result
from dispatcher.formats.verdicts import Verdict, delay
from dispatcher.models import Relay
from dispatcher.models.clock import database_now
from dispatcher.parsing import SmtpUrl


def usable(configured: Sequence[SmtpUrl], now: datetime) -> tuple[SmtpUrl, ...]:
    """The relays that may be tried now, in order of failover. Empty while a refused password or sender stops all sending."""
    known = {relay.name: relay for relay in Relay.objects.filter(name__in=[str(one) for one in configured])}
    waiting = {name for name, relay in known.items() if relay.retry_at is not None and relay.retry_at > now}
    if any(known[name].our_fault for name in waiting):
        return ()
    return tuple(one for one in configured if str(one) not in waiting)


def seconds_to_return(configured: Sequence[SmtpUrl], used: Sequence[SmtpUrl], now: datetime) -> float:
    """How long the ones in use stand in for one that comes before them; then it is tried again."""
    before = configured[: configured.index(used[0])]
    returns = Relay.objects.filter(name__in=[str(one) for one in before], retry_at__gt=now)
    soonest = returns.order_by("retry_at").values_list("retry_at", flat=True).first()
    return (soonest - now).total_seconds() if soonest else float("inf")


def was_down(relay: SmtpUrl) -> bool:
    """It has not taken mail since it was last in trouble."""
    return Relay.objects.filter(name=str(relay), down_since__isnull=False).exists()


def note_trouble(name: str, result: Result) -> timedelta:
    """Remember that this relay cannot be used, and why. Returns how long it is left in peace."""
    with transaction.atomic():
        relay, _ = Relay.objects.select_for_update().get_or_create(name=name)
        now = database_now()
        relay.failures += 1
        relay.down_since = relay.down_since or now
        relay.our_fault = result.verdict is Verdict.OUR_FAULT
        wait = delay(Verdict.RELAY_DOWN, relay.failures, system=False, jitter=random()) or timedelta()  # noqa: S311 -- spreads load, guards nothing
        relay.retry_at = now + wait
        relay.problem = f"{result.verdict.value} at {result.stage.value}: {result.reply.text if result.reply else result.problem}"
        relay.save()
    return wait


def note_success(names: Sequence[str]) -> None:
    """These relays took mail: whatever was wrong with them is over."""
    with transaction.atomic():
        troubled = Relay.objects.filter(name__in=names, down_since__isnull=False)
        troubled.update(failures=0, down_since=None, retry_at=None, problem="", our_fault=False)
