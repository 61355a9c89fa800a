"""Mail that was accepted and reports that come back about it, for the tests of bounces."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import factories as make

from dispatcher import config
from dispatcher.bounces import inbox, settle
from dispatcher.formats import message_names, tickets
from dispatcher.formats.address import bounce_address
from dispatcher.mailings import fan_out
from dispatcher.models import Arrival, Delivery, Mailing, Subscriber, Subscription, Suppression, Topic
from dispatcher.models.clock import database_now

SAMPLES = Path(__file__).parent / "bounces" / "samples"
DOMAIN = "bounces.example.gov"
ANN = "ann@example.com"


def accepted(*addresses: str, days_ago: float = 0, **fields) -> Mailing:
    """A mailing to these people, all of whose copies the relay took."""
    topic = Topic.objects.filter(slug="pharmacy").first() or make.topic("pharmacy", name="Pharmacy")
    _follow(topic, addresses)
    mailing = Mailing.objects.get(id=fan_out.begin(make.bulletin(topic).id))
    while fan_out.fan_out(mailing.id, 1000):
        pass
    facts = {
        "state": "accepted",
        "attempt": 1,
        "code": 250,
        "reply": "2.0.0 Ok: queued",
        "ended_at": ago(days_ago),
    }
    mailing.deliveries.filter(state="pending").update(**(facts | fields))
    mailing.refresh_from_db()
    return mailing


def _follow(topic: Topic, addresses: Sequence[str]) -> None:
    new = [Subscriber(address=one, folded=one, created_at=make.LONG_AGO) for one in addresses]
    Subscriber.objects.bulk_create(new, ignore_conflicts=True)
    people = Subscriber.objects.filter(folded__in=addresses).exclude(subscriptions__topic=topic)
    given = {
        "cadence": "immediate",
        "consent": "test",
        "created_at": make.LONG_AGO,
        "confirmed_at": make.LONG_AGO,
    }
    Subscription.objects.bulk_create(Subscription(subscriber=one, topic=topic, **given) for one in people)


def ago(days: float) -> datetime:
    return database_now() - timedelta(days=days)


def of(address: str = ANN) -> Delivery:
    """The last delivery to somebody."""
    return Delivery.objects.filter(subscriber__folded=address).select_related("mailing").latest("id")


def signed(delivery_id: int) -> str:
    return bounce_address(
        tickets.token(tickets.Purpose.BOUNCE, delivery_id, config.current().secret_key), DOMAIN
    )


def filled(name: str, delivery: Delivery | None = None, address: str = ANN) -> bytes:
    """A sample as it would come back about a delivery; without one it bears an address that nobody signed."""
    place = signed(delivery.id) if delivery else f"b+{'a' * 34}@{DOMAIN}"
    message = message_names.of(delivery.mailing.nonce, delivery.id) if delivery else f"{'0' * 16}.1"
    values = {
        "BOUNCE_ADDRESS": place,
        "LOCAL_PART": place.partition("@")[0],
        "MESSAGE_NAME": message,
        "ADDRESS": address,
    }
    text = (SAMPLES / f"{name}.eml").read_bytes().decode("utf-8", "surrogateescape")
    filled_in = re.sub("|".join(values), lambda found: values[found[0]], text)
    return filled_in.encode("utf-8", "surrogateescape")


def come(raw: bytes, recipient: str = "", *, days_ago: float = 0) -> Arrival:
    """It comes back by mail, and is settled."""
    kept = inbox.keep(inbox.MAIL, raw, recipient)
    if days_ago:
        Arrival.objects.filter(id=kept).update(received_at=ago(days_ago))
    settle.settle(config.current(), kept)
    return Arrival.objects.get(id=kept)


def post(provider: str, raw: bytes) -> Arrival:
    """A provider posts it, and it is settled."""
    kept = inbox.keep(provider, raw)
    settle.settle(config.current(), kept)
    return Arrival.objects.get(id=kept)


def suppressed(address: str = ANN) -> str:
    """Why an address is suppressed; empty if it is not."""
    held = Suppression.in_force().filter(folded=address).first()
    return str(held.reason) if held else ""
