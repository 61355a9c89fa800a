"""A scriptable relay for tests: real sockets, raw bytes, and the ways in which a relay can go wrong.

    with Smtpd(script=[On("rcpt", b"550 5.1.1 nobody here", recipient="gone@")]) as relay:
        ...                     # send to relay.url
        relay.messages          # what it has taken, byte by byte
        relay.commands          # what it was told: (connection number, line)

`relay.script` may be replaced while it runs; `stop()` makes it refuse connections, `start()` brings it back on the same port.
"""

import asyncio
import base64
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

from acts import On

from dispatcher.parsing import SmtpUrl

CERTIFICATE = Path(__file__).parent / "delivery" / "localhost.pem"  # names `localhost` and nothing else


@dataclass(frozen=True, slots=True)
class Received:
    """One message that the server has taken."""

    sender: str
    recipient: str
    content: bytes
    connection: int


class Smtpd:
    """The server, in a thread of its own. `security` is plain, starttls or tls; with a `user` nobody else may send."""

    def __init__(
        self,
        *,
        script: Sequence[On] = (),
        security: str = "plain",
        extensions: Sequence[str] = ("PIPELINING", "SIZE 10485760"),
        user: str = "",
        password: str = "",
    ) -> None:
        self.script = script
        self.security = security
        self.extensions = extensions
        self.user = user
        self.password = password
        self.messages: list[Received] = []
        self.commands: list[tuple[int, bytes]] = []
        self.behind: list[int] = []  # for each content: lines that were there before it was answered
        self.connections = 0
        self.port = 0
        self.reached: Counter[str] = Counter()

    @property
    def relay(self) -> SmtpUrl:
        """How to reach it, as a setting."""
        host = "127.0.0.1" if self.security == "plain" else "localhost"
        return SmtpUrl(host, self.port, self.security, self.user, self.password)

    @property
    def url(self) -> str:
        """How to reach it, as the text of a setting."""
        scheme = {"plain": "smtp", "starttls": "smtp+starttls", "tls": "smtps"}[self.security]
        account = f"{quote(self.user)}:{quote(self.password)}@" if self.user else ""
        return f"{scheme}://{account}{self.relay.host}:{self.port}"

    def told(self, verb: bytes) -> list[bytes]:
        """The commands that began with this verb."""
        return [line for _, line in self.commands if line.startswith(verb)]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; the second time on the port of the first."""
        listening = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port, ready = listening.getsockname()[1], threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening, ready)), daemon=True
        )
        self._thread.start()
        ready.wait()

    def stop(self) -> None:
        """Hang up on everybody and refuse connections."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    async def _serve(self, listening: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        secure = server_tls() if self.security == "tls" else None
        server = await asyncio.start_server(self._meet, sock=listening, ssl=secure, limit=2**24)
        ready.set()
        await self._stopping.wait()
        server.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await _Session(self, self.connections, reader, writer).run()
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client left, the script said so, or the test is over
        finally:
            writer.transport.abort()  # over TLS `close` would wait for the client's farewell


def server_tls() -> ssl.SSLContext:
    """The server's side of TLS; whoever is to trust its certificate is told so by SSL_CERT_FILE."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


class _Session:
    """One connection: strict about the order of commands, as relays are."""

    def __init__(
        self, server: Smtpd, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.number = number
        self.reader = reader
        self.writer = writer
        self.encrypted = server.security == "tls"
        self.known = not server.user
        self.carried = 0
        self.clear()

    def clear(self) -> None:
        self.sender: str | None = None  # "" is the null sender
        self.recipient: str | None = None

    async def run(self) -> None:
        await self.reply("banner", b"220 relay.test ESMTP")
        while line := await self.reader.readline():
            self.command = line.rstrip(b"\r\n")
            self.server.commands.append((self.number, self.command))
            handler = _HANDLERS.get(self.command.split(b" ")[0].upper())
            await (handler(self) if handler else self.say(b"500 5.5.2 no such command"))

    async def ehlo(self) -> None:
        offers = list(self.server.extensions)
        if self.server.security == "starttls" and not self.encrypted:
            offers.append("STARTTLS")
        elif self.server.user:
            offers.append("AUTH PLAIN")
        *first, last = "relay.test", *offers
        self.clear()
        await self.reply("ehlo", "".join([*(f"250-{one}\r\n" for one in first), f"250 {last}"]).encode())

    async def starttls(self) -> None:
        if (await self.reply("starttls", b"220 2.0.0 go on")).startswith(b"2"):
            await self.writer.start_tls(server_tls())
            self.encrypted = True

    async def auth(self) -> None:
        wanted = b"\0" + self.server.user.encode() + b"\0" + self.server.password.encode()
        right = base64.b64decode(self.command.split(b" ")[-1]) == wanted
        usual = b"235 2.7.0 welcome" if right else b"535 5.7.8 wrong user or password"
        self.known = (await self.reply("auth", usual)).startswith(b"2")

    async def mail(self) -> None:
        usual = b"250 2.1.0 ok"
        if self.server.security == "starttls" and not self.encrypted:
            usual = b"530 5.7.0 STARTTLS first"
        elif not self.known:
            usual = b"530 5.7.0 log in first"
        elif self.sender is not None:
            usual = b"503 5.5.1 nested MAIL"
        if (await self.reply("mail", usual)).startswith(b"2"):
            self.sender = _address(self.command)

    async def rcpt(self) -> None:
        usual = b"503 5.5.1 MAIL first" if self.sender is None else b"250 2.1.5 ok"
        recipient = _address(self.command)
        if (await self.reply("rcpt", usual, recipient)).startswith(b"2"):
            self.recipient = recipient

    async def data(self) -> None:
        usual = b"354 go on" if self.recipient else b"503 5.5.1 RCPT first"
        if not (await self.reply("data", usual, self.recipient or "")).startswith(b"354"):
            return
        act = self.scripted("content", self.recipient or "")
        if act.at_byte is not None:
            await self.reader.readexactly(act.at_byte)
            raise EOFError
        content = await self.content()
        await act.pause()
        self.server.behind.append(self.reader._buffer.count(b"\n"))  # no other way to look without reading
        if act.keeps():
            taken = Received(self.sender or "", self.recipient or "", content, self.number)
            self.server.messages.append(taken)
        self.clear()
        self.carried += 1
        await self.carry_out(act, b"250 2.0.0 queued as %d" % len(self.server.messages))

    async def content(self) -> bytes:
        got = b""
        while got != b".\r\n" and not got.endswith(b"\r\n.\r\n"):
            got += await self.reader.readuntil(b".\r\n")
        return (b"\r\n" + got)[:-3].replace(b"\r\n.", b"\r\n")[2:]

    async def rset(self) -> None:
        self.clear()
        await self.reply("rset", b"250 2.0.0 ok")

    async def quit(self) -> None:
        await self.reply("quit", b"221 2.0.0 bye")
        raise EOFError

    async def reply(self, stage: str, usual: bytes, recipient: str = "") -> bytes:
        await (act := self.scripted(stage, recipient)).pause()
        return await self.carry_out(act, usual)

    def scripted(self, stage: str, recipient: str) -> On:
        self.server.reached[stage] += 1
        nth = self.server.reached[stage]
        for one in self.server.script:
            if (
                one.stage == stage
                and one.nth in {0, nth}
                and one.recipient in recipient
                and one.after <= self.carried
            ):
                return one
        return On(stage)

    async def carry_out(self, act: On, usual: bytes) -> bytes:
        if act.silent:
            await self.reader.read()
        if act.silent or (act.drop and not act.say):
            raise EOFError
        said = act.say or usual
        await self.say(said)
        if act.drop:
            raise EOFError
        if act.then:
            await asyncio.sleep(0.02)
            await self.say(act.then)
        return said

    async def say(self, reply: bytes) -> None:
        self.writer.write(reply if reply.endswith(b"\n") else reply + b"\r\n")
        await self.writer.drain()


_HANDLERS = {
    b"EHLO": _Session.ehlo,
    b"STARTTLS": _Session.starttls,
    b"AUTH": _Session.auth,
    b"MAIL": _Session.mail,
    b"RCPT": _Session.rcpt,
    b"DATA": _Session.data,
    b"RSET": _Session.rset,
    b"QUIT": _Session.quit,
}


def _address(command: bytes) -> str:
    return command.partition(b"<")[2].partition(b">")[0].decode()
