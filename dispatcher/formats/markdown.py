"""Markdown that staff wrote: to the HTML that may be mailed, and to the links that checks look at. Runs nothing that stands in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from dispatcher.formats import html

# CommonMark with tables. Raw HTML stays as typed, for people to see that it does not work here.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_WORDS = ("text", "text_special", "code_inline")


@dataclass(frozen=True, slots=True)
class Link:
    """One link or picture as typed. Messages hold no pictures: `sanitise` takes them out."""

    words: str
    href: str
    is_picture: bool = False


def to_html(markdown: str, base: str) -> str:
    """What may be stored and mailed: the same allow-list as for what sources publish."""
    return html.sanitise(_MARKDOWN.render(markdown), base)


def links(markdown: str) -> list[Link]:
    """Every link and every image, in order."""
    return [link for token in _MARKDOWN.parse(markdown) for link in _of_line(token.children or [])]


def heading(markdown: str) -> tuple[str, str]:
    """The heading of the first level that the text begins with, and the rest; no heading: empty, and the whole."""
    # By hand: an expression that forgives white space on all sides takes minutes over a long line of it.
    first, _, rest = markdown.lstrip("\n").partition("\n")
    sign, space, typed = first.partition(" ")
    if sign != "#" or not space or not (typed := typed.strip()):
        return "", markdown
    closed = typed.rstrip("#")
    return _words(closed.rstrip() if closed.endswith(" ") else typed), rest


def _words(typed: str) -> str:
    """One line of Markdown as a subject shows it: its words without stars and brackets."""
    (line,) = _MARKDOWN.parseInline(typed)
    words = "".join(token.content for token in line.children or [] if token.type in _WORDS)
    return " ".join(words.split())


def _of_line(tokens: list[Token]) -> Iterator[Link]:
    href, words = "", ""
    for token in tokens:
        match token.type:
            case "link_open":
                href, words = str(token.attrGet("href") or ""), ""
            case "link_close":
                yield Link(words.strip(), href)
            case "image":
                yield Link(token.content, str(token.attrGet("src") or ""), is_picture=True)
                words += token.content
            case "softbreak" | "hardbreak":
                words += " "
            case name if name in _WORDS:
                words += token.content
