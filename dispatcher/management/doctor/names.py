"""The names that our mail bears: do they exist. Addresses only; the standard library asks for no MX, SPF, DKIM or DMARC."""

import socket
from collections.abc import Iterator
from email.utils import parseaddr
from functools import partial

from dispatcher.config import Config
from dispatcher.errors import BadInput
from dispatcher.management.doctor.findings import Check, Finding, ok, warning
from dispatcher.topics import load

_SECONDS = 3


def checks(config: Config) -> list[Check]:
    """The domain of the sender, and that of the bounces."""
    names = {
        "domain of the sender": of_sender(config),
        "domain of the bounces": config.bounce_domain,
    }
    return [Check(where, partial(look, where, name), _SECONDS) for where, name in names.items() if name]


def of_sender(config: Config) -> str:
    """Empty if nobody has told it yet."""
    return _domain(config.from_ or _sender(config))


def _sender(config: Config) -> str:
    try:
        return load.read(config.topics).agency.from_
    except BadInput:
        return ""  # told where the file itself is looked at


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]


def look(where: str, name: str) -> Iterator[Finding]:
    """Whether it has an address. A domain for mail alone may have only an MX, so this is never more than a warning."""
    try:
        socket.getaddrinfo(name, None)
    except OSError as unknown:
        what = f"{name} has no address: {unknown.strerror}"
        yield warning(where, what, f"well if it has an MX, which is not asked here: `dig MX {name}`")
    except UnicodeError:
        yield warning(where, f"{name} is no name", "see DISPATCHER_FROM, BOUNCE_DOMAIN and agency.from")
    else:
        yield ok(where, f"{name} has an address")
