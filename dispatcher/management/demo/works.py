"""The demo's works: a real Valkey and a real Celery worker, ended with the demo, Valkey last."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dispatcher.errors import Unreachable
from dispatcher.management.up import ports, valkey

_PATIENCE = 10.0  # seconds for Valkey to answer
_GRACE = 30.0  # seconds for the worker to finish what it has


@contextmanager
def running_valkey(home: Path) -> Iterator[str]:
    """The URL of a Valkey of our own."""
    port = ports.free(valkey.FIRST_PORT)
    with _process(valkey.command(home / "valkey", port), {}, home / "valkey.out") as server:
        ends = time.monotonic() + _PATIENCE
        while not valkey.answers(port):
            if server.poll() is not None or time.monotonic() > ends:
                raise Unreachable(
                    f"the embedded Valkey does not answer; it says: {valkey.log(home / 'valkey')}"
                )
            time.sleep(0.05)
        yield f"redis://{ports.HOST}:{port}/0"


@contextmanager
def running_worker(environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """One worker on all lanes; what it says goes into a file."""
    command = (sys.executable, "-m", "dispatcher", "worker", "--name", "demo")
    with _process(command, environment, log):
        yield


@contextmanager
def _process(
    command: tuple[str, ...], environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 -- our own commands, no shell
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
