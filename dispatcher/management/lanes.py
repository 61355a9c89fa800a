"""The lanes as the database sees them: what each owes, since when, and when a worker last served it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min, Q

from dispatcher.models import Bulletin, Delivery, Lane, Mailing, MailingState, Pulse, Source
from dispatcher.models.delivery import OPEN


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """One lane. `canary_age_seconds` is None if no worker ever served it, as where cron calls `run --once`."""

    lane: str
    owed: int
    oldest_overdue_seconds: int
    in_doubt: int
    canary_age_seconds: int | None


def lanes(now: datetime) -> list[LaneFacts]:
    """All six lanes, in the order of the path."""
    pulses = dict(Pulse.objects.values_list("lane", "seen_at"))
    owed = {
        "poll": _poll(now),
        "fan_out": _fan_out(),
        **{one.value: _mail(one) for one in Lane},
        "upkeep": _upkeep(now),
    }
    return [
        LaneFacts(lane, count, _age(now, oldest) or 0, doubts, _age(now, pulses.get(lane)))
        for lane, (count, oldest, doubts) in owed.items()
    ]


_Owed = tuple[int, datetime | None, int]


def _poll(now: datetime) -> _Owed:
    due = Source.due(now)
    return due.count(), due.aggregate(oldest=Min("due_at"))["oldest"], 0


def _fan_out() -> _Owed:
    waiting = Bulletin.objects.filter(
        Q(id__in=Bulletin.to_match().values("id")) | Q(id__in=Bulletin.to_mail().values("id"))
    )
    begun = Mailing.to_fan_out()
    moments = [
        waiting.aggregate(oldest=Min("first_seen_at"))["oldest"],
        begun.aggregate(oldest=Min("created_at"))["oldest"],
    ]
    return waiting.count() + begun.count(), min((one for one in moments if one), default=None), 0


def _mail(lane: Lane) -> _Owed:
    rows = Delivery.objects.filter(mailing__lane=lane, mailing__state=MailingState.RUNNING, state__in=OPEN)
    return rows.count(), rows.aggregate(oldest=Min("due_at"))["oldest"], rows.filter(doubts__gt=0).count()


def _upkeep(now: datetime) -> _Owed:
    left = Delivery.objects.filter(state__in=("claimed", "sending"), lease_until__lte=now)
    ending = Mailing.to_finish()
    return left.count() + ending.count(), left.aggregate(oldest=Min("lease_until"))["oldest"], 0


def _age(now: datetime, moment: datetime | None) -> int | None:
    return None if moment is None else max(0, round((now - moment).total_seconds()))
