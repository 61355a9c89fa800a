"""Sections of the Benefits Manual: which of them a notice cites, where it does so, and which citations a topic's section accepts.

Providers think in section numbers, so these decide who is told. Here the citations of all sentences come together: what is
the subject and what a mention, which single digits count, and which chapter a number without one takes from the rest of the
notice. Works on plain text; never sees mark-up, topics or rules.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dispatcher.formats import manual
from dispatcher.formats.folded import fold, origins, sentences, without_links
from dispatcher.formats.section_places import labelled, lists
from dispatcher.formats.section_reader import Citation, read, worth_reading

Place = Literal["subject", "mention"]

_DECLARED = re.compile(r"(?:(?P<chapter>[IVX]+)-)?(?P<number>[1-9]\d{0,2})(?: appendix (?P<appendix>[A-Z]))?")


@dataclass(frozen=True, slots=True)
class Section:
    """A section as topics.yaml declares it. Without a chapter it is that number in every chapter."""

    chapter: str | None
    number: str
    appendix: str | None = None

    def __str__(self) -> str:
        number = f"{self.chapter}-{self.number}" if self.chapter else self.number
        return f"{number} appendix {self.appendix}" if self.appendix else number


@dataclass(frozen=True, slots=True)
class Reference:
    """One citation of a section. `block`: 0 is the title, n the nth block of the body; `text` is as written there."""

    chapter: str | None
    number: str
    appendix: str | None
    subsection: str
    place: Place
    block: int
    text: str
    start: int
    end: int


def parse_declared(text: str) -> Section:
    """`II-97`, `97`, `97 appendix C` or `III-97 appendix C`. Raises ValueError that says what is allowed."""
    found = _DECLARED.fullmatch(text.strip())
    if not found or (found["chapter"] or "I") not in manual.CHAPTERS:
        raise ValueError(f"“{text}” is no section: write II-97, 97, III-97 appendix C or 97 appendix C")
    section = Section(found["chapter"], found["number"], found["appendix"])
    if not manual.may_exist(section.chapter, section.number):
        where = f"Chapter {section.chapter} of the manual" if section.chapter else "the manual"
        raise ValueError(
            f"“{text}”: {where} has no Section {section.number}; allowed are those that the manual lists"
        )
    appendices = manual.APPENDICES.get(section.number, ())
    if section.appendix and section.appendix not in appendices:
        allowed = f"allowed are {', '.join(appendices)}" if appendices else "it has none"
        raise ValueError(f"“{text}”: Section {section.number} has no appendix {section.appendix}; {allowed}")
    return section


def references(title: str, body: Sequence[str]) -> tuple[Reference, ...]:
    """What one notice cites, in reading order: each section once for each block, and for each place in it."""
    originals = (title, *body)
    texts = [fold(one) for one in originals]
    cited = [_citations(text) for text in texts]
    if not any(cited):
        return ()
    listed = _listed(texts, cited)
    found: list[Reference] = []
    for block, labelled_spans in enumerate(labelled(texts)):
        counted = [one for one in cited[block] if _counts(one, is_listed=listed.get(block, False))]
        is_all_subject = block == 0 or block in listed
        spans = [(0, len(texts[block]))] if is_all_subject else labelled_spans
        found += _referred(_once(counted, spans), block, originals[block])
    return tuple(_absorbed(found))


def _citations(text: str) -> list[Citation]:
    if not worth_reading(text):
        return []
    readable = without_links(text)
    return [
        one
        for start, end in sentences(readable)
        if worth_reading(sentence := readable[start:end])
        for one in read(sentence, start)
    ]


def _listed(texts: Sequence[str], cited: Sequence[Sequence[Citation]]) -> dict[int, bool]:
    """The blocks that are entries of a table or list of sections. True: one of the entries can only be a section."""
    listed: dict[int, bool] = {}
    for group in lists(texts, cited):
        if len(group) > 1:
            is_sure = any(len(one.number) > 1 for block in group for one in cited[block])
            listed |= dict.fromkeys(group, is_sure)
    return listed


def _counts(citation: Citation, *, is_listed: bool) -> bool:
    """A single digit without chapter may be a section of anything, unless the manual or a longer number stands by it."""
    is_plain = citation.chapter is not None or len(citation.number) > 1
    return is_plain or citation.vouched or is_listed


def _once(
    citations: Sequence[Citation], subject: Sequence[tuple[int, int]]
) -> Collection[tuple[Citation, Place]]:
    """The first citation of each section that stands where the subject is named, and the first that does not."""
    first: dict[tuple[str | None, ...], tuple[Citation, Place]] = {}
    for one in citations:
        is_subject = any(start <= one.start < end for start, end in subject)
        place: Place = "subject" if is_subject else "mention"
        first.setdefault((one.chapter, one.number, one.appendix, one.subsection, place), (one, place))
    return first.values()


def _referred(cited: Collection[tuple[Citation, Place]], block: int, original: str) -> Iterator[Reference]:
    """What the citations in a block are in the original."""
    places = origins(original) if cited else ()
    for one, place in cited:
        start, end = places[one.start], places[one.end - 1] + 1
        yield Reference(
            one.chapter,
            one.number,
            one.appendix,
            one.subsection,
            place,
            block,
            original[start:end],
            start,
            end,
        )


def _absorbed(found: Sequence[Reference]) -> Iterator[Reference]:
    """A number without chapter is the same number with one, if the notice states one anywhere."""
    stated: dict[str, dict[str, None]] = {}
    for one in found:
        if one.chapter:
            stated.setdefault(one.number, {})[one.chapter] = None
    said = {(one.chapter, one.number, one.appendix, one.place) for one in found if one.chapter}
    for one in found:
        if one.chapter or one.number not in stated:
            yield _placed(one)
            continue
        for chapter in stated[one.number]:
            places = ("subject", one.place)
            if not any((chapter, one.number, one.appendix, place) in said for place in places):
                yield replace(one, chapter=chapter)


def _placed(reference: Reference) -> Reference:
    """1 and 6 without a chapter are those of Chapter I: Chapter X, which has a 1 too, is always stated."""
    is_first = reference.chapter is None and not manual.known("II", reference.number)
    return replace(reference, chapter="I") if is_first else reference


def accepts(declared: Section, reference: Reference) -> bool:
    """Is this a citation of that section? One without a chapter is one of Chapter II; a declared appendix must be the one cited."""
    is_chapter = declared.chapter in {None, reference.chapter or "II"}
    is_appendix = declared.appendix in {None, reference.appendix}
    return is_chapter and is_appendix and declared.number == reference.number


def known_as_json(references: Iterable[Reference]) -> list[dict[str, str | None]]:
    """Each section once, mentions too; null for no chapter and no appendix."""
    keys = dict.fromkeys((one.chapter, one.number, one.appendix) for one in references)
    return [
        {"chapter": chapter, "section": number, "appendix": appendix} for chapter, number, appendix in keys
    ]
