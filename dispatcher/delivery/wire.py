"""The line to a relay once it is open: what we write, and the one reply to each thing written.

This is a protocol of our own because aiosmtplib throws away what a relay says unasked, and may then take one reply for another: here
such a reply ends the connection. It knows nothing of messages, stages or verdicts.
"""

import asyncio
import re

from dispatcher.errors import Unreachable, Unreadable
from dispatcher.formats.verdicts import Reply, clean_reply


class Wire(asyncio.Protocol):
    """Commands out, replies in, strictly in turn: a reply that nobody waits for ends the connection."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._buffer = b""
        self._waiting: asyncio.Future[Reply] | None = None
        self._problem = "connection lost"
        transport.set_protocol(self)

    @property
    def alive(self) -> bool:
        """Neither side has hung up."""
        return not self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send, and expect one reply."""
        if not self.alive:
            raise Unreachable(self._problem)
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(data)

    async def reply(self, seconds: float) -> Reply:
        """The reply to what was written last."""
        if self._waiting is None:
            raise Unreachable(self._problem)
        try:
            async with asyncio.timeout(seconds):
                return await self._waiting
        except TimeoutError:
            raise Unreachable(f"no reply within {seconds:g} s") from None
        finally:
            self._waiting = None

    def data_received(self, data: bytes) -> None:
        waiting = self._waiting
        if waiting is None or waiting.done():
            self.abort(f"out of step: unasked for, the relay said {clean_reply(data)[:200]!r}")
            return
        self._buffer += data
        try:
            reply, self._buffer = _read(self._buffer)
        except Unreadable as garbled:
            self._fail(garbled)
            return
        if reply:
            waiting.set_result(reply)
        if reply and self._buffer:
            self.abort(f"out of step: after its reply the relay said {clean_reply(self._buffer)[:200]!r}")

    def connection_lost(self, exc: Exception | None) -> None:
        if exc:
            self._problem = f"connection lost: {exc}"
        self._fail(Unreachable(self._problem))

    def _fail(self, error: Exception) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(error)
            self._waiting.exception()  # counts as seen: maybe nobody waits for the answer to QUIT

    def abort(self, why: str) -> None:
        """Close at once; `why` is what later calls are told."""
        if self.alive:
            self._problem = why
            self._transport.abort()


_LINE = re.compile(rb"[2-5]\d\d[ \r\n-]")
_LONGEST = 65_536  # bytes of one reply: all that a relay has to say fits; more would only fill our memory


def _read(buffer: bytes) -> tuple[Reply | None, bytes]:
    """The reply at the head of the buffer and what follows it; None while its last line is still under way."""
    start = 0
    while (end := buffer.find(b"\n", start) + 1) > 0:
        if not _LINE.match(buffer, start):
            raise Unreadable(f"no reply: {clean_reply(buffer[start:end])[:200]!r}")
        if buffer[start + 3 : start + 4] != b"-":
            text = b" ".join(line[4:] for line in buffer[:end].split(b"\n"))
            return Reply(int(buffer[start : start + 3]), clean_reply(text)), buffer[end:]
        start = end
    if len(buffer) > _LONGEST:
        raise Unreadable(f"a reply of more than {_LONGEST} bytes")
    return None, buffer
