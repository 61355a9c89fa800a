"""The sink: a relay in a process of its own that nobody ever kills, and that writes down what it takes before it says so.

    python sink.py FILE SEED

Prints its port. For each message a line with its Message-ID, recipient and a hash of the bytes; once the 250 is on its way a second
line says so. What goes wrong, and for whom, is drawn from the seed: refusals for good and for now, lines that break in the middle of
a message, messages that are taken and not answered, slow answers, farewells with 421.
"""

import asyncio
import hashlib
import json
import os
import re
import sys
import time
from collections import Counter
from contextlib import suppress
from random import Random

SLOW = 0.12  # seconds that each message takes, so that there is a middle to die in
VERY_SLOW = 2.0
TROUBLE = 0.06  # of all arrivals
KINDS = ("rcpt later", "dot later", "drop inside", "store and drop", "slow", "farewell", "strange words")
FOR_GOOD = {"gone": b"550 5.1.1 nobody here", "full": b"552 5.2.2 full", "no": b"554 5.2.1 off"}


class Sink:
    """What all connections share."""

    def __init__(self, file: str, seed: str) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._seed = seed
        self._arrivals: Counter[str] = Counter()
        self._numbers = 0

    def trouble(self, recipient: str) -> str:
        """What happens to this arrival; the same for the same seed, recipient and number of times it came before."""
        self._arrivals[recipient] += 1
        drawn = Random(f"{self._seed}:{recipient}:{self._arrivals[recipient]}")
        return drawn.choice(KINDS) if drawn.random() < TROUBLE else ""

    def take(self, recipient: str, content: bytes) -> int:
        self._numbers += 1
        found = re.search(rb"^Message-ID:\s*(<[^>]+>)", content, re.MULTILINE)
        digest = hashlib.sha256(content).hexdigest()
        name = found[1].decode() if found else ""
        self._write(number=self._numbers, at=time.time(), id=name, to=recipient, digest=digest)
        return self._numbers

    def answered(self, number: int) -> None:
        self._write(answered=number)

    def _write(self, **facts: object) -> None:
        os.write(self._file, json.dumps(facts).encode() + b"\n")

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError, asyncio.LimitOverrunError):
            await Session(self, reader, writer).run()
        writer.transport.abort()


class Session:
    """One connection. Commands may come in one piece; they are answered in turn."""

    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sink, self._reader, self._writer = sink, reader, writer
        self._recipient, self._trouble = "", ""

    async def run(self) -> None:
        await self._say(b"220 sink.test ESMTP")
        while line := await self._reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                await self._say(b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10485760")
            elif verb == b"RCPT":
                await self._rcpt(line.partition(b"<")[2].partition(b">")[0].decode())
            elif verb == b"DATA":
                await self._data()
            elif verb == b"QUIT":
                await self._say(b"221 2.0.0 bye")
                return
            else:
                self._recipient = ""
                await self._say(b"250 2.0.0 ok")

    async def _rcpt(self, recipient: str) -> None:
        self._trouble = self._sink.trouble(recipient)
        for_good = next((say for name, say in FOR_GOOD.items() if recipient.startswith(name)), b"")
        if for_good:
            await self._say(for_good)
        elif self._trouble == "rcpt later":
            await self._say(b"452 4.2.2 full for now")
        elif self._trouble == "farewell":
            await self._say(b"421 4.3.2 closing")
            raise EOFError
        else:
            self._recipient = recipient
            await self._say(b"250 2.1.5 ok")

    async def _data(self) -> None:
        if not self._recipient:
            await self._say(b"503 5.5.1 RCPT first")
            return
        await self._say(b"354 go on")
        recipient, self._recipient = self._recipient, ""
        if self._trouble == "drop inside":
            await self._reader.readexactly(700)
            raise EOFError
        content = await self._content()
        await asyncio.sleep(VERY_SLOW if self._trouble == "slow" else SLOW)
        if self._trouble == "dot later":
            await self._say(b"451 4.3.0 not now")
            return
        number = self._sink.take(recipient, content)
        if self._trouble == "store and drop":
            raise EOFError
        words = b"queued \xff\x00 as " if self._trouble == "strange words" else b"queued as "
        await self._say(b"250 2.0.0 " + words + str(number).encode())
        self._sink.answered(number)

    async def _content(self) -> bytes:
        got = b""
        while not got.endswith(b"\r\n.\r\n"):
            got += await self._reader.readuntil(b".\r\n")
        return got

    async def _say(self, reply: bytes) -> None:
        self._writer.write(reply + b"\r\n")
        await self._writer.drain()


async def main(file: str, seed: str) -> None:
    server = await asyncio.start_server(Sink(file, seed).meet, "127.0.0.1", 0, limit=2**22)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- read by whoever started us
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
