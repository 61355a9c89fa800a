"""When a source is asked again: tables of cases, and what must hold whatever a publisher wishes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.sources import rhythm
from dispatcher.sources.rhythm import Wishes

NOW = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NONE = Wishes()
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.mark.parametrize(
    ("declared", "quiet_for", "official", "wanted"),
    [
        (30 * MINUTE, timedelta(), False, 30 * MINUTE),
        (30 * MINUTE, 7 * DAY - MINUTE, False, 30 * MINUTE),
        (30 * MINUTE, 7 * DAY, False, HOUR),
        (30 * MINUTE, 14 * DAY, False, 2 * HOUR),
        (30 * MINUTE, 900 * DAY, False, 6 * HOUR),
        (30 * MINUTE, 900 * DAY, True, HOUR),
        (60 * MINUTE, 900 * DAY, True, HOUR),
        (12 * HOUR, 900 * DAY, False, 12 * HOUR),
        (12 * HOUR, 900 * DAY, True, 12 * HOUR),
        (MINUTE, timedelta(), False, 10 * MINUTE),
        (30 * MINUTE, -DAY, False, 30 * MINUTE),
    ],
)
def test_a_quiet_source_is_asked_more_rarely_but_an_official_one_never_less_than_hourly(
    declared: timedelta, quiet_for: timedelta, official: bool, wanted: timedelta
) -> None:
    assert rhythm.interval(declared, quiet_for, official=official) == wanted


@pytest.mark.parametrize(
    ("asked", "ttl", "chance", "wanted"),
    [
        ([], None, 0.5, 30 * MINUTE),
        ([], None, 0.0, 27 * MINUTE),
        ([], None, 1.0, 33 * MINUTE),
        ([None, 5 * MINUTE], None, 0.5, 30 * MINUTE),
        ([2 * HOUR], None, 0.0, 2 * HOUR),
        ([2 * HOUR], 3 * HOUR, 1.0, 3.3 * HOUR),
        ([9 * DAY], None, 0.0, DAY),
        ([], 90 * DAY, 1.0, DAY),
    ],
)
def test_the_latest_of_what_everybody_asks_for_and_a_day_at_most(
    asked: list[timedelta | None], ttl: timedelta | None, chance: float, wanted: timedelta
) -> None:
    due = rhythm.after_success(NOW, 30 * MINUTE, asked, Wishes(ttl=ttl), chance)
    assert abs(due - NOW - wanted) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("hours", "days", "wanted"),
    [
        ({14}, set(), datetime(2026, 11, 23, 15, 0, tzinfo=UTC)),
        ({14, 15, 16}, set(), datetime(2026, 11, 23, 17, 0, tzinfo=UTC)),
        (set(), {"Monday"}, datetime(2026, 11, 24, 0, 0, tzinfo=UTC)),
        ({0, 1}, {"monday", "Tuesday"}, datetime(2026, 11, 25, 2, 0, tzinfo=UTC)),
        ({13}, {"Sunday"}, NOW + 30 * MINUTE),
        (set(range(24)), set(), NOW + 30 * MINUTE),
        (set(), set(WEEKDAYS), NOW + 30 * MINUTE),
    ],
)
def test_skipped_hours_and_days_are_waited_out_in_gmt(
    hours: set[int], days: set[str], wanted: datetime
) -> None:
    wishes = Wishes(skip_hours=frozenset(hours), skip_days=frozenset(days))
    due = rhythm.after_success(NOW, 30 * MINUTE, [], wishes, 0.5)
    assert wanted <= due <= wanted + 6 * MINUTE


@pytest.mark.parametrize(
    ("failures", "retry_after", "wanted"),
    [(1, None, HOUR), (2, None, 2 * HOUR), (3, None, 4 * HOUR), (6, None, DAY), (99, None, DAY), (1, 5 * HOUR, 5.25 * HOUR), (1, 90 * DAY, DAY)],
)  # fmt: skip
def test_what_fails_is_asked_twice_as_late_each_time_and_at_least_daily(
    failures: int, retry_after: timedelta | None, wanted: timedelta
) -> None:
    due = rhythm.after_failure(NOW, 30 * MINUTE, failures, retry_after, NONE, 0.5)
    assert abs(due - NOW - wanted) < timedelta(milliseconds=1)


SPANS = st.timedeltas(min_value=timedelta(), max_value=40 * DAY)
WISHES = st.builds(
    Wishes,
    ttl=st.none() | SPANS,
    skip_hours=st.frozensets(st.integers(0, 23)),
    skip_days=st.frozensets(st.sampled_from(WEEKDAYS)),
)
CHANCES = st.floats(0, 1)


def never(wishes: Wishes) -> bool:
    return all(wishes.skips(NOW + hour * HOUR) for hour in range(7 * 24))


@settings(deadline=None)  # the machine may be busy
@given(st.timedeltas(min_value=timedelta(), max_value=DAY), SPANS, SPANS | st.none(), WISHES, CHANCES)
def test_the_next_poll_is_within_bounds_and_never_in_a_skipped_hour(
    declared: timedelta, quiet_for: timedelta, fresh: timedelta | None, wishes: Wishes, chance: float
) -> None:
    every = rhythm.interval(declared, quiet_for, official=False)
    due = rhythm.after_success(NOW, every, [fresh], wishes, chance)
    assert due >= NOW + 9 * MINUTE
    assert never(wishes) or not wishes.skips(due)
    asked = max(fresh or timedelta(), wishes.ttl or timedelta())
    assert due - NOW >= min(asked, DAY)
    if wishes.skip_hours or wishes.skip_days:
        assert due - NOW <= 8 * DAY
    else:
        assert due - NOW <= DAY


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 10_000), SPANS | st.none(), WISHES, CHANCES)
def test_a_failure_never_comes_back_before_it_was_asked_to(
    failures: int, retry_after: timedelta | None, wishes: Wishes, chance: float
) -> None:
    due = rhythm.after_failure(NOW, 30 * MINUTE, failures, retry_after, wishes, chance)
    assert due - NOW >= min(retry_after or timedelta(), DAY)
    assert due - NOW >= 54 * MINUTE
    assert never(wishes) or not wishes.skips(due)


@settings(deadline=None)  # the machine may be busy
@given(WISHES)
def test_wishes_survive_their_row(wishes: Wishes) -> None:
    assert Wishes.from_json(wishes.as_json()) == (
        wishes if wishes.ttl or wishes.ttl is None else Wishes(None, wishes.skip_hours, wishes.skip_days)
    )


@pytest.mark.parametrize(
    ("values", "share", "wanted"),
    [([1], 0.95, 1), (range(1, 101), 0.95, 95), (range(1, 101), 0.99, 99), ([3, 1, 2], 0.99, 3), ([1, 2], 0.5, 1)],
)  # fmt: skip
def test_a_percentile_is_one_of_the_values(values: list[float], share: float, wanted: float) -> None:
    assert rhythm.percentile(values, share) == wanted
