"""The verb, end to end against a real relay on both databases: who gets a copy, what a fault costs, what a second run repeats."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import factories as make
import pytest
from acts import On
from relay import Smtpd
from sending import PEOPLE, due_again, ids, owe, run, settings, states

from dispatcher.delivery import composition, deliver, leases, ledger
from dispatcher.delivery.statements import Mark
from dispatcher.mailings import progress
from dispatcher.models import (
    Attempt,
    Delivery,
    Lane,
    Message,
    Relay,
    Subscription,
    Suppression,
)
from dispatcher.models.clock import database_now
from dispatcher.parsing import Send


def test_everybody_gets_their_own_copy_once(db: str) -> None:
    mailing = owe(*PEOPLE)
    with Smtpd() as relay:
        assert run(relay).counts == {"accepted": 12}
        assert run(relay).claimed == 0
    assert sorted(one.recipient for one in relay.messages) == sorted(PEOPLE)
    assert len(set(ids(relay))) == 12
    for one in relay.messages:
        mail = message_from_bytes(one.content, policy=policy.default)
        assert mail["To"] == one.recipient
        assert "Pharmacy" in mail.get_body(("plain",)).get_content()
    assert progress.finish() == 1
    assert make.assert_sums(mailing.id)["accepted"] == 12


def test_connections_are_kept_and_said_quit_after_their_share(db: str) -> None:
    owe(*PEOPLE)
    with Smtpd() as relay:
        run(relay, smtp_messages=2)
        assert len({one.connection for one in relay.messages}) >= 6


def test_one_who_is_gone_is_suppressed_and_the_neighbours_get_theirs(db: str) -> None:
    mailing = owe(*PEOPLE)
    with Smtpd(script=[On("rcpt", b"550 5.1.1 nobody here", recipient="person3@")]) as relay:
        run(relay)
    assert states() == {"accepted": 11, "failed": 1}
    assert Suppression.objects.get().folded == "person3@example.com"
    assert Delivery.objects.get(state="failed").reason == "gone"
    make.assert_sums(mailing.id)


def test_later_is_tried_again_with_the_same_message(db: str) -> None:
    owe("ann@example.com")
    with Smtpd(script=[On("content", b"451 4.3.0 not now", nth=1, store=True)]) as relay:
        run(relay)
        assert states() == {"pending": 1}
        assert Delivery.objects.get().tries == 1
        due_again()
        run(relay)
        assert states() == {"accepted": 1}
        first, second = relay.messages
        assert first.content == second.content
    assert Attempt.objects.get().verdict == "later"


def test_a_connection_lost_inside_the_content_is_in_doubt_and_sent_again_with_the_same_message_id(
    db: str,
) -> None:
    owe("ann@example.com")
    with Smtpd(script=[On("content", drop=True, store=True, nth=1)]) as relay:
        run(relay)
        row = Delivery.objects.get()
        assert (row.state, row.doubts) == ("pending", 1)
        due_again()
        run(relay)
        assert states() == {"accepted": 1}
        assert len(relay.messages) == 2
        assert len(set(ids(relay))) == 1


def test_a_relay_that_is_away_charges_nobody_and_is_left_in_peace_until_its_probe(db: str) -> None:
    owe(*PEOPLE)
    with Smtpd() as relay:
        relay.stop()
        told = run(relay)
        assert "trouble" in told.stopped
        assert states() == {"pending": 12}
        assert Relay.objects.get().failures == 1
        relay.start()
        assert "down" in run(relay).stopped
        assert relay.messages == []
        due_again()
        run(relay)
        assert states() == {"accepted": 12}
    assert Relay.objects.get().down_since is None
    assert set(Delivery.objects.values_list("tries", flat=True)) == {0}


def test_a_second_relay_takes_over_when_the_first_is_away(db: str) -> None:
    owe(*PEOPLE)
    with Smtpd() as first, Smtpd() as second:
        first.stop()
        assert run(first, second).counts == {"accepted": 12}
        assert len(second.messages) == 12


def test_a_refused_sender_stops_all_sending_and_charges_nobody(db: str) -> None:
    owe(*PEOPLE)
    with Smtpd(script=[On("mail", b"550 5.7.1 sender not allowed here")]) as relay:
        run(relay)
    with Smtpd(script=[On("mail", b"530 5.7.0 authenticate first")]) as relay:
        due_again()
        Delivery.objects.update(state="pending", ended_at=None, reason="")
        run(relay)
    assert states() == {"pending": 12}
    assert Relay.objects.filter(our_fault=True).exists()


def test_a_relay_that_hangs_up_after_each_message_delays_nobody(db: str) -> None:
    owe(*PEOPLE)
    with Smtpd(script=[On("mail", b"421 4.7.0 enough for one connection", after=1, drop=True)]) as relay:
        assert run(relay).counts == {"accepted": 12}


def test_a_message_that_the_relay_finds_malformed_pauses_its_mailing(db: str) -> None:
    mailing = owe("ann@example.com")
    with Smtpd(script=[On("content", b"554 5.6.0 malformed")]) as relay:
        run(relay)
    mailing.refresh_from_db()
    assert mailing.state == "paused"
    assert "malformed" in mailing.why


def test_who_left_after_fan_out_gets_nothing(db: str) -> None:
    mailing = owe("ann@example.com", "ben@example.com")
    Subscription.objects.filter(subscriber__folded="ann@example.com").update(ended_at=database_now())
    with Smtpd() as relay:
        run(relay)
    assert [one.recipient for one in relay.messages] == ["ben@example.com"]
    assert make.assert_sums(mailing.id)["cancelled"] == 1


def test_nothing_leaves_while_send_is_off(db: str) -> None:
    owe("ann@example.com")
    with Smtpd() as relay:
        told = deliver.pending(replace(settings(relay), send=Send()))
        assert "off" in told.stopped
        assert relay.messages == []
    assert states() == {"pending": 1}


def test_a_staging_copy_writes_to_the_listed_alone(db: str) -> None:
    owe("Ann@example.com", "ben@example.com")
    with Smtpd() as relay:
        deliver.pending(replace(settings(relay), send=Send(only=("ann@EXAMPLE.com",))))
    assert [one.recipient for one in relay.messages] == ["Ann@example.com"]
    assert states() == {"accepted": 1, "pending": 1}


def test_the_message_is_composed_once_and_an_edited_bulletin_changes_nothing(db: str) -> None:
    mailing = owe("ann@example.com", "ben@example.com")
    with Smtpd() as relay:
        composition.press(settings(relay), mailing.id)
        mailing.bulletin.title = "Something else entirely"
        mailing.bulletin.save()
        run(relay)
    assert Message.objects.count() == 1
    for one in relay.messages:
        assert "Something else" not in str(message_from_bytes(one.content, policy=policy.default)["Subject"])


def test_the_bounce_address_names_the_delivery(db: str) -> None:
    from dispatcher.formats.address import delivery_of

    owe("ann@example.com")
    with Smtpd() as relay:
        run(relay, bounce_domain="bounces.example.gov")
        used = settings(relay)
    assert delivery_of(relay.messages[0].sender, [used.secret_key]) == Delivery.objects.get().id


@pytest.mark.parametrize("died", ["after claiming", "after the mark"])
def test_what_a_dead_worker_left_goes_out_when_its_lease_is_over(db: str, died: str) -> None:
    mailing = owe("ann@example.com")
    (row,) = ledger.claim(Lane.IMMEDIATE, "dead", 10, timedelta(minutes=2))
    if died == "after the mark":
        ledger.commit([], [Mark(row.id, row.attempt)])
    with Smtpd() as relay:
        assert run(relay).claimed == 0
        Delivery.objects.update(lease_until=make.LONG_AGO)
        leases.recover()
        run(relay)
        assert len(relay.messages) == 1
    assert make.assert_sums(mailing.id)["accepted"] == 1
