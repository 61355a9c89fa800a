"""The line to a relay once it is open: what we write, and the replies to it, strictly in order.

This is a protocol of our own because aiosmtplib drops what a relay says unasked, and cannot have several commands under way: here a
reply that nobody waits for ends the connection. It knows nothing of messages, stages or verdicts.
"""

import asyncio
import re
from collections import deque
from functools import lru_cache

from dispatcher.errors import Unreachable, Unreadable
from dispatcher.formats.verdicts import Reply, clean_reply


class Wire(asyncio.Protocol):
    """Commands out, replies in. What arrived before a connection broke can still be read, in order."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._replies: deque[Reply] = deque()
        self._expected = 0
        self._waiting: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        self._deadline = 0.0
        self._watch: asyncio.TimerHandle | None = None
        transport.set_protocol(self)

    @property
    def alive(self) -> bool:
        """Neither side has hung up."""
        return self._failure is None and not self._transport.is_closing()

    @property
    def problem(self) -> str:
        """Why it is not alive."""
        return str(self._failure or "connection lost")

    def write(self, data: bytes, replies: int = 1) -> None:
        """Send what asks for so many replies."""
        if not self.alive:
            raise self._failure or Unreachable("connection lost")
        self._expected += replies
        self._transport.write(data)

    def ready(self) -> Reply | None:
        """The next reply, if it is here already."""
        return self._replies.popleft() if self._replies else None

    async def reply(self, seconds: float) -> Reply:
        """The next reply. Raises Unreachable or Unreadable once there is none to come."""
        while not self._replies:
            if self._failure is not None:
                raise self._failure
            self._waiting = self._loop.create_future()
            self._be_patient(seconds)
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._replies.popleft()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while self._buffer and self._failure is None:
            if not self._expected:
                self.abort(f"out of step: unasked for, the relay said {clean_reply(self._buffer)[:200]!r}")
                return
            try:
                reply, self._buffer = _read(self._buffer)
            except Unreadable as garbled:
                self._fail(garbled)
                return
            if reply is None:
                return
            self._take(reply)
            # Behind the reply to a content come those to the next envelope, the same each time.
            known = _all(self._buffer) if 0 < len(self._buffer) <= _USUAL else ()
            if 0 < len(known) <= self._expected:
                self._buffer = b""
                self._take(*known)

    def _take(self, *replies: Reply) -> None:
        self._expected -= len(replies)
        self._replies.extend(replies)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(Unreachable(f"connection lost: {exc}" if exc else "connection lost"))
        if self._watch is not None:
            self._watch.cancel()

    def abort(self, why: str) -> None:
        """Close at once; `why` is what later calls are told."""
        self._fail(Unreachable(why))

    def _fail(self, failure: Exception) -> None:
        if self._failure is None:
            self._failure = failure
            self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _be_patient(self, seconds: float) -> None:
        """One timer for many waits, moved only when a nearer end is wanted: a timer for each costs more than a reply."""
        self._deadline = self._loop.time() + seconds
        self._patience = seconds
        if self._watch is None or self._watch.when() > self._deadline:
            self._look_again_at(self._deadline)

    def _look_again_at(self, when: float) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        self._watch = None
        if self._waiting is None:
            return
        if self._loop.time() < self._deadline:
            self._look_again_at(self._deadline)
        else:
            self._fail(Unreachable(f"no reply within {self._patience:g} s"))


_LINE = re.compile(rb"[2-5]\d\d[ \r\n-]")
_LONGEST = 65_536  # bytes of one reply: all that a relay has to say fits; more would only fill our memory


def _read(buffer: bytes) -> tuple[Reply | None, bytes]:
    """The reply at the head of the buffer and what follows it; None while its last line is still under way."""
    start = 0
    while 0 < (end := buffer.find(b"\n", start) + 1) <= _LONGEST:
        if not _LINE.match(buffer, start):
            raise Unreadable(f"no reply: {clean_reply(buffer[start:end])[:200]!r}")
        if buffer[start + 3] != _MORE:
            return _reply(buffer[:end]), buffer[end:]
        start = end
    if len(buffer) > _LONGEST:
        raise Unreadable(f"a reply of more than {_LONGEST} bytes")
    return None, buffer


_USUAL = 200  # bytes of three replies


@lru_cache(maxsize=64)
def _all(buffer: bytes) -> tuple[Reply, ...]:
    """All replies in it; none if one of them is not whole, or cannot be read: then they are read one by one."""
    found = []
    try:
        while buffer:
            reply, buffer = _read(buffer)
            if reply is None:
                return ()
            found.append(reply)
    except Unreadable:
        return ()
    return tuple(found)


_MORE = ord("-")


def _reply(lines: bytes) -> Reply:
    text = lines[4:] if lines[3] != _MORE else b" ".join(line[4:].rstrip() for line in lines.splitlines())
    return Reply(int(lines[:3]), clean_reply(text.rstrip()))
