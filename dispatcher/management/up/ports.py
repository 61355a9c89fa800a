"""Ports of this machine: is one free, and which one would be."""

import errno
import socket

from dispatcher.errors import BadInput, Busy

HOST = "127.0.0.1"
_HIGHEST = 65535


def check(port: int) -> None:
    """May the pages be served here? Raises Busy or BadInput, which name a port that would do."""
    if not 0 < port <= _HIGHEST:
        raise BadInput("--port", f"there is no port {port}", f"choose one from 1024 to {_HIGHEST}")
    refused = _refused(port)
    if refused == errno.EADDRINUSE:
        other = f"dispatcher up --port {free(port + 1)}"
        raise Busy(f"port {port} is in use → end what listens there, or choose another: `{other}`")
    if refused:
        raise BadInput("--port", f"{port}: {errno.errorcode[refused]}", f"choose one from 1024 to {_HIGHEST}")


def free(first: int) -> int:
    """The first free port from here on."""
    return next(port for port in range(first, _HIGHEST) if not _refused(port))


def _refused(port: int) -> int:
    """Why the kernel would not let us listen; 0 if it would."""
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # what waits after a close is no hindrance
        try:
            probe.bind((HOST, port))
        except OSError as refused:
            return refused.errno or errno.EINVAL
    return 0
