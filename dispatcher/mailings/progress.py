"""How far a mailing is: paused, resumed and cancelled by a person, ended by the absence of open rows, its speed measured.

It never sends, and never ends a mailing by counting up to a total: what is open is asked of the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from dispatcher.models import (
    Bulletin,
    BulletinState,
    Delivery,
    DeliveryState,
    Journal,
    Mailing,
    MailingState,
    Told,
)
from dispatcher.models.clock import change_time, database_now
from dispatcher.models.delivery import OPEN

CANCELLED_BECAUSE = "mailing cancelled"
# Rows of one transaction, in which other writers wait (measured: 48,000 rows in 3.1 s on SQLite, 8.4 s on PostgreSQL).
_SLICE = 2000
_UNSENT = (DeliveryState.PENDING, DeliveryState.CLAIMED)
# Approved; or submitted again, if its start was refused.
_UNSENT_BULLETIN = (BulletinState.APPROVED, BulletinState.SUBMITTED)
_MEASURED = timedelta(seconds=60)
_SHORTEST = timedelta(seconds=5)  # a worker commits several at once: over less than this, chance would speak
_FEWEST = 10  # rows; as above


def finish() -> int:
    """End every running or cancelled mailing that owes nobody anything. Returns how many ended."""
    now = database_now()
    with transaction.atomic():
        # Held, then asked once more: whoever takes a delivery back holds its mailing, and an UPDATE alone would judge by what it saw before.
        held = list(Mailing.to_finish().select_for_update().values_list("id", flat=True))
        done = Mailing.to_finish().filter(id__in=held)
        ended = done.update(state=MailingState.DONE, finished_at=now)
    still_open = Delivery.objects.filter(mailing=OuterRef("pk"), state__in=OPEN)
    written_out = Q(fanned_out_at__isnull=False) | Q(audience=0)
    return ended + _cancelled().filter(written_out, ~Exists(still_open)).update(finished_at=now)


@dataclass(frozen=True, slots=True)
class By:
    """Who steers a mailing: the name for the journal, the door they came through, and what else the journal is to keep."""

    actor: str
    door: str = "shell"
    facts: Mapping[str, object] | None = None


def pause(mailing: Mailing, by: By, because: str = "") -> bool:
    """Nothing more leaves; what is unsent stays owed. False if it was not running."""
    running = (MailingState.RUNNING,)
    return _steer(mailing, by, "pause", running, state=MailingState.PAUSED, why=_why(by, because))


def resume(mailing: Mailing, by: By) -> bool:
    """Send exactly the rest. False if it was not paused."""
    return _steer(mailing, by, "resume", (MailingState.PAUSED,), state=MailingState.RUNNING, why="")


def cancel(mailing: Mailing, by: By, because: str = "") -> bool:
    """Nobody else is written to; what is on its way finishes. False if it had ended.

    Its rows follow in slices, here or in a sweep: `cancel_rest` finds them by the state of the mailing.
    """
    changes = {"state": MailingState.CANCELLED, "why": _why(by, because)}
    with transaction.atomic():
        if _cancel_unbegun(mailing, by, changes):
            return True
        return _steer(mailing, by, "cancel", (MailingState.RUNNING, MailingState.PAUSED), **changes)


def cancel_rest() -> int:
    """Cancel what cancelled mailings still owe, a slice at a time. Returns how many rows; twice is once."""
    count = 0
    for mailing_id in _cancelled().values_list("id", flat=True):
        for state in _UNSENT:
            while cancelled := _cancel_slice(mailing_id, state):
                count += cancelled
    return count


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a running mailing is, measured over the last minute or since it went on, and when it would end so; None where too little was measured."""

    rate_per_second: float | None = None
    ends_at: datetime | None = None


def pace(mailing: Mailing, still_open: int, now: datetime) -> Pace:
    """Of the rows that a worker has ended: those that fan-out wrote as ends cost no time. Reads this mailing's rows alone."""
    if mailing.state != MailingState.RUNNING:
        return Pace()
    since = max(now - _MEASURED, _resumed_at(mailing) or now - _MEASURED)
    lately = mailing.deliveries.filter(attempt__gt=0, ended_at__gt=since)
    measured = lately.aggregate(first=Min("ended_at"), count=Count("id"))
    if measured["count"] < _FEWEST:
        return Pace()
    # From the first of them on: what began ten seconds ago, or went on then, is measured over these ten.
    rate = measured["count"] / max(now - measured["first"], _SHORTEST).total_seconds()
    return Pace(round(rate, 2), now + timedelta(seconds=still_open / rate))


def _resumed_at(mailing: Mailing) -> datetime | None:
    entries = Journal.objects.filter(subject=f"mailing:{mailing.id}", verb="resume").order_by("-id")
    return entries.values_list("at", flat=True).first()


def _cancelled() -> QuerySet[Mailing]:
    return Mailing.objects.filter(state=MailingState.CANCELLED, finished_at__isnull=True)


def _why(by: By, because: str) -> str:
    return f"by {by.actor}" + (f": {because}" if because else "")


def _cancel_unbegun(mailing: Mailing, by: By, changes: dict[str, str]) -> bool:
    """Nobody was owed anything yet. A blast has one mailing for ever, so its bulletin goes nowhere either."""
    if not _steer(mailing, by, "cancel", (MailingState.WAITING,), **changes, finished_at=database_now()):
        return False
    unsent = Bulletin.objects.filter(mailings=mailing, state__in=_UNSENT_BULLETIN)
    unsent.update(state=BulletinState.CANCELLED)
    return True


def _steer(mailing: Mailing, by: By, verb: str, before: tuple[MailingState, ...], **changes: object) -> bool:
    with transaction.atomic():
        steered = Mailing.objects.filter(id=mailing.id, state__in=before).update(**changes)
        if steered:
            facts = {"why_before": mailing.why, "why": changes["why"], **(by.facts or {})}
            Journal.append(
                at=database_now(), actor=by.actor, door=by.door, verb=verb, subject=f"mailing:{mailing.id}", facts=facts
            )  # fmt: skip
    return bool(steered)


def _cancel_slice(mailing_id: int, state: DeliveryState) -> int:
    """By id and state: who is being marked or claimed at this moment is passed over, and found by the next sweep."""
    with transaction.atomic():
        now = change_time()
        held = Delivery.owed() if state == DeliveryState.PENDING else Delivery.under_way()
        unsent = held.filter(mailing_id=mailing_id, state=state).order_by("attempt", "due_at", "id")
        rows = dict(unsent.select_for_update(skip_locked=True).values_list("id", "subscriber_id")[:_SLICE])
        cancelled = Delivery.objects.filter(id__in=rows, state=state).update(
            state=DeliveryState.CANCELLED,
            reason=CANCELLED_BECAUSE,
            ended_at=now,
            lease_until=None,
        )
        Told.objects.filter(mailing_id=mailing_id, subscriber_id__in=rows.values()).delete()
    return cancelled
