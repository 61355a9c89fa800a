"""System mail: a mailing of its own to people who wait for it, and a delivery for each. It composes nothing."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from dispatcher.formats.address import fold
from dispatcher.models import Delivery, DeliveryState, Kind, Lane, Mailing, MailingState, Subscriber


def owe(key: str, addresses: Iterable[str], now: datetime) -> Mailing:
    """Owe each address one message; two that differ only in case are one. No fan-out has to look at it."""
    people = {fold(address): address for address in addresses}
    mailing = Mailing.objects.create(
        key=key,
        kind=Kind.SYSTEM,
        lane=Lane.SYSTEM,
        state=MailingState.RUNNING,
        created_at=now,
        frozen_at=now,
        fanned_out_at=now,
        audience=len(people),
        nonce=secrets.token_hex(8),
    )
    for folded, address in people.items():
        person, _ = Subscriber.objects.get_or_create(
            folded=folded, defaults={"address": address, "created_at": now}
        )
        Delivery.objects.create(
            mailing=mailing, subscriber=person, state=DeliveryState.PENDING, topics="", due_at=now
        )
    return mailing
