"""Open a connection to a relay: aiosmtplib connects, encrypts, greets and logs in; then the line is ours (`connection`).

Trouble with the relay comes back as a `Result`, never as an exception.
"""

import asyncio
import time
from socket import SOCK_STREAM, socket
from typing import cast

import aiosmtplib

from dispatcher.delivery.connection import Connection, Offers, Result, Timeouts
from dispatcher.delivery.wire import Wire
from dispatcher.errors import Refused, Unreachable
from dispatcher.formats.verdicts import Reply, Stage, Verdict, clean_reply, judge
from dispatcher.parsing import SmtpUrl


class _Client(aiosmtplib.SMTP):
    """Closes at once. Over TLS the library's own way waits for the other side's farewell, and may outlive our loop."""

    def close(self) -> None:
        if self.transport is not None:
            cast("asyncio.Transport", self.transport).abort()
        super().close()


async def connect(relay: SmtpUrl, timeouts: Timeouts, hello_name: str, messages: int) -> Connection | Result:
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
    offers = Offers(*(client.supports_extension(one) for one in ("pipelining", "size", "dsn")))
    return Connection(wire, timeouts, messages, offers)


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
    duration = round((time.monotonic() - began) * 1000)
    return Result(stage, reply, verdict, duration, clean_reply(str(failed) or type(failed).__name__))
