"""The bell in real processes: what is queued is lost, Valkey goes away, timetables come and go, nonsense is rung. Nobody is lost or doubled.

The rows say what is owed; whatever happens to the bell, the next sweep finds it.
"""

from collections.abc import Callable
from subprocess import CompletedProcess
from time import monotonic, sleep

import factories as make
import pytest
from acts import On
from crowd import NEW, OLD, PEOPLE, WITHIN, announce, assert_settles, feed, owe, wait_for_the_middle
from relay import Smtpd
from supervised import eventually
from website import Website
from works import PROCESSES, Process, Works

from dispatcher.models import Mailing, Pulse, Source

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workers")]


def test_the_broker_forgets_everything_three_times(works: Works, relay: Smtpd) -> None:
    works.beat()
    works.worker()
    announce()
    for received in (60, 120, 180):
        wait_for_the_middle(relay, received)
        works.bell.flush()
    assert_settles(relay, doubled_at_most=0)


def test_while_the_broker_is_away_the_doors_take_what_comes(
    works: Works, relay: Smtpd, site: Website
) -> None:
    works.beat()
    works.worker()
    assert eventually(Source.objects.filter(baselined_at__isnull=False).exists, WITHIN)
    announce()
    wait_for_the_middle(relay)
    works.bell.lose()
    site.pages["/feed"] = feed(NEW, OLD)
    works.call("subscribers", "add", "late@example.com", "--topics", "pharmacy", "--consent", "by telephone")
    assert works.call("sources", "poll", "policy-rules").stderr.count("the broker is away") == 1
    works.bell.start()
    assert eventually(lambda: Mailing.objects.count() == 2, WITHIN)
    assert_settles(relay, doubled_at_most=0)
    assert [one.recipient for one in relay.messages].count("late@example.com") == 1


def test_a_broker_that_hangs_holds_no_door_up(works: Works, relay: Smtpd, site: Website) -> None:
    works.worker()
    usual, polled = how_long(lambda: works.call("sources", "poll", "policy-rules"))
    assert not polled.stderr
    works.bell.hang()
    site.pages["/feed"] = feed(NEW, OLD)
    hanging, polled = how_long(lambda: works.call("sources", "poll", "policy-rules"))
    assert polled.stderr.count("the broker is away") == 1
    assert hanging < usual + 4, "it waits as long as a worker would"
    beat = works.beat()
    assert eventually(lambda: beat.said("the broker is away"), WITHIN)
    works.bell.go_on()
    assert_settles(relay, doubled_at_most=0)
    assert len(relay.messages) == PEOPLE


def how_long(call: Callable[[], "CompletedProcess[str]"]) -> tuple[float, "CompletedProcess[str]"]:
    """In seconds, and what came of it."""
    began = monotonic()
    done = call()
    return monotonic() - began, done


def test_a_worker_that_sends_and_listens_outlives_the_broker(works: Works, relay: Smtpd) -> None:
    """One process has a task, another has none: then the worker has most to tidy up when its lines to the broker break."""
    owe()
    relay.script = [On("content", wait=0.3)]
    worker = works.worker(DELIVER_SECONDS="45")
    works.ring("immediate", "delivery.deliver", "immediate")
    wait_for_the_middle(relay, 8)
    works.bell.lose()
    assert eventually(lambda: worker.said("Connection to broker lost"), WITHIN)
    works.bell.start()
    works.ring("bulk", "upkeep.canary", "bulk")
    assert eventually(Pulse.objects.filter(lane="bulk").exists, WITHIN)
    relay.script = ()
    assert_settles(relay, doubled_at_most=0)
    assert worker.alive


def test_a_worker_whose_rings_all_end_while_the_broker_is_away_takes_new_ones(
    works: Works, relay: Smtpd
) -> None:
    """None of them can be acknowledged. If their places stayed taken, it would live on and serve nobody."""
    owe()
    relay.script = [On("content", wait=0.2)]
    worker = works.worker()
    for _ in range(PROCESSES):
        works.ring("immediate", "delivery.deliver", "immediate")
    wait_for_the_middle(relay, 8)
    works.bell.lose()
    assert eventually(lambda: said(worker, "Task delivery.deliver") >= 2 * PROCESSES, WITHIN), (
        "none has ended"
    )
    works.bell.start()
    works.ring("bulk", "upkeep.canary", "bulk")
    assert eventually(Pulse.objects.filter(lane="bulk").exists, WITHIN)
    assert worker.alive


def test_a_timetable_tells_each_outage_once(works: Works) -> None:
    beat = works.beat()
    assert eventually(lambda: beat.said("due task sweep"), WITHIN)
    for outage in (1, 2):
        works.bell.lose()
        assert eventually(lambda expected=outage: said(beat, "nobody is rung") == expected, WITHIN)
        sleep(2.5)  # ticks, in which it would say it again
        works.bell.start()
        assert eventually(lambda expected=outage: said(beat, "the broker is back") == expected, WITHIN)
    assert said(beat, "nobody is rung") == 2
    assert not beat.said("Traceback")
    beat.terminate()
    assert beat.ends() == 0


def said(process: Process, words: str) -> int:
    """How often."""
    return process.log.read_text().count(words)


def test_what_was_owed_goes_on_as_soon_as_everything_is_back(works: Works, relay: Smtpd) -> None:
    announce()
    works.worker()
    before = works.beat(TICK_SECONDS="3600")
    assert_settles(relay, doubled_at_most=0)
    before.kill()
    announce()
    works.beat(TICK_SECONDS="3600")
    assert eventually(lambda: Mailing.objects.count() == 2, WITHIN), "the second one waits for its tick"
    assert_settles(relay, doubled_at_most=0)


def test_a_timetable_is_killed_and_two_at_once_take_its_place(
    works: Works, relay: Smtpd, site: Website
) -> None:
    victim = works.beat()
    works.worker()
    assert eventually(Source.objects.filter(baselined_at__isnull=False).exists, WITHIN)
    victim.kill()
    site.pages["/feed"] = feed(NEW, OLD)
    site.asked.clear()
    Source.objects.update(due_at=make.LONG_AGO)
    beats = [works.beat(), works.beat()]
    assert eventually(lambda: all(one.said("due task poll") for one in beats), WITHIN)
    assert_settles(relay, doubled_at_most=0)
    assert [path for path, _ in site.asked] == ["/feed"]
    assert len(relay.messages) == PEOPLE


def test_rings_that_nobody_understands_harm_nobody(works: Works, relay: Smtpd) -> None:
    works.beat()
    worker = works.worker()
    works.ring("immediate", "nobody.knows")
    works.ring("immediate", "delivery.deliver")
    works.ring("immediate", "delivery.deliver", "no lane")
    works.ring("immediate", "delivery.deliver", "immediate", serializer="pickle")
    heard = ("nobody.knows", "TypeError", "ValueError", "untrusted content of type pickle")
    assert eventually(lambda: all(map(worker.said, heard)), WITHIN)
    announce()
    assert_settles(relay, doubled_at_most=0)
    assert worker.alive
