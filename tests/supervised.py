"""A supervisor in a process of its own, with children made up by a test, and what it and they said.

with Supervised({"web": Stub("…", stop=1)}, grace=1) as running:
    running.hears("web is up")

Run as a script it is that process: it takes the children and the timings as JSON.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Self

from dispatcher.management.up.supervisor import Child, Supervisor, Timings

PATIENCE = 10  # seconds; nothing here takes one

# Says that it is up, ends when asked to, and says so. A signal that it knows nothing of it reports.
OBEDIENT = """
import os, signal, sys, time
def say(word): os.write(1, f"{NAME} {word}\\n".encode())  # in one go: they all share one pipe
def end(number, frame):
    say("is ending")
    sys.exit()
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, lambda *_: say("was interrupted"))
say(f"is up as {os.getpid()}")
while True: time.sleep(60)
"""
STUBBORN = OBEDIENT.replace("sys.exit()", "pass")
# Leaves a process behind that would go on for ever.
PARENT = OBEDIENT.replace(
    "while",
    "if not os.fork(): signal.signal(signal.SIGTERM, signal.SIG_DFL); say(f'has {os.getpid()}')\nwhile",
)


@dataclass(frozen=True)
class Stub:
    """A child: what it does, as Python, and when it is to end."""

    code: str = OBEDIENT
    stop: int = 1


class Supervised:
    """Runs while entered; `under`: a program that starts it."""

    def __init__(self, stubs: Mapping[str, Stub], *, under: tuple[str, ...] = (), **timings: float) -> None:
        told = json.dumps({"stubs": {name: asdict(stub) for name, stub in stubs.items()}, "timings": timings})
        self.process = subprocess.Popen(
            [*under, sys.executable, str(Path(__file__)), told], stdout=subprocess.PIPE, text=True, start_new_session=True
        )  # fmt: skip
        self.heard: list[str] = []
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._listener = Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._listener.join(PATIENCE)  # the pipe closes when the last child is gone
        assert not self._listener.is_alive(), "a child lives on"
        assert self.process.stdout
        self.process.stdout.close()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.rstrip())

    def hears(self, words: str) -> str:
        """Wait for the next line with these words in it."""
        until = time.monotonic() + PATIENCE
        try:
            while True:
                self.heard.append(self._lines.get(timeout=until - time.monotonic()))
                if words in self.heard[-1]:
                    return self.heard[-1]
        except (Empty, ValueError):
            raise AssertionError(f"nobody said {words!r}, but {self.heard}") from None

    def up(self, *names: str) -> dict[str, int]:
        """Wait until these are up, in whichever order; their processes."""
        found: dict[str, int] = {}
        while not found.keys() >= set(names):
            name, *_, number = self.hears("is up as ").split()
            found[name] = int(number)
        return found

    def ends(self) -> int:
        """Wait for the end; the exit code, and all lines in `heard`."""
        code = self.process.wait(PATIENCE)
        self._listener.join(PATIENCE)
        while not self._lines.empty():
            self.heard.append(self._lines.get())
        return code


def lives(process: int) -> bool:
    """Is there such a process, and is it more than a name that nobody has crossed out yet?"""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(true: Callable[[], bool], within: float = PATIENCE) -> bool:
    """Does it come true in time?"""
    until = time.monotonic() + within
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def main() -> None:
    told = json.loads(sys.argv[1])
    sys.stdout.reconfigure(line_buffering=True)
    with Supervisor(lambda line: sys.stdout.write(f"{line}\n"), Timings(**told["timings"])) as supervisor:
        for name, stub in told["stubs"].items():
            code = f"NAME = {name!r}\n{stub['code']}"
            supervisor.start(
                Child(name=name, argv=(sys.executable, "-c", code), env=os.environ, stop=stub["stop"])
            )
        supervisor.run()
    sys.exit(bool(supervisor.killed))


if __name__ == "__main__":
    main()
