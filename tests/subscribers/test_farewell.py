"""Who stops everything on our pages gets one last message, so that a forwarded link silences nobody unawares; nobody else does."""

import threading
import time
from datetime import timedelta
from email import message_from_bytes, policy

import asking
import factories as make
import pytest
import sending
from asking import ANN
from django.db import connections, transaction
from relay import Smtpd

from dispatcher.delivery import ledger
from dispatcher.mailings import fan_out
from dispatcher.models import Delivery, DeliveryState, Lane, Mailing, Subscriber, Topic
from dispatcher.models.clock import database_now
from dispatcher.subscribers import farewell, preferences


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def topics() -> list[Topic]:
    found = [make.topic("pharmacy"), make.topic("dental")]
    person = make.subscriber(ANN)
    for topic in found:
        make.subscription(person, topic)
    return found


def mailed(topic: Topic) -> int:
    mailing = asking.written_out(fan_out.begin(make.bulletin(topic).id))
    return Delivery.objects.get(mailing=mailing, subscriber__folded=ANN).id


def goodbyes() -> list[str]:
    return list(
        Mailing.objects.filter(key__startswith="goodbye:").values_list("deliveries__state", flat=True)
    )


def test_stopping_everything_on_the_page_is_said_once(topics: list[Topic]) -> None:
    link = mailed(topics[0])
    preferences.unsubscribe(link, "", on_page=True)
    assert goodbyes() == []
    preferences.unsubscribe(link, "all", on_page=True)
    preferences.unsubscribe(link, "all", on_page=True)
    assert goodbyes() == [DeliveryState.PENDING]


def test_a_mailbox_providers_one_click_brings_no_further_mail(topics: list[Topic]) -> None:
    preferences.unsubscribe(mailed(topics[0]), "all")
    assert goodbyes() == []


def test_whoever_comes_back_at_once_is_not_told_that_they_left(topics: list[Topic]) -> None:
    link = mailed(topics[0])
    preferences.unsubscribe(link, "all", on_page=True)
    preferences.undo(link)
    assert goodbyes() == [DeliveryState.CANCELLED]
    preferences.unsubscribe(link, "all", on_page=True)
    assert goodbyes() == [DeliveryState.CANCELLED]


# One writer at a time is SQLite's way.
@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_last_message_that_is_being_claimed_meanwhile_stays_its_workers(topics: list[Topic]) -> None:
    link = mailed(topics[0])
    preferences.unsubscribe(link, "all", on_page=True)
    claimed, person = threading.Event(), Subscriber.objects.get(folded=ANN)

    def claim() -> None:
        try:
            with transaction.atomic():
                assert len(ledger.claim(Lane.SYSTEM, "worker", 10, timedelta(minutes=2))) == 1
                claimed.set()
                time.sleep(0.5)  # while the other one waits for the row
        finally:
            connections.close_all()

    worker = threading.Thread(target=claim)
    worker.start()
    assert claimed.wait(10)
    farewell.spare(person.id, database_now())
    worker.join()
    assert goodbyes() == [DeliveryState.CLAIMED]


def test_it_names_what_was_stopped_and_reaches_somebody_without_subscriptions(topics: list[Topic]) -> None:
    person = Subscriber.objects.get(folded=ANN)
    preferences.change(person.id, [], mailed(topics[0]))
    with Smtpd() as relay:
        sending.run(relay)
    (letter,) = [message_from_bytes(one.content, policy=policy.default) for one in relay.messages]
    assert letter["To"] == ANN
    assert letter["List-Unsubscribe"] is None
    text = letter.get_body(("plain",)).get_content()
    assert topics[0].name in text
    assert topics[1].name in text
