"""The child that reads documents: whatever a stranger's bytes do to a parser, they do it here and to nobody else.

It takes questions from its standard input and answers on its standard output, and ends with its parent. It has no setting, no
secret, no table and no address; it cannot write a file, nor take more memory or time than a document is worth.
"""

import ctypes
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import IO

from dispatcher.errors import DispatcherError
from dispatcher.formats.kinds import KINDS, Kind
from dispatcher.sources import documents, govdelivery, questions
from dispatcher.sources.questions import LENGTH, Question
from dispatcher.sources.reading import Document, Reading

MEMORY = (
    256 * 1024 * 1024
)  # on top of what the imports need: 48 MB of addresses, of which 38 MB are in memory
_CPU_SECONDS = 30  # long after the reader gave up: for a child whose parent no longer looks after it
_PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def _message_page(asked: Question, body: bytes) -> Reading:
    return govdelivery.read(body, asked.url)


def _document(_: Question, body: bytes) -> Document:
    return documents.text(body)


Reader = Callable[[Question, bytes], Reading | Document]


def reader(kind: Kind) -> Reader:
    """What reads a source of this kind."""
    found: Reader = import_module(f"dispatcher.sources.{kind.module}").answer
    return found


# Beside the kinds of source there is what these link to.
READERS: Mapping[str, Reader] = {
    **{name: reader(kind) for name, kind in KINDS.items()},
    "document": _document,
    "message": _message_page,
}


def main() -> None:
    """`python -m dispatcher.sources.child PARENT`. The first, empty message says that it is ready."""
    _die_with(int(sys.argv[1]))
    questions_in, answers_out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _confine()
    packed = b""
    while True:
        answers_out.write(questions.framed(packed))
        answers_out.flush()
        asked, body = _message(questions_in), _message(questions_in)
        if asked is None or body is None:
            return
        _allow_time()
        packed = _answer(asked, body)


def _die_with(parent: int) -> None:
    """Asked of the kernel, since a document may keep this process from ever looking at its input again."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    if os.getppid() != parent:  # it died before we asked
        sys.exit()
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group; the parent says when to end


def _confine() -> None:
    """What a parser prints goes nowhere: a hostile document could fill the log. And then no more files, cores and memory."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for inherited in (0, 1, 2):
        os.dup2(nowhere, inherited)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # elsewhere the limit is refused or means nothing
        most = _addresses() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _addresses() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()


def _allow_time() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + _CPU_SECONDS, most))


def _message(source: IO[bytes]) -> bytes | None:
    """Nothing when the parent closed the pipe."""
    length = source.read(LENGTH.size)
    return source.read(*LENGTH.unpack(length)) if len(length) == LENGTH.size else None


def _answer(packed: bytes, body: bytes) -> bytes:
    try:
        asked = questions.question(packed)
        return questions.answered(READERS[asked.kind](asked, body))
    except DispatcherError as failure:
        return questions.failed(failure)
    except MemoryError:
        return questions.exhausted()
    except Exception as failure:  # noqa: BLE001 -- told to the parent, and the next document may be a good one
        return questions.broken(failure, traceback.format_exc(limit=-20)[:4_000])


if __name__ == "__main__":
    main()
