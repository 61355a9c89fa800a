"""Finds any number of words, phrases and beginnings of words in one pass over a folded text: the only module that knows the automaton.

    keywords = Index({41: "hospice rate*", 42: "340B"})      # any keys; made once, kept, used for any number of documents
    keywords.find(words.fold([title, *body]))                # {42: [(8, 12)]}: from where to where in the folded letters

Topics' rules and subscribers' own keywords are both looked for here, so the same words are always the same find. Time grows with
the text and with what is found in it, hardly with the number of phrases; making an index of 100,000 takes about a second.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick, Implementation

from dispatcher.formats.words import Folded, Phrase, phrase

_ENOUGH = 8  # places in one block
_FEW = 3_000  # phrases

K = TypeVar("K", bound=Hashable)


class Index(Generic[K]):
    """Phrases under keys of the caller's. Raises ValueError, naming the term, for one that can never be found."""

    def __init__(self, terms: Mapping[K, str]) -> None:
        # The automaton reads letters only; one run of them ("rulemaking") may be several phrases, told apart by where words meet.
        meant: dict[str, list[tuple[K, Phrase]]] = {}
        for key, term in terms.items():
            wanted = _phrase(term)
            meant.setdefault(wanted.letters.run, []).append((key, wanted))
        self._meant = list(meant.values())
        self._alone = [_alone(one) for one in self._meant]
        self._automaton = AhoCorasick(meant, implementation=_fitting(len(meant)), store_patterns=False)

    def find(self, folded: Folded) -> dict[K, list[tuple[int, int]]]:
        """For each phrase that stands in the text, from where to where in its letters, in order, and not more than a few in each block."""
        found: dict[K, list[tuple[int, int]]] = {}
        joints, alone = folded.letters.joints, self._alone
        for number, at, end in self._automaton.find_matches_as_indexes(folded.letters.run, overlapping=True):
            if not joints[at]:  # the middle of some word
                continue
            there = joints[at + 1 : end]
            if joints[end] and (one := alone[number]) and one[0] == there:
                keys = one[1]
            else:
                keys = [key for key, wanted in self._meant[number] if wanted.fits(joints, at, end)]
            for key in keys:
                spans = found.get(key)
                if spans is None:
                    found[key] = [(at, end)]
                # "a-a-a-…" and a hundred phrases of such letters would fill the memory with places that nobody looks at.
                elif len(spans) < _ENOUGH or folded.block(spans[-_ENOUGH][0]) != folded.block(at):
                    spans.append((at, end))
        return found


def _phrase(term: str) -> Phrase:
    try:
        return phrase(term)
    except ValueError as wrong:
        raise ValueError(f"“{term}” cannot be looked for: {wrong}") from None


def _alone(meant: Sequence[tuple[K, Phrase]]) -> tuple[bytes, list[K]] | None:
    """Where words must meet for a run that is one phrase only, as most are: it is decided by one look, and by few reads of memory."""
    joints = {wanted.letters.joints[1:-1] for _, wanted in meant}
    return (joints.pop(), [key for key, _ in meant]) if len(joints) == 1 else None


def _fitting(count: int) -> Implementation:
    # A table of every step is the fastest while it fits into the cache; beyond, the one with the smallest states.
    return Implementation.DFA if count <= _FEW else Implementation.ContiguousNFA
