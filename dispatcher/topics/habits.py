"""Habits: what the topics have matched so far, and what looks wrong about it: a topic that is dead, or so wide that it says nothing. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

Warned = tuple[str, str, str]

DEAD = timedelta(days=180)
LOOKED_AT = timedelta(days=100)  # over how long the rate of a topic is counted
_A_DAY = 5
_FEWEST = 20  # bulletins; of fewer, half says nothing


@dataclass(frozen=True, slots=True)
class Habit:
    """One topic in use: since when, when it matched last, and how many bulletins of the time that is looked at."""

    since: datetime
    last: datetime | None
    lately: int


def warnings(habits: Mapping[str, Habit], bulletins: int, now: datetime) -> Iterator[Warned]:
    """`bulletins`: how many there were in the time that is looked at, matched or not."""
    for slug, one in habits.items():
        days = max(1.0, (now - max(one.since, now - LOOKED_AT)) / timedelta(days=1))
        if (one.last or one.since) < now - DEAD:
            since = f"since {one.last:%Y-%m-%d}" if one.last else "ever"
            yield (
                slug,
                f"has matched nothing {since}",
                "are its rules still how notices are written? `topics backtest`",
            )
        if one.lately / days > _A_DAY:
            yield (
                slug,
                f"matched {one.lately / days:.0f} bulletins a day",
                "narrower rules, or several topics",
            )
        elif bulletins >= _FEWEST and one.lately > bulletins / 2:
            problem = f"matched {one.lately} of {bulletins} bulletins"
            yield slug, problem, "fine for a topic that is meant so; else narrower rules"
