"""Trackers: links that lead through a counting machine, which learns who clicked. The address behind is read, never fetched.

Some hold the recipient's own mail address in base64; so a tracker that cannot be read is not passed on either.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from urllib.parse import unquote

TRACKED = re.compile(
    r"https?://(?:links(?:-\d+)?\.govdelivery\.com|lnks\.gd)(?::\d+)?/[^\s<>\"]*", re.IGNORECASE
)


# Taking an address apart costs 20 µs, and most need nothing done to them.
_PLAIN = re.compile(r"https?://[a-z0-9][a-z0-9.-]*+(?:/[\w./%~+-]*+)?(?:\?[\w./%=+&;,:-]++)?", re.ASCII)


def is_plain(url: str) -> bool:
    """Is it a whole address, and no tracker, that taking apart and putting together would leave as it is?"""
    return _PLAIN.fullmatch(url) is not None and not TRACKED.match(url)


def unwrap(url: str) -> str | None:
    """The address behind a tracker, or the address itself if it is none. None: a tracker that cannot be read."""
    read = _reader(url)
    if read is None:
        return url
    inner = read(url)
    return unwrap(inner) if re.match(r"https?://[^/?#\s]", inner, re.IGNORECASE) else None


def _reader(url: str) -> Callable[[str], str] | None:
    if not TRACKED.match(url):
        return None
    host, _, path = url.partition("://")[2].partition("/")
    if host.lower().startswith("lnks.gd"):
        return _from_token
    return _from_segment if path.startswith("CL0/") else _from_tail


def _from_tail(url: str) -> str:
    """`…/track?…&enid=…&&&<n>&&&<address>`."""
    _, mark, inner = url.rpartition("&&&")
    return (unquote(inner) if re.match(r"https?%3a", inner, re.IGNORECASE) else inner) if mark else ""


def _from_segment(url: str) -> str:
    """`…/CL0/<address, its slashes escaped>/<n>/<id>/<signature>`."""
    return unquote(re.split(r"[/?#]", url.partition("/CL0/")[2], maxsplit=1)[0])


def _from_token(url: str) -> str:
    """`lnks.gd/l/<header>.<claims>.<signature>/s/<n>/br/<n>-l`, or without its end; the claims name the address."""
    parts = re.split(r"[/?#]", url.partition("/l/")[2], maxsplit=1)[0].split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return ""
    inner = claims.get("url") if isinstance(claims, dict) else None
    return inner if isinstance(inner, str) else ""
