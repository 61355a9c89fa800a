"""One `dispatcher up` a data folder. The lock is the kernel's: it is gone with the process, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dispatcher.errors import Busy


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder while entered. Raises Busy, which names the process that has it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = folder / "up.lock"
    # The file stays when we leave: whoever removed it could remove one that a third process had just locked.
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(_taken(folder, lock.read_text())) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _taken(folder: Path, process: str) -> str:
    end = f"end it (kill {process})" if process else "wait a moment"
    return (
        f"{folder}: `dispatcher up` runs on this data folder already, process {process or 'just starting'}"
        f" → {end}, or set DISPATCHER_DATA_DIR to another folder"
    )
