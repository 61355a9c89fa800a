"""How long a relay's "later" is believed: four days, five for what must be delivered, and no longer than the link in a message works."""

from datetime import timedelta

import asking
import factories as make
import pytest
from acts import On
from relay import Smtpd
from sending import run

from dispatcher.mailings import fan_out
from dispatcher.models import Delivery, LinkKind, Mailing
from dispatcher.models.clock import database_now

FULL = On("rcpt", b"452 4.2.2 full for now")
SOON = timedelta(minutes=30)  # longer than the first wait of every schedule


def bulletin(*, must_deliver: bool) -> None:
    topic = make.topic("pharmacy", must_deliver=must_deliver)
    make.subscription(make.subscriber("ann@example.com"), topic)
    asking.written_out(fan_out.begin(make.bulletin(topic).id))


def link(kind: LinkKind) -> None:
    topic = make.topic("pharmacy")
    if kind is LinkKind.MANAGE:
        make.subscription(make.subscriber(asking.ANN), topic)
    asking.link(asking.ANN, topic, kind=kind)


@pytest.mark.parametrize(
    ("owe", "patience"),
    [
        (lambda: bulletin(must_deliver=False), timedelta(days=4)),
        (lambda: bulletin(must_deliver=True), timedelta(days=5)),
        (lambda: link(LinkKind.CONFIRM), timedelta(hours=72)),
        (lambda: link(LinkKind.MANAGE), timedelta(hours=24)),
    ],
    ids=["a bulletin", "one that must be delivered", "a link to confirm", "a link to manage"],
)
def test_it_is_tried_for_so_long_and_then_fails_as_expired(db: str, owe, patience: timedelta) -> None:
    owe()
    with Smtpd(script=[FULL]) as relay:
        for age, state, reason in ((patience - SOON, "pending", ""), (patience, "failed", "expired")):
            Mailing.objects.update(frozen_at=database_now() - age)
            Delivery.objects.update(due_at=make.LONG_AGO)
            run(relay)
            row = Delivery.objects.get()
            assert (row.state, row.reason) == (state, reason)
    assert row.tries == 2
    assert row.reply == "4.2.2 full for now"
