"""One connection to a relay, in our words: open it, offer one message at a time, learn stage and reply of each.

aiosmtplib connects, encrypts and logs in; then we talk ourselves, because the stage of every failure must be known and the bytes
handed over must arrive unchanged. Nothing here touches the ledger, tries again, or chooses a relay. Trouble with the relay comes
back as a `Result`, never as an exception.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from socket import SOCK_STREAM, socket
from typing import Self, cast

import aiosmtplib

from dispatcher.delivery.wire import Wire
from dispatcher.errors import Refused, Unreachable, Unreadable
from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.verdicts import CLOSING, Reply, Stage, Verdict, clean_reply, consequence, judge
from dispatcher.parsing import SmtpUrl


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for a socket; for the banner and each reply up to 354; after the final dot; for the goodbye.

    A relay may take ten minutes after the dot (RFC 5321, 4.5.3.2): who hangs up sooner sends the message twice.
    """

    connect: float = 30
    command: float = 300
    content: float = 600
    goodbye: float = 5


@dataclass(frozen=True, slots=True)
class Envelope:
    """One person's copy. `content` is final: it arrives as it stands here, and ends every line with CRLF."""

    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to, and at which stage. `problem` tells in words what happened where there is no reply."""

    stage: Stage
    reply: Reply | None
    verdict: Verdict
    duration_ms: int
    problem: str = ""


# Asked once the relay has taken MAIL and RCPT: may the content go? True only after a commit that says so.
BeforeContent = Callable[[], Awaitable[bool]]


async def send(connection: "Connection", envelope: Envelope, before_content: BeforeContent) -> Result | None:
    """Offer one message to the relay. None: withdrawn, `before_content` said no and nothing of the content left."""
    began = time.monotonic()
    if unfit := _unfit(envelope):
        return unfit
    problem = ""
    try:
        reply = await _transaction(connection, envelope, before_content)
        if reply is None:
            await connection.reset()
            return None
    except (Unreachable, Unreadable) as silence:
        reply, problem = None, str(silence)
    except BaseException:
        connection.drop()  # half a transaction is on the wire: nobody can go on from here
        raise
    return await connection.conclude(reply, problem, began)


async def _transaction(
    connection: "Connection", copy: Envelope, before_content: BeforeContent
) -> Reply | None:
    """The reply that ended it: the one after the dot, or the first refusal. None: withdrawn."""
    reply = await connection.mail(copy.sender, len(copy.content))
    if not reply.positive:
        return reply
    reply = await connection.rcpt(copy.recipient)
    if not reply.positive:
        return reply
    if not await before_content():
        return None
    reply = await connection.data()
    return await connection.content(copy.content) if reply.code == 354 else reply


# Printable ASCII without space and angle brackets: nothing that could end the command or add to it.
_ADDRESS = re.compile(r"[!-;=?-~]*")


def _unfit(envelope: Envelope) -> Result | None:
    """What we must not put on the wire, whatever the relay would say to it."""
    if not (_ADDRESS.fullmatch(envelope.sender) and _ADDRESS.fullmatch(envelope.recipient)):
        return Result(Stage.MAIL, None, Verdict.BUG, 0, "an address that could be read as an SMTP command")
    if not envelope.content.endswith(b"\r\n"):
        return Result(
            Stage.MAIL, None, Verdict.CONTENT, 0, "content without CRLF at its end, as the dot needs it"
        )
    return None


class _Client(aiosmtplib.SMTP):
    """Closes at once. Over TLS the library's own way waits for the other side's farewell, and may outlive our loop."""

    def close(self) -> None:
        if self.transport is not None:
            cast("asyncio.Transport", self.transport).abort()
        super().close()


class Connection:
    """An open connection to a relay. One message at a time; `usable` tells whether it takes another one."""

    def __init__(self, wire: Wire, timeouts: Timeouts, messages: int, *, takes_size: bool) -> None:
        self.stage = Stage.MAIL
        self._wire = wire
        self._timeouts = timeouts
        self._messages = messages
        self._carried = 0
        self._takes_size = takes_size
        self._leaving = False

    @classmethod
    async def open(cls, relay: SmtpUrl, timeouts: Timeouts, hello_name: str, messages: int) -> Self | Result:
        """Connect, encrypt, greet, log in. A Result (relay-down or our-fault) if the relay, or a rule of ours, will not have it.

        After `messages` messages the connection says QUIT.
        """
        began = time.monotonic()
        stage = Stage.CONNECT
        client = _Client(
            hostname=relay.host,
            local_hostname=hello_name,
            use_tls=relay.security == "tls",
            start_tls=False,
            timeout=timeouts.command,
        )
        try:
            await client.connect(sock=await _dial(relay, timeouts.connect))
            stage = Stage.HELLO
            if relay.security == "starttls":
                await client.starttls()
            # After STARTTLS once more: what was offered in the clear does not count, and without it MAIL gets 503.
            await client.ehlo()
            stage = Stage.AUTH
            await _log_in(client, relay)
            wire = _take_over(client)
        except (OSError, ValueError, aiosmtplib.SMTPException, Unreachable, Refused) as failed:
            client.close()
            return _unopened(stage, failed, began)
        except BaseException:
            client.close()
            raise
        return cls(wire, timeouts, messages, takes_size=client.supports_extension("size"))

    @property
    def usable(self) -> bool:
        """Whether another message may be offered."""
        return self._wire.alive and not self._leaving

    async def mail(self, sender: str, size: int) -> Reply:
        """Begin a message."""
        self.stage = Stage.MAIL
        return await self._ask(f"MAIL FROM:<{sender}>" + (f" SIZE={size}" if self._takes_size else ""))

    async def rcpt(self, recipient: str) -> Reply:
        """Name its one recipient."""
        self.stage = Stage.RCPT
        return await self._ask(f"RCPT TO:<{recipient}>")

    async def data(self) -> Reply:
        """Announce the content; 354 invites it."""
        self.stage = Stage.DATA
        return await self._ask("DATA")

    async def content(self, content: bytes) -> Reply:
        """Hand over the content and its final dot. From here on silence leaves it in doubt whether the message arrived."""
        # Our encoders leave no line that begins with a dot; to make sure costs 10 µs a message, aiosmtplib's two regexes 205.
        stuffed = content.replace(b"\n.", b"\n..") if b"\n." in content else content
        reach(Failpoint.IN_DATA)
        self._wire.write((b"." if content.startswith(b".") else b"") + stuffed + b".\r\n")
        self.stage = Stage.CONTENT  # only now: if the write fails, nothing has left
        reach(Failpoint.AFTER_DOT_BEFORE_250)
        return await self._wire.reply(self._timeouts.content)

    async def _ask(self, command: str) -> Reply:
        self._wire.write(command.encode("ascii") + b"\r\n")
        return await self._wire.reply(self._timeouts.command)

    async def conclude(self, reply: Reply | None, problem: str, began: float) -> Result:
        """Judge the last reply, and leave the connection either clean for the next message or closed."""
        verdict = judge(self.stage, reply)
        hangs_up = reply is not None and reply.code == CLOSING
        if hangs_up and self.stage is Stage.MAIL and self._carried:
            # A relay that took mail a moment ago is not down: it limits messages per connection.
            verdict = Verdict.RECONNECT
        self._carried += 1
        if hangs_up or consequence(verdict, reply).closes:
            self.drop()
        elif verdict is not Verdict.ACCEPTED:
            await self.reset()
        if self.usable and self._carried >= self._messages:
            self._take_leave()
        return Result(self.stage, reply, verdict, _since(began), problem)

    async def reset(self) -> None:
        """RSET: the next message must not meet the remains of this one. Without a yes the connection is dropped."""
        try:
            clean = (await self._ask("RSET")).positive
        except (Unreachable, Unreadable):
            clean = False
        if not clean:
            self.drop()

    def _take_leave(self) -> None:
        """Say QUIT without waiting for the answer: the outcome of the last message must not wait for it either."""
        self._leaving = True
        with suppress(Unreachable):
            self._wire.write(b"QUIT\r\n")

    async def quit(self) -> None:
        """Take leave, if not yet done, wait a little for the answer, and close. Does nothing to a lost connection."""
        if self.usable:
            self._take_leave()
        if self._leaving:
            with suppress(Unreachable, Unreadable):
                await self._wire.reply(self._timeouts.goodbye)
        self.drop()

    def drop(self) -> None:
        """Close at once, in whatever state."""
        self._wire.abort("closed by us")


async def _dial(relay: SmtpUrl, seconds: float) -> socket:
    """A connected socket. Ours and not aiosmtplib's, because a busy relay may let its banner wait far longer than its socket."""
    loop = asyncio.get_running_loop()
    problem: OSError = OSError("no address")
    async with asyncio.timeout(seconds):
        found = await loop.getaddrinfo(relay.host, relay.port, type=SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            sock = socket(family, kind, protocol)
            sock.settimeout(0)
            try:
                await loop.sock_connect(sock, address)
            except OSError as failed:
                sock.close()
                problem = failed
            except BaseException:
                sock.close()
                raise
            else:
                return sock
    raise problem


async def _log_in(client: _Client, relay: SmtpUrl) -> None:
    if not relay.password:
        return
    if relay.security == "plain":
        raise Refused("no password travels over plain smtp://")
    if not client.supported_auth_methods:
        raise Refused("there is a password for this relay, but it offers no AUTH that we know")
    await client.login(relay.user, relay.password)


def _take_over(client: _Client) -> Wire:
    """The open transport, with our protocol in the place of the library's."""
    if client.transport is None:
        raise Unreachable("connection lost")
    return Wire(cast("asyncio.Transport", client.transport))


def _unopened(stage: Stage, failed: Exception, began: float) -> Result:
    """A connection that did not come about, in our words."""
    reply = None
    if isinstance(failed, aiosmtplib.SMTPResponseException) and failed.code > 0:
        reply = Reply(failed.code, clean_reply(failed.message))
    verdict = Verdict.OUR_FAULT if isinstance(failed, Refused) else judge(stage, reply)
    return Result(stage, reply, verdict, _since(began), clean_reply(str(failed) or type(failed).__name__))


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
