"""The pages served by a real server, a process of its own, on a port that is free.

with serving() as server:
    server.url            # http://127.0.0.1:…
    server.stopped()      # everything it has written
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from house.tree import ROOT

# Threads: a browser opens connections in advance, and one that says nothing would hold up the only worker.
_COMMAND = "-m gunicorn dispatcher.wsgi --bind 127.0.0.1:0 --no-control-socket --threads 4"


class Server:
    """A server that listens."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *_COMMAND.split()], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr
        self._said = ""
        while not (found := re.search(r"Listening at: (http://\S+)", self._said)):
            self._said += (line := self._process.stderr.readline())
            assert line, self._said
        self.url = found[1]

    def stopped(self) -> str:
        """End it; what it has written, to the end."""
        if self._process.poll() is None:
            self._process.terminate()
            self._said += self._process.communicate(timeout=20)[1]
        return self._said


@contextmanager
def serving() -> Iterator[Server]:
    """Settings come from the environment of this process."""
    server = Server()
    try:
        yield server
    finally:
        server.stopped()
