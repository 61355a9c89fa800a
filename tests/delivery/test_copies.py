"""Test copies reach the addresses that were named and nobody else, and leave no trace in any table."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import blasting
import pytest
from acts import On
from django.apps import apps
from relay import Smtpd

from dispatcher.delivery import copies
from dispatcher.delivery.copies import Handed
from dispatcher.errors import Refused
from dispatcher.mailings import blast
from dispatcher.messages.compose import Composed
from dispatcher.parsing import Send, SmtpUrl

SENDER = "MaineCare <notices@maine.gov>"
ANN, BEN = "Ann@maine.gov", "ben@maine.gov"


@pytest.fixture(autouse=True)
def deployment(db: str, tmp_path: Path) -> None:
    blasting.set_up(tmp_path)


@pytest.fixture
def message() -> Composed:
    return blast.submit(blasting.settings(), blasting.proposal(), blasting.acting("ana"), dry_run=True).test


def send(
    message: Composed, *addresses: str, relays: tuple[SmtpUrl, ...], only: str = "on", **changes
) -> list[Handed]:
    sends = {"on": Send(everybody=True), "off": Send()}.get(only) or Send(only=tuple(only.split()))
    return copies.send(blasting.settings(smtp_url=relays, send=sends, **changes), message, SENDER, addresses)


def rows() -> dict[str, int]:
    return {
        model.__name__: model._default_manager.count()
        for model in apps.get_app_config("dispatcher").get_models()
    }


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_each_address_gets_one_that_says_it_is_a_test_and_no_row_is_written(message: Composed) -> None:
    before = rows()
    with Smtpd() as relay:
        handed = send(message, ANN, BEN, relays=(relay.relay,))
    assert [(one.address, one.accepted) for one in handed] == [(ANN, True), (BEN, True)]
    assert {one.recipient for one in relay.messages} == {ANN, BEN}
    assert {one.sender for one in relay.messages} == {"notices@maine.gov"}
    assert rows() == before
    letters = [read(one.content) for one in relay.messages]
    assert {one["Subject"] for one in letters} == {"TEST: New form for prior authorization"}
    assert {one["To"] for one in letters} == {ANN, BEN}
    assert len({one["Message-ID"] for one in letters}) == 2
    assert all("MC-12" in one.get_body(("plain",)).get_content() for one in letters)


def test_its_links_hold_no_ticket_of_anybody(message: Composed) -> None:
    with Smtpd() as relay:
        send(message, ANN, relays=(relay.relay,))
    letter = read(relay.messages[0].content)
    assert copies._NO_TICKET in letter["List-Unsubscribe"]
    assert "[ticket]" not in letter.as_string()


@pytest.mark.parametrize(
    ("only", "addresses", "goes"),
    [
        ("on", [ANN, BEN], True),
        ("ann@maine.gov ben@maine.gov", [ANN, BEN], True),
        ("ann@maine.gov", [ANN], True),
        ("ann@maine.gov", [ANN, BEN], False),
        ("off", [ANN], False),
    ],
)
def test_who_may_be_mailed_from_here_may_get_a_test_copy(
    message: Composed, only: str, addresses: list[str], goes: bool
) -> None:
    with Smtpd() as relay:
        if goes:
            assert all(one.accepted for one in send(message, *addresses, relays=(relay.relay,), only=only))
        else:
            with pytest.raises(Refused, match="DISPATCHER_SEND"):
                send(message, *addresses, relays=(relay.relay,), only=only)
    assert len(relay.messages) == (len(addresses) if goes else 0)
    assert goes or not relay.commands


def test_without_a_relay_it_is_refused(message: Composed) -> None:
    with pytest.raises(Refused, match="DISPATCHER_SMTP_URL"):
        send(message, ANN, relays=())


def test_with_unconfirmed_contacts_a_relay_elsewhere_is_refused(message: Composed, tmp_path: Path) -> None:
    unknown = 'contact: {unconfirmed: "a mailbox, from the agency"}'
    blasting.reload_topics(tmp_path, blasting.TOPICS.replace("contact: {email: help@maine.gov}", unknown))
    with pytest.raises(Refused, match="unconfirmed contacts"):
        send(message, ANN, relays=(SmtpUrl("relay.invalid", 25, "plain", "", ""),))


def test_what_a_relay_refuses_is_told_in_its_words_and_the_others_go(message: Composed) -> None:
    with Smtpd(script=[On("rcpt", b"550 5.1.1 nobody here", recipient="Ann@")]) as relay:
        ann, ben = send(message, ANN, BEN, relays=(relay.relay,))
    assert (ann.accepted, ben.accepted) == (False, True)
    assert "nobody here" in ann.said
    assert [one.recipient for one in relay.messages] == [BEN]


def test_if_one_relay_is_down_the_next_takes_them(message: Composed) -> None:
    with Smtpd() as down, Smtpd() as up:
        down.stop()
        assert send(message, ANN, relays=(down.relay, up.relay))[0].accepted
    assert len(up.messages) == 1


def test_if_all_are_down_each_address_is_told(message: Composed) -> None:
    with Smtpd() as down:
        down.stop()
        handed = send(message, ANN, BEN, relays=(down.relay,))
    assert [(one.address, one.accepted) for one in handed] == [(ANN, False), (BEN, False)]
    assert all(one.said for one in handed)


@pytest.mark.parametrize("stage", ["mail", "data", "content"])
def test_a_relay_that_hangs_up_on_one_still_gets_the_others(message: Composed, stage: str) -> None:
    with Smtpd(script=[On(stage, drop=True, nth=1)]) as relay:
        ann, ben = send(message, ANN, BEN, relays=(relay.relay,))
    lost, taken = sorted([ann, ben], key=lambda one: one.accepted)
    assert (lost.accepted, taken.accepted) == (False, True)
    assert lost.said


def test_a_relay_that_takes_one_message_a_connection(message: Composed) -> None:
    with Smtpd(script=[On("mail", b"421 4.7.0 too many", after=1, drop=True)]) as relay:
        assert all(one.accepted for one in send(message, ANN, BEN, relays=(relay.relay,)))
