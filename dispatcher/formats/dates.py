"""Dates as publishers write them, read from the raw text: a library that guesses reads an unknown zone as UTC.

A date without a zone, or with an American zone name, is wall-clock time there whatever the season: feeds say EST in July.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

MAINE = ZoneInfo("America/New_York")

UNREADABLE = "date not readable"  # how the note of one begins

_EARLIEST_YEAR = 1995  # before that nobody published on the web: the date is a default or a slip

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_DAYS = tuple(
    re.compile(_WEEKDAY + day, re.IGNORECASE)
    for day in (
        r"(?P<day>\d{1,2})[\s-]+" + _MONTH + r"[\s-]+(?P<year>\d{4}|\d\d)",  # most often, so first
        r"(?P<year>\d{4})-(?P<number>\d\d)-(?P<day>\d\d)",
        r"(?P<number>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})",
        _MONTH + r"\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
    )
)
_TIME = re.compile(
    r"[\sT,\u2013-]*(?:at\s+)?(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r"(?:\s*(?P<half>[ap]\.?m\.?)(?![a-z]))?",
    re.IGNORECASE,
)
# In running text; of the short names only those with their dot: "Mar" and "Sun" are words too.
DAY = re.compile(
    r"\b(?:(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.)\s+\d{1,2}(?:st|nd|rd|th)?(?:,?\s+\d{4})?\b"
    r"|\b\d{1,2}/\d{1,2}/\d{4}\b|\b\d{4}-\d\d-\d\d\b",
    re.IGNORECASE,
)
_LONGEST_AGO = timedelta(days=180)  # a day without a year lies ahead, or not longer than this behind
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")

_ZONES: dict[str, tzinfo] = {
    **dict.fromkeys(("EST", "EDT", "ET", "EASTERN", "EASTERN TIME"), MAINE),
    **dict.fromkeys(("CST", "CDT", "CT"), ZoneInfo("America/Chicago")),
    **dict.fromkeys(("MST", "MDT", "MT"), ZoneInfo("America/Denver")),
    **dict.fromkeys(("PST", "PDT", "PT"), ZoneInfo("America/Los_Angeles")),
    **dict.fromkeys(("Z", "UT", "UTC", "GMT"), UTC),
}


def read(raw: str) -> tuple[datetime | None, str]:
    """The instant in UTC, and what was odd about the text; an empty note means nothing was."""
    text = " ".join(raw.split())
    if not text:
        return None, "no date"
    try:
        wall, rest = _wall_clock(text)
        zone, note = _zone(rest)
        instant = wall.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, f"{UNREADABLE}: {text[:60]!r}"
    if instant.year < _EARLIEST_YEAR:
        return None, f"date too early to be one: {text[:60]!r}"
    return instant, note


def day_of(said: str, today: date) -> date | None:
    """What `DAY` found, as a day in Maine; without a year, the one that fits what is said on this day."""
    written = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", said, flags=re.IGNORECASE).replace("Sept.", "Sep.")
    if re.search(r"\d{4}", written):
        instant, _ = read(written)
        return instant.astimezone(MAINE).date() if instant else None
    for year in (today.year, today.year + 1):
        instant, _ = read(f"{written}, {year}")
        if instant and (day := instant.astimezone(MAINE).date()) >= today - _LONGEST_AGO:
            return day
    return None


def _wall_clock(text: str) -> tuple[datetime, str]:
    """Day and time as written, without a zone, and what follows them."""
    day = next((found for one in _DAYS if (found := one.match(text))), None)
    if day is None:
        raise ValueError(text)
    named = day.groupdict()
    month = int(named["number"]) if "number" in named else _MONTHS.index(named["month"][:3].lower()) + 1
    midnight = datetime(_year(named["year"]), month, int(named["day"]))  # noqa: DTZ001 -- its zone is read next
    time = _TIME.match(text, day.end())
    return (midnight, text[day.end() :]) if time is None else (midnight + _since(time), text[time.end() :])


def _year(digits: str) -> int:
    """Two digits as RFC 5322 reads them."""
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 50 else 1900)


def _since(time: re.Match[str]) -> timedelta:
    hour, minute, second = (int(time[name] or 0) for name in ("hour", "minute", "second"))
    if time["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(time[0])
        hour = hour % 12 + (12 if time["half"][0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError(time[0])
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _zone(rest: str) -> tuple[tzinfo, str]:
    name = rest.partition("(")[0].strip(" ,.") or rest.strip(" ().")
    offset = _OFFSET.fullmatch(name)
    if offset:
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-away if offset[1] == "-" else away), ""
    if not name:
        return MAINE, ""
    if not re.fullmatch(r"[A-Za-z ]{1,20}", name):
        raise ValueError(name)
    known = _ZONES.get(name.upper())
    return (known, "") if known else (MAINE, f"zone {name!r} not known, read as time in Maine")
