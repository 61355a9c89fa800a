"""Traits: what two notices must have in common before `likeness.same` can call them one, so that an index finds who they are. Pure.

They follow from likeness, rule by rule, and may find too many but never too few. Whoever changes what likeness asks for, or how a notice
is read for it, raises `GRAMMAR`: every trait is then written anew.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from dispatcher.sources.likeness import NEAR, TELLING
from dispatcher.sources.notice import Notice

GRAMMAR = 1

KINDS = 8  # of letters, by which titles are looked up
_NAMED = 1 << 62  # a run has a smaller number


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sighting is looked at if it has one of `named`, or `least` of `runs`."""

    named: frozenset[int]
    runs: frozenset[int]
    least: int


def kept(notice: Notice) -> frozenset[int]:
    """What is written down for a sighting."""
    named = [("link", notice.link), ("page", notice.only_page), *_either_way(notice)]
    return frozenset(_number(*one) for one in named if one[-1]) | _first(notice.runs)


def wanted(notice: Notice) -> Wanted:
    """What is looked for among that."""
    named = [("link", notice.link), ("link", notice.only_page), ("page", notice.link), *_either_way(notice)]
    distinct = len(set(notice.runs))
    least = min(_more(distinct * 4 // 5), distinct * 4 // 5)
    return Wanted(frozenset(_number(*one) for one in named if one[-1]), _first(notice.runs), least)


def _either_way(notice: Notice) -> Iterable[tuple[str, ...]]:
    yield "at", notice.name, notice.at.isoformat()
    yield "said", notice.name, notice.said
    yield "requests", " ".join(sorted(notice.requests))
    for file in notice.files:
        yield "file", notice.name, file


def _number(*named: str) -> int:
    digest = blake2b("\n".join(named).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) >> 2 | _NAMED


def _first(runs: Sequence[int]) -> frozenset[int]:
    """Of all of them, in an order that is the same for all texts, a fifth and some more.

    Of two texts that are one, a fifth of each may be missing from the other, and at worst all of that stands first; so they have those
    that are more than a fifth in common, and texts with no more in common than how they begin and end have not.
    """
    if len(runs) < TELLING:
        return frozenset()
    return frozenset(sorted(set(runs))[: len(runs) // 5 + _more(len(runs))])


def _more(runs: int) -> int:
    """Few rows for long texts. Of short ones nearly all: two rule notices may have a quarter in common, and it may stand first."""
    return 9 + runs // 20


@dataclass(frozen=True, slots=True)
class Range:
    """The titles that may be alike to nine tenths: how long, how many letters of each kind, when."""

    shortest: int
    longest: int
    letters: tuple[int, ...]
    since: int
    until: int


def letters(bare: str) -> tuple[int, ...]:
    """How many of each kind stand in a title."""
    counted = Counter(ord(one) % KINDS for one in bare)
    return tuple(counted[kind] for kind in range(KINDS))


def like(notice: Notice) -> Range:
    """Of two titles that are so much alike, the shorter has nine elevenths of the longer one's letters."""
    length, at, near = len(notice.bare), int(notice.at.timestamp()), int(NEAR.total_seconds()) + 1
    return Range(-(-9 * length // 11), 11 * length // 9, letters(notice.bare), at - near, at + near)
