"""Dates by which somebody must act, as notices write them, and the mornings on which somebody works."""

from datetime import UTC, date, datetime

import pytest

from dispatcher.sources.urgency import deadlines, escalates, monday_morning, near

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("PUBLIC HEARING: Monday, December 7, 2026, at 1:00 PM", [date(2026, 12, 7)]),
        ("Comment Deadline: 12/17/2026", [date(2026, 12, 17)]),
        ("Written comments must be received by December 17th, 2026.", [date(2026, 12, 17)]),
        ("The deadline for comments is Dec. 17, 2026", [date(2026, 12, 17)]),
        ("hearing on 2026-12-07; comments until December 17", [date(2026, 12, 7), date(2026, 12, 17)]),
        ("a hearing on January 5", [date(2027, 1, 5)]),
        ("a hearing on November 3", [date(2026, 11, 3)]),
        (
            "On December 7, 2026, at 1:00 p.m., the Department will hold a public hearing.",
            [date(2026, 12, 7)],
        ),
        ("Testimony is heard on Dec. 7 at the hearing in Augusta", [date(2026, 12, 7)]),
        ("Posted December 7, 2026. The Department will hold a public hearing in January.", []),
        ("December 7, 2026 Public hearing: see below", []),
        ("Effective January 1, 2027.", []),
        ("The hearing of Section 80. " + "x" * 200 + " January 1, 2027", []),
        ("comments by February 31, 2027", []),
        ("commentary of March 3, 2027", []),
        ("", []),
    ],
)
def test_a_date_counts_if_such_a_word_introduces_it_or_a_hearing_is_on_it(
    text: str, days: list[date]
) -> None:
    assert deadlines(text, TODAY) == days


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In Maine, November 2026, which is five hours behind."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC).replace(hour=hour + 5)


@pytest.mark.parametrize(
    ("since", "days", "now", "daily", "moment"),
    [
        (at(23, 9), [], at(23, 17), False, None),
        (at(23, 9), [], at(24, 7, 59), False, None),
        (at(23, 9), [], at(24, 8), False, at(24, 8)),
        (at(23, 7), [], at(23, 8), False, at(23, 8)),
        (at(20, 9), [], at(22, 12), False, None),
        (at(20, 9), [], at(23, 8), False, at(23, 8)),
        (at(20, 9), [], at(25, 9), False, at(23, 8)),
        (at(20, 9), [], at(25, 9), True, at(25, 8)),
        (at(20, 9), [], at(22, 9), True, None),
        (at(23, 9), [date(2026, 11, 27)], at(23, 9), False, at(23, 9)),
        (at(23, 9), [date(2026, 11, 28)], at(23, 10), False, None),
        (at(17, 9), [date(2026, 11, 27)], at(23, 0, 1), False, at(23, 0)),
        (at(23, 9), [date(2026, 11, 22)], at(23, 10), False, None),
    ],
)
def test_what_waits_is_told_on_a_morning_of_work_or_when_its_date_is_close(
    since: datetime, days: list[date], now: datetime, daily: bool, moment: datetime | None
) -> None:
    assert escalates(since, days, now, daily=daily) == moment


def test_near_is_less_than_five_days_and_not_over() -> None:
    assert near([date(2026, 11, 22), date(2026, 11, 28)], TODAY) is None
    assert near([date(2026, 12, 1), date(2026, 11, 27)], TODAY) == date(2026, 11, 27)
    assert near([TODAY], TODAY) == TODAY


@pytest.mark.parametrize(("now", "monday"), [(at(23, 8), at(23, 8)), (at(23, 7), at(16, 8)), (at(22, 12), at(16, 8))])  # fmt: skip
def test_weeks_begin_on_monday_at_eight(now: datetime, monday: datetime) -> None:
    assert monday_morning(now) == monday
