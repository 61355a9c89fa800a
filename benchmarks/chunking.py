"""Would CHUNKING (RFC 3030) send faster than DATA behind PIPELINING? One process over 8 connections, against relays that have both.

    PYTHONPATH=tests python benchmarks/chunking.py [--messages 20000] [--rounds 6]

Postfix's `smtp-sink` offers no CHUNKING. So there are two relays: a small one of our own in a process of its own, which reads either way
and keeps nothing; and, for root, a real Postfix, which throws away what it has read. The line, `wire.Wire`, is the product's; the rest
is a lab form: ready contents of 12 KB, no ledger. Turn by turn, medians, ratios to DATA.

data    the way of the product: content, dot and the next envelope in one write
chunk   the same with BDAT: content and the next envelope in one write, no DATA, no 354, no dot
whole   envelope and BDAT in one write, so that nothing waits for an invitation; a refused recipient costs a content for nothing

Found, on two cores that did other things too: the round trips are as many, so 20 ms away it is 1.00; our CPU is the same, 14 µs each; Postfix
takes 0.98 (0.80 to 1.31 in eight rounds) of what DATA brings, a relay of our own 1.0 to 1.2. `whole` is 0.1 at Postfix. So the product
has no BDAT.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import postfix
import uvloop
from delivery_stage import delayed

from dispatcher.delivery.wire import Wire

CONNECTIONS = 8
LATENCY = 0.02
PATIENCE = 30.0
CONTENT = (b"The Department adopts changes to Section 80, effective at once.\r\n" * 200)[:11_998] + b"\r\n"
_ENVELOPE = b"MAIL FROM:<b@bounces.example.gov> SIZE=12000\r\nRCPT TO:<person@example.com>\r\n"
_CHUNK = b"BDAT %d LAST\r\n" % len(CONTENT) + CONTENT

Send = Callable[[Wire, int], Awaitable[None]]


async def by_data(wire: Wire, messages: int) -> None:
    """As `connection.Connection` does it."""
    wire.write(_ENVELOPE + b"DATA\r\n", 3)
    for left in range(messages - 1, -1, -1):
        await _heard(wire, b"223")
        wire.write(CONTENT + b".\r\n" + (_ENVELOPE + b"DATA\r\n" if left else b""), 4 if left else 1)
        await _heard(wire, b"2")


async def by_chunk(wire: Wire, messages: int) -> None:
    """The content waits for the relay's yes to the recipient."""
    wire.write(_ENVELOPE, 2)
    for left in range(messages - 1, -1, -1):
        await _heard(wire, b"22")
        wire.write(_CHUNK + (_ENVELOPE if left else b""), 3 if left else 1)
        await _heard(wire, b"2")


async def by_whole(wire: Wire, messages: int) -> None:
    """It does not wait."""
    for _ in range(messages):
        wire.write(_ENVELOPE + _CHUNK, 3)
        await _heard(wire, b"222")


async def _heard(wire: Wire, classes: bytes) -> None:
    for wanted in classes:
        reply = wire.ready() or await wire.reply(PATIENCE)
        assert reply.code // 100 == wanted - ord("0"), reply  # noqa: S101 -- else nothing was measured


WAYS: dict[str, Send] = {"data": by_data, "chunk": by_chunk, "whole": by_whole}


async def _sent(port: int, messages: int, way: Send) -> tuple[float, float]:
    """Seconds, and seconds of CPU of this process."""
    wires = [await _opened(port) for _ in range(CONNECTIONS)]
    began, worked = time.monotonic(), time.process_time()
    await asyncio.gather(*(way(wire, messages // CONNECTIONS) for wire in wires))
    took = time.monotonic() - began, time.process_time() - worked
    for wire in wires:
        wire.abort("done")
    return took


class _Meeting(asyncio.Protocol):
    """Until the line stands, which expects a banner."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Whatever the relay says is the line's to read."""
        self.wire = Wire(cast("asyncio.Transport", transport))
        self.wire.write(b"", 1)


async def _opened(port: int) -> Wire:
    _, meeting = await asyncio.get_running_loop().create_connection(_Meeting, "127.0.0.1", port)
    wire = meeting.wire
    await wire.reply(PATIENCE)
    wire.write(b"EHLO lab\r\n", 1)
    offered = (await wire.reply(PATIENCE)).text
    assert "CHUNKING" in offered, offered  # noqa: S101 -- as above
    assert "PIPELINING" in offered, offered  # noqa: S101 -- as above
    return wire


class Relay(asyncio.Protocol):
    """One connection. It refuses nothing and keeps nothing; one write answers all that came."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 lab ESMTP\r\n")
        self._buffer = bytearray()
        self._seen = 0  # of a content that ends with a dot
        self._chunk = 0  # bytes that are still to come
        self._in_data = False

    def data_received(self, data: bytes) -> None:
        """Answer whatever is whole."""
        self._buffer += data
        answers = bytearray()
        while (answer := self._next()) is not None:
            answers += answer
        if answers:
            self._transport.write(answers)

    def _next(self) -> bytes | None:
        if self._in_data:
            return self._dotted()
        if self._chunk:
            return self._chunked()
        end = self._buffer.find(b"\n") + 1
        if not end:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        return self._answer(line)

    def _answer(self, line: bytes) -> bytes | None:
        verb = line[:4]
        if verb == b"EHLO":
            return b"250-lab\r\n250-PIPELINING\r\n250-SIZE 10485760\r\n250 CHUNKING\r\n"
        if verb == b"DATA":
            self._in_data, self._seen = True, 0
            return b"354 go on\r\n"
        if verb == b"BDAT":
            self._chunk = int(line.split()[1])
            return self._chunked()
        return b"250 2.1.0 ok\r\n"

    def _dotted(self) -> bytes | None:
        # From behind, where at most one envelope follows: Python's search from the front takes 9 µs, and would be what is measured.
        end = self._buffer.rfind(b"\r\n.\r\n", max(0, self._seen - 4))
        self._seen = len(self._buffer)
        if end < 0:
            return None
        del self._buffer[: end + 5]
        self._in_data = False
        return b"250 2.0.0 queued\r\n"

    def _chunked(self) -> bytes | None:
        if len(self._buffer) < self._chunk:
            return None
        del self._buffer[: self._chunk]
        self._chunk = 0
        return b"250 2.0.0 queued\r\n"


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Relay, "127.0.0.1", 0)
    _tell(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


@contextmanager
def _serving() -> Iterator[int]:
    """The relay, and its port."""
    command = [sys.executable, __file__, "--serve"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- ourselves
    assert process.stdout is not None  # noqa: S101 -- tells the type checker what PIPE means
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


# Nothing of it reaches the queue, so the relay would find that it comes in too fast, and hold it back.
_BIN = """
smtpd_recipient_restrictions = check_recipient_access static:DISCARD, permit_mynetworks, reject
in_flow_delay = 0
"""


class _Bin(postfix.Postfix):
    """It reads what it is sent, and throws it away."""

    def _write(self) -> None:
        super()._write()
        with (self.home / "config" / "main.cf").open("a") as main:
            main.write(_BIN)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--serve", action="store_true", help="be the relay")
    asked = parser.parse_args()
    if asked.serve:
        uvloop.run(_serve())
        return
    with ExitStack() as stack:
        port = stack.enter_context(_serving())
        _compare("ours", port, asked.messages, asked.rounds)
        far = stack.enter_context(delayed(port, LATENCY))
        _compare(f"ours, {LATENCY * 1000:.0f} ms away", far, asked.messages // 20, asked.rounds)
        if why := postfix.missing():
            _tell(f"Postfix is left out: {why}")
            return
        home = stack.enter_context(TemporaryDirectory(prefix="chunking-"))
        theirs = stack.enter_context(_Bin(Path(home)))
        _compare("Postfix", theirs.port, asked.messages // 10, asked.rounds)


def _compare(where: str, port: int, messages: int, rounds: int) -> None:
    ways, took = list(WAYS), {name: list[tuple[float, float]]() for name in WAYS}
    uvloop.run(_sent(port, CONNECTIONS * 10, by_data))  # a relay starts its processes for the first who come
    for number in range(rounds):
        first = number % len(ways)  # each follows each: one may leave something behind for the next
        for name in ways[first:] + ways[:first]:
            took[name].append(uvloop.run(_sent(port, messages, WAYS[name])))
    for name, mine in took.items():
        rate = messages / statistics.median(seconds for seconds, _ in mine)
        cpu = statistics.median(worked for _, worked in mine) / messages * 1e6
        ratio = statistics.median(base[0] / own[0] for base, own in zip(took["data"], mine, strict=True))
        _tell(f"{where:15} {name:6} {rate:8,.0f}/s   {cpu:6.1f} µs of CPU each   {ratio:5.2f} × data")


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- for whoever runs this


if __name__ == "__main__":
    main()
