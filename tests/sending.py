"""A deployment that sends to a scripted relay, and people who are owed mail, for the tests of the deliver verb."""

from collections import Counter
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import factories as make
from relay import Received, Smtpd

from dispatcher import config
from dispatcher.config import Config
from dispatcher.delivery import deliver
from dispatcher.delivery.deliver import Delivered
from dispatcher.mailings import fan_out
from dispatcher.models import Delivery, Mailing, Relay
from dispatcher.parsing import Send

PEOPLE = [f"person{n}@example.com" for n in range(12)]


def settings(relay: Smtpd, *others: Smtpd, **changes) -> Config:
    urls = tuple(one.relay for one in (relay, *others))
    base = config.load(
        {
            "DISPATCHER_FROM": "MaineCare <notices@example.gov>",
            "DISPATCHER_SECRET_KEY": "k" * 3 + "0123456789abcdefghijklmnopqrstu",
        }
    )
    return replace(base, **{"smtp_url": urls, "send": Send(everybody=True), "smtp_connections": 4, **changes})


def owe(*addresses: str) -> Mailing:
    topic = make.topic("pharmacy", name="Pharmacy")
    for address in addresses:
        make.subscription(make.subscriber(address), topic)
    mailing_id = fan_out.begin(make.bulletin(topic).id)
    assert mailing_id is not None
    while fan_out.fan_out(mailing_id, 1000) is not None:
        pass
    return Mailing.objects.get(id=mailing_id)


def run(relay: Smtpd, *others: Smtpd, **changes) -> Delivered:
    return deliver.pending(settings(relay, *others, **changes))


def states() -> Counter[str]:
    return Counter(Delivery.objects.values_list("state", flat=True))


def due_again() -> None:
    Delivery.objects.filter(state="pending").update(due_at=make.LONG_AGO)
    Relay.objects.update(retry_at=None)


def ids(relay: Smtpd) -> list[str]:
    return [
        str(message_from_bytes(one.content, policy=policy.default)["Message-ID"]) for one in relay.messages
    ]


def read(received: Received) -> EmailMessage:
    message = message_from_bytes(received.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text(message: EmailMessage) -> str:
    """Its text part, with line breaks as Python has them."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
