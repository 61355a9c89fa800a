"""RSS and Atom, by feedparser: bytes that we fetched become Records. It never opens a file or an address itself.

feedparser opens whatever a `str` or `bytes` argument happens to name, so it is given `BytesIO` alone; it expands internal
entities, so a document that declares any is refused; and it reads what is broken without a word, so we say what was.
"""

import codecs
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Self

import feedparser
from feedparser.encodings import convert_to_utf8

from dispatcher.errors import Unreadable
from dispatcher.formats.characters import storable
from dispatcher.formats.html import plain, sanitise
from dispatcher.formats.runs import unescaped
from dispatcher.sources import govdelivery, json_feed
from dispatcher.sources.identity import canonical, named_by
from dispatcher.sources.questions import Question
from dispatcher.sources.reading import (
    MOST_ENTRIES,
    Reading,
    Record,
    badly_dated,
    entry_record,
    left_out,
    paragraphs,
    web_address,
    what_stands_there,
)

Entry = dict[str, object]

_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_BEFORE_DECLARATION = re.compile(rb"\A\s+(?=<\?xml)")
_REFERENCE = re.compile(rb"&#(?:x([0-9a-f]+)|([0-9]+));?", re.IGNORECASE)
_ENTRY_BEGINS = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_ENTRY_ENDS = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_ROOT_ENDS = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_BARE = re.compile(rb"&(?!#\d+;|#x[0-9a-f]+;|\w+;)", re.IGNORECASE)
_SECTION_BEGINS = b"<![CDATA["
_TTL = re.compile(rb"<ttl>\s*(\d{1,7})\s*</ttl>", re.IGNORECASE)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAY = re.compile(rb"<day>\s*(mon|tues|wednes|thurs|fri|satur|sun)day\s*</day>", re.IGNORECASE)
_MARKUP = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")
_ESCAPED_TWICE = re.compile(r"&amp;(?=#?\w+;)")


def answer(asked: Question, body: bytes) -> Reading:
    """RSS, Atom or JSON Feed, whatever type the server gives it."""
    if json_feed.begins(body):
        return json_feed.read(body, asked.url)
    return read(body, asked.content_type, asked.url)


def read(body: bytes, content_type: str, url: str) -> Reading:
    """The records of the feed that stood at `url`. What is broken but readable is told in `degraded`."""
    text, unknown = _utf8(_BEFORE_DECLARATION.sub(b"", body), content_type)
    text = _REFERENCE.sub(_if_a_character, text)
    if re.search(rb"<!entity", text, re.IGNORECASE):
        raise Unreadable("the document declares entities, which no feed needs and a trap does")
    parsed = _parsed(text)
    malformed = (_malformed(parsed.bozo_exception),) if parsed.bozo else ()
    if malformed and (mended := _without_bare_ampersands(text)) != text:
        with suppress(Unreadable):
            parsed = _parsed(mended)
    if not parsed.get("version"):
        raise Unreadable(f"no feed, but {what_stands_there(body)}")
    head = _Head.of(text)
    cut = bool(malformed) and not head.closes
    records, nameless = _records(
        parsed.entries[:-1] if cut else parsed.entries, url, strictly=bool(malformed)
    )
    cut_note = ("cut off; its last entry is left out",) if cut else ()
    title = plain(_text(parsed.feed, "title"))
    return Reading(
        title,
        records,
        (*unknown, *malformed, *cut_note, *nameless, *badly_dated(records)),
        whole=not cut,
        ttl=head.ttl,
        skip_hours=head.skip_hours,
        skip_days=head.skip_days,
        about="\n".join((title, plain(_text(parsed.feed, "subtitle")))).strip(),
    )


def _parsed(text: bytes) -> feedparser.FeedParserDict:
    """Raises Unreadable where feedparser 6.0 stumbles itself: over a link that no entry holds, for one."""
    try:
        # Without content-location: with it feedparser makes an address of a guid such as `1234`.
        return feedparser.parse(
            BytesIO(text),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as stumbled:
        raise Unreadable(f"its parser stumbles: {type(stumbled).__name__}: {stumbled}") from None


def _without_bare_ampersands(text: bytes) -> bytes:
    """The loose parser reads `Q&A` as `Q&A;`. Most feeds that break the rules break this one alone, and are well-formed without."""
    outside, *sections = text.split(_SECTION_BEGINS)
    mended = [_BARE.sub(b"&amp;", outside)]
    for one in sections:
        inside, end, behind = one.partition(b"]]>")
        mended.append(inside + end + _BARE.sub(b"&amp;", behind))
    return _SECTION_BEGINS.join(mended)


def _utf8(body: bytes, content_type: str) -> tuple[bytes, tuple[str, ...]]:
    """The document in UTF-8, so that nothing hides from us in an encoding that only the parser would undo."""
    charset = _CHARSET.search(content_type)
    # text/xml alone would mean ASCII; and beside a byte order mark a wrong header loses a UTF-16 feed.
    trusted = f"; charset={charset[1]}" if charset and not body.startswith(_BYTE_ORDER_MARKS) else ""
    found: dict[str, object] = {}
    try:
        text = convert_to_utf8({"content-type": f"application/xml{trusted}"}, body, found)
    except ValueError:  # the declaration names it in bytes that no name has
        raise Unreadable(f"its encoding has no readable name; it is {what_stands_there(body)}") from None
    unknown = isinstance(found.get("bozo_exception"), feedparser.CharacterEncodingUnknown)
    return text, ("encoding not known",) if unknown else ()


def _if_a_character(reference: re.Match[bytes]) -> bytes:
    """The loose parser breaks off at a reference to a surrogate or past the last character; no text holds NUL."""
    digits = (reference[1] or reference[2]).lstrip(b"0")
    number = int(digits[:8], 16 if reference[1] else 10) if digits else 0
    return reference[0] if 0 < number < sys.maxunicode + 1 and not 0xD800 <= number < 0xE000 else b""


def _malformed(problem: Exception) -> str:
    return f"not well-formed, {plain(str(problem).replace('<unknown>:', 'line '))[:120]}"


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands in a feed round its entries. Of several hours feedparser keeps only the last, so this reads the text."""

    closes: bool
    ttl: timedelta | None
    skip_hours: frozenset[int]
    skip_days: frozenset[str]

    @classmethod
    def of(cls, text: bytes) -> Self:
        first = _ENTRY_BEGINS.search(text)
        last = max((found.end() for found in _ENTRY_ENDS.finditer(text)), default=0)
        around = (text[: first.start()] + text[last:]) if first else text
        ttl = _TTL.search(around)
        hours = (int(found) % 24 for found in _HOUR.findall(_between(around, b"skiphours")))
        days = (found.decode().capitalize() + "day" for found in _DAY.findall(_between(around, b"skipdays")))
        return cls(
            closes=_ROOT_ENDS.search(text, last) is not None,
            ttl=timedelta(minutes=int(ttl[1])) if ttl and int(ttl[1]) else None,
            skip_hours=frozenset(hours),  # 24 was midnight once
            skip_days=frozenset(days),
        )


def _between(text: bytes, name: bytes) -> bytes:
    """What the first element of that name holds, found without going over the text again and again."""
    _, _, inside = text.lower().partition(b"<" + name + b">")
    return inside.partition(b"</" + name + b">")[0]


def _records(
    entries: Sequence[Entry], url: str, *, strictly: bool
) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """Of a malformed feed only entries that have a guid or a link: the loose parser may have made up the others."""
    read = entries[:MOST_ENTRIES]
    linked = [(one, _link(one, url)) for one in read]
    known = [
        (one, link)
        for one, link in linked
        if link or _text(one, "id") or (_text(one, "title") and not strictly)
    ]
    if read and not known:
        raise Unreadable(f"a feed of {len(read)} entries, none with anything to know it by")
    return tuple(_record(one, link, url) for one, link in known), left_out(
        len(entries), len(read) - len(known)
    )


def _record(entry: Entry, link: str, url: str) -> Record:
    body, named = _body(entry, link or url), named_by(canonical(link))
    if named and named.kind == "govdelivery":
        body = govdelivery.unframed(body)
    date = _text(entry, "published") or _text(entry, "updated")
    return entry_record(_text(entry, "id"), _text(entry, "title"), link, body, date, _categories(entry))


def _text(entry: Entry, key: str) -> str:
    """Past feedparser's own `get`, which answers `updated` with what was published."""
    value = dict.get(entry, key)
    return storable(value).strip() if isinstance(value, str) else ""


def _link(entry: Entry, url: str) -> str:
    """A guid that feedparser made the link, even a bare number, must be an address by itself."""
    link = _text(entry, "link")
    is_guid = bool(dict.get(entry, "guidislink")) and link == _text(entry, "id")
    return web_address(link, "" if is_guid else url)


def _body(entry: Entry, base: str) -> str:
    """The longest of what the entry offers as its text."""
    offered = [
        (_html(_text(one, "value"), _text(one, "type")), _text(one, "base")) for one in _details(entry)
    ]
    html, own_base = max(offered, key=lambda one: len(one[0]), default=("", ""))
    return sanitise(html, own_base if own_base.startswith("http") else base)


def _details(entry: Entry) -> list[Entry]:
    contents, summary = dict.get(entry, "content"), dict.get(entry, "summary_detail")
    offered = [*(contents if isinstance(contents, list) else ()), summary]
    if (
        not any(offered) or "yt_videoid" in entry
    ):  # a video's description is text, whatever feedparser calls it
        return [{"value": _text(entry, "summary"), "type": "text/plain"}]
    return [one for one in offered if isinstance(one, dict)]


def _html(value: str, kind: str) -> str:
    """Text without markup becomes paragraphs; markup that was escaped once too often is markup again."""
    if kind == "text/plain":
        return paragraphs(value)
    if not _MARKUP.search(value):
        value = unescaped(value) if _MARKUP.search(unescaped(value)) else value
    if not _MARKUP.search(value):
        value = "".join(f"<p>{part}</p>" for part in re.split(r"\n\s*\n", value))
    return _ESCAPED_TWICE.sub("&", value)


def _categories(entry: Entry) -> tuple[str, ...]:
    tags = dict.get(entry, "tags")
    named = (
        plain(_text(tag, "label") or _text(tag, "term")) for tag in (tags if isinstance(tags, list) else ())
    )
    return tuple(dict.fromkeys(name for name in named if name))
