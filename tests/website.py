"""A web site for the tests of polling: pages that a test changes while it runs, and what was asked of them.

with Website() as site:
    site.pages["/feed"] = Page(b"<rss>…", headers={"ETag": '"1"'})
    site.url("/feed")
    site.asked          # (path, headers) of each request
"""

from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self


@dataclass(frozen=True)
class Page:
    """What stands at a path."""

    body: bytes
    status: int = 200
    type: str = "application/rss+xml"
    headers: dict[str, str] = field(default_factory=dict)


class Website:
    """Serves on loopback while entered. A page with an ETag answers 304 to whoever has it."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, site: Website, *arguments) -> None:
        self._site = site
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._site.asked.append((self.path, dict(self.headers)))
        page = self._site.pages.get(self.path, Page(b"not here", status=404))
        known = page.headers.get("ETag")
        if known and self.headers.get("If-None-Match") == known:
            self._answer(304, page, b"")
        else:
            self._answer(page.status, page, page.body)

    def _answer(self, status: int, page: Page, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", page.type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
