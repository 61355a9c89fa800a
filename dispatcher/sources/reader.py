"""The reader: hands what was fetched to a child process and takes back what the child read. It parses nothing itself.

A document that hangs, eats memory or kills the child fails alone: the child is ended, and the next document gets a fresh one.
Otherwise one child serves document after document, for the thread that asks and in the process that asks.
"""

import logging
import os
import select
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

from dispatcher.errors import Busy, Unreadable
from dispatcher.sources import questions
from dispatcher.sources.questions import LENGTH, Question
from dispatcher.sources.reading import Document, Reading

log = logging.getLogger(__name__)

SECONDS = 10.0  # for one document; 5 MB of an ordinary feed take 4
_STARTING_SECONDS = 60.0  # usually 0.3; a loaded machine may take its time
_LARGEST_ANSWER = 16 * 1024 * 1024
_DOCUMENTS = 1_000  # then a fresh child: what a parser leaks must not count against a later document
_KEPT = frozenset({"LD_LIBRARY_PATH", "SYSTEMROOT"})  # without these some builds of Python do not start


def read(question: Question, body: bytes) -> Reading:
    """The records of a document. Raises Unreadable; BadInput for a selector that is none."""
    found = _own.reader.ask(question, body)
    if not isinstance(found, Reading):
        raise Unreadable(f"{question.kind} is read as text, not as records")
    return found


def text(body: bytes) -> Document:
    """The text of a linked document, or a note that says why there is none. Never fails."""
    try:
        found = _own.reader.ask(Question("document"), body)
    except Unreadable as failure:
        return Document("", 0, str(failure))
    return found if isinstance(found, Document) else Document("", 0, "no text came back")


class Reader:
    """A child and what it is asked. For one thread: the kernel ends the child with the thread that started it."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._child: _Child | None = None

    def ask(self, question: Question, body: bytes) -> Reading | Document:
        child = self._ready()
        message = questions.framed(questions.asked(question)) + questions.framed(body)
        try:
            answer = questions.answer(child.exchange(message, self._seconds))
        except BaseException:  # whatever broke in, what the child says next would answer an earlier question
            self.close()
            raise
        if answer.exhausted or child.answered >= _DOCUMENTS:
            self.close()
        if answer.trace:
            log.error("a document broke its reader", extra={"trace": answer.trace})
        if isinstance(answer.found, Reading | Document):
            return answer.found
        raise answer.found

    @property
    def pid(self) -> int | None:
        """Of the child, while there is one."""
        return self._child.process.pid if self._child else None

    def close(self) -> None:
        """End the child; the next question starts another."""
        if self._child:
            self._child.end()
        self._child = None

    def _ready(self) -> "_Child":
        if self._child is None or self._child.process.poll() is not None:
            self.close()
            self._child = _Child()
        return self._child


class _Child:
    """The process and its two pipes, neither of which may ever block us."""

    def __init__(self) -> None:
        try:
            self.process = _started()
        except OSError as failure:
            raise Busy(f"no process to read documents could be started: {failure}") from failure
        assert self.process.stdin is not None  # noqa: S101 -- both are pipes, as `_started` asks
        assert self.process.stdout is not None  # noqa: S101 -- as above
        self._in, self._out = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)
        self.end = weakref.finalize(self, _end, self.process, os.getpid())
        self.answered = 0
        self._greet()

    def _greet(self) -> None:
        try:
            self.exchange(b"", _STARTING_SECONDS)
        except Unreadable as failure:
            self.end()
            raise Busy(f"the process that reads documents does not start: {failure}") from None
        self.answered = 0

    def exchange(self, message: bytes, seconds: float) -> bytes:
        """Send a message and wait for the answer, both before the deadline."""
        deadline, unsent, came = time.monotonic() + seconds, memoryview(message), bytearray()
        while len(came) < LENGTH.size or len(came) < LENGTH.size + _announced(came):
            writable = self._wait(deadline, sending=bool(unsent))
            if writable is None:
                raise Unreadable(f"reading it took more than {seconds:g} s and was broken off")
            if writable:
                unsent = unsent[self._send(unsent) :]
            else:
                came += self._receive()
        self.answered += 1
        return bytes(came[LENGTH.size :])

    def _wait(self, deadline: float, *, sending: bool) -> bool | None:
        """True: it takes more. False: something came, or the child is gone. None: neither in time."""
        watch = select.poll()
        watch.register(self._out, select.POLLIN)
        if sending:
            watch.register(self._in, select.POLLOUT)
        ready = dict(watch.poll(max(0.0, deadline - time.monotonic()) * 1_000))
        return None if not ready else self._out not in ready

    def _send(self, unsent: memoryview) -> int:
        try:
            return os.write(self._in, unsent)
        except BrokenPipeError:
            raise self._gone() from None

    def _receive(self) -> bytes:
        return os.read(self._out, 1 << 20) or self._raise_gone()

    def _raise_gone(self) -> bytes:
        raise self._gone()

    def _gone(self) -> Unreadable:
        try:
            code = self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            code = None
        how = f"signal {-code}" if code and code < 0 else f"exit code {code}"
        return Unreadable(f"it ended the process that reads documents ({how})")


def _started() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 -- ourselves, no shell
        [sys.executable, "-P", "-m", "dispatcher.sources.child", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    """Where the code lies, and no secret."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    return kept | {"PYTHONPATH": os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path)}


def _announced(came: bytearray) -> int:
    (length,) = LENGTH.unpack_from(came)
    if length > _LARGEST_ANSWER:
        raise Unreadable(f"what was read of it has {length} bytes, more than {_LARGEST_ANSWER}")
    return int(length)


def _end(process: "subprocess.Popen[bytes]", owner: int) -> None:
    """At the end of its process, too. After a fork it is still the child of the one that forked: only the pipes are let go."""
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    if os.getpid() == owner:
        process.kill()
        process.wait()
    else:
        process.returncode = 0


class _Own(threading.local):
    """Each thread has its own: two never talk to one child at once."""

    def __init__(self) -> None:
        self.reader = Reader()


def let_go() -> None:
    """End this thread's child; its next document gets a fresh one."""
    _own.reader.close()


_own = _Own()
os.register_at_fork(after_in_child=let_go)
