"""Times of day as people write them beside a date: "from 11 a.m. – 11:45 a.m.", "at 1:00 PM EST", "noon to 1 p.m. Eastern". Pure."""

import re
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from dispatcher.formats.dates import MAINE

_HALF = r"[ap]\.?\s?m\b\.?"
_DASH = r"(?:-|–|—|to|until|till|through)"


def _clock(name: str) -> str:
    return rf"(?:(?P<{name}_hour>\d{{1,2}})(?::(?P<{name}_minute>[0-5]\d))?(?:\s*(?P<{name}_half>{_HALF}))?|(?P<{name}_noon>noon|12 noon))"


_ZONE = r"(?:\s*\(?(?P<zone>(?:e|c)(?:s|d)?t\b|eastern|central)(?:\s+(?:standard\s+|daylight\s+)?time)?\)?)?"
_SPAN = rf"{_clock('from')}(?:\s*{_DASH}\s*{_clock('to')})?{_ZONE}"
_BEHIND = re.compile(
    rf"\A[\s,;:(–—|-]*(?:from|at|beginning at|starting at|between)?\s*{_SPAN}", re.IGNORECASE
)
_BEFORE = re.compile(
    rf"(?<![\w:/.-]){_SPAN},?\s*(?:on\s+)?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s*)?\Z",
    re.IGNORECASE,
)
_ZONES = {"c": ZoneInfo("America/Chicago"), "e": MAINE}


@dataclass(frozen=True, slots=True)
class Clock:
    """When something begins, when it ends if that is said, and where the clock hangs: in Maine unless another zone is named."""

    starts: time
    ends: time | None = None
    zone: ZoneInfo = MAINE


def beside(before: str, after: str) -> Clock | None:
    """The time that stands right behind a date, or right before it."""
    return _read(_BEHIND.search(after)) or _read(_BEFORE.search(before))


def _read(found: re.Match[str] | None) -> Clock | None:
    """A bare number is a time only if a half of the day, minutes or a noon beside it says so."""
    if found is None:
        return None
    named = found.groupdict()
    ends = _time(named, "to", named["to_half"])
    starts = _time(named, "from", named["from_half"] or _half_of_start(named))
    if starts is None or (ends is not None and ends <= starts):
        return None
    zone = _ZONES[named["zone"][0].lower()] if named["zone"] else MAINE
    return Clock(starts, ends, zone)


def _half_of_start(named: dict[str, str | None]) -> str | None:
    """One half may stand for both, as in "10-11 a.m."; "11-1 p.m." begins in the morning."""
    half = named["to_half"]
    if half is None or named["from_hour"] is None or named["to_hour"] is None:
        return half or ("a.m." if named["to_noon"] else None)
    later = half[0] in "pP" and int(named["from_hour"]) % 12 > int(named["to_hour"]) % 12
    return "a.m." if later else half


def _time(named: dict[str, str | None], which: str, half: str | None) -> time | None:
    if named[f"{which}_noon"]:
        return time(12)
    hour, minute = named[f"{which}_hour"], named[f"{which}_minute"] or "0"
    if hour is None or half is None or not 1 <= int(hour) <= 12:
        return None
    return time(int(hour) % 12 + (12 if half[0] in "pP" else 0), int(minute))
