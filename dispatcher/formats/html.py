"""HTML that we did not write: made harmless, cut into blocks of text, or turned into readable plain text.

Whatever a source published passes `sanitise` before it is stored and again before it is mailed: an allow-list of plain
elements, whole links only, no images, nothing that tells anybody who reads it. This module never fetches what a link names.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import TypeVar, cast
from urllib.parse import urljoin, urlsplit

import lxml.html
import nh3
from lxml import etree
from lxml.html import HtmlElement

from dispatcher.formats import boxes, nested, runs
from dispatcher.formats.boxes import Node
from dispatcher.formats.characters import storable
from dispatcher.formats.runs import BOXES
from dispatcher.formats.signs import PLAIN
from dispatcher.formats.trackers import TRACKED, is_plain, unwrap

_ALLOWED = frozenset(["p", "ul", "ol", "li", "a", "strong", "em", "h2", "h3", "h4", "br"]) | frozenset(
    ["table", "thead", "tbody", "tr", "th", "td"]
)
_KNOWN = _ALLOWED | BOXES
_RENAMED = {
    "b": "strong",
    "i": "em",
    "h1": "h2",
    "h5": "h4",
    "h6": "h4",
    "hr": "br",
    "caption": "p",
    "tfoot": "tbody",
}
_WITHOUT_TEXT = "script style head title template noscript iframe object svg math select textarea button"
_UNREAD = (etree.Comment, etree.ProcessingInstruction, *_WITHOUT_TEXT.split())
_PARSER = etree.HTMLParser()

AnyNode = TypeVar("AnyNode", bound=Node)

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.IGNORECASE)


def _believed(_: str, name: str, value: str) -> str | None:
    return value if name != "lang" or _LANGUAGE.fullmatch(value) else None


# Without "*", nh3 keeps the title of any element, in which a tracker may stand as in a link.
_CLEANER = nh3.Cleaner(
    tags=set(_ALLOWED),
    clean_content_tags=set(),
    attributes={"a": {"href", "title"}, "*": {"lang"}},
    attribute_filter=_believed,
    url_schemes={"https", "mailto"},
    url_relative="deny",
    link_rel=None,
)

# A reference may stand for a character that the text itself may not hold.
_ODD_REFERENCE = re.compile(
    r"&#(?:x0*(?:[01]?[0-9a-f]|7f|d[89a-f]..|fff[ef])|0*(?:[12]?\d|3[01]|127|5[5-7]\d{3}|6553[45]))(?!\w)",
    re.IGNORECASE,
)
_EMPTY_BLOCK = re.compile(r"<(p|h[2-4]|li|ul|ol)>(?:\s|&nbsp;|<br>)*</\1>")
_EMPTY_INLINE = re.compile(r"<(strong|em)>((?:\s|&nbsp;|<br>)*)</\1>")
# Looked for only where a run of space begins: otherwise 20,000 spaces before a last word take 10 s, and twice as many 40 s.
# What is just as we write it, which most of what is stored or mailed again is: three times as fast as taking it apart.
_WORDS = r"(?:[^<>&\x00-\x08\x0b-\x1f\x7f-\xa0\ud800-\udfff\ufffe\uffff]++|&(?:amp|lt|gt);)"
_PLAIN_LINK = rf'<a href="https://[a-z0-9.-]++(?:/[\w./%~+-]*+)?(?:\?[\w./%=+-]++)?">(?=\w){_WORDS}++</a>'
_PHRASES = rf"(?:{_WORDS}|{_PLAIN_LINK}|<strong>{_WORDS}++</strong>|<em>{_WORDS}++</em>)*+"
_TIDY = re.compile(
    rf"(?:<(?:p>{_PHRASES}</p|h2>{_PHRASES}</h2|h3>{_PHRASES}</h3|h4>{_PHRASES}</h4"
    rf"|ul>(?:<li>{_PHRASES}</li>)++</ul|ol>(?:<li>{_PHRASES}</li>)++</ol)>\s*+)*+",
    re.ASCII,
)
_BETWEEN_BLOCKS = re.compile(r"(</(?:p|h[2-4]|ul|ol)>)\s+")
_OUTER_SPACE = re.compile(r"\A(?:\s|&nbsp;|<br>)++|(?<!\s)(?<!&nbsp;)(?<!<br>)(?:\s|&nbsp;|<br>)++\Z")
_JOINER = "\N{ZERO WIDTH JOINER}"
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def sanitise(html: str, base: str) -> str:
    """Only what may be stored, shown and mailed; links whole, relative ones resolved against `base`."""
    if _TIDY.fullmatch(html) and not TRACKED.search(html):
        return _without_empty(_BETWEEN_BLOCKS.sub(r"\1", html))
    in_order = nested.in_order(html, lambda href: link(href, base))
    return _reduced(html, base) if in_order is None else _without_empty(in_order)


def _reduced(html: str, base: str) -> str:
    """Each pass only where there is something for it to do: most of what is published by machine needs few of them."""
    body = _body(html)
    is_odd = _ODD_REFERENCE.search(html) is not None
    if is_odd or (TRACKED.search(html) and "://" in etree.tostring(body, encoding="unicode", method="text")):
        _clean_texts(body, everything=is_odd)
    _reduce(body)
    for around in list(body.iter("a", "strong", "em", "p")):
        if len(around):
            boxes.take_out_blocks(around)
    for box in list(body.iter(*BOXES)):
        boxes.wrap_loose_words(box)
    mended = [_mend(anchor, base) for anchor in list(body.iter("a"))]
    if not all(mended):
        etree.strip_tags(body, boxes.UNWRAPPED)
    return _without_empty(_CLEANER.clean(etree.tostring(body, encoding="unicode", method="html")))


def parse(html: str) -> HtmlElement:
    """The body of a page or fragment, without comments and without elements whose content nobody reads."""
    return _read_part(lxml.html.document_fromstring(_framed(html)))


def _body(html: str) -> Node:
    """The same, of plain nodes: those of `lxml.html` look their class up in Python, each time they are touched."""
    return _read_part(etree.fromstring(_framed(html), _PARSER))


def _framed(html: str) -> str:
    # The div keeps libxml2 from wrapping only the first words of a fragment in a paragraph of its own.
    return f"<html><body><div>{storable(html)}</div></body></html>"


def _read_part(document: AnyNode) -> AnyNode:
    etree.strip_elements(document, *_UNREAD, with_tail=False)
    body = document.find("body")
    return document if body is None else cast(AnyNode, body)


def _reduce(body: Node) -> None:
    """To the few elements we know. The others lose their tag here: nh3 would drop the words in, say, a `text` as well."""
    tags = {node.tag for node in body.iterdescendants()}
    for written in tags & _RENAMED.keys():
        for node in list(body.iter(written)):
            node.tag = _RENAMED[written]
    if unknown := tags - _KNOWN - _RENAMED.keys():
        etree.strip_tags(body, *unknown)


def _clean_texts(body: Node, *, everything: bool) -> None:
    """Of trackers, and of what the parser makes of odd references."""
    for node in body.iter():
        if (text := node.text) and (everything or "://" in text):
            node.text = _without_trackers(text)
        if (tail := node.tail) and (everything or "://" in tail):
            node.tail = _without_trackers(tail)


def _without_trackers(text: str | None) -> str | None:
    """A tracker written out as text holds the recipient's address just as one in a link does."""
    if not text:
        return text
    # The parser makes control characters of references such as `&#2`, and then refuses to take them back.
    return TRACKED.sub(lambda found: storable(unwrap(found[0]) or ""), storable(text))


def _text(node: Node) -> str:
    return "".join(map(str, node.itertext()))


def _mend(anchor: Node, base: str) -> bool:
    """A link that names a whole address and has words; otherwise its words alone, and False."""
    href = link(anchor.get("href") or "", base)
    if not href or not ((anchor.text or "").strip() or _text(anchor).strip()):
        anchor.tag = boxes.UNWRAPPED
        return False
    anchor.set("href", href)
    if title := anchor.get("title"):
        del anchor.attrib["title"]  # it stands after the address, as we write it
        anchor.set("title", _without_trackers(title) or "")
    return True


def link(href: str, base: str) -> str:
    """The whole address a link names, or nothing if it is none that we pass on. An unreadable tracker leads to `base`."""
    behind = (unwrap(href) or base) if TRACKED.match(href) else href
    if is_plain(behind) and behind.startswith("https:"):
        return behind
    try:
        whole = urljoin(base, re.sub(r"[\t\r\n]", "", href.strip()))
        parts = urlsplit(storable(unwrap(whole) or base))
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme == "mailto":
        return parts.geturl() if "@" in parts.path else ""
    if parts.scheme == "http" and port in {None, 80}:
        parts = parts._replace(scheme="https", netloc=parts.netloc.removesuffix(":80"))
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or "\\" in whole:
        return ""
    return re.sub(r"\s", "%20", parts.geturl())


def _without_empty(html: str) -> str:
    before = None
    while html != before:
        before, html = html, _EMPTY_BLOCK.sub("", _EMPTY_INLINE.sub(r"\2", html))
    tidy = html.startswith("<") and html.endswith(">") and "<br>" not in (html[:4], html[-4:])
    return html if tidy else _OUTER_SPACE.sub("", html)


def plain(text: str) -> str:
    """One line of text, such as a title: no tags, no entities, no control characters. Emoji stay joined."""
    for _ in range(runs.MOST_ROUNDS):
        before, text = text, runs.unescaped(_TAG.sub("", text))
        if text == before:
            break
    seen = text if text.isascii() and text.isprintable() else "".join(_visible(text))
    return " ".join(seen.split())


def _visible(text: str) -> Iterator[str]:
    kinds = [unicodedata.category(one) for one in text]
    for at, (one, kind) in enumerate(zip(text, kinds, strict=True)):
        if one.isspace():
            yield " "
        elif kind not in {"Cc", "Cf", "Cs"} or (one == _JOINER and _joins_emoji(kinds, at)):
            yield one


def _joins_emoji(kinds: list[str], at: int) -> bool:
    """Between pictures; the first may have a skin tone (Sk) or a variation selector (Mn) behind it."""
    return kinds[at - 1 : at] in (["So"], ["Sk"], ["Mn"]) and kinds[at + 1 : at + 2] == ["So"]


def normalised_title(title: str) -> str:
    """For comparing only: two titles that a reader would call the same give the same text."""
    # Most titles: 0.6 µs instead of 8, and all titles that a source ever had are looked through for one with a new key.
    if title.isascii() and title.isprintable() and not ("<" in title or "&" in title or "`" in title):
        return " ".join(title.lower().split())
    composed = unicodedata.normalize("NFKC", plain(title).translate(PLAIN))
    return " ".join(composed.translate(PLAIN).casefold().split())


def blocks(html: str) -> tuple[str, ...]:
    """The text of each paragraph, list item, table cell and heading: phrases never reach from one into the next."""
    return tuple(" ".join(run.text.split()) for run in runs.Reader().read(_body(html)))


def hrefs(html: str) -> tuple[str, ...]:
    """Every link, in order."""
    return tuple(href for anchor in _body(html).iter("a") if (href := anchor.get("href")))


def first_heading(html: str) -> str:
    """Of the headings, among which a paragraph all in bold counts, the first."""
    for node in _body(html).iter("h1", "h2", "h3", "h4", "h5", "h6", "p"):
        said = _text(node)
        text = "".join(said.split())
        bold = "".join("".join(_text(one).split()) for one in node.iter("strong", "b"))
        if text and (node.tag != "p" or bold == text):
            return plain(said)
    return ""


def to_text(html: str) -> str:
    """For the text part of a message: everything that is said, and every link written out."""
    return runs.laid_out(runs.Reader().read(_body(html)))
