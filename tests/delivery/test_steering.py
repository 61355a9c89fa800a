"""Pause, resume, cancel and leave while a round is running: whoever acts is another thread, and what counts is what reaches the relay."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import factories as make
import pytest
from acts import On
from django.db import connections
from relay import Smtpd
from sending import owe, run, states
from supervised import eventually

from dispatcher.mailings import progress
from dispatcher.mailings.progress import By
from dispatcher.models import Delivery, Mailing
from dispatcher.subscribers import preferences

ANN, BEN = "ann@example.com", "ben@example.com"
PEOPLE = [f"person{n}@example.com" for n in range(240)]
WITHIN = 2.0  # seconds from the commit to the last content
STAFF = By("ana")
MARK_LASTS = (
    1.1  # seconds, and a little: an envelope that waits as long has a mark that has to be asked for again
)


@contextmanager
def under_way(relay: Smtpd, **changes) -> Iterator[threading.Thread]:
    """A round on a worker of its own."""

    def work() -> None:
        try:
            run(relay, **changes)
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield worker
    finally:
        worker.join()


@contextmanager
def thinking() -> Iterator[tuple[Smtpd, Callable[[], None]]]:
    """A relay that thinks before it asks for the second content, longer than a mark lasts, until it is told that it has thought."""
    held = threading.Event()

    def thought() -> None:
        time.sleep(MARK_LASTS)
        held.set()

    with Smtpd(script=[On("data", until=held, recipient=BEN)]) as relay:
        yield relay, thought
        held.set()


def both_envelopes_are_there(relay: Smtpd) -> bool:
    return len(relay.told(b"DATA")) == 2


def leave(_: Mailing) -> None:
    preferences.unsubscribe(Delivery.objects.get(subscriber__folded=BEN).id, "all")


def pause(mailing: Mailing) -> None:
    assert progress.pause(mailing, STAFF)


def cancel(mailing: Mailing) -> None:
    assert progress.cancel(mailing, STAFF)


def suppress(_: Mailing) -> None:
    make.suppress(Delivery.objects.get(subscriber__folded=BEN).subscriber)


@pytest.mark.parametrize(
    ("act", "then"),
    [(pause, "pending"), (cancel, "cancelled"), (leave, "cancelled"), (suppress, "cancelled")],
    ids=["pause", "cancel", "leave", "suppress"],
)
def test_an_envelope_that_is_with_the_relay_already_is_not_followed_by_its_content(
    db: str, act: Callable[[Mailing], None], then: str
) -> None:
    mailing = owe(ANN, BEN)
    with thinking() as (relay, thought):
        with under_way(relay, smtp_connections=1):
            assert eventually(lambda: both_envelopes_are_there(relay), 30)
            assert Delivery.objects.get(subscriber__folded=BEN).state == "sending"
            act(mailing)
            thought()
        progress.cancel_rest()
        run(relay)  # what was put back comes by once more, and ends
        assert [one.recipient for one in relay.messages] == [ANN]
    row = Delivery.objects.get(subscriber__folded=BEN)
    assert (row.state, row.doubts, row.tries) == (then, 0, 0)
    make.assert_sums(mailing.id)


def test_what_was_put_back_so_goes_out_once_after_resume(db: str) -> None:
    mailing = owe(ANN, BEN)
    with thinking() as (relay, thought):
        with under_way(relay, smtp_connections=1):
            assert eventually(lambda: both_envelopes_are_there(relay), 30)
            pause(mailing)
            thought()
        mailing.refresh_from_db()
        assert progress.resume(mailing, STAFF)
        run(relay)
        assert [one.recipient for one in relay.messages] == [ANN, BEN]
    assert states() == {"accepted": 2}


def test_a_mark_that_still_holds_is_asked_for_again_and_the_content_follows(db: str) -> None:
    owe(ANN, BEN)
    with thinking() as (relay, thought):
        with under_way(relay, smtp_connections=1):
            assert eventually(lambda: both_envelopes_are_there(relay), 30)
            thought()
        assert relay.connections == 1
        assert [one.recipient for one in relay.messages] == [ANN, BEN]
    assert set(Delivery.objects.values_list("state", "attempt")) == {("accepted", 1)}


@pytest.mark.parametrize(
    ("act", "then"), [(pause, "pending"), (cancel, "cancelled")], ids=["pause", "cancel"]
)
def test_nothing_leaves_two_seconds_after_a_running_mailing_was_stopped(
    db: str, act: Callable[[Mailing], None], then: str
) -> None:
    mailing = owe(*PEOPLE)
    with Smtpd(script=[On("content", wait=0.05)]) as relay:
        with under_way(relay) as worker:
            assert eventually(lambda: len(relay.messages) >= 20, 30)
            act(mailing)
            stopped = len(relay.messages)
            worker.join(WITHIN)
            in_time = len(relay.messages)
        progress.cancel_rest()
        assert (
            len(relay.messages) == in_time <= stopped + 2 * 4
        )  # of each connection: one on the wire, one marked
        assert states() == {"accepted": in_time, then: 240 - in_time}
        make.assert_sums(mailing.id)


def test_pause_and_resume_while_a_worker_is_sending_lose_and_double_nobody(db: str) -> None:
    mailing = owe(*PEOPLE)
    with Smtpd(script=[On("content", wait=0.05)]) as relay:
        with under_way(relay, claim_size=20):
            assert eventually(lambda: len(relay.messages) >= 20, 30)
            pause(mailing)
            mailing.refresh_from_db()
            assert progress.resume(mailing, STAFF)
        run(relay)
        assert sorted(one.recipient for one in relay.messages) == sorted(PEOPLE)
    assert states() == {"accepted": 240}
