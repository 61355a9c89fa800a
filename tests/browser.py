"""A real browser for tests: Chromium without a window, driven over a pipe by its own protocol, so that no port is open.

with Browser() as browser:
    page = browser.page("http://127.0.0.1:8000/", width=320, dark=True)
    page.ask("document.title")
    page.complaints     # what its console says about the page: refused scripts, missing files
"""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self


def missing() -> str:
    """Why there is no browser; empty if there is one."""
    return "" if shutil.which("chromium") else "no chromium on the PATH (Debian: apt-get install chromium)"


class Browser:
    """Runs while entered."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        (orders, self._to), (self._from, answers) = os.pipe(), os.pipe()
        options = ["--headless", "--remote-debugging-pipe", f"--user-data-dir={self._folder.name}"]
        options += ["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        # Its own sandbox refuses to run as root, as in a container.
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        # It reads orders from descriptor 3 and answers on 4. A shell puts ours there, from numbers that can't be in the way.
        theirs = [fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (orders, answers)]
        command = ["bash", "-c", 'exec chromium "$@" 3<&{} 4>&{}'.format(*theirs), "chromium", *options]
        self._process = subprocess.Popen(command, pass_fds=theirs, stderr=subprocess.DEVNULL)
        for one in (orders, answers, *theirs):
            os.close(one)
        self._unread, self._orders = b"", 0
        self._hear: dict[str, Callable[[dict[str, Any]], None]] = {}
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._folder.cleanup()

    def page(self, url: str, *, width: int = 1000, dark: bool = False) -> "Page":
        """Open an address in a tab of its own, as wide as a screen, and wait until it is loaded."""
        tab = self.order("Target.createTarget", url="about:blank")["targetId"]
        session = self.order("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        page = Page(self, session)
        self._hear[session] = page.heard
        page.open(url, width, "dark" if dark else "light")
        return page

    def order(self, method: str, session: str | None = None, **arguments: object) -> dict[str, Any]:
        """Give an order and wait for its answer; what is told meanwhile goes to the page it is about."""
        self._orders += 1
        order = {"id": self._orders, "method": method, "params": arguments}
        os.write(self._to, json.dumps(order | ({"sessionId": session} if session else {})).encode() + b"\0")
        while (answer := self.read()).get("id") != self._orders:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def read(self) -> dict[str, Any]:
        """The next thing it says."""
        while b"\0" not in self._unread:
            read = os.read(self._from, 65536)
            assert read, "the browser has ended"
            self._unread += read
        one, _, self._unread = self._unread.partition(b"\0")
        said = json.loads(one)
        if said.get("method") and said.get("sessionId") in self._hear:
            self._hear[said["sessionId"]](said)
        return said


@dataclass
class Page:
    """A tab with a page in it."""

    browser: Browser
    session: str
    complaints: list[str] = field(default_factory=list)
    loaded: bool = False

    def open(self, url: str, width: int, scheme: str) -> None:
        for domain in ("Page", "Log", "Runtime"):
            self._order(f"{domain}.enable")
        self._order(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=True
        )
        self._order(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        self._order("Page.navigate", url=url)
        while not self.loaded:
            self.browser.read()

    def ask(self, expression: str) -> Any:
        """The value of an expression; the browser's console may ask where the page's own policy forbids scripts."""
        return self._order("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get(
            "value"
        )

    def comes(self, expression: str, within: float = 10) -> bool:
        """Whether an expression becomes true: what a page draws, such as its focus, may follow after it is loaded."""
        end = time.monotonic() + within
        while not (true := bool(self.ask(expression))) and time.monotonic() < end:
            time.sleep(0.02)
        return true

    def fill(self, selector: str, text: str) -> None:
        """Type into a field, as a keyboard would."""
        self.ask(f"document.querySelector({selector!r}).focus()")
        self._order("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of what is there."""
        middle = f"(() => {{ const one = document.querySelector({selector!r}); one.scrollIntoView({{block: 'center'}});"
        middle += " const box = one.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2] })()"
        x, y = self.ask(middle)
        for kind in ("mousePressed", "mouseReleased"):
            self._order(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1
            )

    def send(self, selector: str) -> str:
        """Click what sends a form, wait for the answer, and read it."""
        self.loaded = False
        self.click(selector)
        while not self.loaded:
            self.browser.read()
        return self.text

    @property
    def text(self) -> str:
        """What a reader sees."""
        return str(self.ask("document.body.innerText"))

    def heard(self, said: dict[str, Any]) -> None:
        if said["method"] == "Page.loadEventFired":
            self.loaded = True
        if said["method"] == "Log.entryAdded":
            self.complaints.append(said["params"]["entry"]["text"])

    def _order(self, method: str, **arguments: object) -> dict[str, Any]:
        return self.browser.order(method, self.session, **arguments)
