"""What reading a fetched document gives: plain values on their way from a parser to the poll verb, before any row exists."""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from dispatcher.formats.html import plain, storable
from dispatcher.formats.trackers import unwrap


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a feed or one notice of a page, as read. `notes`: what was odd about it."""

    guid: str
    title: str
    link: str
    body_html: str
    published_at: datetime | None
    categories: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One document, read. `degraded`: why it cannot be trusted fully; `whole`: no record may be missing at its end."""

    title: str
    records: tuple[Record, ...]
    degraded: tuple[str, ...] = ()
    whole: bool = True


LONGEST_TITLE = 1_000

_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


def fitting(title: str) -> tuple[str, tuple[str, ...]]:
    """As much of a title as anybody reads, and a note if that isn't all."""
    if len(title) <= LONGEST_TITLE:
        return title, ()
    return title[:LONGEST_TITLE].rstrip(), ("title cut",)


def what_stands_there(body: bytes) -> str:
    """A few words for an operator about a document that is not what we came for."""
    text = body[:20_000].replace(b"\0", b"").decode("utf-8", "replace").strip("\ufeff \t\r\n")
    if not text:
        return "an empty document"
    if re.search(r"<(?:!doctype\s+)?html\b", text[:2_000], re.IGNORECASE):
        title = _TITLE.search(text)
        return f"an HTML page titled {plain(title[1])[:80]!r}" if title else "an HTML page without a title"
    return f"a text that begins {plain(re.sub('<[?!][^>]*>', '', text[:500]))[:60]!r}"


def web_address(href: str, base: str) -> str:
    """The whole address that `href` names, out of its tracker; nothing unless it is http(s) with a host."""
    try:
        whole = storable(unwrap(urljoin(base, href.strip()) if href.strip() else "") or "")
        parts = urlsplit(whole)
    except ValueError:
        return ""
    return re.sub(r"\s", "%20", whole) if parts.scheme in {"http", "https"} and parts.hostname else ""
