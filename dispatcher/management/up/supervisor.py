"""Keeps processes alive: starts them, starts again what dies, and ends them in order when asked to.

It asks nothing of them but to end at SIGTERM. Signals are noted by their handlers and read by one loop in the main thread; nothing is
decided in a handler. Each child leads a session of its own, so that Ctrl-C reaches the supervisor alone, and what a child leaves behind
when it dies can be found and killed. If the supervisor itself is killed, the kernel kills the children (see `child`): only of children
that the main thread started, since for the kernel a thread that ends is a parent that dies.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from subprocess import DEVNULL, Popen
from time import monotonic
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process to keep alive. Those with the lowest `stop` end first, those with the same together."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """In seconds. A worker claims for 45 and then finishes what is in flight: `grace` must be well above that."""

    pause: float = 1.0  # before a child that died is started again; doubles with each death
    longest_pause: float = 30.0
    steady: float = 60.0  # who lived so long starts with the short pause again
    grace: float = 90.0  # from SIGTERM to SIGKILL
    hurry: float = 5.0  # the same, when asked twice
    tick: float = 1.0  # how long the loop sleeps at most
    look: float = 0.1  # the same, while it waits for something to come true


_ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Supervisor:
    """While entered it hears signals; on leaving, however that comes about, it ends whatever runs."""

    def __init__(self, tell: Callable[[str], None], timings: Timings | None = None) -> None:
        self.killed: list[str] = []  # who did not end in time
        self._tell = tell
        self._timings = timings or Timings()
        self._kept: list[_Kept] = []
        self._signals: SimpleQueue[int] = SimpleQueue()  # its put may interrupt its own get
        self._hurried: float | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # Under nohup nobody wants to hear that the terminal is gone.
        heard = [one for one in _ENDS if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]
        for one in (*heard, signal.SIGCHLD):
            self._handlers[one] = signal.signal(one, lambda number, _: self._signals.put(number))
        return self

    def __exit__(self, *_: object) -> None:
        for stop in sorted({one.child.stop for one in self._kept}):
            self._end([one for one in self._kept if one.child.stop == stop and one.alive])
        for number, before in self._handlers.items():
            signal.signal(number, before)

    def start(self, child: Child) -> None:
        """Start a child, and keep it alive from now on. To be called from the main thread."""
        self._kept.append(_Kept(child, self._timings.pause))

    def run(self, until: Callable[[], bool] | None = None) -> bool:
        """Keep the children alive until something is true. False if we were asked to end first."""
        while not (until and until()):
            if self._asked_to_end(self._sleep(self._timings.look if until else self._timings.tick)):
                return False
            for one in self._kept:
                self._look_after(one)
        return True

    def _sleep(self, longest: float) -> float:
        """How long there is nothing to do, unless a signal comes."""
        due = [one.again_at - monotonic() for one in self._kept if one.again_at is not None]
        return max(0.0, min([longest, *due]))

    def _asked_to_end(self, within: float) -> bool:
        """Wait for a signal. That a child has died only wakes us."""
        try:
            return self._signals.get(timeout=within) != signal.SIGCHLD
        except Empty:
            return False

    def _look_after(self, one: "_Kept") -> None:
        if one.again_at is not None:
            if one.again_at <= monotonic():
                one.launch()
        elif (status := one.process.poll()) is not None:
            one.sweep()
            pause = one.rest(self._timings)
            self._tell(f"! {one.child.name} {_ended(status)}; it is started again in {pause:g} s")

    def _end(self, ending: Sequence["_Kept"]) -> None:
        """SIGTERM, patience, SIGKILL."""
        if not ending:
            return
        self._tell(f"ending {_names(ending)} (within {self._timings.grace:g} s)")
        for one in ending:
            one.process.terminate()
        alive, began = list(ending), monotonic()
        while alive and (left := self._deadline(began) - monotonic()) > 0:
            if self._asked_to_end(min(left, self._timings.tick)):
                self._hurry()
            alive = [one for one in alive if one.alive]
        for one in ending:
            one.sweep()
            one.process.wait()
        if alive:
            self.killed += [one.child.name for one in alive]
            self._tell(f"! {_names(alive)} did not end in time: killed")

    def _deadline(self, began: float) -> float:
        patient = began + self._timings.grace
        if self._hurried is None:
            return patient
        return min(patient, max(began, self._hurried) + self._timings.hurry)

    def _hurry(self) -> None:
        if self._hurried is None:
            self._hurried = monotonic()
            self._tell(f"hurrying: what has not ended in {self._timings.hurry:g} s is killed")


@dataclass(slots=True)
class _Kept:
    """A child, its process, and when it is to be started again if it has died."""

    child: Child
    pause: float
    again_at: float | None = None
    process: Popen[bytes] = field(init=False)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.launch()

    def launch(self) -> None:
        wrapped = [sys.executable, "-m", "dispatcher.management.up.child", str(os.getpid()), *self.child.argv]
        self.process = Popen(wrapped, env=dict(self.child.env), stdin=DEVNULL, start_new_session=True)  # noqa: S603 -- our own commands, no shell
        self.began = monotonic()
        self.again_at = None

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def rest(self, timings: Timings) -> float:
        """It has died: when is it to be started again? Answers after how many seconds."""
        if monotonic() - self.began >= timings.steady:
            self.pause = timings.pause
        pause, self.pause = self.pause, min(self.pause * 2, timings.longest_pause)
        self.again_at = monotonic() + pause
        return pause

    def sweep(self) -> None:
        """Kill it, if it lives, and what it has left behind: pool processes of a worker would go on sending, those of the web hold the port."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def _ended(status: int) -> str:
    if status < 0:
        return f"was killed by signal {-status} ({signal.strsignal(-status)})"
    return f"ended with exit status {status}"


def _names(kept: Sequence[_Kept]) -> str:
    return ", ".join(one.child.name for one in kept)
