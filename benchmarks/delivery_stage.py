"""What `delivery.py` needs around it: Postfix's sink and source, a proxy that delays, databases as in production, our own sender."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import postgres

_HERE = Path(__file__).parent
INSTALL = (
    "smtp-sink and smtp-source are Postfix's; Debian: apt-get install postfix (they need no running Postfix)"
)


def tool(name: str) -> str:
    """Where one of Postfix's test programs lies."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        sys.exit(INSTALL)
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def sink() -> Iterator[int]:
    """A relay that takes everything; its port."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with _running(tool("smtp-sink"), *user, f"127.0.0.1:{port}", "4096"):
        wait_for(port)
        yield port


@contextmanager
def delayed(port: int, seconds: float) -> Iterator[int]:
    """The same relay, farther away: each direction takes half of so many seconds longer."""
    near = free_port()
    with _running(sys.executable, __file__, str(near), str(port), str(seconds / 2)):
        wait_for(near)
        yield near


def source(port: int, messages: int, size: int) -> float:
    """Messages a second of Postfix's own load generator: eight connections that stay open, one message for all."""
    began = time.monotonic()
    command = [
        tool("smtp-source"),
        "-d",
        "-s",
        "8",
        "-m",
        str(messages),
        "-l",
        str(size),
        f"127.0.0.1:{port}",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 -- a fixed program
    return messages / (time.monotonic() - began)


def peer(way: str, port: int, messages: int, connections: int = 8) -> float:
    """Messages a second of another way to send."""
    command = [
        sys.executable,
        str(_HERE / "delivery_peers.py"),
        way,
        str(port),
        str(messages),
        str(connections),
    ]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 -- as above
    return messages / float(said.split()[-1])


class Deployment:
    """Ours, on one database, with people who are owed a message."""

    def __init__(self, home: Path, database: str, people: int) -> None:
        self.environment = os.environ | {
            "DISPATCHER_DATA_DIR": str(home), "DISPATCHER_DATABASE_URL": database, "DISPATCHER_SEND": "on",
            "DISPATCHER_FROM": "MaineCare <notices@example.gov>", "DISPATCHER_SECRET_KEY": "benchmarks-0123456789-abcdefghijkl",
            "DISPATCHER_BOUNCE_DOMAIN": "bounces.example.gov", "DISPATCHER_PUBLIC_URL": "https://notices.example.gov",
            "DISPATCHER_SMTP_MESSAGES": "100000",
        }  # fmt: skip
        self.filled = self._step("fill", str(people))

    def send(self, port: int, connections: int) -> dict[str, float]:
        """All of it, once more; what it took, and the messages a second."""
        self.again()
        self._reach(port, connections)
        took = self._step("send")
        assert took["sent"] == self.filled["people"], took  # noqa: S101 -- else nothing was measured
        return took | {"rate": took["sent"] / took["seconds"]}

    @contextmanager
    def sending(self, port: int, connections: int) -> Iterator[subprocess.Popen[str]]:
        """The same, while something else is done."""
        self._reach(port, connections)
        command = [sys.executable, str(_HERE / "delivery_sender.py"), "send"]
        with subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, text=True) as sender:  # noqa: S603 -- as above
            yield sender

    def again(self) -> None:
        """As if nothing had been sent yet."""
        self._step("again")

    def _reach(self, port: int, connections: int) -> None:
        self.environment["DISPATCHER_SMTP_URL"] = f"smtp://127.0.0.1:{port}"
        self.environment["DISPATCHER_SMTP_CONNECTIONS"] = str(connections)

    def _step(self, *step: str) -> dict[str, float]:
        command = [sys.executable, str(_HERE / "delivery_sender.py"), *step]
        done = subprocess.run(command, env=self.environment, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- as above
        answer: dict[str, float] = json.loads(done.stdout)
        return answer


@contextmanager
def databases(wanted: str) -> Iterator[tuple[Path, str]]:
    """A folder and the URL of an empty database, on disk and as durable as in production."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="delivery-", dir=_HERE.parent)))
        if wanted == "sqlite":
            yield home, f"sqlite:///{home / 'dispatcher.sqlite3'}"
        else:
            server = stack.enter_context(postgres.Server(durable=True))
            yield home, server.url(server.create())


def sync_ms(folder: Path) -> float:
    """What a commit waits for on this disk, in milliseconds: the measure of how busy it is."""
    with (folder / "sync").open("wb", buffering=0) as file:
        began = time.monotonic()
        for _ in range(50):
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
    return (time.monotonic() - began) * 1000 / 50


@contextmanager
def _running(*command: str) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 -- our own programs
    try:
        yield
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    """Until somebody listens there."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    sys.exit(f"nothing listens on port {port}")


async def _pass_on(near: int, far: int, seconds: float) -> None:
    """Bytes in both directions, each piece a while after it came."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(65_536):
            loop.call_later(seconds, writer.write, data)
        loop.call_later(seconds, writer.close)

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", far)
        await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)

    server = await asyncio.start_server(meet, "127.0.0.1", near)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_pass_on(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
