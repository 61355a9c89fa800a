"""Changes: what a correction says otherwise than the notice it corrects, sentence by sentence, for people to read. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from dispatcher.formats.folded import fold, origins, sentences
from dispatcher.formats.html import blocks, normalised_title
from dispatcher.sources import marks
from dispatcher.sources.reading import Record

MOST = 20  # more than that nobody reads: the notice itself is shorter

_LONGEST = 600  # characters of a sentence
_MOST_SENTENCES = 1_000  # difflib takes time by the square of them
_MOST_PAIRS = 900  # of a passage that was written anew: how many pairs are compared
_ALIKE = 0.5
_KEPT = 0.7
_TELLING = 5  # words: fewer are found in any long sentence

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """What was added has no `before`, what was removed no `after`."""

    kind: Kind
    before: str
    after: str


def between(before: Record, after: Record) -> list[Change]:
    """In the order of the later text, at most MOST. A sentence that only moved is no change."""
    old, new = _sentences(before), _sentences(after)
    keys_of_old, keys_of_new = list(map(_key, old)), list(map(_key, new))
    matcher = SequenceMatcher(None, keys_of_old, keys_of_new, autojunk=False)
    found: list[Change] = []
    for kind, begin, end, start, stop in matcher.get_opcodes():
        if kind != "equal":
            gone = [one for one in old[begin:end] if _key(one) not in keys_of_new]
            come = [one for one in new[start:stop] if _key(one) not in keys_of_old]
            found += _passage(gone, come)
    return found[:MOST]


def _sentences(record: Record) -> list[str]:
    found = [marks.read(record.title).title]
    for block in blocks(record.body_html):
        found += _of_block(block)
    return found[:_MOST_SENTENCES]


def _of_block(block: str) -> Iterator[str]:
    """As written: a grammar reads folded text, people do not."""
    places = origins(block)
    for start, end in sentences(fold(block)):
        if start < end:
            words = block[places[start] : places[end - 1] + 1].strip()
            yield words if len(words) <= _LONGEST else f"{words[:_LONGEST].rstrip()}…"


def _key(sentence: str) -> str:
    """Stars and the like mark what is new: they are not what is new."""
    return normalised_title(sentence).strip(" *")


def _passage(gone: Sequence[str], come: Sequence[str]) -> Iterator[Change]:
    """A passage that became another: each new sentence beside the old one that it is most like."""
    partners = _partners(gone, come) if len(gone) * len(come) <= _MOST_PAIRS else {}
    for place, sentence in enumerate(come):
        if place in partners:
            yield Change("changed", gone[partners[place]], sentence)
        else:
            yield Change("added", "", sentence)
    for place, sentence in enumerate(gone):
        if place not in partners.values():
            yield Change("removed", sentence, "")


def _partners(gone: Sequence[str], come: Sequence[str]) -> dict[int, int]:
    ratios = sorted(
        (
            (_likeness(_key(one), _key(other)), -at, -place)
            for at, one in enumerate(gone)
            for place, other in enumerate(come)
        ),
        reverse=True,
    )
    found: dict[int, int] = {}
    for ratio, at, place in ratios:
        if ratio >= _ALIKE and -place not in found and -at not in found.values():
            found[-place] = -at
    return found


def _likeness(one: str, other: str) -> float:
    """A short sentence that was spun out is changed as well: nearly all of its words are still there."""
    fewer, more = sorted((set(one.split()), set(other.split())), key=len)
    kept = len(fewer & more) / len(fewer) if len(fewer) >= _TELLING else 0
    ratio = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return max(ratio, _ALIKE if kept >= _KEPT else 0)
