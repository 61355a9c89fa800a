"""The ledger's moves on both databases: claims are exclusive, leases expire, old attempts are fenced out, nothing is lost."""

import threading
from datetime import timedelta

import factories as make
import pytest
from django.db import connections
from owing import MINUTE, accepted, claim, expire, mark, owe

from dispatcher.delivery import leases, ledger
from dispatcher.delivery.statements import Outcome
from dispatcher.mailings import progress
from dispatcher.models import Attempt, Delivery, Lane, Mailing, Subscription, Told
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import DeliveryState


def only_row() -> Delivery:
    return Delivery.objects.get()


def test_a_claim_raises_the_attempt_and_holds_a_lease(db: str) -> None:
    owe()
    (row,) = claim()
    assert row.attempt == 1
    assert only_row().state == "claimed"
    assert claim() == []


def test_two_workers_never_claim_the_same_row(db: str) -> None:
    owe(60)
    got: list[int] = []

    def work(owner: str) -> None:
        while rows := claim(7, owner):
            got.extend(row.id for row in rows)
        connections.close_all()

    threads = [threading.Thread(target=work, args=(f"worker {n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 60


def test_the_usual_way_is_claimed_sending_accepted(db: str) -> None:
    mailing = owe()
    (row,) = claim()
    assert mark(row)
    assert only_row().state == "sending"
    ledger.commit([accepted(row, relay="relay:25", duration_ms=12)], [])
    done = only_row()
    assert (done.state, done.code, done.relay, done.reply) == (
        "accepted",
        250,
        "relay:25",
        "2.0.0 queued as 1",
    )
    assert done.ended_at is not None
    assert progress.finish() == 1
    assert make.assert_sums(mailing.id)["accepted"] == 1


def test_a_recovered_row_fences_the_old_attempt_out(db: str) -> None:
    owe()
    (old,) = claim()
    expire()
    assert leases.recover() == 1
    (new,) = claim(owner="another")
    assert new.attempt == old.attempt + 1
    assert not mark(old)
    ledger.commit([accepted(old)], [])
    assert only_row().state == "claimed"
    assert Attempt.objects.get().late
    assert mark(new)


def test_a_late_250_before_the_next_claim_needs_no_second_copy(db: str) -> None:
    owe()
    (row,) = claim()
    assert mark(row)
    expire()
    leases.recover()
    assert (only_row().state, only_row().doubts) == ("pending", 1)
    ledger.commit([accepted(row)], [])
    assert only_row().state == "accepted"


def test_a_lease_that_ended_cannot_be_marked(db: str) -> None:
    owe()
    (row,) = claim()
    expire()
    assert not mark(row)
    assert only_row().state == "claimed"


def test_renewing_keeps_the_lease(db: str) -> None:
    owe()
    (row,) = claim()
    expire()
    leases.renew("worker", MINUTE)
    assert leases.recover() == 0
    assert mark(row)


def test_the_third_doubt_parks_the_row(db: str) -> None:
    mailing = owe()
    for _ in range(3):
        (row,) = claim()
        assert mark(row)
        expire()
        leases.recover()
    assert (only_row().state, only_row().reason) == ("failed", "unknown")
    make.assert_sums(mailing.id)


def test_a_row_recovered_twice_is_claimed_alone(db: str) -> None:
    owe(5)
    poison = claim(1)[0].id
    Delivery.objects.filter(id=poison).update(
        state="pending", lease_until=None, recovered=2, due_at=make.LONG_AGO
    )
    assert poison not in {row.id for row in claim(10)}
    assert [row.id for row in claim(10)] == [poison]


def test_unsubscribing_after_the_claim_cancels_before_the_content_leaves(db: str) -> None:
    mailing = owe()
    (row,) = claim()
    Subscription.objects.update(ended_at=database_now())
    assert not mark(row)
    assert (only_row().state, only_row().reason) == ("cancelled", "unsubscribed")
    assert not Told.objects.exists()
    make.assert_sums(mailing.id)


def test_a_suppression_after_the_claim_cancels_before_the_content_leaves(db: str) -> None:
    owe()
    (row,) = claim()
    make.suppress(only_row().subscriber)
    assert not mark(row)
    assert (only_row().state, only_row().reason) == ("cancelled", "suppressed")


def test_a_pause_after_the_claim_gives_the_row_back(db: str) -> None:
    owe()
    (row,) = claim()
    Mailing.objects.update(state="paused")
    assert not mark(row)
    assert only_row().state == "pending"
    assert claim() == []
    Mailing.objects.update(state="running")
    assert [again.id for again in claim()] == [row.id]


def test_gone_ends_the_delivery_with_the_reply(db: str) -> None:
    owe()
    (row,) = claim()
    refused = Outcome(
        row.id, row.attempt, DeliveryState.FAILED, "gone", reason="gone", code=550, reply="5.1.1 no such user"
    )
    ledger.commit([refused], [])
    assert only_row().state == "failed"
    assert "5.1.1 no such user" in only_row().reply
    assert Attempt.objects.get().verdict == "gone"


def test_a_later_reply_is_charged_and_due_later(db: str) -> None:
    owe()
    (row,) = claim()
    later = Outcome(
        row.id,
        row.attempt,
        DeliveryState.PENDING,
        "later",
        code=451,
        reply="4.2.1",
        charged=True,
        due_in=MINUTE,
    )
    ledger.commit([later], [])
    assert (only_row().state, only_row().tries) == ("pending", 1)
    assert claim() == []


def test_first_attempts_are_claimed_before_retries(db: str) -> None:
    owe(3)
    retried = Delivery.objects.order_by("id")[0]
    Delivery.objects.filter(id=retried.id).update(attempt=1, due_at=make.LONG_AGO)
    assert retried.id not in {row.id for row in claim(2)}
    assert [row.id for row in claim(2)] == [retried.id]


def test_a_stopping_worker_gives_back_what_it_did_not_begin(db: str) -> None:
    owe(3)
    rows = claim(3)
    assert mark(rows[0])
    assert leases.release("worker", timedelta()) == 2
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["pending", "pending", "sending"]


def test_a_staging_copy_claims_only_the_listed_addresses(db: str) -> None:
    owe(3)
    listed = Delivery.objects.order_by("id")[1].subscriber
    rows = ledger.claim(Lane.IMMEDIATE, "worker", 10, MINUTE, only=[listed.folded])
    assert [row.address for row in rows] == [listed.address]


def test_sweeping_a_healthy_system_changes_nothing(db: str) -> None:
    owe(2)
    claim(1)
    before = list(Delivery.objects.order_by("id").values())
    for _ in range(10):
        leases.recover()
        progress.finish()
    assert list(Delivery.objects.order_by("id").values()) == before


@pytest.mark.parametrize("people", [0, 1])
def test_a_mailing_ends_when_nobody_is_owed_anything(db: str, people: int) -> None:
    mailing = owe(people)
    assert progress.finish() == (1 - people)
    for row in claim():
        assert mark(row)
        ledger.commit([accepted(row)], [])
    progress.finish()
    mailing.refresh_from_db()
    assert mailing.state == "done"
