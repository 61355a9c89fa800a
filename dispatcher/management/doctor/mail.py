"""The relays: is each there, encrypted as it should be, and does it know us. Everything up to MAIL, which is never said."""

import asyncio
import socket
from collections.abc import Iterator
from functools import partial

from dispatcher.config import Config
from dispatcher.delivery import smtp
from dispatcher.delivery.connection import Result, Timeouts
from dispatcher.formats.verdicts import Verdict
from dispatcher.management.doctor.findings import Check, Finding, ok, problem, warning
from dispatcher.parsing import SmtpUrl

_PATIENCE = Timeouts(connect=3, command=4, goodbye=1)
_SECONDS = 12  # for all of it: encrypting, greeting twice, logging in


def checks(config: Config) -> list[Check]:
    """A check for each relay, or the finding that there is none."""
    if not config.smtp_url:
        return [Check("relay", _none)]
    return [Check(f"relay {one}", partial(look, one), _SECONDS) for one in config.smtp_url]


def _none() -> Iterator[Finding]:
    yield warning("relay", "none is named", "DISPATCHER_SMTP_URL=smtp+starttls://user:password@host")


def look(relay: SmtpUrl) -> Iterator[Finding]:
    """Resolve, connect, encrypt, greet, log in, and leave."""
    where = f"relay {relay}"
    try:
        # First, and not by the loop: that one would wait for a slow name server even when nobody waits any more.
        socket.getaddrinfo(relay.host, relay.port)
    except OSError as unknown:
        yield problem(
            where,
            f"its name does not resolve: {unknown.strerror}",
            "is it spelt right in DISPATCHER_SMTP_URL?",
        )
        return
    refused = asyncio.run(_visit(relay))
    if refused is None:
        yield ok(where, _HOW[relay.security] + (", and it knows us" if relay.password else ""))
        return
    said = refused.reply.text if refused.reply else refused.problem
    yield problem(where, f"{refused.verdict.value} at {refused.stage.value}: {said}", _remedy(refused))


_HOW = {
    "plain": "answers, without encryption",
    "starttls": "answers, STARTTLS with a certificate that holds",
    "tls": "answers, TLS with a certificate that holds",
}


async def _visit(relay: SmtpUrl) -> Result | None:
    opened = await smtp.connect(relay, _PATIENCE, socket.gethostname(), messages=1)
    if isinstance(opened, Result):
        return opened
    await opened.quit()
    return None


def _remedy(refused: Result) -> str:
    if refused.verdict is Verdict.OUR_FAULT:
        return "check user and password in DISPATCHER_SMTP_URL"
    return "does it run, may this host reach its port, and is the certificate made out to this name?"
