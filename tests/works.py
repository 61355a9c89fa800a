"""The works of a deployment as real processes, Valkey, workers and timetable, and the ways in which a test can hurt them.

    with Works(home, DATABASE_URL=…, SMTP_URL=…) as works:
        worker, beat = works.worker(), works.beat()
        worker.kill()            # SIGKILL to its main process; `worker.children` are those of its pool
        works.bell.flush()
        works.worker()           # another one

On leaving everything is killed, and the end of what each said is written out: pytest shows it for a test that failed.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from celery import Celery
from kombu import Queue
from supervised import eventually

from dispatcher.management.up import ports, valkey

PATIENCE = 20.0  # seconds, for a machine that does other things too
_TAIL = 40  # lines

# Two workers of pytest look for a port at the same moment: each begins elsewhere, below what the kernel gives to outgoing connections.
_FIRST_PORT = valkey.FIRST_PORT + 100 + os.getpid() % 800 * 20


class Process:
    """One process, leader of a session of its own, what it says in a file."""

    def __init__(self, name: str, command: Iterable[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                list(command), env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )  # fmt: skip

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def children(self) -> list[int]:
        """Of a worker, those that do its tasks; none once it has ended."""
        number = self._process.pid
        with suppress(FileNotFoundError):
            return [int(one) for one in Path(f"/proc/{number}/task/{number}/children").read_text().split()]
        return []

    def kill(self) -> None:
        """SIGKILL to this process alone: what it has started lives on."""
        self._process.kill()
        self._process.wait()

    def kill_whole(self) -> None:
        """SIGKILL to it and to whatever it has started, as if the machine had gone."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def terminate(self) -> None:
        """SIGTERM: finish what is under way and end."""
        self._process.terminate()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ends(self, within: float = PATIENCE) -> int:
        """Wait for its end; the exit code."""
        return self._process.wait(within)

    def said(self, words: str) -> bool:
        return words in self.log.read_text(errors="replace")

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL:]
        return "\n".join([f"--- {self.name}", *lines])


class Bell:
    """A Valkey on a port of its own, which it keeps when it is started again."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.port = ports.free(_FIRST_PORT)
        self.start()

    @property
    def url(self) -> str:
        return f"redis://{ports.HOST}:{self.port}/0"

    def start(self) -> None:
        """With what its folder holds."""
        command = valkey.command(self._home / "valkey", self.port)
        self.process = Process("valkey", command, os.environ, self._home / "valkey.out")
        answers = eventually(lambda: valkey.answers(self.port), PATIENCE)
        if not answers:
            self.process.kill()
        assert answers, self.process.tail()

    def lose(self) -> None:
        """Killed, and everything that was queued is gone."""
        self.process.kill()
        shutil.rmtree(self._home / "valkey")

    def hang(self) -> None:
        """Stopped: it takes connections, as the kernel does for it, and answers nobody."""
        self.process.send(signal.SIGSTOP)

    def go_on(self) -> None:
        """After it hung."""
        self.process.send(signal.SIGCONT)

    def flush(self) -> None:
        """Emptied while it runs."""
        with socket.create_connection((ports.HOST, self.port), timeout=PATIENCE) as line:
            line.sendall(b"FLUSHALL\r\n")
            assert line.recv(64).startswith(b"+OK")


CONNECTIONS = 4  # of one process to the relay
PROCESSES = 2  # of a worker
SECRET_KEY = "journeys-0123456789-abcdefghijklmnopqrstuv"
# Leases, ticks and rounds last seconds, and each claim leaves something for others.
_SETTINGS = {
    "SMTP_CONNECTIONS": str(CONNECTIONS), "CLAIM_SIZE": "20", "DELIVER_SECONDS": "1", "LEASE_SECONDS": "2", "TICK_SECONDS": "1",
    "SEND": "on", "SECRET_KEY": SECRET_KEY,
}  # fmt: skip


class Works:
    """Valkey runs while entered, the rest when started. Settings are named without their prefix."""

    def __init__(self, home: Path, **settings: str) -> None:
        self._home = home
        self._processes: list[Process] = []
        self.bell = Bell(home)
        self.url = f"http://{ports.HOST}:{ports.free(_FIRST_PORT + 10)}"
        ours = {
            "DATA_DIR": str(home),
            "REDIS_URL": self.bell.url,
            "PUBLIC_URL": self.url,
            **_SETTINGS,
            **settings,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCHER_")}
        self._environment = kept | {f"DISPATCHER_{name}": value for name, value in ours.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in (*self._processes, self.bell.process):
            one.kill_whole()
            sys.stdout.write(f"{one.tail()}\n")

    def worker(self, *lanes: str, **settings: str) -> Process:
        """A worker; without lanes it serves all. Nobody waits until it is ready: what is owed waits for it."""
        served = ["--lanes", ",".join(lanes)] if lanes else []
        return self._start("worker", "--concurrency", str(PROCESSES), *served, **settings)

    def beat(self, **settings: str) -> Process:
        """A timetable. Several at once are a mistake that harms nobody."""
        return self._start("beat", **settings)

    def web(self) -> Process:
        """The pages, at `url`. Ready when this returns."""
        bind = ["--bind", self.url.removeprefix("http://"), "--threads", "4", "--no-control-socket"]
        pages = self._run("web", [sys.executable, "-m", "gunicorn", "dispatcher.wsgi", *bind])
        assert eventually(lambda: pages.said("Listening at"), PATIENCE), pages.tail()
        return pages

    def ring(self, lane: str, name: str, *arguments: str, **options: str) -> None:
        """As a door would ring, or as anybody could who reaches the broker."""
        rings = Celery("doors", broker=self.bell.url, set_as_current=False)
        rings.conf.update(
            broker_transport_options={"global_keyprefix": "dispatcher:"}, task_queues=[Queue(lane)]
        )
        rings.send_task(name, arguments, queue=lane, **options)

    def call(self, *arguments: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
        """A command, to its end."""
        command = [sys.executable, "-m", "dispatcher", *arguments]
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def _start(self, *arguments: str, **settings: str) -> Process:
        return self._run(arguments[0], [sys.executable, "-m", "dispatcher", *arguments], **settings)

    def _run(self, name: str, command: list[str], **settings: str) -> Process:
        name = f"{name}-{len(self._processes) + 1}"
        extra = {f"DISPATCHER_{one}": value for one, value in settings.items()}
        self._processes.append(Process(name, command, self._environment | extra, self._home / f"{name}.log"))
        return self._processes[-1]
