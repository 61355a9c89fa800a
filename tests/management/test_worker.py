"""How a worker ends tells whoever keeps it alive: asked to end, or broken down. Real processes, a real Valkey."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from calling import Call
from supervised import eventually
from works import Bell, Process

READY = 30.0  # seconds, on a machine that does other things too

# The command as it is, in a worker of which one part breaks down once it runs.
BREAKS_DOWN = """
import sys
from celery.bootsteps import StartStopStep
from dispatcher.__main__ import main
from tasks.app import app

class Breaks(StartStopStep):
    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer):
        raise RuntimeError("this part has broken down")

app.steps["consumer"].add(Breaks)
sys.argv[1:] = ["worker", "--concurrency", "1", "--lanes", "bulk"]
main()
"""


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    running = Bell(tmp_path)
    yield running
    running.process.kill_whole()


def started(bell: Bell, home: Path, *command: str) -> Process:
    told = {"DISPATCHER_DATA_DIR": str(home), "DISPATCHER_REDIS_URL": bell.url}
    return Process("worker", [sys.executable, *command], {**os.environ, **told}, home / "worker.log")


@pytest.mark.slow
def test_a_worker_that_breaks_down_ends_with_an_error(bell: Bell, tmp_path: Path) -> None:
    worker = started(bell, tmp_path, "-c", BREAKS_DOWN)
    try:
        assert worker.ends(READY) == 1
        assert worker.said("this part has broken down")
    finally:
        worker.kill_whole()


@pytest.mark.slow
def test_a_worker_that_is_asked_to_end_ends_without(bell: Bell, tmp_path: Path) -> None:
    worker = started(bell, tmp_path, "-m", "dispatcher", "worker", "--lanes", "system")
    try:
        assert eventually(lambda: worker.said("ready."), READY), worker.tail()
        worker.terminate()
        assert worker.ends(READY) == 0
    finally:
        worker.kill_whole()


@pytest.mark.parametrize(
    "arguments",
    [("worker", "--concurrency", "0"), ("worker", "--concurrency", "-2"), ("up", "--workers", "0")],
)
def test_fewer_than_one_process_is_refused(call: Call, arguments: tuple[str, ...]) -> None:
    answer = call(*arguments)
    assert answer.code == 2
    assert "a whole number from 1" in answer.err


def test_a_lane_that_does_not_exist_is_refused(call: Call) -> None:
    answer = call("worker", "--lanes", "bulk,sytem")
    assert answer.code == 2
    assert "no lane sytem" in answer.err
