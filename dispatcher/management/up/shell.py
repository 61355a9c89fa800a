"""A shell beside `dispatcher up`: the file that makes commands there see what the workers see. It holds what was given, passwords too.

A command with another sender or address than the workers' would compose another message than they do, and what was approved so would be
sent back as edited.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from dispatcher.config import PREFIX
from dispatcher.parsing import path

# Given as a path that holds only in the folder where `up` was called.
_PATHS = ("DISPATCHER_DATA_DIR", "DISPATCHER_TOPICS")


def write(folder: Path, told: Mapping[str, str]) -> Path:
    """Write every setting of the children to a file that a shell can read, and only its owner; an earlier one is overwritten."""
    file = folder / "environment"
    given = {name: value for name, value in sorted(told.items()) if name.startswith(PREFIX) and value}
    whole = given | {name: str(path(given[name])) for name in _PATHS if name in given}
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        os.fchmod(out.fileno(), 0o600)  # the file may be an earlier one, or a copy with other rights
        out.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in whole.items())
    return file


def program() -> str:
    """The program as it was called, for a line that can be copied."""
    called = sys.argv[0]
    if Path(called).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m dispatcher"
    return shlex.quote(called)
