"""Likeness: do two notices say the same, and which earlier one does a correction or a reminder speak of? Pure.

Rule notices differ in a number: the adoptions of Sections 80 and 85 are alike to 0.95. So whatever else likeness decides, different
sections or a different lifecycle type mean different, and are looked at first.
"""

from collections.abc import Sequence
from datetime import timedelta
from difflib import SequenceMatcher

from dispatcher.formats.html import normalised_title
from dispatcher.sources.identity import lifecycle
from dispatcher.sources.notice import Cited, Notice, cited

NEAR = timedelta(days=7)
LOOK_BACK = timedelta(days=60)

_SAME_TITLE = 0.9
_ONE_THING = 0.6
_ROUNDING = 1e-9
_SAME_BODY = 0.8
_OF_ORIGINAL_TITLE = 0.8
_OF_ORIGINAL_BODY = 0.6
_ANOTHER_TITLE, _ANOTHER_BODY = 0.6, 0.3  # at most: a correction leaves most of one of them as it was
TELLING = 10  # fewer shingles than these are a phrase that many notices use
_UNKNOWN = "notice"


def alike(one: str, other: str) -> float:
    """Of two titles."""
    return SequenceMatcher(None, normalised_title(one), normalised_title(other), autojunk=False).ratio()


def contradict(one: str, other: str) -> bool:
    """Do two titles cite different sections, or name different stages in the life of a change?"""
    types = {lifecycle(title, "") for title in (one, other)} - {_UNKNOWN}
    return len(types) > 1 or _other_sections(cited(one), cited(other))


def same(one: Notice, other: Notice, *, one_source: bool) -> bool:
    """Are they one notice? Two sightings at one source must be equal: its weekly updates are alike, and none is another."""
    if one.mark != other.mark or (one.type != other.type and _UNKNOWN not in {one.type, other.type}):
        return False
    is_near = abs(one.at - other.at) <= NEAR
    if one_source:
        return is_near and equal(one, other)
    is_here = _one_place(one, other)
    if not is_here and not is_near and one.name != other.name:
        return False
    if _other_sections(one.sections, other.sections):
        return False
    if is_here or (is_near and _same_body(one, other)):
        return True
    said_alike = is_near and (_same_requests(one, other) or same_title(one, other))
    return one.type == other.type and (said_alike or _moved(one, other))


def equal(one: Notice, other: Notice) -> bool:
    """Same title and same text, if there is any."""
    return one.type == other.type and one.name == other.name and one.said == other.said != ""


def unlike(one: Notice, other: Notice) -> bool:
    """Neither title nor text of the one is left in the other: an address, and its guid with it, now holds another article.

    Without enough text to tell, it is the same one.
    """
    if min(len(one.shingles), len(other.shingles)) < TELLING:
        return False
    return (
        alike(one.title, other.title) < _ANOTHER_TITLE
        and _shared(one, other, of_longer=False) < _ANOTHER_BODY
    )


def original(marked: Notice, earlier: Sequence[Notice]) -> int | None:
    """Which of them, the latest first, a correction corrects, a repost repeats or a reminder recalls."""
    return next((place for place, one in enumerate(earlier) if _speaks_of(marked, one)), None)


def _speaks_of(marked: Notice, one: Notice) -> bool:
    is_recent = timedelta() <= marked.at - one.at <= LOOK_BACK
    if not is_recent or one.type != marked.type or _other_sections(one.sections, marked.sections):
        return False
    if marked.mark == "repost":
        return one.name == marked.name
    return (
        _ratio_is(one.name, marked.name, _OF_ORIGINAL_TITLE)
        or _shared(one, marked, of_longer=False) >= _OF_ORIGINAL_BODY
    )


def _other_sections(one: Cited, other: Cited) -> bool:
    """Only what both name can differ: a chapter that one leaves out is no difference."""
    if not one or not other or one == other:
        return False
    chapters = [{chapter for chapter, _ in named} - {""} for named in (one, other)]
    return {number for _, number in one} != {number for _, number in other} or (
        all(chapters) and not chapters[0] & chapters[1]
    )


def _one_place(one: Notice, other: Notice) -> bool:
    """One page about one thing, not one that many notices lead to; or the only notice page that one links to is the other."""
    if one.link == other.link != "" and (one.is_placed or _ratio_is(one.name, other.name, _ONE_THING)):
        return True
    return one.only_page == other.link != "" or other.only_page == one.link != ""


def _moved(one: Notice, other: Notice) -> bool:
    """From one page to another: the same title over the same file, or under the same date."""
    return one.name == other.name and (bool(one.files & other.files) or one.at == other.at)


def _same_requests(one: Notice, other: Notice) -> bool:
    """The same change requests, and the same sections."""
    return bool(one.requests) and one.requests == other.requests and one.sections == other.sections


def same_title(one: Notice, other: Notice) -> bool:
    """Alike without lead-ins and dates, and with no date and no other number in conflict: that first, since most titles have some."""
    if not one.bare or _conflict(one.dates, other.dates) or _conflict(one.numbers, other.numbers):
        return False
    # In 500 new notices beside 500 of another source, difflib's own first look at each pair took 14 of 17 s.
    letters = len(one.bare) + len(other.bare)
    alike = 1 - (one.letters ^ other.letters).bit_count() / letters  # or less
    return alike > _SAME_TITLE - _ROUNDING and _ratio_is(one.bare, other.bare, _SAME_TITLE)


def _conflict(one: frozenset[str], other: frozenset[str]) -> bool:
    """What one names beside the other is no conflict; what each names and the other does not is."""
    return bool(one - other) and bool(other - one)


def _ratio_is(one: str, other: str, wanted: float) -> bool:
    """The bounds first: of two titles of 100 letters the ratio itself takes 220 µs, and what is not in common in any way 27."""
    length = len(one) + len(other)
    if 2 * min(len(one), len(other)) < wanted * length - _ROUNDING:
        return False
    if 2 * in_common(one, other) < wanted * length - _ROUNDING:
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= wanted


def in_common(one: str, other: str) -> int:
    """The most letters that stand in both in one order; difflib never finds more. A bit for each of one's letters (Hyyrö, 2004)."""
    places: dict[str, int] = {}
    for at, letter in enumerate(one):
        places[letter] = places.get(letter, 0) | 1 << at
    every = (1 << len(one)) - 1
    left = every
    for letter in other:
        met = left & places.get(letter, 0)
        left = ((left + met) | (left - met)) & every
    return len(one) - left.bit_count()


def _same_body(one: Notice, other: Notice) -> bool:
    """Nearly all shingles in common."""
    if one.a_fifth.isdisjoint(other.shingles):
        return False
    return _shared(one, other, of_longer=True) >= _SAME_BODY


def _shared(one: Notice, other: Notice, *, of_longer: bool) -> float:
    """Which share of their shingles two bodies have in common, of the longer or the shorter one."""
    shorter, longer = sorted((len(one.shingles), len(other.shingles)))
    if shorter < TELLING:
        return 0
    return len(one.shingles & other.shingles) / (longer if of_longer else shorter)
