"""When an address is no longer mailed: what we know of it in, the ground for suppression out. The whole policy stands here.

Complaints and addresses that are gone count at once. All else counts in bounce-days, one a day at most, and a success in between
forgives: three over at least fourteen days. What is about us (policy, size, a relay) and what is no refusal never gets here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

BOUNCE_DAYS = 3
BOUNCE_SPAN = timedelta(days=14)
# With a relay in between a bare "250" is no success, it says yes to every address: only that nothing came back for so long is one.
QUIET = timedelta(days=5)
FLOOD_WITHIN = timedelta(hours=1)


class Weight(IntEnum):
    """What a fact is worth, the heaviest first."""

    COMPLAINT = 0
    GONE = 1
    BOUNCE = 2
    SUCCESS = 3


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One thing that we know of an address: when, of which delivery, in whose words."""

    weight: Weight
    at: datetime
    delivery: int
    words: str


def ground(facts: Iterable[Fact]) -> Fact | None:
    """The fact for which the address is suppressed, whatever order we heard of them in; None if there is no ground."""
    ordered = sorted(facts)
    at_once = next((one for one in ordered if one.weight <= Weight.GONE), None)
    return at_once or _bouncing(ordered)


def most_gone(tried: int) -> int:
    """So many of these addresses of a mailing may turn out gone within an hour; more, and the relay is not to be believed."""
    return max(10, tried * 2 // 100)


def _bouncing(facts: Sequence[Fact]) -> Fact | None:
    """The bounce that completes the measure, if one does."""
    begun: list[Fact] = []
    for one in sorted(facts, key=lambda fact: (fact.at, fact.weight)):
        if one.weight is Weight.SUCCESS:
            begun = []
        elif not begun or begun[-1].at.date() < one.at.date():
            begun.append(one)
            if len(begun) >= BOUNCE_DAYS and one.at.date() - begun[0].at.date() >= BOUNCE_SPAN:
                return one
    return None
