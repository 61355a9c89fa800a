"""What keeps a deployment from harming itself: no mail without key, sender or confirmed contacts, no list emptied by one relay."""

import time
from dataclasses import replace
from datetime import timedelta

import factories as make
from acts import On
from relay import Smtpd
from sending import PEOPLE, due_again, owe, run, settings, states

from dispatcher.delivery import deliver, ledger, statements, unmarked
from dispatcher.delivery.statements import Mark, Outcome
from dispatcher.models import (
    Attempt,
    Catalog,
    Delivery,
    DeliveryState,
    Lane,
    MailingState,
    Relay,
    Suppression,
)
from dispatcher.models.clock import database_now


def test_without_a_sender_or_a_key_nothing_leaves_and_nothing_is_spoilt(db: str) -> None:
    owe("ann@example.com")
    with Smtpd() as relay:
        assert "DISPATCHER_FROM" in deliver.pending(replace(settings(relay), from_="")).stopped
        assert "forged" in deliver.pending(replace(settings(relay), secret_key="")).stopped
        assert states() == {"pending": 1}
        run(relay)
    assert states() == {"accepted": 1}


def test_unconfirmed_contacts_are_mailed_to_a_relay_on_this_machine_alone(db: str) -> None:
    owe("ann@example.com")
    agency = {"name": "MaineCare", "unconfirmed": {"address": "the postal address"}}
    Catalog.objects.create(hash="c", text="", agency=agency, loaded_at=database_now())
    with Smtpd() as relay:
        away = replace(settings(relay), smtp_url=(replace(relay.relay, host="relay.example.gov"),))
        assert "address" in deliver.pending(away).stopped
        assert states() == {"pending": 1}
        run(relay)
    assert states() == {"accepted": 1}


def test_a_relay_that_says_no_to_everybody_stops_the_mailing_and_empties_no_list(db: str) -> None:
    mailing = owe(*[f"person{n}@example.com" for n in range(40)])
    with Smtpd(script=[On("rcpt", b"550 relay not permitted")]) as relay:
        run(relay)
    mailing.refresh_from_db()
    assert mailing.state == "paused"
    assert "none suppressed" in mailing.why
    assert not Suppression.in_force().exists()
    assert Suppression.objects.filter(held=True).count() == states()["failed"]
    assert states()["pending"] > 20
    make.assert_sums(mailing.id)


def test_a_relay_that_takes_two_connections_gets_its_mail_over_two(db: str) -> None:
    owe(*PEOPLE)
    with Smtpd(script=[On("banner", b"421 too many", nth=n, drop=True) for n in range(3, 30)]) as relay:
        assert run(relay).counts == {"accepted": 12}


def test_a_relay_that_was_down_is_probed_by_one_copy(db: str) -> None:
    owe(*PEOPLE)
    with Smtpd() as relay:
        Relay.objects.create(name=str(relay.relay), failures=3, down_since=make.LONG_AGO)
        relay.script = [On("content", drop=True, store=False, nth=1)]
        deliver.stretch(settings(relay), Lane.IMMEDIATE, time.monotonic() + 5)
        assert Delivery.objects.filter(doubts=1).count() == 1
        due_again()
        run(relay)
    assert states() == {"accepted": 12}


def test_a_copy_whose_mark_was_refused_is_owed_again_if_its_mailing_was_resumed_meanwhile(db: str) -> None:
    mailing = owe("ann@example.com")
    (row,) = ledger.claim(Lane.IMMEDIATE, "worker", 1, timedelta(minutes=2))
    mailing.state = MailingState.PAUSED
    mailing.save()
    assert statements.write([], [Mark(row.id, row.attempt)]) == set()
    mailing.state = MailingState.RUNNING
    mailing.save()
    unmarked.settle(row.id, row.attempt)
    assert states() == {"pending": 1}


def test_a_commit_whose_answer_was_lost_may_be_made_again(db: str) -> None:
    owe("ann@example.com")
    (row,) = ledger.claim(Lane.IMMEDIATE, "worker", 1, timedelta(minutes=2))
    mark = [Mark(row.id, row.attempt)]
    assert ledger.commit([], mark) == ledger.commit([], mark) == {row.id}
    done = [Outcome(row.id, row.attempt, DeliveryState.ACCEPTED, "accepted", code=250, reply="2.0.0 ok")]
    ledger.commit(done, [])
    ledger.commit(done, [])
    assert not Attempt.objects.exists()
    assert states() == {"accepted": 1}
