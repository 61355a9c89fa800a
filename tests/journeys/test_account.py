"""The account that ends each journey with workers is itself put to the test: whatever could have gone wrong is told."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from crowd import assert_account, owe, subscribe, topic_list
from relay import Received, Smtpd

from dispatcher.models import Delivery, Mailing


@pytest.fixture
def account(sqlite_db: str, tmp_path: Path) -> Smtpd:
    """Three people were owed a message, and each has it. The relay is not even started: it has what it has."""
    topic_list(tmp_path, "http://127.0.0.1:1/feed")
    subscribe(3)
    mailing = owe()
    Delivery.objects.update(state="accepted")
    relay = Smtpd()
    relay.messages = [copy(mailing, row.id) for row in mailing.deliveries.all()]
    return relay


def copy(mailing: Mailing, delivery_id: int) -> Received:
    content = f"Subject: News\r\nMessage-ID: <{mailing.nonce}.{delivery_id}@example.gov>\r\n\r\nText\r\n"
    return Received("", "person@example.com", content.encode(), 1)


def test_an_account_in_order_passes(account: Smtpd) -> None:
    assert_account(account, doubled_at_most=0)
    account.messages.append(account.messages[0])
    assert_account(account, doubled_at_most=1)


def lose(relay: Smtpd) -> None:
    del relay.messages[1]


def double(relay: Smtpd) -> None:
    relay.messages *= 2


def alter(relay: Smtpd) -> None:
    relay.messages.append(replace(relay.messages[0], content=relay.messages[0].content + b"PS\r\n"))


def invent(relay: Smtpd) -> None:
    relay.messages.append(copy(Mailing.objects.get(), 999))


def mail_the_departed(_: Smtpd) -> None:
    Delivery.objects.filter(id=Delivery.objects.latest("id").id).update(
        state="cancelled", reason="unsubscribed"
    )


def forget(relay: Smtpd) -> None:
    del relay.messages[2]
    Delivery.objects.filter(id=Delivery.objects.latest("id").id).update(state="pending")


def drop_the_reason(relay: Smtpd) -> None:
    del relay.messages[2]
    Delivery.objects.filter(id=Delivery.objects.latest("id").id).update(state="failed")


@pytest.mark.parametrize(
    "wrong",
    [lose, double, alter, invent, mail_the_departed, forget, drop_the_reason],
    ids=lambda f: f.__name__,
)
def test_what_is_wrong_is_told(account: Smtpd, wrong: Callable[[Smtpd], None]) -> None:
    wrong(account)
    with pytest.raises(AssertionError):
        assert_account(account, doubled_at_most=1)
