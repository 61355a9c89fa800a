"""Whatever happens to a mailing, in whatever order and however many are at it: its account is even, and a cancelled one ends."""

import random
import threading
from collections.abc import Callable

import factories as make
import pytest
from acts import On
from django.db import connections
from evenness import assert_even, assert_told_are_those_who_get_it
from owing import MINUTE, accepted, claim, expire, mark, owe
from relay import Smtpd
from sending import owe as owe_to
from sending import run
from supervised import eventually

from dispatcher.delivery import leases, ledger
from dispatcher.delivery.ledger import Claimed
from dispatcher.delivery.statements import Outcome
from dispatcher.mailings import fan_out, progress
from dispatcher.mailings.progress import By
from dispatcher.models import DeliveryState, Mailing, Subscription
from dispatcher.models.clock import database_now

ANA = By("ana")


def later(row: Claimed) -> Outcome:
    return Outcome(
        row.id, row.attempt, DeliveryState.PENDING, "later", reason="busy", code=450, due_in=-MINUTE
    )


class Life:
    """A mailing to which anything may happen next, in an order that a seed draws."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.topic = make.topic()
        for _ in range(12):
            make.subscription(make.subscriber(), self.topic)
        self.mailing = Mailing.objects.get(id=fan_out.begin(make.bulletin(self.topic).id))
        self.held: list[Claimed] = []
        self.marked: list[Claimed] = []
        self.happenings: list[Callable[[], object]] = [
            lambda: fan_out.fan_out(self.mailing.id, 3), self.claim, self.mark, self.mark, self.answer, self.answer, self.fall_silent,
            self.unsubscribe, lambda: progress.pause(self.mailing, ANA), lambda: progress.resume(self.mailing, ANA),
            progress.cancel_rest, progress.finish,
        ]  # fmt: skip

    def next(self) -> None:
        self.chance.choice(self.happenings)()

    def claim(self) -> None:
        self.held += claim(3)

    def mark(self) -> None:
        if self.held:
            row = self.held.pop()
            self.marked += [row] if mark(row) else []

    def answer(self) -> None:
        if self.marked:
            row = self.marked.pop(0)
            ledger.commit([self.chance.choice([accepted, later, gone])(row)], [])

    def fall_silent(self) -> None:
        expire()
        leases.recover()

    def unsubscribe(self) -> None:
        somebody = self.chance.choice(list(Subscription.objects.values_list("id", flat=True)))
        Subscription.objects.filter(id=somebody).update(ended_at=database_now())


def gone(row: Claimed) -> Outcome:
    return Outcome(row.id, row.attempt, DeliveryState.FAILED, "gone", reason="gone", code=550)


@pytest.mark.parametrize("seed", range(4))
def test_at_any_time_the_sums_are_even_and_a_cancelled_mailing_ends(db: str, seed: int) -> None:
    life = Life(seed)
    for number in range(50):
        life.next()
        assert_even(life.mailing)
        if number == 15 + seed * 8:
            progress.cancel(life.mailing, ANA)
            assert_even(life.mailing)
    while fan_out.fan_out(life.mailing.id, 3) is not None:
        assert_even(life.mailing)
    life.fall_silent()
    progress.cancel_rest()
    progress.finish()
    assert_even(life.mailing)
    life.mailing.refresh_from_db()
    assert life.mailing.finished_at is not None
    assert_told_are_those_who_get_it(life.mailing)


class Guarded(threading.Thread):
    """A thread whose failure is the test's, with connections of its own."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__()
        self._work, self.failure = work, None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as failure:  # noqa: BLE001 -- handed to the main thread, which asserts that there is none
            self.failure = failure
        finally:
            connections.close_all()


def test_even_while_a_worker_sends_and_somebody_cancels(db: str) -> None:
    mailing = owe(60)
    halfway = threading.Event()

    def send() -> None:
        for number, row in enumerate(claim(60)):
            if mark(row):
                ledger.commit([accepted(row)], [])
            if number == 10:
                halfway.set()

    def cancel() -> None:
        assert halfway.wait(20)
        assert progress.cancel(mailing, ANA)
        progress.cancel_rest()

    def look() -> None:
        while sender.is_alive():
            assert_even(mailing)

    sender, *_ = threads = [Guarded(send), Guarded(cancel), Guarded(look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [thread.failure for thread in threads] == [None] * 3
    progress.cancel_rest()
    assert progress.finish() == 1
    assert_even(mailing)
    counts = mailing.counts()
    assert counts["accepted"] >= 10
    assert counts["accepted"] + counts["cancelled"] == 60
    assert_told_are_those_who_get_it(mailing)


def test_cancelled_while_a_real_relay_takes_mail_only_what_was_on_its_way_arrives(db: str) -> None:
    mailing = owe_to(*(f"person{n}@example.com" for n in range(60)))
    with Smtpd(script=[On("content", b"250 2.0.0 taken", wait=0.02)]) as relay:

        def cancel() -> None:
            assert eventually(lambda: len(relay.messages) >= 8, 20)
            assert progress.cancel(mailing, ANA)
            progress.cancel_rest()

        canceller = Guarded(cancel)
        canceller.start()
        run(relay)
        canceller.join()
        assert canceller.failure is None
        progress.cancel_rest()
        assert progress.finish() == 1
        assert run(relay).claimed == 0
    assert_even(mailing)
    accepted_by = set(
        mailing.deliveries.filter(state="accepted").values_list("subscriber__address", flat=True)
    )
    assert sorted(one.recipient for one in relay.messages) == sorted(accepted_by)
    assert 8 <= len(accepted_by) < 60
    assert_told_are_those_who_get_it(mailing)
