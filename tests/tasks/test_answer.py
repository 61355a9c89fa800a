"""Requests for links are answered when the bell rings; if it never did, the sweep finds them and rings."""

from collections.abc import Iterator
from pathlib import Path

import asking
import pytest
import scene
from calling import set_environment
from works import Bell

from dispatcher.models import Delivery, LinkRequest
from tasks import ring, sweep
from tasks.answer import answer
from tasks.app import app


@pytest.fixture
def bell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bell]:
    running = Bell(tmp_path)
    monkeypatch.setitem(app.conf, "broker_url", running.url)
    yield running
    running.process.kill_whole()


@pytest.fixture(autouse=True)
def deployment(db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, TOPICS=str(scene.topics_file(tmp_path)))


def test_an_answer_rings_for_the_mail_that_it_owes(bell: Bell) -> None:
    asking.ask()
    answer()
    assert ring.waiting("system") == 1
    assert Delivery.objects.get().state == "pending"
    bell.flush()
    answer()
    assert ring.waiting("system") == 0, "nothing new, so nobody is rung"


def test_the_sweep_rings_for_requests_that_nobody_answered(bell: Bell) -> None:
    asking.ask()
    bell.flush()
    sweep.sweep()
    assert ring.waiting("system") == 1
    assert LinkRequest.to_answer().count() == 1


def test_without_a_broker_the_answer_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.conf, "broker_url", "redis://127.0.0.1:1/0")  # nobody listens there
    asking.ask()
    answer()
    assert LinkRequest.objects.get().outcome == "mailed"
