"""When digests are due: once a local day and once a week, in nights that lack an hour or have one twice as in any other."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.mailings.windows import Timetable, latest

MAINE = ZoneInfo("America/New_York")
SEVEN = Timetable(MAINE, time(7), 0)


@pytest.mark.parametrize(
    ("now", "daily", "weekly"),
    [
        ("2026-08-21T10:59:59", "daily:2026-08-20", "weekly:2026-08-17"),
        ("2026-08-21T11:00:00", "daily:2026-08-21", "weekly:2026-08-17"),
        ("2026-08-22T03:30:00", "daily:2026-08-21", "weekly:2026-08-17"),  # still the 21st in Maine
        ("2026-08-24T10:59:00", "daily:2026-08-23", "weekly:2026-08-17"),
        ("2026-08-24T11:00:00", "daily:2026-08-24", "weekly:2026-08-24"),
        ("2026-03-08T11:00:00", "daily:2026-03-08", "weekly:2026-03-02"),  # that night lacks an hour
        ("2026-03-08T10:59:00", "daily:2026-03-07", "weekly:2026-03-02"),
        ("2026-11-01T11:59:00", "daily:2026-10-31", "weekly:2026-10-26"),  # that night has one twice
        ("2026-11-01T12:00:00", "daily:2026-11-01", "weekly:2026-10-26"),
    ],
)
def test_the_latest_of_each(now: str, daily: str, weekly: str) -> None:
    found = latest(datetime.fromisoformat(now).replace(tzinfo=UTC), SEVEN)
    assert [one.key for one in found] == [daily, weekly]


NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = st.times(min_value=time(3, 1)).map(lambda one: one.replace(second=0, microsecond=0))


@given(
    # All of 2026, in which Maine changes its clock on March 8 and November 1.
    first=st.integers(0, 350 * 24 * 60).map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes)),
    steps=st.lists(st.integers(1, 60 * 30), max_size=60),
    at=TIMES,
    weekday=st.integers(0, 6),
    zone=st.sampled_from(["America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_whoever_looks_whenever_sees_each_day_once_and_in_order(
    first: datetime, steps: list[int], at: time, weekday: int, zone: str
) -> None:
    timetable = Timetable(ZoneInfo(zone), at, weekday)
    now = first
    before: tuple[date, date] | None = None
    for step in [0, *steps]:
        now += timedelta(minutes=step)
        daily, weekly = latest(now, timetable)
        assert daily.opens_at <= now < daily.opens_at + timedelta(hours=25)
        assert weekly.opens_at <= now < weekly.opens_at + timedelta(days=7, hours=1)
        assert weekly.day.weekday() == weekday
        if before:
            assert daily.day >= before[0]
            assert weekly.day >= before[1]
        before = daily.day, weekly.day


@pytest.mark.parametrize("day", [date(2026, 3, 7) + timedelta(days=one) for one in range(3)])
def test_a_day_has_one_window_however_long_it_is(day: date) -> None:
    midnight = datetime.combine(day, time(), MAINE)
    minutes = (midnight.astimezone(UTC) + timedelta(minutes=one) for one in range(0, 25 * 60, 5))
    keys = {latest(one, SEVEN)[0].key for one in minutes if one.astimezone(MAINE).date() == day}
    assert keys == {f"daily:{day - timedelta(days=1)}", f"daily:{day}"}
