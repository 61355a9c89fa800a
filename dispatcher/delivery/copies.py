"""Test copies: one message to named addresses, at once, outside the ledger and outside every audience. Its links grant nothing."""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from dispatcher.config import Config
from dispatcher.delivery import composition, connection, signing, smtp
from dispatcher.delivery.connection import Connection, Envelope, Result, Timeouts
from dispatcher.delivery.dkim import Signer
from dispatcher.errors import Refused
from dispatcher.formats.address import fold
from dispatcher.formats.verdicts import Verdict
from dispatcher.messages import kinds
from dispatcher.messages.compose import Composed
from dispatcher.parsing import SmtpUrl

# As long as a ticket, and none: whoever follows a link of a test copy finds a page that says that there is nothing.
_NO_TICKET = "a-test-copy-has-no-ticket-in"
_PATIENCE = Timeouts(connect=10, command=30, content=60)  # somebody sits at the terminal


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of one copy: whether the relay took it, and its words."""

    address: str
    accepted: bool
    said: str


def send(config: Config, composed: Composed, sender: str, addresses: Sequence[str]) -> list[Handed]:
    """Hand one copy for each address, of a few, to the first relay that answers. Raises Refused where these must not be mailed from here."""
    require_open(config, addresses)
    signer = signing.signer(config)
    copies = [_copy(composed, parseaddr(sender)[1], address, signer) for address in addresses]
    return asyncio.run(_send(config.smtp_url, copies))


def require_open(config: Config, addresses: Sequence[str]) -> None:
    """Raises Refused where these must not be mailed from here."""
    if not config.smtp_url:
        raise Refused("DISPATCHER_SMTP_URL is not set: there is no relay to hand a copy to")
    listed = {fold(one) for one in config.send.only}
    if not config.send.everybody and not {fold(one) for one in addresses} <= listed:
        raise Refused("DISPATCHER_SEND does not allow mail to these addresses → list them there")
    if unfit := composition.unfit(config):
        raise Refused(unfit)


def _copy(composed: Composed, sender: str, address: str, signer: Signer | None) -> Envelope:
    values = kinds.person(address, _NO_TICKET, f"test.{secrets.token_hex(8)}")
    order = composed.stencil.keys("reason")
    content = composed.stencil.splice(values, kinds.chosen(order, order))
    return Envelope(sender, address, signer.signed(content) if signer else content)


async def _send(relays: Sequence[SmtpUrl], copies: Sequence[Envelope]) -> list[Handed]:
    """Each on a connection of its own: a relay that hangs up on one takes no other along."""
    return await asyncio.gather(*(_send_one(relays, copy) for copy in copies))


async def _send_one(relays: Sequence[SmtpUrl], copy: Envelope) -> Handed:
    said = ""
    for relay in relays:
        opened = await smtp.connect(relay, _PATIENCE, socket.gethostname(), 1)
        if isinstance(opened, Connection):
            try:
                return await _hand_over(opened, copy)
            finally:
                await opened.quit()
        said = _words(opened)
    return Handed(copy.recipient, accepted=False, said=said)


async def _hand_over(opened: Connection, copy: Envelope) -> Handed:
    result = await connection.send(opened, copy)
    return Handed(copy.recipient, result.verdict is Verdict.ACCEPTED, _words(result))


def _words(result: Result) -> str:
    return result.reply.text if result.reply else result.problem
