"""What reading a fetched document gives: plain values on their way from a parser to the poll verb, before any row exists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urljoin, urlsplit

from dispatcher.formats import dates
from dispatcher.formats.characters import storable
from dispatcher.formats.html import blocks, plain
from dispatcher.formats.trackers import is_plain, unwrap


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
    """One document, read. `degraded`: why it cannot be trusted fully; `whole`: no record may be missing at its end.

    `ttl`, `skip_hours`, `skip_days`: when its publisher would rather not be asked, in GMT. `about`: how the feed describes itself.
    """

    title: str
    records: tuple[Record, ...]
    degraded: tuple[str, ...] = ()
    whole: bool = True
    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[str] = frozenset()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a linked document. `note`: why there is less of it than there may be, or none."""

    text: str
    pages: int
    note: str = ""


LONGEST_TITLE = 1_000
LONGEST_ADDRESS = 2_000  # no browser and no mail program is sure to open more
MOST_ENTRIES = 500  # of one feed, or records of one page

_BEGINNING = 5_000  # letters of a text in which its first words are looked for

_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


def fitting(title: str) -> tuple[str, tuple[str, ...]]:
    """As much of a title as anybody reads, and a note if that isn't all."""
    if len(title) <= LONGEST_TITLE:
        return title, ()
    return title[:LONGEST_TITLE].rstrip(), ("title cut",)


def entry_record(
    guid: str, title: str, link: str, body_html: str, raw_date: str, categories: tuple[str, ...]
) -> Record:
    """One entry of a feed; what it lacks is made up for, and noted."""
    published, odd = dates.read(raw_date)
    notes = (odd,) if odd else ()
    title = plain(title)
    if not title and (text := blocks(body_html[:_BEGINNING])):
        title, notes = text[0][:200], (*notes, "no title; its first words stand in")
    if not link:
        notes = (*notes, "no link")
    title, cut = fitting(title or link or guid)
    return Record(guid, title, link, body_html, published, categories, (*notes, *cut))


def left_out(given: int, nameless: int = 0) -> tuple[str, ...]:
    """What an operator should know about the entries that were not read."""
    notes = [f"{nameless} entries without anything to know them by are left out"] if nameless else []
    if given > MOST_ENTRIES:
        notes.append(f"{given} entries; only the first {MOST_ENTRIES} are read")
    return tuple(notes)


def badly_dated(records: Sequence[Record]) -> tuple[str, ...]:
    """What an operator should know about the dates: one is a slip, most of them are another way to write dates."""
    bad = sum(any(note.startswith(dates.UNREADABLE) for note in one.notes) for one in records)
    return (
        (f"the dates of {bad} of {len(records)} entries are not readable",)
        if bad > 1 and 2 * bad > len(records)
        else ()
    )


def paragraphs(text: str) -> str:
    """Text without markup as HTML: an empty line parts paragraphs."""
    lines = escape(text).replace("\n", "<br>")
    return "".join(f"<p>{part}</p>" for part in re.split(r"<br>\s*<br>", lines))


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
    if is_plain(href) and len(href) <= LONGEST_ADDRESS:
        return href
    try:
        whole = storable(unwrap(urljoin(base, href.strip()) if href.strip() else "") or "")
        parts = urlsplit(whole)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(whole) > LONGEST_ADDRESS:
        return ""
    return re.sub(r"\s", "%20", whole)
