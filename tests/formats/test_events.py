"""Events: what a notice announces is shown first and offered to calendars; whatever is not said plainly is left to its text."""

from datetime import date, time

import pytest

from dispatcher.formats.events import MOST, announced

PUBLISHED = date(2026, 11, 23)


def told(body: str, title: str = "A notice", published: date = PUBLISHED) -> list[tuple[object, ...]]:
    return [(one.kind, one.name, one.day, one.starts, one.ends) for one in announced(title, body, published)]


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (
            "<p>Join our Billing Forum on Thursday, December 3, 2026, from 1 p.m. – 2:30 p.m.</p>",
            ("meeting", "Billing Forum", date(2026, 12, 3), time(13), time(14, 30)),
        ),
        (
            "<h3>Portal Office Hours – Wednesday December 9, 2026</h3><p>Come to the call on December 9, 2026, at 10:15 a.m.</p>",
            ("meeting", "Portal Office Hours", date(2026, 12, 9), time(10, 15), None),
        ),
        (
            "<p>On December 4 at noon ET we will hold a webinar.</p>",
            ("meeting", "Webinar", date(2026, 12, 4), time(12), None),
        ),
        (
            "<p>A training takes place 9-11 a.m. on Dec. 8, 2026.</p>",
            ("meeting", "Training", date(2026, 12, 8), time(9), time(11)),
        ),
        (
            "<p>The listening session is on 12/8/2026, 11-1 p.m. Eastern Time</p>",
            ("meeting", "Listening session", date(2026, 12, 8), time(11), time(13)),
        ),
        (
            "<p>PUBLIC HEARING: Monday, December 7, 2026, at 1:00 PM</p>",
            ("hearing", "Public hearing", date(2026, 12, 7), time(13), None),
        ),
        (
            "<p>PUBLIC HEARING:</p><p>Monday, December 7, 2026, 1:00 PM, Augusta</p>",
            ("hearing", "Public hearing", date(2026, 12, 7), time(13), None),
        ),
        (
            "<p>A hearing will be held on December 7th.</p>",
            ("hearing", "Public hearing", date(2026, 12, 7), None, None),
        ),
        (
            "<p>COMMENT DEADLINE: December 17, 2026 at 11:59 PM</p>",
            ("deadline", "Comment deadline", date(2026, 12, 17), time(23, 59), None),
        ),
        (
            "<p>Comments must be received by 5 p.m. on December 17, 2026.</p>",
            ("deadline", "Comment deadline", date(2026, 12, 17), time(17), None),
        ),
        (
            "<p>You may comment on the draft until Dec. 17.</p>",
            ("deadline", "Comment deadline", date(2026, 12, 17), None, None),
        ),
        (
            "<p>Please register for the forum by December 1, 2026.</p>",
            ("deadline", "Registration deadline", date(2026, 12, 1), None, None),
        ),
        (
            "<p>Cost reports are due no later than January 5.</p>",
            ("deadline", "Deadline", date(2027, 1, 5), None, None),
        ),
    ],
)
def test_what_is_said_plainly_is_an_event(body: str, event: tuple[object, ...]) -> None:
    assert told(body) == [event]


@pytest.mark.parametrize(
    "body",
    [
        "<p>The rule takes effect on January 1, 2027.</p>",
        "<p>Beginning December 1, 2026, pharmacies may send claims.</p>",
        "<p>The forum of October 1, 2026, at 9 a.m. was well attended.</p>",
        "<p>The forum on December 3, 2026, at 9 a.m. is cancelled.</p>",
        "<p>The webinar was moved from December 3, 2026, at 9 a.m.</p>",
        "<p>Cancelled: Billing Forum</p><p>December 3, 2026, at 9 a.m.</p>",
        "<p>The forum is on Friday, December 3, 2026, at 9 a.m.</p>",
        "<p>The forum is on December 3, 2026.</p>",
        "<p>The forum is on December 3, 2026, room 9.</p>",
        "<p>The forum is on December 3, 2026, from 3 p.m. to 1 p.m.</p>",
        "<p>The forum is on February 31, 2027, at 9 a.m.</p>",
        "<p>A forum will follow. Section 80 changes on December 3, 2026.</p>",
        "<p>As stated at the hearing. December 3, 2026 is when the rule changes.</p>",
        "<p>The forum is on December 3, 2029, at 9 a.m.</p>",
        "<p>Meeting the standard of December 3, 2026</p><p>matters.</p>",
        "",
    ],
)
def test_what_is_not_plain_is_left_to_the_text(body: str) -> None:
    assert told(body) == []


def test_the_heading_names_the_meeting_and_the_text_says_when_and_where() -> None:
    (event,) = announced(
        "Attention providers",
        "<p>Service Disruption Office Hours – Thursday March 28, 2024</p>"
        "<p>Join the next Office Hours call with our team on Thursday, March 28, 2024, from 11 a.m. – 11:45 a.m. Register here:</p>"
        "<p>https://meet.example.org/register/abc.</p>",
        date(2024, 3, 26),
    )
    assert event.name == "Service Disruption Office Hours"
    assert (event.starts, event.ends) == (time(11), time(11, 45))
    assert event.url == "https://meet.example.org/register/abc"
    assert event.begins_at.isoformat() == "2024-03-28T15:00:00+00:00"
    assert event.key == "meeting-20240328T1100"


def test_a_link_of_another_date_is_not_taken() -> None:
    first, second = announced(
        "Forums",
        "<p>The forum is on December 3, 2026, at 9 a.m.</p><p>The forum is on December 4, 2026, at 9 a.m. "
        '<a href="https://meet.example.org/four">Join</a></p>',
        PUBLISHED,
    )
    assert (first.url, second.url) == ("", "https://meet.example.org/four")


def test_another_zone_is_believed_and_summer_time_is_the_zones_own() -> None:
    (winter,) = announced("x", "<p>Webinar: December 3, 2026, 9 a.m. CT</p>", PUBLISHED)
    (summer,) = announced("x", "<p>Webinar: July 1, 2027, 9 a.m. EST</p>", PUBLISHED)
    assert winter.begins_at.isoformat() == "2026-12-03T15:00:00+00:00"
    assert summer.begins_at.isoformat() == "2027-07-01T13:00:00+00:00"


def test_they_come_in_the_order_in_which_they_happen_and_not_without_end() -> None:
    days = "".join(f"<p>Billing forum: December {day}, 2026, at 9 a.m.</p>" for day in range(28, 0, -1))
    found = told(days)
    assert len(found) == MOST
    assert [one[2] for one in found] == [date(2026, 12, day) for day in range(1, MOST + 1)]


def test_the_day_of_publication_itself_lies_ahead() -> None:
    assert told("<p>Webinar: November 23, 2026, at 4 p.m.</p>")[0][2] == PUBLISHED


def test_a_hundred_kilobytes_of_dates_take_no_time_worth_naming() -> None:
    assert len(told("<p>" + "hearing December 7, 2026, " * 4_000 + "</p>")) == 1
