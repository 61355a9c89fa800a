"""The sweep and the turns: whatever was lost is found by looking at state, and two timetables do the work once."""

from datetime import timedelta
from pathlib import Path

import factories as make
import pytest
import scene
from calling import set_environment
from owing import claim, expire, owe
from returning import ANN, accepted, filled, of, signed, suppressed

from dispatcher.bounces import inbox
from dispatcher.errors import Unreachable
from dispatcher.mailings import progress
from dispatcher.models import Arrival, Delivery, Mailing, Pulse, Staff, Turn, lanes
from dispatcher.models.clock import database_now
from tasks import ring, sweep
from tasks.settle import settle
from tasks.upkeep import canary

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def deployment(db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Port 1 refuses at once: the broker is away, and nothing here may mind.
    set_environment(monkeypatch, TOPICS=str(scene.topics_file(tmp_path)))
    monkeypatch.setattr("tasks.app.app.conf.broker_url", "redis://127.0.0.1:1/0")


def test_without_a_broker_a_sweep_still_mends_what_rows_can_mend() -> None:
    owe(2)
    claim(1)
    expire()
    assert sweep.sweep()
    assert Delivery.objects.filter(state="pending").count() == 2


def test_a_finished_mailing_is_ended_by_the_sweep() -> None:
    owe(0)
    sweep.sweep()
    assert Mailing.objects.get().state == "done"


def test_ringing_without_a_broker_is_a_no_and_no_error() -> None:
    assert ring.ring("topics.match", "fan_out") is False
    assert ring.ring_if_quiet("topics.match", "fan_out") is False
    with pytest.raises(Unreachable, match="refused"):
        ring.waiting("fan_out")


def test_a_turn_is_taken_once_until_it_is_given_back_or_over() -> None:
    assert Turn.take("sweep", MINUTE)
    assert not Turn.take("sweep", MINUTE)
    Turn.give_back("sweep")
    assert Turn.take("sweep", MINUTE)
    Turn.objects.update(until=database_now() - MINUTE)
    assert Turn.take("sweep", MINUTE)


def test_a_sweep_that_finds_another_under_way_does_nothing() -> None:
    owe(1)
    claim(1)
    expire()
    Turn.take("sweep", MINUTE)
    assert not sweep.sweep()
    assert Delivery.objects.get().state == "claimed"


def test_a_bad_topics_file_stops_no_sweep(tmp_path: Path) -> None:
    sweep.sweep()
    (tmp_path / "topics.yaml").write_text("topics: [")
    owe(1)
    claim(1)
    expire()
    assert sweep.sweep()
    assert Delivery.objects.get().state == "pending"


def test_a_sweep_tells_operators_of_sources_in_trouble() -> None:
    make.source(failures=3, outcome="failed", problem="503", unwell_since=make.LONG_AGO)
    Staff.objects.create(name="ola", role="operator", email="ola@example.gov", created_at=make.LONG_AGO)
    sweep.sweep()
    sweep.sweep()
    assert Mailing.objects.filter(key__startswith="alert:").count() == 1


def test_the_canary_leaves_a_sign_of_life() -> None:
    canary("bulk")
    canary("bulk")
    assert Pulse.objects.get().lane == "bulk"
    assert database_now() - Pulse.objects.get().seen_at < MINUTE


def test_lanes_with_mail_are_told_the_most_urgent_first() -> None:
    owe(1)
    bulk = owe(1)
    Mailing.objects.filter(id=bulk.id).update(lane="bulk")
    assert Mailing.lanes_with_mail(database_now()) == ["immediate", "bulk"]
    Delivery.objects.update(due_at=database_now() + MINUTE)
    assert Mailing.lanes_with_mail(database_now()) == []


def test_what_a_cancelled_mailing_still_owes_is_cancelled_and_it_ends() -> None:
    mailing = owe(2)
    claim(1)
    Mailing.objects.update(state="cancelled")
    sweep.sweep()
    assert set(mailing.deliveries.values_list("state", "reason")) == {("cancelled", "mailing cancelled")}
    assert Mailing.objects.get().finished_at is not None


def test_what_came_back_is_settled_by_whoever_is_rung_and_whoever_was_missed_by_the_sweep() -> None:
    accepted(ANN, "ben@example.com")
    progress.finish()
    inbox.keep(inbox.MAIL, filled("postfix-unknown-user", of()), signed(of().id))
    assert {one.lane: one.owed for one in lanes.lanes(database_now())}["upkeep"] == 1
    sweep.sweep()  # it only rings, and here nobody is rung
    assert suppressed() == ""
    settle()
    assert suppressed() == "gone"
    settle()
    assert Arrival.objects.get().outcome == "events"
    Delivery.objects.filter(id=of("ben@example.com").id).update(state="failed", reason="gone")
    sweep.sweep()
    assert suppressed("ben@example.com") == "gone"
