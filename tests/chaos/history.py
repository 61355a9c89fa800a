"""What happened in a run of chaos, and whether every promise was kept. Plain values: a recorded history can be judged at any time.

The sink says what arrived, the driver what it did, the database what it believes; where they differ somebody was lost, doubled, or
mailed who should not have been.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# Who has unsubscribed may still get what was handed over at that moment.
GRACE = 5.0  # seconds
OPEN = frozenset({"pending", "claimed", "sending"})


@dataclass(frozen=True)
class Copy:
    """One message that the sink has taken. `answered`: its 250 was sent, too; without it the sender cannot know."""

    at: float
    message_id: str
    recipient: str
    digest: str
    answered: bool = True


@dataclass(frozen=True)
class Row:
    """One delivery as the database has it in the end. Its Message-ID begins with the mailing's random part and the row's id."""

    id: int
    mailing: str
    recipient: str
    state: str
    reason: str = ""
    doubts: int = 0
    recovered: int = 0

    @property
    def name(self) -> str:
        return f"{self.mailing}.{self.id}"


@dataclass(frozen=True)
class Kill:
    """Something that ended, and how many connections it had to the sink: so many messages may be doubled."""

    what: str
    connections: int


@dataclass
class History:
    """All of it. `audiences`: the control count of each mailing by its random part; `unfinished`: mailings that are not done."""

    audiences: dict[str, int] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    departed: dict[str, float] = field(default_factory=dict)  # address → when it was told that it has left
    never: frozenset[str] = frozenset()  # suppressed or unconfirmed before anything began
    stops: list[tuple[float, float]] = field(
        default_factory=list
    )  # when a sender stood still, in the middle of whatever it did
    journal: int | None = None  # the first entry that does not hold

    @property
    def allowed(self) -> int:
        """Doubles that the kills explain."""
        return sum(one.connections for one in self.kills)


def doubled(history: History) -> int:
    """Copies that came although the one before had been answered. Those after a copy without an answer are the sink's own doing."""
    return sum(one.answered for several in _by_name(history).values() for one in several[:-1])


def parked(history: History) -> int:
    """Deliveries that killed, or seemed to kill, whoever held them, so often that a person must look. Visible, and rare."""
    return sum((row.state, row.reason) == ("failed", "unknown") for row in history.rows)


def check(history: History) -> list[str]:
    """Every promise that was broken, in words; empty if all were kept."""
    promises = (_lost, _sums, _strangers, _twice, _unwanted, _rewritten)
    return [broken for promise in promises for broken in promise(history)]


def _lost(history: History) -> Iterator[str]:
    came = _by_name(history)
    for row in history.rows:
        copies = came.get(row.name, [])
        if row.state in OPEN:
            yield f"not quiet: delivery {row.name} is {row.state}"
        elif row.state == "accepted" and not copies:
            yield f"lost: delivery {row.name} is accepted, and no copy came"
        elif row.state != "accepted" and not row.reason:
            yield f"lost: delivery {row.name} is {row.state} without a reason"
        elif (row.state, row.reason) == ("failed", "unknown") and not (row.doubts >= 3 or row.recovered >= 5):
            yield f"parked: delivery {row.name} ended as unknown after {row.doubts} doubts"


def _sums(history: History) -> Iterator[str]:
    counted = Counter(row.mailing for row in history.rows)
    for mailing, audience in history.audiences.items():
        if counted[mailing] != audience:
            yield f"sums: mailing {mailing} has {counted[mailing]} rows for {audience} people"
    yield from (f"not quiet: mailing {one}" for one in history.unfinished)
    people = Counter((row.mailing, row.recipient) for row in history.rows)
    yield from (f"sums: {who} has {n} rows in {mailing}" for (mailing, who), n in people.items() if n > 1)


def _strangers(history: History) -> Iterator[str]:
    recipients = {row.name: row.recipient for row in history.rows}
    for name, copies in _by_name(history).items():
        for one in copies:
            if recipients.get(name) != one.recipient:
                yield f"stranger: a copy {name} for {one.recipient}, which no row knows of"


def _twice(history: History) -> Iterator[str]:
    for name, copies in _by_name(history).items():
        if len({one.digest for one in copies}) > 1:
            yield f"changed: the copies of {name} differ"
        if len({one.message_id for one in copies}) > 1:
            yield f"changed: the copies of {name} have several Message-IDs"
    if doubled(history) > history.allowed:
        yield f"doubled: {doubled(history)} copies too many, {history.allowed} were in flight at the kills"


def _unwanted(history: History) -> Iterator[str]:
    for one in history.copies:
        if one.recipient in history.never:
            yield f"unwanted: {one.recipient} was suppressed or never confirmed"
        left = history.departed.get(one.recipient)
        if left is not None and one.at > left + GRACE + _stood_still(history, left, one.at):
            yield f"unwanted: {one.recipient} got a copy {one.at - left:.1f} s after leaving"


def _stood_still(history: History, since: float, until: float) -> float:
    """A sender that is stopped between its last question and its first byte cannot know how long it stood."""
    return sum(max(0.0, min(until, end) - max(since, begin)) for begin, end in history.stops)


def _rewritten(history: History) -> Iterator[str]:
    if history.journal is not None:
        yield f"journal: its chain does not hold at entry {history.journal}"


def _by_name(history: History) -> Mapping[str, list[Copy]]:
    found: defaultdict[str, list[Copy]] = defaultdict(list)
    for one in sorted(history.copies, key=lambda copy: copy.at):
        found[one.message_id.strip("<>").partition("@")[0]].append(one)
    return found
