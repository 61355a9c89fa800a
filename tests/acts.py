"""What a relay of `relay.py` is told to do instead of the usual."""

import asyncio
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class On:
    """What to do at a stage instead of the usual. The first entry of the script that fits is taken.

    Stages: banner, ehlo, starttls, auth, mail, rcpt, data (the command), content (after the dot), rset, quit.
    """

    stage: str
    say: bytes = b""  # the reply, raw; a missing line end is added
    recipient: str = ""  # only if the recipient contains this
    nth: int = 0  # only the nth time the server comes to this stage, from 1
    after: int = 0  # only once this connection has carried so many messages
    wait: float = 0  # seconds before the reply
    until: threading.Event | None = None  # no reply before it is set
    silent: bool = False  # never reply
    drop: bool = False  # hang up: after `say`, or without a word
    then: bytes = b""  # said unasked, a moment after the reply
    at_byte: int | None = None  # content: hang up after so many bytes of it
    store: bool | None = None  # content: keep it or not, whatever the reply; unset: keep what gets a 2xx

    async def pause(self) -> None:
        """Before the reply."""
        await asyncio.sleep(self.wait)
        while self.until is not None and not self.until.is_set():  # noqa: ASYNC110 -- the test that sets it runs in another thread
            await asyncio.sleep(0.01)

    def keeps(self) -> bool:
        """Is the message taken?"""
        if self.store is not None:
            return self.store
        return not (self.silent or (self.drop and not self.say)) and (self.say or b"2").startswith(b"2")
