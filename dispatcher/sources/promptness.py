"""Promptness: how long it takes from a notice's publication to the first message about it, and how long it should take at most.

From rows alone. What a person held back first says nothing about it, nor does what waits for a digest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Q

from dispatcher.formats.dates import MAINE
from dispatcher.models import Bulletin, BulletinState, Delivery, DeliveryState, Kind, Mailing, Source
from dispatcher.sources import rhythm
from dispatcher.sources.declared import Declared

_LATEST = 40  # bulletins: of a year, for most sources
_FIRST = 20  # of a mailing's people: whoever is claimed first is mailed first, and has a low number
_SENDING = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Promptness:
    """At the 95th percentile. `taken` is None as long as nothing was mailed."""

    taken: timedelta | None
    wanted: timedelta


def of(source: Source) -> Promptness:
    """Of its latest bulletins."""
    every = Declared.of(source.kind, source.url, source.declared).every
    mailed = Bulletin.objects.filter(source=source, state=BulletinState.MAILED, held_because="").defer(
        "body_html"
    )
    taken = [first - _possible(one, every) for one in mailed[:_LATEST] for first in _first_accepted(one)]
    seconds = rhythm.percentile([one.total_seconds() for one in taken], 0.95) if taken else None
    return Promptness(None if seconds is None else timedelta(seconds=max(0.0, seconds)), every + _SENDING)


def _possible(bulletin: Bulletin, every: timedelta) -> datetime:
    """When it was published; but many dates are days, or were given to what appeared later: then when we first saw it."""
    published, seen = bulletin.published_at, bulletin.first_seen_at
    is_day = published is not None and published.astimezone(MAINE).time() == time()
    is_believable = published is not None and timedelta() <= seen - published <= max(
        2 * every, timedelta(hours=6)
    )
    return published if published and is_believable and not is_day else seen


def _first_accepted(bulletin: Bulletin) -> Iterator[datetime]:
    about = Q(bulletin=bulletin) | Q(carried__bulletin=bulletin)
    for mailing in Mailing.objects.filter(about, kind=Kind.BULLETIN).order_by("id")[:1]:
        first = Delivery.objects.filter(mailing=mailing).order_by("subscriber_id")[:_FIRST]
        ended = [one.ended_at for one in first if one.state == DeliveryState.ACCEPTED and one.ended_at]
        if ended:
            yield min(ended)
