"""Caps: how many links may be asked for, per address, per network, per domain and in all. Over one of them nothing is written but a tally.

Counted from the requests themselves by the database's clock, so that an emptied Redis opens no door. What was turned away leaves no
request: an attack that goes on for days does not keep its victim out for longer than the cap says.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import connection

from dispatcher.config import Config
from dispatcher.formats.address import cap_key
from dispatcher.models import LinkRequest

_ADDRESS_LOCK = 0x6C696E6B


class Per(StrEnum):
    """Whose requests a cap counts; the value is what the tally calls those that were turned away."""

    ADDRESS = "address cap"
    NETWORK = "network cap"
    DOMAIN = "domain cap"
    ALL = "cap in all"


def take_turns(capped: str) -> None:
    """Until this transaction ends, nobody else asks for this address: of two at once the second sees the first.

    The other caps take no turns. They are there against many, and one more for each process that asks at that moment does no harm.
    """
    if connection.vendor == "postgresql":  # on SQLite the write gate has done it
        with connection.cursor() as cursor:
            address = int.from_bytes(bytes.fromhex(capped[:8]), signed=True)
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_ADDRESS_LOCK, address])


def exceeded(config: Config, request: LinkRequest, now: datetime) -> Per | None:
    """The first cap that one more would be too many for. Requests without a network count as one network's.

    An address is counted by its keys of earlier secrets too: a new SECRET_KEY gives nobody's mailbox away.
    """
    asked = LinkRequest.objects.all()
    secrets = (config.secret_key, *config.secret_key_fallbacks)
    address_keys = [cap_key(request.folded, one) for one in secrets]
    groups = (
        (Per.ADDRESS, config.cap_address, asked.filter(capped__in=address_keys)),
        (Per.NETWORK, config.cap_network, asked.filter(network=request.network)),
        (Per.DOMAIN, config.cap_domain, asked.filter(domain=request.domain)),
        (Per.ALL, config.cap_all, asked),
    )
    for which, caps, requests in groups:
        for cap in caps:
            since = now - timedelta(seconds=cap.seconds)
            if requests.filter(asked_at__gt=since).count() >= cap.most:
                return which
    return None
