"""One open connection to a relay, in our words: offer a message, hand over its content, learn stage and reply of each.

Where the relay offers PIPELINING (RFC 2920), one write carries a message's content and the whole envelope of the next, so that a message
costs one round trip. Replies are matched strictly in order, and any surprise closes the connection: then only the message whose content
had left is in doubt. Nothing here touches the ledger, tries again, or chooses a relay. Trouble comes back as a `Result`, never as an
exception. BDAT (RFC 3030) saves no round trip behind PIPELINING and was no faster at Postfix: `benchmarks/chunking.py`.
"""

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from dispatcher.delivery.wire import Wire
from dispatcher.errors import Unreachable, Unreadable
from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.verdicts import CLOSING, Reply, Stage, Verdict, consequence, judge


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for a socket; for the banner and each reply up to 354; after the final dot; for the goodbye.

    A relay may take ten minutes after the dot (RFC 5321, 4.5.3.2): who hangs up sooner sends the message twice.
    """

    connect: float = 30
    command: float = 300
    content: float = 600
    goodbye: float = 5


class Envelope(NamedTuple):
    """One person's copy. `content` is final: it arrives as it stands here, and ends every line with CRLF. `ident` names it in reports.

    `dotless`: whoever made it promises that no line begins with a dot; to look for one costs 10 µs a message.
    """

    sender: str
    recipient: str
    content: bytes
    ident: str = ""
    dotless: bool = False


class Result(NamedTuple):
    """What an attempt came to, and at which stage. `problem` tells in words what happened where there is no reply."""

    stage: Stage
    reply: Reply | None
    verdict: Verdict
    duration_ms: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Offers:
    """Which extensions the relay has, of those we make use of."""

    pipelining: bool = False
    size: bool = False
    dsn: bool = False


class Connection:
    """An open connection. One message at a time, and at most one offered behind it; `usable` tells whether it takes another one."""

    def __init__(self, wire: Wire, timeouts: Timeouts, messages: int, offers: Offers) -> None:
        """After `messages` messages the connection says QUIT."""
        self.stage = Stage.MAIL
        self._wire = wire
        self._timeouts = timeouts
        self._messages = messages
        self._offers = offers
        self._offered: Envelope | None = None
        self._unfit: Result | None = None
        self._taken = 0  # messages offered here
        self._carried = 0  # of these, concluded
        self._leaving = False
        self._began = 0.0

    @property
    def alive(self) -> bool:
        """Neither side has hung up or taken leave."""
        return self._wire.alive and not self._leaving

    @property
    def usable(self) -> bool:
        """Whether another message may be offered."""
        return self.alive and self._taken < self._messages

    def offer(self, envelope: Envelope) -> None:
        """Announce a message; where the relay pipelines, its whole envelope leaves at once."""
        self._write(b"", envelope)

    async def invited(self) -> Result | None:
        """None: the relay waits for the content of what was offered. Otherwise how that ended."""
        self._began = time.monotonic()
        self.stage = Stage.MAIL
        if self._unfit:
            self._carried += 1
            return self._unfit
        try:
            reply = await self._replies_to_envelope()
        except (Unreachable, Unreadable) as silence:
            return self._conclude(None, str(silence))
        if self.stage is Stage.DATA and reply.code == 354:
            return None if self._wire.alive else self._conclude(None, self._wire.problem)
        result = self._conclude(reply, "")
        await self._reset()
        return result

    def hand_over(self, following: Envelope | None = None) -> None:
        """Hand over the content with its final dot, and behind it the envelope of the next message.

        From here on silence leaves it in doubt whether the message arrived.
        """
        assert self._offered is not None  # noqa: S101 -- tells the type checker what `offer` did
        reach(Failpoint.IN_DATA)
        self._write(_stuffed(self._offered), following)

    async def concluded(self) -> Result:
        """How the message ended whose content was handed over."""
        reach(Failpoint.AFTER_DOT_BEFORE_250)
        try:
            return self._conclude(await self._wire.reply(self._timeouts.content), "")
        except (Unreachable, Unreadable) as silence:
            return self._conclude(None, str(silence))

    def _write(self, content: bytes, following: Envelope | None) -> None:
        """In one write, the dot behind the content. What cannot be written any more is found out by whoever waits for the replies."""
        commands = b""
        if following is not None:
            self._taken += 1
            self._offered = following
            self._unfit = _unfit(following)
            if self._offers.pipelining and not self._unfit:
                commands = "".join(self._commands(following)).encode("ascii")
        with suppress(Unreachable, Unreadable):
            if content:
                self._wire.write(b"".join((content, b".\r\n", commands)), 1 + len(_ENVELOPE) * bool(commands))
                self.stage = Stage.CONTENT  # only now: if the write fails, nothing has left
            elif commands:
                self._wire.write(commands, len(_ENVELOPE))

    def _commands(self, envelope: Envelope) -> tuple[str, str, str]:
        size = f" SIZE={len(envelope.content)}" if self._offers.size else ""
        named = notify = ""
        if self._offers.dsn and envelope.ident:
            named = f" RET=HDRS ENVID={_xtext(envelope.ident)}"
            notify = f" NOTIFY=FAILURE,DELAY ORCPT=rfc822;{_xtext(envelope.recipient)}"
        return (
            f"MAIL FROM:<{envelope.sender}>{size}{named}\r\n",
            f"RCPT TO:<{envelope.recipient}>{notify}\r\n",
            "DATA\r\n",
        )

    async def _replies_to_envelope(self) -> Reply:
        """The reply to DATA, or the first refusal before it."""
        assert self._offered is not None  # noqa: S101 -- as above
        commands = () if self._offers.pipelining else self._commands(self._offered)
        for at, self.stage in enumerate(_ENVELOPE):
            if commands:
                self._wire.write(commands[at].encode("ascii"))
            reply = self._wire.ready() or await self._wire.reply(self._timeouts.command)
            if self.stage is not Stage.DATA and reply.positive:
                continue
            if not commands and reply.code != CLOSING:
                await self._skip(len(_ENVELOPE) - 1 - at)
            return reply
        raise AssertionError  # the reply to DATA is the last

    async def _skip(self, replies: int) -> None:
        """The rest of a refused envelope must be refused too. A 354 would wait for a dot, and a lone one may deliver an empty mail."""
        for _ in range(replies):
            try:
                refused = (await self._wire.reply(self._timeouts.command)).code >= 400
            except (Unreachable, Unreadable):
                return
            if not refused:
                self.drop()
                return

    def _conclude(self, reply: Reply | None, problem: str) -> Result:
        """Judge the last reply; where it says that one cannot go on here, close."""
        verdict = judge(self.stage, reply)
        hangs_up = reply is not None and reply.code == CLOSING
        if hangs_up and self.stage is Stage.MAIL and self._carried:
            # A relay that took mail a moment ago is not down: it limits messages per connection.
            verdict = Verdict.RECONNECT
        self._carried += 1
        if hangs_up or consequence(verdict, reply).closes:
            self.drop()
        elif self._carried >= self._messages:
            self._take_leave()
        duration = round((time.monotonic() - self._began) * 1000)
        return Result(self.stage, reply, verdict, duration, problem)

    async def _reset(self) -> None:
        """RSET: the next message must not meet the remains of a refused one. Without a yes the connection is dropped."""
        if not self.usable:
            return
        try:
            self._wire.write(b"RSET\r\n")
            clean = (await self._wire.reply(self._timeouts.command)).positive
        except (Unreachable, Unreadable):
            clean = False
        if not clean:
            self.drop()

    def _take_leave(self) -> None:
        """Say QUIT without waiting for the answer: the outcome of the last message must not wait for it either."""
        self._leaving = True
        with suppress(Unreachable, Unreadable):
            self._wire.write(b"QUIT\r\n")

    async def quit(self) -> None:
        """Take leave, if not yet done, wait a little for the answer, and close. Does nothing to a lost connection."""
        if self._wire.alive and not self._leaving:
            self._take_leave()
        if self._leaving:
            with suppress(Unreachable, Unreadable):
                await self._wire.reply(self._timeouts.goodbye)
        self.drop()

    def drop(self) -> None:
        """Close at once, in whatever state. What was offered and not handed over has not left."""
        self._wire.abort("closed by us")


async def send(connection: Connection, envelope: Envelope) -> Result:
    """One message for itself, with none behind it."""
    connection.offer(envelope)
    refused = await connection.invited()
    if refused is not None:
        return refused
    connection.hand_over()
    return await connection.concluded()


_ENVELOPE = (Stage.MAIL, Stage.RCPT, Stage.DATA)
# Printable ASCII without space and angle brackets: nothing that could end the command or add to it.
_ADDRESS = re.compile(r"[!-;=?-~]*")


def _stuffed(envelope: Envelope) -> bytes:
    """With a dot before each dot that begins a line, as SMTP wants it (RFC 5321, 4.5.2)."""
    content = envelope.content
    if envelope.dotless or (b"\n." not in content and not content.startswith(b".")):
        return content
    return (b"." if content.startswith(b".") else b"") + content.replace(b"\n.", b"\n..")


def _unfit(envelope: Envelope) -> Result | None:
    """What we must not put on the wire, whatever the relay would say to it."""
    if not _ADDRESS.fullmatch(envelope.sender + envelope.recipient):
        return Result(Stage.MAIL, None, Verdict.BUG, 0, "an address that could be read as an SMTP command")
    if not envelope.content.endswith(b"\r\n"):
        return Result(
            Stage.MAIL, None, Verdict.CONTENT, 0, "content without CRLF at its end, as the dot needs it"
        )
    return None


def _xtext(text: str) -> str:
    """As RFC 3461 wants it in parameters of its own."""
    return text.replace("+", "+2B").replace("=", "+3D")
