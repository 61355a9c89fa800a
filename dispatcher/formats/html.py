"""HTML that we did not write: made harmless, cut into blocks of text, or turned into readable plain text.

Whatever a source published passes `sanitise` before it is stored and again before it is mailed: an allow-list of plain
elements, whole links only, no images, nothing that tells anybody who reads it. This module never fetches what a link names.
"""

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import lxml.html
import nh3
from lxml import etree
from lxml.html import HtmlElement

from dispatcher.formats import runs
from dispatcher.formats.runs import BLOCKS, BOXES
from dispatcher.formats.signs import PLAIN
from dispatcher.formats.trackers import TRACKED, unwrap

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

_CLEANER = nh3.Cleaner(
    tags=set(_ALLOWED),
    clean_content_tags=set(),
    attributes={"a": {"href", "title"}},
    url_schemes={"https", "mailto"},
    url_relative="deny",
    link_rel=None,
)

# libxml2 ends a text at NUL, and lone surrogates cannot be encoded.
_UNPARSABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ATTRIBUTES = ("href", "title")
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
    return _reduced(html, base)


def _reduced(html: str, base: str) -> str:
    body = parse(html)
    for node in list(body.iterdescendants()):
        _reduce(node)
    for around in list(body.iter("a", "strong", "em", "p")):
        _take_out_blocks(around)
    for box in list(body.iter(*BOXES)):
        _wrap_loose_words(box)
    for anchor in list(body.iter("a")):
        _mend(anchor, base)
    return _without_empty(_CLEANER.clean(etree.tostring(body, encoding="unicode", method="html")))


def parse(html: str) -> HtmlElement:
    """The body of a page or fragment, without comments and without elements whose content nobody reads."""
    text = storable(html)
    # The div keeps libxml2 from wrapping only the first words of a fragment in a paragraph of its own.
    document = lxml.html.document_fromstring(f"<html><body><div>{text}</div></body></html>")
    unread = (etree.Comment, etree.ProcessingInstruction, *_WITHOUT_TEXT.split())
    etree.strip_elements(document, *unread, with_tail=False)
    body = document.find("body")
    return document if body is None else body


def _reduce(node: HtmlElement) -> None:
    """To the few elements we know. The others lose their tag here: nh3 would drop the words in, say, a `text` as well."""
    if node.tag in _RENAMED:
        node.tag = _RENAMED[node.tag]
    if text := node.text:
        node.text = _without_trackers(text)
    if tail := node.tail:
        node.tail = _without_trackers(tail)
    _reduce_attributes(node)
    if node.tag not in _KNOWN:
        node.drop_tag()


def _reduce_attributes(node: HtmlElement) -> None:
    """All at once: one called `{href` cannot be named, not even to be removed."""
    if not node.attrib:
        return
    kept = {name: value for name in _ATTRIBUTES if (value := node.get(name)) is not None}
    if len(kept) < len(node.attrib):
        node.attrib.clear()
        node.attrib.update(kept)


def _without_trackers(text: str | None) -> str | None:
    """A tracker written out as text holds the recipient's address just as one in a link does."""
    if not text:
        return text
    # The parser makes control characters of references such as `&#2`, and then refuses to take them back.
    return TRACKED.sub(lambda found: storable(unwrap(found[0]) or ""), storable(text))


def _take_out_blocks(around: HtmlElement) -> None:
    """A paragraph that holds blocks is a box; a link or emphasis around blocks belongs into each of them."""
    inner = [node for node in around.iterdescendants() if node.tag in BLOCKS]
    if not inner:
        return
    if around.tag == "p":
        around.tag = "div"
        return
    for block in inner:
        if not any(node.tag in BLOCKS for node in block.iterdescendants()):
            within = block.makeelement(around.tag, dict(around.attrib))
            within.text, block.text = block.text, None
            within.extend(list(block))
            block.append(within)
    around.drop_tag()


def _wrap_loose_words(box: HtmlElement) -> None:
    """What stands in a box beside its paragraphs becomes paragraphs too."""
    _make_words_elements(box)
    run = None
    for child in list(box):
        if child.tag in BLOCKS:
            run = None
            continue
        if run is None:
            run = box.makeelement("p")
            child.addprevious(run)
        run.append(child)


def _make_words_elements(box: HtmlElement) -> None:
    """Text as `span`, which the allow-list drops again: elements can be moved, text cannot."""
    for child in list(box):
        if child.tail:
            span = box.makeelement("span")
            span.text, child.tail = child.tail, None
            child.addnext(span)
    if box.text:
        first = box.makeelement("span")
        first.text, box.text = box.text, None
        box.insert(0, first)


def _mend(anchor: HtmlElement, base: str) -> None:
    """A link that names a whole address and has words; otherwise its words alone."""
    href = link(anchor.get("href") or "", base)
    if not href or not anchor.text_content().strip():
        anchor.drop_tag()
        return
    anchor.set("href", href)
    if anchor.get("title"):
        anchor.set("title", _without_trackers(anchor.get("title")) or "")


def link(href: str, base: str) -> str:
    """The whole address a link names, or nothing if it is none that we pass on. An unreadable tracker leads to `base`."""
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


def storable(text: str) -> str:
    """Without control characters and lone surrogates, which neither a parser nor PostgreSQL takes."""
    return _UNPARSABLE.sub("", text)


def plain(text: str) -> str:
    """One line of text, such as a title: no tags, no entities, no control characters. Emoji stay joined."""
    for _ in range(runs.MOST_ROUNDS):
        before, text = text, runs.unescaped(_TAG.sub("", text))
        if text == before:
            break
    return " ".join("".join(_visible(text)).split())


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
    composed = unicodedata.normalize("NFKC", plain(title).translate(PLAIN))
    return " ".join(composed.translate(PLAIN).casefold().split())


def blocks(html: str) -> tuple[str, ...]:
    """The text of each paragraph, list item, table cell and heading: phrases never reach from one into the next."""
    return tuple(" ".join(run.text.split()) for run in runs.Reader().read(parse(html)))


def hrefs(html: str) -> tuple[str, ...]:
    """Every link, in order."""
    return tuple(href for anchor in parse(html).iter("a") if (href := anchor.get("href")))


def first_heading(html: str) -> str:
    """Of the headings, among which a paragraph all in bold counts, the first."""
    for node in parse(html).iter("h1", "h2", "h3", "h4", "h5", "h6", "p"):
        text = "".join(node.text_content().split())
        bold = "".join("".join(one.text_content().split()) for one in node.iter("strong", "b"))
        if text and (node.tag != "p" or bold == text):
            return plain(node.text_content())
    return ""


def to_text(html: str) -> str:
    """For the text part of a message: everything that is said, and every link written out."""
    return runs.laid_out(runs.Reader().read(parse(html)))
