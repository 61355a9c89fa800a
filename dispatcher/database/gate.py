"""The fair write gate of SQLite: who asked first writes next.

SQLite lets waiting writers poll for its lock, so a sender that commits back to back starves everybody else (measured: small
writes p50 1 s, at worst 10 s and then "database is locked"). The gate is two advisory file locks used as a turnstile: whoever
waits at the gate holds the turnstile, so the one who just left cannot pass again before them. Locks of a killed process are
released by the kernel.
"""

import fcntl
import os
import time
from pathlib import Path

from dispatcher.errors import Busy

_PAUSE = 0.0005  # seconds between two tries; blocking flock() would be neater but cannot time out


class Gate:
    """One writer at a time over all processes that open this database. One Gate per connection; not shared by threads."""

    def __init__(self, database: Path, *, timeout: float) -> None:
        self._database = database
        self._timeout = timeout
        self._turnstile: int | None = None
        self._gate: int | None = None

    def enter(self) -> None:
        """Wait for our turn, at most `timeout` seconds. Raises Busy."""
        if self._turnstile is None or self._gate is None:
            self._turnstile = _open(self._database.with_name(self._database.name + ".turnstile"))
            self._gate = _open(self._database.with_name(self._database.name + ".gate"))
        deadline = time.monotonic() + self._timeout
        self._lock(self._turnstile, deadline)
        try:
            self._lock(self._gate, deadline)
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)

    def leave(self) -> None:
        """Let the next one in; harmless if we are not inside."""
        if self._gate is not None:
            fcntl.flock(self._gate, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock files back."""
        for descriptor in (self._gate, self._turnstile):
            if descriptor is not None:
                os.close(descriptor)
        self._gate = self._turnstile = None

    def _lock(self, descriptor: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Busy(
                        f"no turn to write to {self._database.name} within {self._timeout:g} s"
                    ) from None
                time.sleep(_PAUSE)
            else:
                return


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
