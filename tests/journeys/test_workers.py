"""Real workers, timetable and Valkey, and what happens to them in production, each time in the middle of a mailing.

The relay lives in the test's own process and is never killed; it says what really arrived. Leases, ticks and rounds last seconds here,
by settings. At the end of each journey nobody is lost; only the death of a sender doubles anything, at most what it had in flight.
"""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor, wait

import factories as make
import pytest
from acts import On
from crowd import (
    PEOPLE,
    WITHIN,
    announce,
    assert_account,
    assert_settles,
    owe,
    subscribe,
    wait_for_the_middle,
)
from django.db import connections
from relay import Smtpd
from supervised import eventually, lives
from works import CONNECTIONS, PROCESSES, Process, Works

from dispatcher import config
from dispatcher.failpoints import Failpoint
from dispatcher.models import Attempt, Delivery, LinkKind, Mailing, Message, Subscriber, Topic
from dispatcher.models.delivery import OPEN
from dispatcher.subscribers import sign_up
from dispatcher.subscribers.sign_up import Asked
from tasks.app import WORKERS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workers")]

BLAST = 3_000


def test_a_worker_is_killed_and_another_goes_on(works_on_both: Works, relay: Smtpd) -> None:
    works_on_both.beat()
    victim = works_on_both.worker()
    announce()
    wait_for_the_middle(relay)
    pool = victim.children
    victim.kill()
    assert eventually(lambda: not any(map(lives, pool))), (
        "its processes go on, and nobody is left to end them"
    )
    works_on_both.worker()
    assert_settles(relay, doubled_at_most=CONNECTIONS * PROCESSES)


def test_one_process_of_a_worker_is_killed_and_the_others_go_on(works_on_both: Works, relay: Smtpd) -> None:
    works_on_both.beat()
    worker = works_on_both.worker()
    announce()
    wait_for_the_middle(relay)
    os.kill(sender(worker), signal.SIGKILL)
    assert_settles(relay, doubled_at_most=CONNECTIONS)
    assert worker.alive


def sender(worker: Process) -> int:
    """One of its processes, with mail in flight at this moment."""
    in_flight = Delivery.objects.filter(state="sending")
    assert eventually(in_flight.exists, WITHIN)
    owners = [int(owner.split(":")[1]) for owner in in_flight.values_list("owner", flat=True)]
    return next(one for one in worker.children if one in owners)


def test_who_is_killed_while_it_sweeps_keeps_nobody_from_sweeping(works: Works, relay: Smtpd) -> None:
    works.beat()
    victim = works.worker(FAILPOINT=f"{Failpoint.IN_RECOVER}:1")
    assert eventually(lambda: victim.said("signal 9"), WITHIN)
    victim.kill()
    works.worker()
    announce()
    assert_settles(relay, doubled_at_most=0)


def test_who_dies_with_everything_committed_and_its_ring_not_acknowledged_doubles_nothing(
    works_on_both: Works, relay: Smtpd
) -> None:
    works_on_both.beat()
    works_on_both.worker(*WORKERS["rest"])
    dying = works_on_both.worker(*WORKERS["mail"], FAILPOINT=f"{Failpoint.AFTER_COMMIT_BEFORE_ACK}:2")
    announce()
    assert_settles(relay, doubled_at_most=0)
    assert dying.said("signal 9")
    assert dying.alive


def test_who_was_stopped_and_comes_back_is_fenced_out(works: Works, relay: Smtpd) -> None:
    works.beat()
    stopped = works.worker()
    announce()
    wait_for_the_middle(relay)
    relay.script = [On("content", wait=2)]
    in_flight = Delivery.objects.filter(state="sending")
    assert eventually(lambda: in_flight.count() >= CONNECTIONS, WITHIN)
    time.sleep(1)  # by then what was marked first is at the relay, which lets it wait for two
    assert eventually(lambda: stop(stopped.children), WITHIN)
    relay.script = ()
    works.worker()
    assert_settles(relay, doubled_at_most=CONNECTIONS * PROCESSES)
    before = list(Delivery.objects.order_by("id").values())
    send(signal.SIGCONT, stopped.children)
    # What it had handed over is answered late; what it had only marked ahead is asked for again, and refused.
    handed_over = len(relay.messages) - len({one.recipient for one in relay.messages})
    assert handed_over
    assert eventually(lambda: Attempt.objects.filter(late=True).count() == handed_over, WITHIN)
    assert list(Delivery.objects.order_by("id").values()) == before
    assert_account(relay, doubled_at_most=CONNECTIONS * PROCESSES)


def stop(processes: list[int]) -> bool:
    """Stop them outside of any transaction. Inside one they would hold up everybody: then they go on for now."""
    send(signal.SIGSTOP, processes)
    with ThreadPoolExecutor(1) as apart:
        outside = bool(wait([apart.submit(write)], timeout=0.5).done)
        if not outside:
            send(signal.SIGCONT, processes)
    return outside


def write() -> None:
    Delivery.objects.filter(state="sending").update(reason="")
    connections.close_all()


def send(number: signal.Signals, processes: list[int]) -> None:
    for one in processes:
        os.kill(one, number)


def test_a_worker_that_is_asked_to_end_finishes_what_it_has(works: Works, relay: Smtpd) -> None:
    works.beat()
    leaving = works.worker()
    announce()
    wait_for_the_middle(relay)
    leaving.terminate()
    assert leaving.ends(within=10) == 0
    assert not Delivery.objects.filter(state__in=("claimed", "sending")).exists()
    assert len(relay.messages) < PEOPLE, "it has done more than finish"
    works.worker()
    assert_settles(relay, doubled_at_most=0)


def test_a_worker_that_is_asked_to_end_does_so_without_a_broker(works: Works, relay: Smtpd) -> None:
    owe()
    leaving = works.worker()
    works.ring("immediate", "delivery.deliver", "immediate")
    wait_for_the_middle(relay)
    works.bell.lose()
    leaving.terminate()
    assert leaving.ends(within=20) == 0
    assert not Delivery.objects.filter(state__in=("claimed", "sending")).exists()
    works.bell.start()
    works.beat()
    works.worker()
    assert_settles(relay, doubled_at_most=0)


def test_mail_that_somebody_waits_for_passes_a_blast(works: Works, relay: Smtpd) -> None:
    subscribe(BLAST - PEOPLE)
    blast = owe(lane="bulk")
    works.beat()
    for lanes in WORKERS.values():
        works.worker(*lanes, DELIVER_SECONDS="45")
    wait_for_the_middle(relay)
    somebody_waits(works)
    assert eventually(lambda: any(one.recipient == "waiting@example.com" for one in relay.messages), 10)
    assert blast.deliveries.filter(state__in=OPEN).count() > BLAST / 2
    relay.script = ()
    assert_settles(relay, doubled_at_most=0)


def somebody_waits(works: Works) -> None:
    """A sign-up: the request is committed, then the bell is rung, as the page does it."""
    pharmacy = Topic.objects.get(slug="pharmacy")
    asked = Asked(address="waiting@example.com", network="203.0.113.0/24", topics=(pharmacy.id,))
    assert sign_up.ask(config.current(), LinkKind.CONFIRM, asked)
    works.ring("system", "subscribers.answer")


def test_what_cannot_be_composed_or_addressed_stops_nobody_else(works: Works, relay: Smtpd) -> None:
    Subscriber.objects.filter(address="person7@example.com").update(address="person 7@example.com")
    poisoned, healthy = owe(), owe()
    Message.objects.create(mailing=poisoned, variant="en", stencil=b"not one", composed_at=make.LONG_AGO)
    works.beat()
    works.worker()
    assert eventually(Mailing.objects.filter(id=healthy.id, state="done").exists, WITHIN)
    assert make.assert_sums(healthy.id)["failed"] == 1
    assert make.assert_sums(poisoned.id)["pending"] == PEOPLE
    status = json.loads(works.call("status", "--json", code=1).stdout)
    assert [one["where"] for one in status["problems"]] == [f"mailing {poisoned.key}", "deliveries"]
    assert_account(relay, doubled_at_most=0)
    assert len(relay.messages) == PEOPLE - 1
