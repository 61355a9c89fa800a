"""A document, and the page that is made of it: folded and read for sections once, for however many rules and phrases.

Folding costs more than looking, so whoever asks a document several things reads it once and passes the page on. Knows fields and
places; not what is looked for.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

from dispatcher.formats import sections, words
from dispatcher.formats.quotation import quote
from dispatcher.formats.sections import Reference

FIELDS = ("title", "body", "document", "category", "source", "link")


@dataclass(frozen=True, slots=True)
class Document:
    """What the rules read: one bulletin, its body cut into blocks of plain text. `linked`: how documents begin that it links to."""

    title: str
    body: tuple[str, ...]
    type: str = "notice"
    categories: tuple[str, ...] = ()
    source: str = ""
    link: str = ""
    linked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a document: characters `start` to `end` of the nth block of a field (from 0; a title has one block)."""

    field: str
    block: int
    start: int
    end: int


class Page:
    """A document read once. Cheap to make; folding and reading for sections happen when first asked for, and then never again."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._blocks: dict[str, tuple[str, ...]] = {
            "title": (document.title,),
            "body": document.body,
            "document": document.linked,
            "category": document.categories,
            "source": (document.source,),
            "link": (document.link,),
        }
        self._firsts = list(accumulate((len(self._blocks[name]) for name in FIELDS), initial=0))

    @cached_property
    def folded(self) -> words.Folded:
        """All its fields, one block after the other."""
        return words.fold([text for name in FIELDS for text in self._blocks[name]])

    @cached_property
    def cited(self) -> tuple[Reference, ...]:
        """Every section it cites, in reading order."""
        return sections.references(self.document.title, self.document.body)

    @cached_property
    def counted(self) -> tuple[Reference, ...]:
        """The citations that make it a section's business: of its subject if it has one, else all, those in linked documents too."""
        return _subjects(self.cited) or (*self.cited, *self._cited_by_linked())

    def _cited_by_linked(self) -> list[Reference]:
        """As if its blocks followed those of the body."""
        found = sections.references("", self.document.linked)
        return [replace(one, block=one.block + len(self.document.body)) for one in _subjects(found) or found]

    def field(self, at: int) -> str:
        """The field that has this folded letter."""
        return self._field(self.folded.block(at))

    def spot(self, at: int, end: int) -> Spot:
        """Where these folded letters stand."""
        block = self.folded.block(at)
        name = self._field(block)
        return Spot(name, block - self._firsts[FIELDS.index(name)], *self.folded.span(at, end))

    def spot_of(self, reference: Reference) -> Spot:
        """Where a section is cited."""
        beyond = reference.block - len(self.document.body)
        if beyond > 0:
            return Spot("document", beyond - 1, reference.start, reference.end)
        if reference.block:
            return Spot("body", reference.block - 1, reference.start, reference.end)
        return Spot("title", 0, reference.start, reference.end)

    def written(self, spot: Spot) -> str:
        """The words there as written, on one line."""
        text = self._blocks[spot.field][spot.block][spot.start : spot.end]
        return quote(text, 0, len(text))

    def quote(self, spot: Spot) -> str:
        """The words there with a little around them."""
        return quote(self._blocks[spot.field][spot.block], spot.start, spot.end)

    def _field(self, block: int) -> str:
        return FIELDS[bisect_right(self._firsts, block) - 1]


def _subjects(cited: tuple[Reference, ...]) -> tuple[Reference, ...]:
    return tuple(one for one in cited if one.place == "subject")
