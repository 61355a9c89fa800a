"""Events: the meetings, hearings and deadlines that a notice announces, as far as it says so plainly. Pure.

They are shown first and offered to calendars, so a wrong one is worse than none: what is called off, has passed, names a weekday
that its date is not, or says no time where one meets is left to the reader of the text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatcher.formats import clocks, html, runs
from dispatcher.formats.clocks import Clock
from dispatcher.formats.dates import DAY, MAINE, day_of
from dispatcher.formats.runs import Run

MOST = 10  # who announces more has written a calendar, and it is readable as one

_FURTHEST = timedelta(days=400)
_LONGEST_HEADING = 120
_LONGEST_NAME = 100
_REACH = 300  # characters: a sentence may have no end
_LINK_WITHIN = 3  # blocks: the one that names the meeting, and where "register here" stands below it

_MEETING = re.compile(
    r"\b(?:office hours?(?: call)?|webinars?|(?:information(?:al)?|listening|training|question and answer|q&a) sessions?"
    r"|meetings?|forums?|trainings?|town halls?|conference calls?|workshops?)\b",
    re.IGNORECASE,
)
_HEARING = re.compile(r"\b(?:public )?hearings?\b", re.IGNORECASE)
_DEADLINE = re.compile(
    r"\bdeadline\b|\b(?:due|postmarked|received|submitted|returned|completed|filed) (?:on or )?(?:by|before|no later than)\b"
    r"|\bno later than\b|\bcomments?\b[^.;]{0,80}?\b(?:by|until|through)\b|\bregister(?:ed)?\b[^.;]{0,40}?\b(?:by|before)\b|\bdue\b",
    re.IGNORECASE,
)
_OFF = re.compile(
    r"\b(?:cancel+ed|postponed|called off|no longer|(?:was|were) (?:held|due|extended)|(?:moved|rescheduled|changed|extended) from)\b",
    re.IGNORECASE,
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = rf"(?P<weekday>{'|'.join(_WEEKDAYS)})s?"
_WEEKDAY_BEFORE = re.compile(rf"\b{_WEEKDAY},?\s*\Z", re.IGNORECASE)
# Where a sentence ends, and not an abbreviation: "11 a.m. Monday", "Dec. 7", "Ch. II".
_SENTENCE_END = re.compile(
    r"(?<![ap]\.m)(?<!\b[A-Z])(?<!\b\w\w)(?<!\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Sec))(?<!\bSept)[.!?]\s+"
)
_BEFORE_NAME = re.compile(r"(?:[A-Z][\w&’'/-]*\s+){1,8}\Z")
_ARTICLE = re.compile(r"\A(?:The|An?|Our|This|That) (?P<first>\w)", re.IGNORECASE)
_ENDS_OF_NAME = " \t–—-:,;|("
_URL = re.compile(r"https://[^\s<>\"')]+")


@dataclass(frozen=True, slots=True)
class Event:
    """`kind`: meeting, hearing or deadline. Without `starts` it is about the whole day. `url`: where to join or read on, if said."""

    kind: str
    name: str
    day: date
    starts: time | None = None
    ends: time | None = None
    zone: ZoneInfo = MAINE
    url: str = ""

    @property
    def key(self) -> str:
        """Names it among the events of its bulletin, whatever else is found there: `hearing-20261207T1300`."""
        at = f"T{self.starts:%H%M}" if self.starts else ""
        return f"{self.kind}-{self.day:%Y%m%d}{at}"

    @property
    def begins_at(self) -> datetime:
        """The moment, in UTC; of a whole day, its midnight."""
        return datetime.combine(self.day, self.starts or time(), self.zone).astimezone(UTC)

    @property
    def ends_at(self) -> datetime | None:
        """The moment, in UTC, if it is said."""
        return datetime.combine(self.day, self.ends, self.zone).astimezone(UTC) if self.ends else None


def announced(title: str, body_html: str, published: date) -> tuple[Event, ...]:
    """What lies ahead of the day of publication, in the order in which it happens."""
    read = [Run(title, ()), *runs.Reader().read(html.parse(body_html))]
    found = (one for place in range(len(read)) for one in _in_block(read, place, published))
    ahead = (one for one in found if published <= one.day <= published + _FURTHEST)
    return tuple(sorted(_without_repeats(ahead), key=lambda one: (one.begins_at, one.kind))[:MOST])


def _in_block(read: Sequence[Run], place: int, published: date) -> Iterator[Event]:
    text = " ".join(read[place].text.split())
    sentences = _sentences(text)
    for said in DAY.finditer(text):
        day = day_of(said[0], published)
        before, after = _sentence_round(text, sentences, said.start(), said.end())
        if day is None or _is_other_weekday(before, day):
            continue
        if (event := _event(read, place, before, after, day, published)) is not None:
            yield event


def _is_other_weekday(before: str, day: date) -> bool:
    """A date whose weekday is another: one of the two is a slip, and nobody can tell which."""
    named = _WEEKDAY_BEFORE.search(before)
    return named is not None and _WEEKDAYS[day.weekday()] != named["weekday"].lower()


def _sentences(text: str) -> list[int]:
    """Where each begins, and the end of the last."""
    return [0, *(one.end() for one in _SENTENCE_END.finditer(text)), len(text)]


def _sentence_round(text: str, sentences: Sequence[int], start: int, end: int) -> tuple[str, str]:
    """What stands before and behind a date in its sentence, as far as it can still be about the date."""
    begins = sentences[bisect_right(sentences, start) - 1]
    stops = sentences[min(bisect_right(sentences, end), len(sentences) - 1)]
    return text[max(begins, start - _REACH) : start], text[end : min(stops, end + _REACH)]


def _event(
    read: Sequence[Run], place: int, before: str, after: str, day: date, published: date
) -> Event | None:
    heading, clock = _heading(read, place), clocks.beside(before, after)
    if _OFF.search(before + after) or _OFF.search(heading):
        return None
    of_heading = before.strip(_ENDS_OF_NAME + "*").lower() in ("", *_WEEKDAYS) or _names(
        heading, day, published
    )
    kind, word = _kind(before, after, heading if of_heading else "", clock)
    if word is None:
        return None
    made = Event(
        kind, _name(kind, word, before, heading), day, url=_url(read, place) if kind != "deadline" else ""
    )
    return replace(made, starts=clock.starts, ends=clock.ends, zone=clock.zone) if clock else made


def _kind(before: str, after: str, heading: str, clock: Clock | None) -> tuple[str, re.Match[str] | None]:
    """What introduces the date decides; then what follows it, such as "on May 5 at 1 p.m. we hold a webinar"; then the heading above."""
    if word := _last(_DEADLINE, before):
        return "deadline", word
    if word := _last(_HEARING, before):
        return "hearing", word
    if clock and (word := _last(_MEETING, before) or _MEETING.search(after)):
        return "meeting", word
    for kind, pattern in (("deadline", _DEADLINE), ("hearing", _HEARING), ("meeting", _MEETING)):
        if (kind != "meeting" or clock) and (word := pattern.search(heading)):
            return kind, word
    if (word := _last(_MEETING, before)) and len(before) <= _LONGEST_HEADING and not after.strip():
        return "meeting", word  # a heading: its time stands in the text below, or it is left out in the end
    return "", None


def _names(heading: str, day: date, published: date) -> bool:
    """Is the heading above about this very day?"""
    return any(day_of(said[0], published) == day for said in DAY.finditer(heading))


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(pattern.finditer(text), key=lambda one: one.start(), default=None)


def _heading(read: Sequence[Run], place: int) -> str:
    """A short block just above, such as "PUBLIC HEARING:"; the title is above everything and heads nothing."""
    above = " ".join(read[place - 1].text.split()) if place > 1 else ""
    return above if len(above) <= _LONGEST_HEADING else ""


def _name(kind: str, word: re.Match[str], before: str, heading: str) -> str:
    if kind == "deadline":
        return _deadline_name(word.string)
    if kind == "hearing":
        return "Public hearing"
    lead = _undated(before)
    if len(lead) <= _LONGEST_NAME and lead[:1].isupper() and lead.endswith(word[0]):
        return _ARTICLE.sub(lambda found: found["first"].upper(), lead)
    if heading and word.string == heading:
        return _undated(heading)[:_LONGEST_NAME]
    capitals = _BEFORE_NAME.search(word.string[: word.start()])
    said = f"{capitals[0] if capitals else ''}{word[0]}".strip()
    return _ARTICLE.sub(lambda found: found["first"].upper(), said[:1].upper() + said[1:])


def _undated(text: str) -> str:
    """What stands before its date, if it has one."""
    said = DAY.search(text)
    return _WEEKDAY_BEFORE.sub("", text[: said.start()] if said else text).strip(_ENDS_OF_NAME)


def _deadline_name(said: str) -> str:
    lowered = said.lower()
    if "comment" in lowered:
        return "Comment deadline"
    return "Registration deadline" if "regist" in lowered else "Deadline"


def _url(read: Sequence[Run], place: int) -> str:
    """The first address in the block or just below it, up to the next date."""
    for away, run in enumerate(read[place : place + _LINK_WITHIN]):
        if away and DAY.search(run.text):
            return ""
        for href in (*run.links, *(found[0] for found in _URL.finditer(run.text))):
            if href.startswith("https://"):
                return href.rstrip(".,;")
    return ""


def _without_repeats(found: Iterator[Event]) -> list[Event]:
    """Of one kind and day, a time says more than none; a meeting of which nobody says when it begins is none for a calendar."""
    kept: dict[tuple[str, date, time | None], Event] = {}
    for one in found:
        known = kept.get((one.kind, one.day, one.starts))
        kept[one.kind, one.day, one.starts] = one if known is None else _fuller(known, one)
    timed = {(one.kind, one.day): one for one in kept.values() if one.starts}
    named = {(one.kind, one.day): one.name for one in kept.values() if not one.starts}
    whole_days = (one for one in kept.values() if not one.starts and (one.kind, one.day) not in timed)
    return [
        *(
            replace(one, name=_better(one.name, named.get((one.kind, one.day))))
            for one in kept.values()
            if one.starts
        ),
        *(one for one in whole_days if one.kind != "meeting"),
    ]


def _fuller(known: Event, other: Event) -> Event:
    return replace(
        known,
        name=_better(known.name, other.name),
        ends=known.ends or other.ends,
        url=known.url or other.url,
    )


def _better(name: str, other: str | None) -> str:
    return other if other and len(other) > len(name) else name
