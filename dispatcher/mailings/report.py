"""The sums of a mailing: what became of everybody whom the audience held at the freeze. Counts in, sums out; reads no row itself.

    audience at freeze = accepted + failed + suppressed + cancelled + open
    accepted           = complained + bounced later + delivered + no news

"Accepted" means that the relay took it, "delivered" that somebody said so later: neither is ever said for the other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PARTS = ("accepted", "failed", "suppressed", "cancelled", "open")
OPEN = ("pending", "claimed", "sending")
NOT_WRITTEN_OUT = "not yet written out"
NO_NEWS = "no news"
# What the mail world said later, by the kind of the event: each delivery counts once, under the first of these.
NEWS = {"complaint": "complained", "bounce": "bounced later", "delivered": "delivered", "": NO_NEWS}


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that stand alike. `news` is the kind of the strongest event of each, `in_doubt` how many of them may have left."""

    state: str
    count: int
    reason: str = ""
    code: int | None = None
    news: str = ""
    in_doubt: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A number and its part of the whole, in tenths of a percent."""

    name: str
    count: int
    tenths: int

    @property
    def percent(self) -> float:
        """As people read it."""
        return self.tenths / 10


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the account; all of them together are the audience."""

    part: str
    state: str
    reason: str
    code: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    """Both sums, the lines they are made of, and what is wrong with them."""

    audience: int
    parts: tuple[Share, ...]
    news: tuple[Share, ...]
    lines: tuple[Line, ...]
    open_in_doubt: int
    cancelled_in_doubt: int
    problems: tuple[str, ...]

    @property
    def is_even(self) -> bool:
        """Nobody is missing, nobody is too many, nobody ended without a reason."""
        return not self.problems

    def of(self, part: str) -> list[Line]:
        """The lines of one part."""
        return [line for line in self.lines if line.part == part]


def draw_up(audience: int, groups: Sequence[Group], *, written_out: bool) -> Report:
    """The account of one mailing. `written_out`: fan-out is at its end, so everybody must have a row."""
    missing = audience - sum(group.count for group in groups)
    lines = _lines(groups, 0 if written_out else max(missing, 0))
    counts = Counter[str]()
    for line in lines:
        counts[line.part] += line.count
    news = Counter({line.reason: line.count for line in lines if line.part == "accepted"})
    return Report(
        audience=audience,
        parts=_shares(PARTS, counts),
        news=_shares(tuple(NEWS.values()), news),
        lines=lines,
        open_in_doubt=sum(group.in_doubt for group in groups if group.state in OPEN),
        cancelled_in_doubt=sum(group.in_doubt for group in groups if group.state == "cancelled"),
        problems=tuple(_problems(audience, missing, lines, written_out=written_out)),
    )


def tenths(counts: Sequence[int]) -> list[int]:
    """Shares in tenths of a percent that add up to exactly 1000: what rounding down leaves goes to the largest remainders."""
    whole = sum(counts)
    if not whole:
        return [0] * len(counts)
    shares = [count * 1000 // whole for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda at: (-(counts[at] * 1000 % whole), at))
    for at in by_remainder[: 1000 - sum(shares)]:
        shares[at] += 1
    return shares


def _shares(names: Sequence[str], counts: Counter[str]) -> tuple[Share, ...]:
    numbers = [counts[name] for name in names]
    return tuple(map(Share, names, numbers, tenths(numbers)))


def _lines(groups: Iterable[Group], not_written_out: int) -> tuple[Line, ...]:
    counts = Counter[tuple[str, str, str, int | None]]()
    for group in groups:
        counts[_place(group)] += group.count
    counts["open", "", NOT_WRITTEN_OUT, None] += not_written_out
    lines = [Line(*place, count) for place, count in counts.items() if count]
    return tuple(sorted(lines, key=_order))


def _place(group: Group) -> tuple[str, str, str, int | None]:
    if group.state in OPEN:
        return "open", group.state, "", None
    if group.state == "accepted":
        return "accepted", group.state, NEWS.get(group.news, NO_NEWS), None
    # Only a refusal has a code that explains it: who was cancelled may bear one from an earlier attempt.
    return group.state, group.state, group.reason, group.code if group.state == "failed" else None


def _order(line: Line) -> tuple[int, int, str, str, int]:
    part = PARTS.index(line.part) if line.part in PARTS else len(PARTS)
    within = list(NEWS.values()) if line.part == "accepted" else []
    news = within.index(line.reason) if within else 0
    state = str(OPEN.index(line.state)) if line.state in OPEN else line.state or "~"
    return part, news, state, line.reason, line.code or 0


def _problems(audience: int, missing: int, lines: Sequence[Line], *, written_out: bool) -> Iterable[str]:
    if missing < 0:
        yield f"{-missing} more rows than the audience of {audience}"
    if missing > 0 and written_out:
        yield f"{missing} of the audience of {audience} have no row, and fan-out is complete"
    for line in lines:
        if line.part not in PARTS:
            yield f"{line.count} rows are {line.state!r}, which is no state of a delivery"
        elif line.part not in {"accepted", "open"} and not line.reason:
            yield f"{line.count} rows are {line.state} without a reason"
