"""A web server on this machine that does as it is told: it drips, breaks off, packs, redirects, and remembers who asked."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CERTIFICATE = Path(__file__).parent / "delivery" / "localhost.pem"  # names `localhost` and nothing else

Route = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Web:
    """Answers on every loopback address, each path by its route. Header values are kept as they came."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.busy = self.busiest = 0
        self.ports: dict[str, int] = {}

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.ports[scheme]}{path}"

    def says(self, path: str, *parts: bytes, status: str = "200 OK", wait: float = 0, **headers: str) -> None:
        """The parts go out one by one, after a wait each; then the connection is closed."""
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

        async def route(writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1"))
            for part in parts:
                await asyncio.sleep(wait)
                writer.write(part)
                await writer.drain()

        self.routes[path] = route

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            await self._answer(reader, writer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            writer.transport.abort()  # the other side has left, or the test is over
        finally:
            self.busy -= 1

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        path = first.split(" ")[1]
        self.asked.append(
            (path, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)})
        )
        await self.routes[path](writer)

    async def run(self, up: threading.Event, stop: list[Callable[[], None]]) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        down = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(down.set))
        plain = await asyncio.start_server(self._serve, "0.0.0.0", 0)  # noqa: S104 -- all of 127.0.0.0/8, for host groups
        secure = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        async with plain, secure:
            self.ports = {
                "http": plain.sockets[0].getsockname()[1],
                "https": secure.sockets[0].getsockname()[1],
            }
            up.set()
            await down.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def running() -> Iterator[Web]:
    """The server in a thread of its own."""
    web, up, stop = Web(), threading.Event(), []
    thread = threading.Thread(target=lambda: asyncio.run(web.run(up, stop)))
    thread.start()
    try:
        assert up.wait(5)
        yield web
    finally:
        stop[0]()
        thread.join(5)
