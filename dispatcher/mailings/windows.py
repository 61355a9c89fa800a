"""Windows: when a daily or a weekly digest is due, by the clock of the agency. Pure.

A window is named by its local date, so a night in which the clock is changed has one like any other. Only the latest of each cadence
counts: whatever an earlier one did not tell, this one does.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatcher.parsing import DAYS


@dataclass(frozen=True, slots=True)
class Timetable:
    """At what time digests are due, and on which day of the week the weekly one: 0 is Monday."""

    zone: ZoneInfo
    at: time
    weekday: int


@dataclass(frozen=True, slots=True)
class Window:
    """One digest: what matched until `opens_at` and was not told yet."""

    cadence: str
    day: date
    opens_at: datetime

    @property
    def key(self) -> str:
        """Of its mailing."""
        return f"{self.cadence}:{self.day.isoformat()}"


def latest(now: datetime, timetable: Timetable) -> tuple[Window, Window]:
    """The daily and the weekly one that opened last."""
    return _latest("daily", now, timetable, range(len(DAYS))), _latest(
        "weekly", now, timetable, [timetable.weekday]
    )


def _latest(cadence: str, now: datetime, timetable: Timetable, weekdays: range | list[int]) -> Window:
    today = now.astimezone(timetable.zone).date()
    days = (today - timedelta(days=back) for back in range(len(DAYS) + 1))
    windows = (_window(cadence, day, timetable) for day in days if day.weekday() in weekdays)
    return next(one for one in windows if one.opens_at <= now)


def _window(cadence: str, day: date, timetable: Timetable) -> Window:
    return Window(cadence, day, datetime.combine(day, timetable.at, timetable.zone).astimezone(UTC))
