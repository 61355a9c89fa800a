"""Deliveries that are owed, and what a worker does with them, for the tests of the ledger."""

from datetime import timedelta

import factories as make

from dispatcher.delivery import ledger
from dispatcher.delivery.ledger import Claimed
from dispatcher.delivery.statements import Mark, Outcome
from dispatcher.mailings import fan_out
from dispatcher.models import Delivery, Lane, Mailing
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import DeliveryState

MINUTE = timedelta(minutes=1)


def owe(people: int = 1) -> Mailing:
    topic = make.topic()
    for _ in range(people):
        make.subscription(make.subscriber(), topic)
    mailing_id = fan_out.begin(make.bulletin(topic).id)
    assert mailing_id is not None
    while fan_out.fan_out(mailing_id, 1000) is not None:
        pass
    return Mailing.objects.get(id=mailing_id)


def claim(limit: int = 10, owner: str = "worker", lease: timedelta = MINUTE) -> list[Claimed]:
    return ledger.claim(Lane.IMMEDIATE, owner, limit, lease)


def accepted(row: Claimed, **fields) -> Outcome:
    return Outcome(
        row.id, row.attempt, DeliveryState.ACCEPTED, "accepted", code=250, reply="2.0.0 queued as 1", **fields
    )


def mark(row: Claimed) -> bool:
    return row.id in ledger.commit([], [Mark(row.id, row.attempt)])


def expire() -> None:
    """As if every worker had been silent for longer than its lease."""
    Delivery.objects.filter(lease_until__isnull=False).update(lease_until=database_now() - MINUTE)
