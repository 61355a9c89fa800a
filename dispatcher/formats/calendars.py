"""Calendars: one event as a file that any calendar takes in (iCalendar, RFC 5545). Pure.

Moments are written in UTC, so no calendar has to believe our idea of a zone; a whole day is a date and means the reader's own.
"""

from datetime import datetime, timedelta

from icalendar import Alarm, Calendar
from icalendar import Event as Entry

from dispatcher.formats.events import Event

_PRODUCT = "-//MaineCare dispatcher//bulletin events//EN"
_REMIND = timedelta(days=-3)  # of a deadline: enough to write a comment, or to ask somebody who can


def as_ics(event: Event, *, uid: str, stamp: datetime, about: str, url: str) -> bytes:
    """The file. `uid` names the event for ever, so that whoever adds it twice has it once; `about` says what announced it."""
    entry = Entry()
    entry.add("uid", uid)
    entry.add("dtstamp", stamp)
    entry.add("summary", event.name)
    entry.add("description", f"{about}\n{url}")
    entry.add("url", event.url or url)
    if event.url:
        entry.add("location", event.url)
    _add_times(entry, event)
    if event.kind == "deadline":
        entry.add_component(_reminder(event))
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written


def _add_times(entry: Entry, event: Event) -> None:
    if event.starts is None:
        entry.add("dtstart", event.day)
        entry.add("dtend", event.day + timedelta(days=1))
        entry.add("transp", "TRANSPARENT")
        return
    entry.add("dtstart", event.begins_at)
    if event.ends_at is not None:
        entry.add("dtend", event.ends_at)


def _reminder(event: Event) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", event.name)
    alarm.add("trigger", _REMIND)
    return alarm
