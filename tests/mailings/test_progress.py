"""A mailing is steered by people and ended by its rows: nothing is lost, and its account is even at every moment."""

from datetime import datetime, timedelta

import factories as make
import pytest
from evenness import assert_even, assert_told_are_those_who_get_it
from owing import MINUTE, accepted, claim, expire, mark, owe

from dispatcher.delivery import leases, ledger
from dispatcher.delivery.ledger import Claimed
from dispatcher.delivery.statements import Outcome
from dispatcher.mailings import fan_out, progress, reconcile
from dispatcher.mailings.progress import By
from dispatcher.models import (
    Bulletin,
    Delivery,
    DeliveryState,
    Journal,
    Mailing,
    Staff,
    Told,
)
from dispatcher.models.clock import database_now

ANA = By("ana", facts={"account": "root"})


def fresh(mailing: Mailing) -> Mailing:
    return Mailing.objects.get(id=mailing.id)


def states(mailing: Mailing) -> list[tuple[str, str]]:
    return list(mailing.deliveries.order_by("id").values_list("state", "reason"))


def approved() -> Bulletin:
    author = Staff.objects.create(name="author", role="author", created_at=make.LONG_AGO)
    return Bulletin.objects.create(
        title="New form", state="approved", author=author, first_seen_at=make.LONG_AGO
    )


def waiting(bulletin: Bulletin) -> Mailing:
    now = database_now()
    return Mailing.objects.create(
        key=f"blast:{bulletin.id}",
        kind="blast",
        lane="bulk",
        state="waiting",
        bulletin=bulletin,
        created_at=now,
        starts_at=now + timedelta(hours=1),
        frozen_at=now,
        audience=0,
        nonce="x",
    )


# --- cancel ---


def test_what_has_not_left_is_cancelled_what_is_on_its_way_finishes(db: str) -> None:
    mailing = owe(5)
    done, on_its_way, claimed = claim(3)
    assert mark(done)
    ledger.commit([accepted(done)], [])
    assert mark(on_its_way)
    assert progress.cancel(mailing, ANA, "wrong form")
    assert_even(mailing)
    assert progress.cancel_rest() == 3
    assert_even(mailing)
    assert states(mailing) == [
        ("accepted", ""),
        ("sending", ""),
        *[("cancelled", "mailing cancelled")] * 3,
    ]
    assert_told_are_those_who_get_it(mailing)
    assert not mark(claimed)
    assert progress.finish() == 0
    assert fresh(mailing).finished_at is None
    ledger.commit([accepted(on_its_way)], [])
    assert progress.finish() == 1
    ended = fresh(mailing)
    assert (ended.state, ended.why) == ("cancelled", "by ana: wrong form")
    assert ended.finished_at is not None
    assert_even(mailing)


def test_cancelling_is_journalled_with_who_from_where_and_why(db: str) -> None:
    mailing = owe(1)
    assert progress.cancel(mailing, ANA, "wrong form")
    (entry,) = Journal.objects.all()
    assert (entry.actor, entry.door, entry.verb, entry.subject) == (
        "ana",
        "shell",
        "cancel",
        f"mailing:{mailing.id}",
    )
    assert entry.facts == {"account": "root", "why": "by ana: wrong form", "why_before": ""}
    assert Journal.broken_at() is None


def test_cancelling_twice_is_once_and_what_has_ended_is_not_cancelled(db: str) -> None:
    mailing, other = owe(1), owe(0)
    assert progress.cancel(mailing, ANA)
    assert not progress.cancel(mailing, ANA)
    assert progress.cancel_rest() == 1
    before = list(Delivery.objects.values())
    for _ in range(10):
        assert progress.cancel_rest() == 0
    assert list(Delivery.objects.values()) == before
    progress.finish()
    assert fresh(other).state == "done"
    assert not progress.cancel(other, ANA)
    assert Journal.objects.count() == 1


def test_a_paused_mailing_can_be_cancelled_but_a_cancelled_one_not_resumed(db: str) -> None:
    mailing = owe(2)
    assert progress.pause(mailing, ANA)
    assert progress.cancel(mailing, ANA)
    assert not progress.resume(mailing, ANA)
    assert not progress.pause(mailing, ANA)
    assert progress.cancel_rest() == 2


def test_cancelled_before_its_time_nobody_was_owed_anything_and_the_bulletin_goes_nowhere(db: str) -> None:
    mailing = waiting(approved())
    assert not progress.pause(mailing, ANA)
    assert progress.cancel(mailing, ANA)
    ended = fresh(mailing)
    assert (ended.state, ended.audience) == ("cancelled", 0)
    assert ended.finished_at is not None
    assert Journal.objects.get().verb == "cancel"
    assert Bulletin.objects.get().state == "cancelled"
    assert not Mailing.to_fan_out().exists()
    assert_even(mailing)


def test_the_bulletin_of_a_mailing_that_has_begun_stays_as_it_is(db: str) -> None:
    bulletin = approved()
    mailing = waiting(bulletin)
    Mailing.objects.update(state="running")
    assert progress.cancel(mailing, ANA)
    assert Bulletin.objects.get().state == "approved"
    drafted = Bulletin.objects.create(
        title="x", state="draft", author=bulletin.author, first_seen_at=make.LONG_AGO
    )
    assert progress.cancel(waiting(drafted), ANA)
    drafted.refresh_from_db()
    assert drafted.state == "draft"


def test_a_blast_whose_start_was_refused_is_cancelled_with_its_mailing(db: str) -> None:
    mailing = waiting(approved())
    Mailing.objects.update(starts_at=None)
    Bulletin.objects.update(state="submitted")
    assert progress.cancel(mailing, ANA)
    assert Bulletin.objects.get().state == "cancelled"


def test_killed_between_two_slices_the_rest_is_found_again(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SLICE", 2)
    mailing = owe(5)
    assert progress.cancel(mailing, ANA)
    assert progress._cancel_slice(mailing.id, DeliveryState.PENDING) == 2
    assert_even(mailing)
    assert_told_are_those_who_get_it(mailing)
    assert progress.finish() == 0
    assert progress.cancel_rest() == 3
    assert progress.finish() == 1


def test_cancelled_during_fan_out_the_rest_of_the_audience_is_written_out_as_cancelled(db: str) -> None:
    topic = make.topic()
    for _ in range(5):
        make.subscription(make.subscriber(), topic)
    mailing = Mailing.objects.get(id=fan_out.begin(make.bulletin(topic).id))
    assert fan_out.fan_out(mailing.id, 2)
    assert progress.cancel(mailing, ANA)
    progress.cancel_rest()
    assert progress.finish() == 0
    while fan_out.fan_out(mailing.id, 2) is not None:
        assert_even(mailing)
    assert states(mailing) == [("cancelled", "mailing cancelled")] * 5
    assert not Told.objects.exists()
    assert progress.finish() == 1


def test_an_audience_of_nobody_ends_too_when_it_is_cancelled(db: str) -> None:
    mailing = Mailing.objects.get(id=fan_out.begin(make.bulletin(make.topic()).id))
    assert progress.cancel(mailing, ANA)
    assert progress.finish() == 1
    assert_even(mailing)


@pytest.mark.parametrize("reply", ["later", "silence"])
def test_what_comes_back_from_the_relay_unsent_is_cancelled_by_the_next_sweep(db: str, reply: str) -> None:
    mailing = owe(1)
    (row,) = claim()
    assert mark(row)
    assert progress.cancel(mailing, ANA)
    assert progress.cancel_rest() == 0
    if reply == "later":
        ledger.commit([later(row)], [])
    else:
        expire()
        assert leases.recover() == 1
    assert claim() == []
    assert progress.cancel_rest() == 1
    assert progress.finish() == 1
    account = reconcile.account(mailing.id, database_now())
    assert account.sums.is_even
    assert account.sums.cancelled_in_doubt == (reply == "silence")


def later(row: Claimed) -> Outcome:
    return Outcome(
        row.id, row.attempt, DeliveryState.PENDING, "later", reason="busy", code=450, due_in=-MINUTE
    )


# --- pace ---


def ended(first: int, last: int, ago: float, now: datetime) -> None:
    """So many of the rows were taken so many seconds ago."""
    rows = list(Delivery.objects.order_by("id").values_list("id", flat=True))[first:last]
    at = now - timedelta(seconds=ago)
    Delivery.objects.filter(id__in=rows).update(state="accepted", attempt=1, ended_at=at)


def test_the_pace_is_measured_over_the_last_minute(db: str) -> None:
    mailing, now = owe(40), database_now()
    ended(0, 10, 300, now)
    ended(10, 22, 30, now)
    measured = progress.pace(mailing, 18, now)
    assert measured.rate_per_second == 0.4
    assert measured.ends_at == now + timedelta(seconds=45)
    ended(0, 10, 40, now)
    assert progress.pace(mailing, 18, now).rate_per_second == 0.55
    ended(0, 22, 1, now)
    assert progress.pace(mailing, 18, now).rate_per_second == 4.4
    assert progress.pace(mailing, 18, now + timedelta(minutes=2)) == progress.Pace()


def test_a_pause_is_no_part_of_the_pace(db: str) -> None:
    mailing, now = owe(60), database_now()
    ended(0, 20, 50, now)
    assert progress.pause(mailing, ANA)
    assert progress.resume(mailing, ANA)
    assert progress.pace(mailing, 40, now) == progress.Pace()
    now = database_now() + timedelta(seconds=20)
    ended(20, 29, 10, now)
    assert progress.pace(mailing, 31, now) == progress.Pace()
    ended(29, 40, 8, now)
    assert progress.pace(mailing, 20, now).rate_per_second == 2


def test_nothing_is_invented_where_nothing_was_measured(db: str) -> None:
    mailing = owe(3)
    now = database_now()
    assert progress.pace(mailing, 3, now) == progress.Pace()
    Delivery.objects.update(state="suppressed", ended_at=now)
    assert progress.pace(mailing, 0, now) == progress.Pace()
    Delivery.objects.update(state="accepted", attempt=1)
    mailing.state = "paused"
    assert progress.pace(mailing, 0, now) == progress.Pace()
