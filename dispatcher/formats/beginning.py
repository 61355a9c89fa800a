"""The beginning of a sanitised HTML body that is too large for a message: whole blocks, as many as fit, and never more."""

import re
from html import escape

from lxml import etree
from lxml.html import HtmlElement

from dispatcher.formats.html import parse

# Blocks that may be kept in part, with the items or rows that fit.
_DIVISIBLE = frozenset(["ul", "ol", "table", "thead", "tbody"])
# What an element gains when styles are written into it: 60 to 120 bytes.
_STYLE = 100


def of(html: str, most: int) -> str:
    """The body itself if it weighs no more than `most`; else its first blocks, or the first words of a block too large."""
    if _weight(html) <= most:
        return html
    body = parse(html)
    frame = body[0] if len(body) == 1 and body[0].tag == "div" else body
    words = " ".join(frame.text_content().split())
    return "".join(_markup(one) for one in frame) if _keep(frame, most) else _first_words(words, most)


def _weight(html: str) -> int:
    """Bytes in quoted-printable, styles included: a byte beyond ASCII takes three."""
    size = len(html.encode())
    beyond = size - len(re.sub(r"[^\x00-\x7f]", "", html))
    return size + 2 * beyond + _STYLE * len(re.findall(r"<[a-z]", html))


def _keep(around: HtmlElement, room: int) -> bool:
    """Drops what no longer fits; tells whether anything is left."""
    children = list(around)
    for at, child in enumerate(children):
        weight = _weight(_markup(child))
        if weight <= room:
            room -= weight
            continue
        begun = child.tag in _DIVISIBLE and _keep(child, room - 2 * _STYLE)
        for later in children[at + begun :]:
            around.remove(later)
        return len(around) > 0
    return bool(children)


def _markup(node: HtmlElement) -> str:
    return etree.tostring(node, encoding="unicode", method="html")


def _first_words(words: str, most: int) -> str:
    while _weight(escape(words)) > most:
        words = words[: len(words) // 2].rpartition(" ")[0] or words[: len(words) // 2]
    return f"<p>{escape(words)}…</p>"
