"""A watched page as Records (title, date, link, summary), by CSS selectors: never by differences in its text.

It reads the HTML as the server sent it; a page that needs a script to show its list cannot be read, and says so.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urldefrag, urlsplit

import lxml.html
from cssselect import SelectorError
from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from dispatcher.errors import BadInput, Unreadable
from dispatcher.formats import dates
from dispatcher.formats.html import blocks, plain, sanitise
from dispatcher.formats.selectors import Patterns, Select
from dispatcher.sources import obstacles
from dispatcher.sources.questions import Question
from dispatcher.sources.reading import (
    MOST_ENTRIES,
    Reading,
    Record,
    fitting,
    left_out,
    web_address,
    what_stands_there,
)

# Of the records that seem to have a date so many must have a readable one; fewer mean that the page changed its ways.
_READABLE_DATES = 0.8
_STILL_A_LIST = 0.6  # of what the last good poll found; pages lose a notice or two, not half of them

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_SLUG_DATE = re.compile(r"-(\d{4}-\d\d-\d\d)(?:-\d{1,2})?$")


def answer(asked: Question, body: bytes) -> Reading:
    """The page, read as its source declares."""
    return read(
        body,
        asked.content_type,
        asked.url,
        asked.select,
        asked.patterns,
        asked.dated_only,
        asked.minimum,
        asked.before,
    )


def read(  # noqa: PLR0917 -- two of what was fetched, one where, four of how the source is declared, one of its past
    body: bytes,
    content_type: str,
    url: str,
    select: Select,
    patterns: Patterns,
    dated_only: bool,  # noqa: FBT001 -- one of the four that the source declares
    minimum: int,
    before: int | None = None,
) -> Reading:
    """The records of the page that stood at `url`; the last good poll found `before`.

    A selector that finds nothing is a failure, never an empty list.
    """
    document = _parse(body, content_type)
    title = plain(document.findtext(".//title") or "")
    if obstacle := obstacles.obstacle(document, title):
        return Reading(title, (), (f"{obstacle}, stands where the list should be",), whole=False)
    for noise in _find(document, "exclude", select.exclude):
        noise.drop_tree()
    heads = _find(document, "record", select.record)
    if not heads:
        there = f"{what_stands_there(body)}{obstacles.hint(document)}"
        raise Unreadable(f"select.record `{select.record}` finds nothing in {there}")
    stops = frozenset(_find(document, "record_until", select.record_until))
    base = web_address(document.xpath("string(//base/@href)"), url) or url
    page = _Page(url, base, select, patterns)
    found = [page.read(_Group.around(head, stops)) for head in heads[:MOST_ENTRIES]]
    kept = [one for one in found if one.record.title and (one.date or (one.says and not dated_only))]
    if not kept:
        raise Unreadable(
            f"select.record `{select.record}` finds {len(found)}, none with the date, link or text it needs"
        )
    too_few = _too_few(len(kept), minimum, before)
    degraded = (*_unread_dates(kept), *too_few, *left_out(len(heads)))
    records = tuple(one.record for one in kept)
    return Reading(title, records, degraded, whole=not too_few, about=title)


def _parse(body: bytes, content_type: str) -> HtmlElement:
    text = _DECLARATION.sub("", _decoded(body, content_type).replace("\0", ""))
    try:
        return lxml.html.document_fromstring(text)
    except etree.ParserError:
        raise Unreadable(f"no page, but {what_stands_there(body)}") from None


def _decoded(body: bytes, content_type: str) -> str:
    """By byte order mark, header, the page's own word, else what fits."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    for place in (content_type, body[:2048].decode("latin-1")):
        named = _CHARSET.search(place)
        try:
            if named:
                return body.decode(named[1], "replace")
        except LookupError:
            continue
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


@lru_cache(maxsize=256)
def _selector(field: str, css: str) -> CSSSelector:
    try:
        return CSSSelector(css, translator="html")
    except SelectorError as wrong:
        raise BadInput(
            f"select.{field}", f"`{css}` is no selector: {wrong}", "a CSS selector, such as h3"
        ) from None


def _find(node: HtmlElement, field: str, css: str) -> list[HtmlElement]:
    return _elements(_selector(field, css)(node)) if css else []


def _elements(found: object) -> list[HtmlElement]:
    """To lxml's types an XPath might as well give a number."""
    return [one for one in found if isinstance(one, HtmlElement)] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class _Group:
    """The elements of one record: the one that was selected and, on a flat page, its siblings up to the next stop."""

    head: HtmlElement
    members: tuple[HtmlElement, ...]

    @classmethod
    def around(cls, head: HtmlElement, stops: frozenset[HtmlElement]) -> "_Group":
        members = [head]
        for sibling in head.itersiblings() if stops else ():
            if sibling in stops:
                break
            if isinstance(sibling, HtmlElement):  # a comment is a sibling too
                members.append(sibling)
        return cls(head, tuple(members))

    def find(self, field: str, css: str) -> list[HtmlElement]:
        """In this record only; `:scope` means the element that was selected."""
        inside = {node for member in self.members for node in member.iter()}
        places = (self.head,) if ":scope" in css else self.members
        found = dict.fromkeys(node for place in places for node in _find(place, field, css))
        return [node for node in found if node in inside]


@dataclass(frozen=True, slots=True)
class _Found:
    """A record with what decides whether it is one: the text of its date, and whether it says or links to anything."""

    record: Record
    date: str
    says: bool


@dataclass(frozen=True, slots=True)
class _Page:
    """Where a page stood, what its links are relative to, and how its source says to read it."""

    url: str
    base: str
    select: Select
    patterns: Patterns

    def read(self, group: _Group) -> _Found:
        heading = self._heading(group)
        link = self._link(group)
        date = self._date(group, heading, link)
        published, odd = dates.read(date)
        title, cut = fitting(_part(heading, "title", self.patterns.title) or heading)
        notes = (*([odd] if odd else []), *([] if link else ["no link of its own"]), *cut)
        record = Record(
            guid="",
            title=title,
            link=link or self._place(group),
            body_html=self._summary(group),
            published_at=published,
            notes=notes,
        )
        return _Found(record, date, says=bool(link or record.body_html))

    def _heading(self, group: _Group) -> str:
        named = group.find("title", self.select.title) if self.select.title else [group.head]
        return plain(_text(named[0])) if named else ""

    def _link(self, group: _Group) -> str:
        hrefs = (node.get("href") or "" for node in group.find("link", self.select.link or "a[href]"))
        return next((link for href in hrefs if (link := self._elsewhere(href))), "")

    def _elsewhere(self, href: str) -> str:
        return "" if href.startswith("#") else web_address(href, self.base)

    def _date(self, group: _Group, heading: str, link: str) -> str:
        """As the source says; else a machine-readable one, else that of the link's slug."""
        if self.select.date:
            named = [node.get("datetime") or _text(node) for node in group.find("date", self.select.date)]
            return _part(named[0], "date", self.patterns.date) if named else ""
        if self.patterns.date:
            return _part(heading, "date", self.patterns.date)
        marked = [node.get("datetime") for node in group.find("date", "time[datetime]")]
        slug = _SLUG_DATE.search(urlsplit(link).path)
        return marked[0] if marked else (slug[1] if slug else "")

    def _summary(self, group: _Group) -> str:
        chosen = group.find("summary", self.select.summary or "p, ul, ol, table")
        outermost = [node for node in chosen if not any(above in chosen for above in node.iterancestors())]
        return sanitise("".join(_markup(node) for node in outermost), self.base)

    def _place(self, group: _Group) -> str:
        """The page itself, at the heading if it has a name."""
        names = group.head.xpath("descendant-or-self::*/@id | descendant::a/@name")
        return f"{urldefrag(self.url)[0]}#{names[0]}" if names else self.url


def _markup(node: HtmlElement) -> str:
    return etree.tostring(node, encoding="unicode", method="html", with_tail=False)


def _text(node: HtmlElement) -> str:
    return " ".join(blocks(_markup(node)))


def _part(text: str, field: str, pattern: str) -> str:
    """What the pattern's group finds; without a pattern all of it."""
    try:
        found = re.search(pattern or "(.*)", text, re.DOTALL)
    except re.error as wrong:
        raise BadInput(
            f"patterns.{field}", f"`{pattern}` is no pattern: {wrong}", "a regular expression"
        ) from None
    return (found[found.re.groups and 1] or "").strip() if found else ""


def _unread_dates(kept: Iterable[_Found]) -> list[str]:
    dated = [one for one in kept if one.date]
    unread = [one for one in dated if one.record.published_at is None]
    if len(dated) - len(unread) >= _READABLE_DATES * len(dated):
        return []
    return [f"{len(unread)} of {len(dated)} dates cannot be read, such as {unread[0].date[:40]!r}"]


def _too_few(found: int, minimum: int, before: int | None) -> list[str]:
    if found < minimum:
        return [f"{found} records where at least {minimum} are expected"]
    if before and found < _STILL_A_LIST * before:
        return [f"{found} records where the last good poll found {before}"]
    return []
