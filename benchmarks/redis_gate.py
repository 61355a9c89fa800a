"""Does a worker come back from whatever happens to its broker? Measures it, with a real worker and a real Valkey.

    python benchmarks/redis_gate.py [--rounds 50]

A timetable ticks every second, so that the worker is never idle. Each round hurts the broker in one of the ways of `WAYS`, then waits
for the canaries of all lanes: the seconds from the end of the harm until every lane is served again. Exits 1 if a round takes longer
than `LONGEST`. Nothing is mailed; all is in a folder that is removed in the end.
"""

import argparse
import itertools
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import django

from dispatcher.management.up import ports, valkey

LONGEST = 90.0  # seconds until a worker must consume again
HUNG = (1, 4, 12)  # seconds; a worker gives an answer 10


class Broker:
    """A Valkey on one port, and the ways in which it is hurt."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "valkey"
        self.port = ports.free(valkey.FIRST_PORT + 50)
        self.start()

    @property
    def url(self) -> str:
        return f"redis://{ports.HOST}:{self.port}/0"

    def start(self) -> None:
        self.process = _start(*valkey.command(self.folder, self.port))
        until(lambda: valkey.answers(self.port), "Valkey does not start")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Killed, and started again with what it kept."""
        self.end()
        self.start()

    def restart_empty(self) -> None:
        """Killed, and started again with nothing."""
        self.end()
        shutil.rmtree(self.folder)
        self.start()

    def drop_clients(self) -> None:
        """Every connection is cut, those that wait for work too."""
        with socket.create_connection((ports.HOST, self.port), timeout=5) as line:
            line.sendall(b"CLIENT KILL TYPE normal\r\n")
            line.recv(64)

    def hang(self) -> None:
        """It answers nobody for a while, then goes on."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(random.choice(HUNG))  # noqa: S311 -- no secret
        self.process.send_signal(signal.SIGCONT)


WAYS: tuple[Callable[[Broker], None], ...] = (
    Broker.restart,
    Broker.drop_clients,
    Broker.hang,
    Broker.restart_empty,
)


def main() -> int:
    rounds = _rounds()
    with _deployment() as broker:
        until(lambda: _all_sing(datetime.min.replace(tzinfo=UTC)), "the worker does not start")
        taken = [
            _round(number, way, broker)
            for number, way in enumerate(itertools.islice(itertools.cycle(WAYS), rounds), 1)
        ]
    _tell(
        f"{rounds} rounds: median {statistics.median(taken):.1f} s, longest {max(taken):.1f} s, allowed {LONGEST:.0f} s"
    )
    return int(max(taken) > LONGEST)


def _rounds() -> int:
    parser = argparse.ArgumentParser(description="How soon does a worker consume again?")
    parser.add_argument("--rounds", type=int, default=50)
    chosen: int = parser.parse_args().rounds
    return chosen


@contextmanager
def _deployment() -> Iterator[Broker]:
    """Valkey, one worker with two processes and all lanes, one timetable."""
    home = Path(tempfile.mkdtemp(prefix="redis-gate-"))
    broker = Broker(home)
    os.environ |= {
        "DISPATCHER_DATA_DIR": str(home), "DISPATCHER_REDIS_URL": broker.url, "DISPATCHER_BROKER_URL": "",
        "DISPATCHER_DATABASE_URL": "", "DISPATCHER_TICK_SECONDS": "1", "DJANGO_SETTINGS_MODULE": "dispatcher.settings",
    }  # fmt: skip
    said = home / "said"
    dispatcher = (sys.executable, "-m", "dispatcher")
    with said.open("wb") as log:
        _start(*dispatcher, "migrate", log=log).wait()
        works = [_start(*dispatcher, name, log=log) for name in ("worker", "beat")]
    django.setup()
    try:
        yield broker
    except BaseException:
        _tell(f"{said.read_text(errors='replace')[-4000:]}\nexit codes: {[one.poll() for one in works]}")
        raise
    finally:
        for one in works:
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()
        broker.end()
        shutil.rmtree(home)


def _start(*command: str, log: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 -- our own programs


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- for whoever runs this


def _round(number: int, way: Callable[[Broker], None], broker: Broker) -> float:
    way(broker)
    began, since = time.monotonic(), datetime.now(UTC)
    until(lambda: _all_sing(since), f"a lane is silent after {way.__name__}", 2 * LONGEST)
    taken = time.monotonic() - began
    _tell(f"{number:3} {way.__name__:14} {taken:5.1f} s")
    return taken


def _all_sing(since: datetime) -> bool:
    from dispatcher.models import Pulse
    from tasks.app import LANES

    return set(LANES) <= set(Pulse.objects.filter(seen_at__gt=since).values_list("lane", flat=True))


def until(true: Callable[[], bool], complaint: str, within: float = 60) -> None:
    """Wait for it, or give up with a complaint."""
    end = time.monotonic() + within
    while not true():
        if time.monotonic() > end:
            raise SystemExit(complaint)
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
