"""E-mail messages on the pages that GovDelivery shows them on: the message alone, without what stands round it. Pure."""

import re
from collections.abc import Sequence

from lxml import etree
from lxml.html import HtmlElement

from dispatcher.errors import Unreadable
from dispatcher.formats.html import normalised_title, parse, plain, sanitise
from dispatcher.sources.reading import Reading, Record, what_stands_there

_HEADINGS = ("h1", "h2", "h3", "h4")
_LIST_LEAD = re.compile(r"in (?:this|today's) (?:message|bulletin|e-?mail|issue)s?:?")
_FRAME = re.compile(
    r"having trouble viewing this e-?mail\?.*|view (?:it )?as a web ?page\.?|bookmark and share|share this (?:page|bulletin)"
    r"|(?:sms|subscriber|manage) (?:services|preferences|subscriptions)\b.*|you are subscribed to .*|this e-?mail was sent to .*"
    r"|(?:powered by )?govdelivery\b.*|stay connected.*|update your subscriptions.*|unsubscribe"
)


def read(page: bytes, url: str) -> Reading:
    """The one message on a page. Raises Unreadable."""
    document = parse(page.decode("utf-8", "replace"))
    bodies, subjects = (
        _classed(document, "div", "bulletin_body"),
        _classed(document, "h1", "bulletin_subject"),
    )
    if not bodies or not subjects:
        raise Unreadable(f"no message, but {what_stands_there(page)}")
    title, body = plain(subjects[0].text_content()), unframed(as_html([bodies[0]], url))
    return Reading(title, (Record("", title, url, body, None),))


def _classed(document: HtmlElement, tag: str, name: str) -> list[HtmlElement]:
    return [one for one in document.iter(tag) if name in (one.get("class") or "").split()]


def unframed(body_html: str) -> str:
    """Without links to the page itself, buttons to share it and the subscription footer, and without a table that lays it out."""
    body = parse(body_html)
    layout = _opened(body)
    blocks = body.iter("p", "li", "h2", "h3", "h4", "td")
    framing = [one for one in blocks if _FRAME.fullmatch(normalised_title(one.text_content()))]
    for block in framing:
        block.drop_tree()
    return as_html(children(body)) if layout or framing else body_html


def _opened(body: HtmlElement) -> bool:
    """A table that holds headings only lays out the page: its cells are boxes. Was there any?"""
    layout = [one for one in body.iter("table") if any(map(is_heading, one.iterdescendants()))]
    for table in layout:
        for node in [table, *table.iter("tbody", "thead", "tfoot", "tr", "td", "th", "caption")]:
            node.tag = "div"
    return bool(layout)


def children(body: HtmlElement) -> list[HtmlElement]:
    """Past the wrappers that parsing puts round a fragment."""
    inner = list(body)
    return children(inner[0]) if len(inner) == 1 and inner[0].tag in {"body", "div"} else inner


def is_heading(node: HtmlElement) -> bool:
    """A paragraph that is all in bold is one too; what leads in the list of notices is none."""
    if node.tag not in (*_HEADINGS, "p") or is_list_lead(node):
        return False
    words = "".join(node.text_content().split())
    bold = "".join("".join(one.text_content().split()) for one in node.iter("strong", "b"))
    return bool(words) and (node.tag in _HEADINGS or bold == words)


def is_list_lead(node: HtmlElement) -> bool:
    """Does the list of what is in the message follow?"""
    return _LIST_LEAD.fullmatch(normalised_title(node.text_content())) is not None


def as_html(blocks: Sequence[HtmlElement], base: str = "") -> str:
    """Sanitised once more."""
    return sanitise("".join(etree.tostring(one, encoding="unicode", method="html") for one in blocks), base)
