"""The listener: takes in what comes back to bounce addresses, by SMTP or LMTP, and nothing else. It relays nothing and answers no mail.

A mail is accepted when its bytes are committed. Line lengths are not what RFC 5321 wants from everybody who reports, so longer ones pass.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import DatabaseError, connections

from dispatcher.bounces import inbox, settle
from dispatcher.config import Config
from dispatcher.formats.address import delivery_of

log = logging.getLogger(__name__)

T = TypeVar("T")

# Mailboxes that a mail domain must have, and the one that feedback loops are registered with.
KNOWN = ("abuse", "complaints", "postmaster")
_KNOCKING = 100  # clients that wait to be let in
_PATIENCE = 60.0  # seconds for a client to say something
_LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


async def serve(
    config: Config, places: Mapping[str, Place], ready: Callable[[Sequence[Place]], None]
) -> None:
    """Listen for `smtp` and `lmtp` until SIGTERM or SIGINT. `ready` hears where, once clients can come."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="inbox") as thread:
        takes = Taking(config, thread)
        servers = [
            await loop.create_server(takes.protocol(_KINDS[kind]), place.host, place.port, backlog=_KNOCKING)
            for kind, place in places.items()
        ]
        ready([Place(*one.sockets[0].getsockname()[:2]) for one in servers])
        await stop.wait()
        for one in servers:
            one.close()
        await asyncio.wrap_future(thread.submit(connections.close_all))


class _Smtp(SMTP):
    line_length_limit = _LONGEST_LINE


class _Lmtp(LMTP):
    line_length_limit = _LONGEST_LINE


_KINDS = {"smtp": _Smtp, "lmtp": _Lmtp}


class Taking:
    """What the protocol asks us: whom we take mail for, and to keep it. The names of the methods are aiosmtpd's."""

    def __init__(self, config: Config, thread: ThreadPoolExecutor) -> None:
        self._config = config
        self._keys = (config.secret_key, *config.secret_key_fallbacks)
        self._thread = thread

    def protocol(self, kind: type[SMTP]) -> Callable[[], SMTP]:
        """For the loop: one for each client."""
        loop = asyncio.get_running_loop()
        return lambda: kind(
            self,
            data_size_limit=inbox.LARGEST,
            hostname=self._config.bounce_domain,
            ident="bounces",
            timeout=_PATIENCE,
            loop=loop,
        )

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name for the hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Our own signed addresses, and the few mailboxes that everybody must have. One at a time: each report is kept with its own."""
        if not self._is_ours(address):
            return "550 5.1.1 no such bounce address"
        if envelope.rcpt_tos:
            return "452 4.5.3 one recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- as above
        """250 once it is committed; whoever hears 451 comes again."""
        content, recipient = envelope.original_content or b"", envelope.rcpt_tos[0]
        try:
            kept = await self._call(lambda: inbox.keep(inbox.MAIL, content, recipient))
        except (DatabaseError, OSError) as away:
            log.warning("a report cannot be kept, its sender will come again: %s", away)
            await self._call(connections.close_all)
            return "451 4.3.0 cannot be kept at present, come again"
        self._settling = asyncio.create_task(self._settle(kept))
        return "250 2.0.0 kept"

    def _is_ours(self, address: str) -> bool:
        local, _, domain = address.lower().rpartition("@")
        known = local in KNOWN and domain == self._config.bounce_domain
        return known or delivery_of(address, self._keys) is not None

    async def _settle(self, kept: int) -> None:
        try:
            await self._call(lambda: settle.settle(self._config, kept))
        except DatabaseError as away:
            log.warning("arrival %d waits for the sweep: %s", kept, away)
            await self._call(connections.close_all)

    async def _call(self, work: Callable[[], T]) -> T:
        """In the one thread that may talk to the database."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
