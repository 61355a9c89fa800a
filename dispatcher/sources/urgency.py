"""How soon a person must look at what is held or matched no topic: dates that pass, and mornings on which somebody works. Pure.

A date counts if a word such as "hearing" or "deadline" introduces it, or if on it "a hearing" is held. A wrong guess costs one letter
to operators, never a mail to subscribers.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from dispatcher.formats.dates import DAY, MAINE, day_of

_NEAR = timedelta(days=5)
_MORNING = time(8)
_BUSINESS_DAYS = {0, 1, 2, 3, 4}
_REACH = 160  # characters between the word and its date

_WORD = re.compile(r"\b(?:comments?|deadline|hearings?)\b", re.IGNORECASE)
_HELD = re.compile(r"\b(?:an?|the|its)\s+(?:[\w-]+\s+){0,2}hearing\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.;!?]\s+(?=[A-Z])")


def deadlines(text: str, today: date) -> list[date]:
    """The days by which one may comment, or on which one is heard, as far as the text says so plainly."""
    return sorted(set(_deadlines(text, today)))


def escalates(since: datetime, days: Iterable[date], now: datetime, *, daily: bool) -> datetime | None:
    """The latest moment up to now at which operators were to be told of what waits since then: a morning, or a date that came near.

    `daily`: every morning of work; else the first alone.
    """
    morning = _business_morning(now) if daily else _first_morning(since)
    ahead = (day for day in days if now < _midnight(day + timedelta(days=1)))
    moments = [morning, *(max(since, _midnight(day - _NEAR + timedelta(days=1))) for day in ahead)]
    return max((one for one in moments if since <= one <= now), default=None)


def near(days: Iterable[date], today: date) -> date | None:
    """The first of them that is less than five days away."""
    return min((one for one in days if today <= one < today + _NEAR), default=None)


def monday_morning(now: datetime) -> datetime:
    """The last one."""
    return _morning_before(now, {0})


def _business_morning(now: datetime) -> datetime:
    """The last one up to now. Holidays count as days of work: one letter more does no harm."""
    return _morning_before(now, _BUSINESS_DAYS)


def _morning_before(now: datetime, weekdays: set[int]) -> datetime:
    return next(one for one in _mornings(now, -1) if one <= now and one.weekday() in weekdays)


def _first_morning(since: datetime) -> datetime:
    return next(one for one in _mornings(since, 1) if one >= since and one.weekday() in _BUSINESS_DAYS)


def _mornings(around: datetime, step: int) -> Iterator[datetime]:
    """Of eight days from that one on, forwards or backwards."""
    day = around.astimezone(MAINE).date()
    return (datetime.combine(day + step * timedelta(days=away), _MORNING, MAINE) for away in range(9))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), MAINE)


def _deadlines(text: str, today: date) -> Iterator[date]:
    for word in _WORD.finditer(text):
        introduced = text[word.end() : word.end() + _REACH]
        if (found := DAY.search(introduced)) and (day := day_of(found[0], today)):
            yield day
    for found in DAY.finditer(text):
        sentence = _SENTENCE_END.split(text[found.end() : found.end() + _REACH], maxsplit=1)[0]
        if _HELD.search(sentence) and (day := day_of(found[0], today)):
            yield day
