"""Nested HTML: every element closed where it was opened, as machines write it. Put in order in one pass, without a parser.

Whatever leaves here we wrote ourselves, out of a few tags and of text that holds none, so it is harmless by construction; beside that
it is just what the parsers would have made of it. On meeting anything else this gives up, and they judge.
"""

import re
from collections.abc import Callable
from html.entities import html5, name2codepoint
from typing import NamedTuple

from dispatcher.errors import Unreadable
from dispatcher.formats.characters import is_odd
from dispatcher.formats.trackers import TRACKED

_FLAGS = re.ASCII | re.IGNORECASE
_VALUE = r"""(?:"[^"<>]*+"|'[^'<>]*+'|[\w#%.,:;+-]++(?=[\s>]))"""
_TAG = re.compile(
    rf"<(/?[a-z][a-z0-9]*+(?::[a-z]++)?+)((?:\s++[a-z][\w:-]{{0,99}}+(?:={_VALUE}|(?=[\s>/])))*+\s*+/?+)>",
    _FLAGS,
)
_ATTRIBUTE = re.compile(r"""\s([a-z][\w:-]*+)(?:=(?:"([^"]*+)"|'([^']*+)'|([^\s"']++)))?+""", _FLAGS)
_LANGUAGE = re.compile(r"\slang\b", _FLAGS)  # which remains, of whatever remains
# What every parser writes as it stands; the host is a name, since a number may be none.
_HOST = r"(?:[a-z0-9]++(?:-[a-z0-9]++)*+\.)++[a-z]{2,}+"
_LINK = re.compile(
    rf"https://{_HOST}(?:/[\w./%~+-]*+)?(?:\?[\w./%=+&;,:-]*+)?(?:#[\w.-]++)?|mailto:[\w.+-]++@{_HOST}",
    re.ASCII,
)
_TITLE = re.compile(r"\w[\w .,:()-]*+", re.ASCII)
_SAYS_SOMETHING = re.compile(r">(?:\s|&nbsp;)*+[^<\s]")
_DEEPEST = 100  # libxml2 goes no deeper than 256

_WRITTEN = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\xa0": "&nbsp;"}
_NAMED = {
    name: _WRITTEN.get(chr(code), chr(code))
    for name, code in name2codepoint.items()
    if html5[f"{name};"] == chr(code)  # the parsers disagree about two brackets
}

# Where we are. What stands loose in a box gets a paragraph; in an item or a cell it remains beside the blocks.
_BOX, _LOOSE, _ITEM, _PHRASE, _LINKED = _WORDY = "box", "loose", "item", "phrase", "linked"
_LIST, _TABLE, _ROWS, _OWN_ROWS, _CELLS = "list", "table", "rows", "own rows", "cells"
_OUTSIDE, _OVER = "outside", "over"


class _Begun(NamedTuple):
    """Of an element: how its end is called, what we write at both, where its content stands (nowhere: it has none), where we are then."""

    end: str
    before: str
    behind: str
    inside: str
    after: str


_Opened = tuple[str, str, str, int]  # end, behind and after of what was begun, and what was written before it


def _phrases(place: str) -> dict[str, _Begun]:
    inside = _LINKED if place == _LINKED else _PHRASE
    stripped = _LOOSE if place in {_BOX, _LOOSE} else inside
    kept = {"strong": "strong", "b": "strong", "em": "em", "i": "em"}
    unknown = ["span", "font", "u", "small", "big", "sup", "sub", "s", "strike", "o:p"]
    return (
        {name: _Begun(f"/{name}", f"<{tag}>", f"</{tag}>", inside, place) for name, tag in kept.items()}
        | {name: _Begun(f"/{name}", "", "", stripped, place) for name in unknown}
        | ({} if place == _LINKED else {"a": _Begun("/a", "", "", _LINKED, place)})
        | {"img": _Begun("", "", "", "", place), "br": _Begun("", "<br>", "", "", place)}
    )


def _blocks(place: str) -> dict[str, _Begun]:
    """In a box each ends the paragraph of what stood loose before it, and begins that of what may follow."""
    end, begin = ("</p>", "<p>") if place == _BOX else ("", "")
    texts = {"p": "p", "h1": "h2", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}
    places = dict.fromkeys(texts, _PHRASE) | {"ul": _LIST, "ol": _LIST, "table": _TABLE}
    boxes = ["div", "section", "article", "main", "header", "footer", "aside", "nav", "blockquote", "center"]
    return (
        {
            name: _Begun(f"/{name}", f"{end}<{tag}>", f"</{tag}>{begin}", inside, place)
            for name, inside in places.items()
            for tag in [texts.get(name, name)]
        }
        | {name: _Begun(f"/{name}", f"{end}<p>", f"</p>{begin}", _BOX, place) for name in boxes}
        | {"hr": _Begun("", "<br>", "", "", place)}
    )


def _sections(end: str = "") -> dict[str, _Begun]:
    tags = {"thead": "thead", "tbody": "tbody", "tfoot": "tbody"}
    return {
        name: _Begun(f"/{name}", f"{end}<{tag}>", f"</{tag}>", _ROWS, _TABLE) for name, tag in tags.items()
    }


def _row(before: str, after: str) -> dict[str, _Begun]:
    return {"tr": _Begun("/tr", f"{before}<tr>", "</tr>", _CELLS, after)}


_BEGUN = {
    _OUTSIDE: {"div": _Begun("/div", "<p>", "</p>", _BOX, _OVER)},
    _OVER: {},
    _BOX: _phrases(_BOX) | _blocks(_BOX),
    _ITEM: _phrases(_ITEM) | _blocks(_ITEM),
    **{place: _phrases(place) for place in (_LOOSE, _PHRASE, _LINKED)},
    _LIST: {"li": _Begun("/li", "<li>", "</li>", _ITEM, _LIST)},
    # Rows outside of any section get one of their own.
    _TABLE: _row("<tbody>", _OWN_ROWS) | _sections(),
    _OWN_ROWS: _row("", _OWN_ROWS) | _sections("</tbody>"),
    _ROWS: _row("", _ROWS),
    _CELLS: {name: _Begun(f"/{name}", f"<{name}>", f"</{name}>", _ITEM, _CELLS) for name in ("td", "th")},
}


class _NotNested(Unreadable):
    """For us alone: the parsers take over."""


def in_order(html: str, link: Callable[[str], str]) -> str | None:
    """The same in plain elements, its links as `link` makes them whole; or nothing, if it is not written by the book."""
    pieces = _TAG.split(f"<div>{html}</div>".replace("\xa0", "&nbsp;"))
    tags = len(pieces) // 3 - 2
    if html.count("<") != tags or html.count(">") != tags or is_odd(html):
        return None
    try:
        return "".join(_written(pieces, link)).replace("<p></p>", "")
    except _NotNested:
        return None


def _written(pieces: list[str], link: Callable[[str], str]) -> list[str]:
    place, written = _OUTSIDE, [""]
    opened: list[_Opened] = []
    for name, attributes, text in zip(map(str.lower, pieces[1::3]), pieces[2::3], pieces[3::3], strict=True):
        if begun := _BEGUN[place].get(name):
            end, before, behind, inside, after = begun
            if name == "a":
                before, behind = _anchor(attributes, link)
            elif attributes:
                _see_that_none_matters(attributes, begun)
            if inside:
                opened.append((end, behind, after, len(written)))
                place = inside
            if before:
                written.append(before)
        elif attributes or not opened or len(opened) > _DEEPEST:
            raise _NotNested
        else:
            place = _end(name, place, opened.pop(), written)
        if text:
            written.append(_said(text, place))
    if opened:
        raise _NotNested
    return written


def _see_that_none_matters(attributes: str, begun: _Begun) -> None:
    closes_itself = attributes[-1] == "/" and begun.inside
    if closes_itself or (begun.before and begun.inside != _BOX and _LANGUAGE.search(attributes)):
        raise _NotNested


def _end(name: str, place: str, opened: _Opened, written: list[str]) -> str:
    """Write the end of what was opened last; where we are behind it."""
    end, behind, after, at = opened
    if name != end:
        raise _NotNested
    if end == "/li" and not any(written[at + 1 :]):
        raise _NotNested  # libxml2 does not write the end of an empty one, so that the space behind it comes to stand in it
    if place == _OWN_ROWS:
        written.append("</tbody>")
    elif end == "/a" and behind and not _SAYS_SOMETHING.search("".join(written[at:])):
        written[at] = behind = ""
    if behind:
        written.append(behind)
    return after


def _said(text: str, place: str) -> str:
    if place not in _WORDY and not text.isspace():
        raise _NotNested
    if "&" in text:
        text = _as_written(text)
    if "://" in text and TRACKED.search(text):
        raise _NotNested
    return text


def _anchor(attributes: str, link: Callable[[str], str]) -> tuple[str, str]:
    if attributes.endswith("/"):
        raise _NotNested
    given: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(attributes):
        given.setdefault(name.lower(), "".join(values))
    href = link(_without_references(given.get("href", "")))
    if not href:
        return "", ""
    title = given.get("title")
    if not _LINK.fullmatch(href) or "lang" in given or not (title is None or _TITLE.fullmatch(title)):
        raise _NotNested
    titled = "" if title is None else f' title="{title}"'
    return f'<a href="{href.replace("&", "&amp;")}"{titled}>', "</a>"


def _without_references(href: str) -> str:
    if href.count("&") != href.count("&amp;"):
        raise _NotNested
    return href.replace("&amp;", "&")


def _as_written(text: str) -> str:
    """Each reference as the character it stands for, but for the four that stay."""
    first, *others = text.split("&")
    written = [first]
    for one in others:
        name, semicolon, behind = one.partition(";")
        if not semicolon:
            raise _NotNested
        written += (_NAMED.get(name) or _numbered(name), behind)
    return "".join(written)


def _numbered(name: str) -> str:
    digits = name[1:]
    if name[:1] != "#" or not (digits.isascii() and digits.isdecimal() and len(digits) < 6):
        raise _NotNested
    one = chr(int(digits))
    if one < " " or is_odd(one):
        raise _NotNested
    return _WRITTEN.get(one, one)
