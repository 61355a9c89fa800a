"""One event as a file for calendars: right in its moment, named for ever, and nothing a title says can end a line of it."""

from datetime import UTC, date, datetime, time

from icalendar import Calendar

from dispatcher.formats.calendars import as_ics
from dispatcher.formats.events import Event

STAMP = datetime(2026, 8, 21, 18, 5, tzinfo=UTC)
URL = "https://notices.example.gov/bulletins/42"


def entry(event: Event, about: str = "A notice"):
    raw = as_ics(event, uid="bulletin-42-x@notices.example.gov", stamp=STAMP, about=about, url=URL)
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    (found,) = Calendar.from_ical(raw).walk("VEVENT")
    return found


def test_a_meeting_is_a_span_in_utc_with_the_place_to_join():
    event = Event(
        "meeting", "Office hours", date(2026, 7, 1), time(11), time(11, 45), url="https://meet.example.org/x"
    )
    found = entry(event)
    assert found.decoded("dtstart") == datetime(2026, 7, 1, 15, tzinfo=UTC)
    assert found.decoded("dtend") == datetime(2026, 7, 1, 15, 45, tzinfo=UTC)
    assert found["location"] == "https://meet.example.org/x"
    assert found["uid"] == "bulletin-42-x@notices.example.gov"
    assert URL in found["description"]


def test_without_an_end_none_is_made_up():
    assert "dtend" not in entry(Event("hearing", "Public hearing", date(2026, 12, 7), time(13)))


def test_a_deadline_is_a_whole_day_that_keeps_nobody_busy_and_reminds():
    found = entry(Event("deadline", "Comment deadline", date(2026, 12, 17)))
    assert found.decoded("dtstart") == date(2026, 12, 17)
    assert found.decoded("dtend") == date(2026, 12, 18)
    assert found["transp"] == "TRANSPARENT"
    assert [one["action"] for one in found.walk("VALARM")] == ["DISPLAY"]


def test_what_a_title_says_stays_inside_its_line():
    title = "R&D; a, b\\c\nEND:VCALENDAR “é” " + "long " * 60
    found = entry(Event("meeting", "Forum; a, b", date(2026, 12, 7), time(13)), about=title)
    assert found["summary"] == "Forum; a, b"
    assert found["description"].startswith(title)
