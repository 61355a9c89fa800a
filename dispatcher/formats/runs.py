"""Runs: the pieces of running text that a reader of an HTML body sees as one, and how they stand in plain text.

Works on a parsed body and knows only how elements are laid out; what may stand in one is for `html` to say.
"""

import html as entities
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, groupby
from textwrap import TextWrapper

from lxml import etree

_BOXES = (
    "body div section article main header footer aside nav center blockquote pre dt dd address"
    " figure figcaption fieldset legend details summary form"
)
_OTHER_BLOCKS = "p ul ol dl li h1 h2 h3 h4 h5 h6 hr table caption thead tbody tfoot tr th td"

BOXES = frozenset(_BOXES.split())  # may hold paragraphs and loose words alike
BLOCKS = BOXES | frozenset(_OTHER_BLOCKS.split())

_SPACE = re.compile(r"\s+")
_WIDTH = 72
# Some publishers escape twice, nobody ten times; without an end 200 KB of `&amp;amp;amp;` took 3 s, and 1 MB would take 25 times that.
MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Run:
    """Text between two block boundaries; a `br` is a line break. `depth`: lists around it; `row`: its table row, from 1."""

    text: str
    links: tuple[str, ...]
    marker: str = ""
    depth: int = 0
    row: int = 0


def unescaped(text: str) -> str:
    """Entities resolved until nothing changes, or for as often as anybody may have escaped them."""
    for _ in range(MOST_ROUNDS):
        before, text = text, entities.unescape(text)
        if text == before:
            break
    return text


def laid_out(runs: Iterable[Run]) -> str:
    """Paragraphs apart, list items and table rows below each other, every link written out below its run."""
    written: list[str] = []
    before: Run | None = None
    for run in _rows_joined(runs):
        together = before is not None and (min(run.depth, before.depth) or min(run.row, before.row))
        written += ["\n" if together else "\n\n", _lines(run)]
        before = run
    return "".join(written).strip()


def _rows_joined(runs: Iterable[Run]) -> Iterator[Run]:
    """The cells of a table row share a line."""
    for _, row in groupby(enumerate(runs), key=lambda at: at[1].row or -1 - at[0]):
        cells = [run for _, run in row]
        if len(cells) == 1:
            yield cells[0]
            continue
        line = " | ".join(" ".join(cell.text.split()) for cell in cells)
        yield Run(line, tuple(href for cell in cells for href in cell.links), row=cells[0].row)


def _lines(run: Run) -> str:
    margin = "  " * (run.depth - 1)
    marker = run.marker or ("  " if run.depth else "")
    inner = margin + " " * len(marker)
    lines: list[str] = []
    for line in run.text.split("\n"):
        lines += _wrapper(inner if lines else margin + marker, inner).wrap(line)
    lines += [inner + href for href in dict.fromkeys(run.links) if href not in run.text]
    return "\n".join(lines)


def _wrapper(begin: str, inner: str) -> TextWrapper:
    """Breaks at spaces alone: an address stays whole, however long."""
    return TextWrapper(_WIDTH, begin, inner, break_long_words=False, break_on_hyphens=False)


class Reader:
    """Walks a body once and cuts its text wherever a block begins or ends."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._links: list[str] = []
        self._lists: list[Iterator[int] | None] = []  # open lists; a numbered one yields its next number
        self._marker = ""
        self._rows = 0
        self._in_row = False

    def read(self, body: etree._Element) -> Iterator[Run]:
        for event, node in etree.iterwalk(body, events=("start", "end")):
            begins = event == "start"
            if node.tag in BLOCKS:
                yield from self._cut()
                (self._enter if begins else self._leave)(node.tag)
            elif node.tag == "br" and begins:
                self._text.append("\n")
            elif node.tag == "a" and begins and node.get("href"):
                self._links.append(_written_out(node.get("href")))
            self._text.append(_SPACE.sub(" ", (node.text if begins else node.tail) or ""))
        yield from self._cut()

    def _cut(self) -> Iterator[Run]:
        lines = (" ".join(line.split()) for line in unescaped("".join(self._text)).split("\n"))
        text = "\n".join(line for line in lines if line)
        self._text.clear()
        if text:
            row = self._rows if self._in_row else 0
            yield Run(text, tuple(self._links), self._marker, len(self._lists), row)
            self._links.clear()
            self._marker = ""

    def _enter(self, tag: str) -> None:
        if tag in {"ul", "ol"}:
            self._lists.append(count(1) if tag == "ol" else None)
        elif tag == "li":
            numbers = self._lists[-1] if self._lists else None
            self._marker = f"{next(numbers)}. " if numbers else "- "
        elif tag == "tr":
            self._rows += 1
            self._in_row = True

    def _leave(self, tag: str) -> None:
        if tag in {"ul", "ol"}:
            self._lists.pop()
        elif tag == "li":
            self._marker = ""
        elif tag == "tr":
            self._in_row = False


def _written_out(href: str) -> str:
    return href.removeprefix("mailto:").partition("?")[0] if href.startswith("mailto:") else href
