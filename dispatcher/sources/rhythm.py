"""When to ask a source again: as often as was declared, as seldom as its publisher wishes, and never together with others. Pure.

The time, and the chance that spreads load, are passed in. Nothing here ends the asking: what fails is asked ever more rarely, and
at least once a day.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

SHORTEST = timedelta(minutes=10)
LONGEST = timedelta(hours=24)

_JITTER = 0.1  # what failed together must not come back together
_QUIET_AFTER = timedelta(days=7)
_LONGEST_QUIET = timedelta(hours=6)
_LONGEST_OFFICIAL = timedelta(
    minutes=60
)  # an emergency rule must not wait until a quiet source is asked again
_HOUR = timedelta(hours=1)
_WEEK = 7 * 24
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Chance = float  # from 0 to 1


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a publisher asks of readers: so much time between two looks, and no look in these hours or on these days, in GMT."""

    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, object]:
        """As the source's row keeps them; nothing if there are none."""
        if self == Wishes():
            return {}
        return {
            "ttl": self.ttl.total_seconds() if self.ttl else None,
            "skip_hours": sorted(self.skip_hours),
            "skip_days": sorted(self.skip_days),
        }

    @classmethod
    def from_json(cls, kept: dict[str, list[int | str] | float | None]) -> Self:
        """From the row."""
        ttl, hours, days = (kept.get(name) for name in ("ttl", "skip_hours", "skip_days"))
        return cls(
            ttl=timedelta(seconds=ttl) if isinstance(ttl, float | int) else None,
            skip_hours=frozenset(map(int, hours)) if isinstance(hours, list) else frozenset(),
            skip_days=frozenset(map(str, days)) if isinstance(days, list) else frozenset(),
        )

    def skips(self, moment: datetime) -> bool:
        """Is this no time to ask?"""
        told = moment.astimezone(UTC)
        return told.hour in self.skip_hours or _WEEKDAYS[told.weekday()] in map(str.casefold, self.skip_days)


def interval(declared: timedelta, quiet_for: timedelta, *, official: bool) -> timedelta:
    """Doubled for each week without anything new; the first new item brings the declared one back."""
    base = max(declared, SHORTEST)
    weeks = min(quiet_for // _QUIET_AFTER, 16)
    longest = _LONGEST_OFFICIAL if official else _LONGEST_QUIET
    return max(base, min(base * 2**weeks, longest)) if weeks > 0 else base


def after_success(
    now: datetime, every: timedelta, asked: Sequence[timedelta | None], wishes: Wishes, chance: Chance
) -> datetime:
    """The latest of our own interval and of what server and feed ask for."""
    wanted = [one for one in (*asked, wishes.ttl) if one]
    waits = [_spread(every, chance), *(one * (1 + _JITTER * chance) for one in map(_bounded, wanted))]
    return _unskipped(now + _bounded(max(waits)), wishes, chance)


def after_failure(
    now: datetime,
    declared: timedelta,
    failures: int,
    retry_after: timedelta | None,
    wishes: Wishes,
    chance: Chance,
) -> datetime:
    """Twice as long at each failure in a row, and never before the server said that it would be ready."""
    doubled = max(declared, SHORTEST) * 2 ** min(failures, 10)
    told = _bounded(retry_after or timedelta()) * (1 + _JITTER * chance)
    return _unskipped(now + _bounded(max(_spread(_bounded(doubled), chance), told)), wishes, chance)


def after_outage(now: datetime, chance: Chance) -> datetime:
    """Soon: the source did nothing wrong, and nobody knows when our network is back."""
    return now + SHORTEST * (1 + _JITTER * chance)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so many of them do not exceed: with few values the largest."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _bounded(wait: timedelta) -> timedelta:
    return min(wait, LONGEST)


def _spread(wait: timedelta, chance: Chance) -> timedelta:
    return wait * (1 - _JITTER + 2 * _JITTER * chance)


def _unskipped(due: datetime, wishes: Wishes, chance: Chance) -> datetime:
    """That moment or the first hour after it in which asking is welcome; a feed that skips all hours means something else."""
    if not wishes.skips(due):
        return due
    hour = due.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    welcome = (one for ahead in range(1, _WEEK + 1) if not wishes.skips(one := hour + ahead * _HOUR))
    found = next(welcome, None)
    return due if found is None else found + _HOUR * _JITTER * chance
