"""What a relay's reply means: from stage and reply code to a verdict, from a verdict to its consequences and its next try.

The three tables are the whole policy; the functions only look things up. Nothing here sends, waits, or knows the hour: who
retries when is told by a number of failures and a random number that the caller hands in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal, NamedTuple


class Stage(StrEnum):
    """Where in the conversation with a relay we are."""

    CONNECT = "connect"
    HELLO = "hello"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"  # from the first byte of the message to the reply after the final dot


class Verdict(StrEnum):
    """What one attempt came to."""

    ACCEPTED = "accepted"
    GONE = "gone"
    BOUNCED = "bounced"
    LATER = "later"
    POLICY = "policy"
    TOO_BIG = "too-big"
    CONTENT = "content"
    BUG = "bug"
    RELAY_DOWN = "relay-down"
    OUR_FAULT = "our-fault"
    IN_DOUBT = "in-doubt"
    RECONNECT = "reconnect"


REPLY_BYTES = 1024
CLOSING = 421  # the relay hangs up with this code, whatever the stage; its verdict is that of any other 4xx

# "5.1.1 …", "#5.1.1 …" and "… (#5.1.1)" all occur; "5.1.1.7 is listed" is an address of the internet, not a code.
_ENHANCED = re.compile(r"(?:^#?|\(#)([245])\.(\d{1,3})\.(\d{1,3})(?![.\d])")


def clean_reply(raw: str | bytes) -> str:
    """A relay's words as one line that can be stored and shown: no control characters, no lone surrogates, at most 1 KB."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    text = text[: 4 * REPLY_BYTES]
    if not text.isprintable():
        text = "".join(char for char in text if char.isprintable() or char.isspace())
    line = " ".join(text.split())
    return line if len(line) <= REPLY_BYTES // 4 else line.encode()[:REPLY_BYTES].decode("utf-8", "ignore")


class Reply(NamedTuple):
    """What a relay said; `text` has been through `clean_reply` and stands without the code."""

    code: int
    text: str

    @property
    def positive(self) -> bool:
        """Go on, or done."""
        return self.code // 100 == 2

    @property
    def enhanced(self) -> str:
        """The enhanced status code, such as "5.1.1", or "" without one. Where it contradicts the code, the gentler class counts."""
        found = _ENHANCED.search(self.text)
        return f"{min(found[1], str(self.code)[0])}.{int(found[2])}.{int(found[3])}" if found else ""

    @property
    def temporary(self) -> bool:
        """The relay asks us to come back."""
        return (self.enhanced or str(self.code)).startswith("4")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: where it holds, and patterns for the whole code and the whole enhanced code."""

    stages: frozenset[Stage]
    code: str
    enhanced: str
    verdict: Verdict

    def matches(self, stage: Stage, code: str, enhanced: str) -> bool:
        """Does this row speak about such a reply? `code` is "" where there was no readable reply."""
        at_stage = stage in self.stages
        return at_stage and bool(re.fullmatch(self.code, code) and re.fullmatch(self.enhanced, enhanced))


_EVERY = frozenset(Stage)
_INSIDE = frozenset({Stage.CONTENT})
_BEFORE = _EVERY - _INSIDE
_GREETING = frozenset({Stage.CONNECT, Stage.HELLO})
_AUTH = frozenset({Stage.AUTH})
_MAIL = frozenset({Stage.MAIL})
_RCPT = frozenset({Stage.RCPT})
_DATA = frozenset({Stage.DATA, Stage.CONTENT})
_NAMED = _RCPT | _DATA  # the relay knows whom the message is for
_ANY, _NONE = ".*", ""
_UNREADABLE = r"(?![45]\d\d$).*"  # nothing, or no refusal: we and the relay are out of step

# First match wins. A bare code is judged by stage; a code with an enhanced one mostly by the latter.
TABLE: tuple[Row, ...] = (
    Row(_INSIDE, r"2\d\d", _ANY, Verdict.ACCEPTED),
    Row(_BEFORE, _UNREADABLE, _ANY, Verdict.RELAY_DOWN),
    Row(_GREETING, _ANY, _ANY, Verdict.RELAY_DOWN),
    Row(_INSIDE, _UNREADABLE, _ANY, Verdict.IN_DOUBT),
    Row(_EVERY, r"530|535|538", _ANY, Verdict.OUR_FAULT),
    Row(_EVERY, r"454", r"4\.7\.0", Verdict.OUR_FAULT),
    # Whatever else is said to our password concerns no recipient.
    Row(_AUTH, r"5..", _ANY, Verdict.OUR_FAULT),
    Row(_AUTH, r"4..", _ANY, Verdict.RELAY_DOWN),
    # Not at MAIL: there "5.1.2" can only mean our sender, and must not end a subscriber.
    Row(_NAMED, _ANY, r"5\.1\.(1|2|3|6|10)|5\.2\.1", Verdict.GONE),
    Row(_EVERY, _ANY, r"5\.1\.[78]", Verdict.OUR_FAULT),
    Row(_MAIL, r"5(?!52)..", r"|[25]\.(?!3\.4$|7\.).*", Verdict.OUR_FAULT),
    Row(_EVERY, _ANY, r"5\.2\.3|5\.3\.4", Verdict.TOO_BIG),
    Row(_MAIL | _DATA, r"552", _NONE, Verdict.TOO_BIG),
    Row(_EVERY, _ANY, r"5\.5\..*", Verdict.BUG),
    Row(_EVERY, _ANY, r"5\.6\..*", Verdict.CONTENT),
    Row(_EVERY, _ANY, r"[45]\.7\..*", Verdict.POLICY),
    Row(_EVERY, _ANY, r"4\.5\.3", Verdict.RECONNECT),
    Row(_MAIL, r"4..", _ANY, Verdict.RELAY_DOWN),
    Row(_EVERY, _ANY, r"4\..*", Verdict.LATER),
    Row(_EVERY, _ANY, r"5\..*", Verdict.BOUNCED),
    Row(_RCPT, r"550", _NONE, Verdict.GONE),
    Row(_RCPT, r"55[123]", _NONE, Verdict.BOUNCED),
    Row(_RCPT, r"554", _NONE, Verdict.POLICY),
    Row(_DATA, r"550|554", _NONE, Verdict.POLICY),
    Row(_EVERY, r"4..", _ANY, Verdict.LATER),
    Row(_EVERY, r"5..", _ANY, Verdict.BOUNCED),
)


def judge(stage: Stage, reply: Reply | None) -> Verdict:
    """The verdict on the last reply of an attempt; None stands for a lost connection, a time-out or an unreadable answer."""
    # The first row, of nearly every message, for which no enhanced code has to be looked for.
    if stage is Stage.CONTENT and reply is not None and reply.positive:
        return Verdict.ACCEPTED
    return _verdict(stage, *((str(reply.code), reply.enhanced) if reply else ("", "")))


@lru_cache(maxsize=256)  # the same few, thousands of times a second
def _verdict(stage: Stage, code: str, enhanced: str) -> Verdict:
    return next(row.verdict for row in TABLE if row.matches(stage, code, enhanced))


# A status in the words of a report, "smtp; 550 5.1.1 …" or "(#5.1.1)"; never in an address of the internet.
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![.\d])")
# The class alone is said by many; what it means stands elsewhere.
_VAGUE = re.compile(r"[245]\.0\.0")


def status_in(words: str) -> str:
    """The first enhanced status code in a server's words, or ""."""
    found = _STATUS.search(words)
    return f"{found[1]}.{int(found[2])}.{int(found[3])}" if found else ""


def judge_report(status: str, words: str) -> tuple[Verdict, str]:
    """What a report says that a delivery failed for good comes to, and the status that decided; by the same table as a reply.

    Where in the conversation it was refused nobody says, so a bare 550 is no proof that the address is gone.
    """
    told = status_in(status)
    decisive = status_in(words) or told if not told or _VAGUE.fullmatch(told) else told
    if not decisive or decisive.startswith("2") or _VAGUE.fullmatch(decisive):
        return Verdict.BOUNCED, decisive
    verdict = judge(Stage.DATA, Reply(int(decisive[0]) * 100 + 50, decisive))
    # It has been tried for days: "later" is over.
    waited = verdict in {Verdict.LATER, Verdict.RECONNECT, Verdict.RELAY_DOWN}
    return (Verdict.BOUNCED if waited else verdict), decisive


class Action(StrEnum):
    """What a verdict means beyond its own delivery."""

    NONE = "none"
    SUPPRESS = "suppress"
    PAUSE_MAILING = "pause_mailing"
    STOP_SENDING = "stop_sending"
    RELAY_WAITS = "relay_waits"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows. `charged`: a pending delivery has used a try, a failed one gives its recipient a bounce-day."""

    state: Literal["accepted", "failed", "pending"]
    charged: bool
    closes: bool
    action: Action = Action.NONE


CONSEQUENCE: Mapping[Verdict, Consequence] = {
    Verdict.ACCEPTED: Consequence("accepted", charged=False, closes=False),
    Verdict.GONE: Consequence("failed", charged=True, closes=False, action=Action.SUPPRESS),
    Verdict.BOUNCED: Consequence("failed", charged=True, closes=False),
    Verdict.LATER: Consequence("pending", charged=True, closes=False),
    Verdict.POLICY: Consequence("failed", charged=False, closes=False, action=Action.ALERT),
    Verdict.TOO_BIG: Consequence("failed", charged=False, closes=False, action=Action.PAUSE_MAILING),
    Verdict.CONTENT: Consequence("failed", charged=False, closes=False, action=Action.PAUSE_MAILING),
    # A relay that finds our commands wrong may be at another point of the conversation than we are.
    Verdict.BUG: Consequence("failed", charged=False, closes=True, action=Action.ALERT),
    Verdict.RELAY_DOWN: Consequence("pending", charged=False, closes=True, action=Action.RELAY_WAITS),
    Verdict.OUR_FAULT: Consequence("pending", charged=False, closes=True, action=Action.STOP_SENDING),
    Verdict.IN_DOUBT: Consequence("pending", charged=False, closes=True),
    Verdict.RECONNECT: Consequence("pending", charged=False, closes=True),
}
_POLICY_FOR_NOW = Consequence("pending", charged=True, closes=False, action=Action.ALERT)


def consequence(verdict: Verdict, reply: Reply | None) -> Consequence:
    """What follows from a verdict: its line in CONSEQUENCE, but a policy refusal that is temporary waits like `later`."""
    if verdict is Verdict.POLICY and reply is not None and reply.temporary:
        return _POLICY_FOR_NOW
    return CONSEQUENCE[verdict]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Waits after the first, second, … failure. The last one repeats, unless the schedule ends."""

    waits: tuple[timedelta, ...]
    ends: bool = False


def _minutes(*waits: float, ends: bool = False) -> Schedule:
    return Schedule(tuple(timedelta(minutes=one) for one in waits), ends)


_RELAY = _minutes(1 / 6, 1, 5, 15)
_LATER = _minutes(15, 30, 60, 120, 240)
_SYSTEM_LATER = _minutes(1, 2, 5, 15, 30)
SCHEDULE: Mapping[Verdict, Schedule] = {
    Verdict.RELAY_DOWN: _RELAY,
    Verdict.OUR_FAULT: _RELAY,
    Verdict.LATER: _LATER,
    Verdict.POLICY: _LATER,
    Verdict.RECONNECT: _minutes(1),
    Verdict.IN_DOUBT: _minutes(15, 15, ends=True),  # a third doubt is for staff
}
# Somebody sits and waits for this mail, and a second link harms nobody.
SYSTEM_SCHEDULE: Mapping[Verdict, Schedule] = {
    **SCHEDULE,
    Verdict.LATER: _SYSTEM_LATER,
    Verdict.POLICY: _SYSTEM_LATER,
    Verdict.IN_DOUBT: _minutes(0, 0, ends=True),
}

# How old a delivery may grow while relays say "later"; system mail ends with its link instead.
EXPIRES: Mapping[Literal["ordinary", "legal"], timedelta] = {
    "ordinary": timedelta(days=4),
    "legal": timedelta(days=5),
}


def delay(verdict: Verdict, failures: int, *, system: bool, jitter: float) -> timedelta | None:
    """How long a pending delivery waits after its nth failure of this kind (n from 1); None if it is not tried again.

    `jitter` is a random number in [0, 1): it spreads the wait by ±20 %, so that a thousand rows do not come back at once.
    """
    schedule = (SYSTEM_SCHEDULE if system else SCHEDULE).get(verdict)
    if schedule is None or (schedule.ends and failures > len(schedule.waits)):
        return None
    return schedule.waits[min(failures, len(schedule.waits)) - 1] * (0.8 + 0.4 * jitter)
