"""The terms of one round of sending, as settings and relays give them."""

from dataclasses import dataclass, field
from datetime import timedelta

from dispatcher.delivery.connection import Timeouts
from dispatcher.parsing import SmtpUrl


@dataclass(frozen=True, slots=True)
class Terms:
    """How this worker sends: relays in order of failover, connections, messages a connection, patience, what it calls itself."""

    relays: tuple[SmtpUrl, ...]
    connections: int
    copies: int
    messages: int
    hello_name: str
    owner: str
    lease: timedelta
    timeouts: Timeouts = field(default_factory=Timeouts)
