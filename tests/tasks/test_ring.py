"""Ringing, with a real Valkey, with a broker that takes connections and never answers, and with none."""

import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from works import Bell

from tasks import ring
from tasks.app import app

LANE = "fan_out"


@pytest.fixture
def bell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bell]:
    running = Bell(tmp_path)
    monkeypatch.setitem(app.conf, "broker_url", running.url)
    yield running
    running.process.kill_whole()


def test_rings_wait_in_their_lane_until_somebody_serves_it(bell: Bell) -> None:
    assert ring.waiting(LANE) == 0
    assert ring.ring("topics.match", LANE)
    assert ring.waiting(LANE) == 1
    assert ring.waiting("bulk") == 0


def test_where_rings_enough_wait_nobody_rings(bell: Bell) -> None:
    rung = [ring.ring_if_quiet("topics.match", LANE) for _ in range(6)]
    assert rung == [True] * 4 + [False] * 2
    assert ring.waiting(LANE) == 4
    assert ring.ring_if_quiet("delivery.deliver", "bulk", "bulk"), "one lane does not count for another"


@pytest.mark.parametrize(
    ("scheme", "options"), [("redis", app.conf.broker_transport_options), ("amqp", {})], ids=["redis", "amqp"]
)
def test_a_broker_that_never_answers_is_given_up_soon(
    scheme: str, options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setitem(app.conf, "broker_url", f"{scheme}://127.0.0.1:{mute.getsockname()[1]}//")
        monkeypatch.setitem(app.conf, "broker_transport_options", options)
        began = monotonic()
        assert ring.ring_if_quiet("topics.match", LANE) is False
        assert 1 < monotonic() - began < 3.5
