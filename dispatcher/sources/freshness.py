"""When a server says that it may be asked again, read from the headers of its answer. Pure: our clock is passed in.

Its times are measured by its own clock, which may be wrong, as long as it says what that clock shows.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

Headers = Mapping[str, str]  # whose names are found in any case

_MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NOT_KEPT = re.compile(r"\bno-(?:cache|store)\b", re.IGNORECASE)


def retry_after(headers: Headers, now: float) -> float | None:
    """Seconds until it wants to be asked again, however that was told. `now`: by our clock."""
    told = headers.get("Retry-After", "").strip()
    return float(told) if re.fullmatch(r"\d{1,9}", told) else _until(told, headers, now)


def fresh_for(headers: Headers, now: float) -> float | None:
    """Seconds for which the answer stays good; None if nothing is said, or if it is not to be kept at all."""
    control = headers.get("Cache-Control", "")
    if _NOT_KEPT.search(control):
        return None
    if max_age := _MAX_AGE.search(control):
        return max(0.0, float(max_age[1]) - _age(headers))
    return _until(headers.get("Expires", ""), headers, now)


def _age(headers: Headers) -> float:
    """How long it lay in a cache on the way."""
    told = headers.get("Age", "").strip()
    return float(told) if re.fullmatch(r"\d{1,9}", told) else 0.0


def _until(told: str, headers: Headers, now: float) -> float | None:
    then = _timestamp(told)
    if then is None:
        return None
    there = _timestamp(headers.get("Date", ""))
    return max(0.0, then - (now if there is None else there))


def _timestamp(told: str) -> float | None:
    try:
        instant = parsedate_to_datetime(told)
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
