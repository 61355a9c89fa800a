"""JSON Feed 1.0 and 1.1: bytes that we fetched become Records. Known by what it says of itself, whatever type the server gives it.

A document that is no whole JSON is unreadable: of a part of it nothing can be saved.
"""

import json
from collections.abc import Mapping
from typing import Any

from dispatcher.errors import Unreadable
from dispatcher.formats.characters import storable
from dispatcher.formats.html import plain, sanitise
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

Item = Mapping[str, Any]

_VERSION = "https://jsonfeed.org/version/"


def begins(body: bytes) -> bool:
    """Whether this is worth a try: no XML begins with a brace."""
    return body[:1_000].lstrip(b"\xef\xbb\xbf\xfe\xff\0 \t\r\n").startswith(b"{")


def read(body: bytes, url: str) -> Reading:
    """The records of the feed that stood at `url`."""
    feed = _parsed(body)
    if not _text(feed, "version").startswith(_VERSION):
        raise Unreadable(f"no feed, but {what_stands_there(body)}")
    given = feed.get("items")
    if not isinstance(given, list):
        raise Unreadable("a JSON feed without a list of items")
    items = [one for one in given[:MOST_ENTRIES] if isinstance(one, dict)]
    known = [one for one in items if _guid(one) or _link(one, url) or _text(one, "title")]
    if given and not known:
        raise Unreadable(f"a feed of {len(given)} entries, none with anything to know it by")
    title = plain(_text(feed, "title"))
    records = tuple(_record(one, url) for one in known)
    return Reading(
        title,
        records,
        (*left_out(len(given), len(given[:MOST_ENTRIES]) - len(known)), *badly_dated(records)),
        about="\n".join((title, plain(_text(feed, "description")))).strip(),
    )


def _parsed(body: bytes) -> Item:
    try:
        # Its writers may begin with a byte order mark; and a number of a million digits is none that anybody meant.
        found = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise Unreadable("a JSON document nested deeper than any feed") from None
    except ValueError as wrong:
        raise Unreadable(f"no proper JSON: {str(wrong)[:100]}; it is {what_stands_there(body)}") from None
    return found if isinstance(found, dict) else {}


def _record(item: Item, url: str) -> Record:
    link = _link(item, url)
    html = _text(item, "content_html") or paragraphs(_text(item, "content_text") or _text(item, "summary"))
    date = _text(item, "date_published") or _text(item, "date_modified")
    return entry_record(
        _guid(item), _text(item, "title"), link, sanitise(html, link or url), date, _tags(item)
    )


def _guid(item: Item) -> str:
    """Version 1 lets it be a number."""
    given = item.get("id")
    return _text(item, "id") if isinstance(given, str) else str(given) if type(given) in {int, float} else ""


def _link(item: Item, url: str) -> str:
    return web_address(_text(item, "url") or _text(item, "external_url"), url)


def _text(item: Item, key: str) -> str:
    value = item.get(key)
    return storable(value).strip() if isinstance(value, str) else ""


def _tags(item: Item) -> tuple[str, ...]:
    given = item.get("tags")
    named = (plain(one) for one in (given if isinstance(given, list) else ()) if isinstance(one, str))
    return tuple(dict.fromkeys(name for name in named if name))
