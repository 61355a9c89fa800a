"""The samples as a web site on loopback: each source answers with its file of the poll that is being played."""

import re
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Self

from dispatcher.errors import BadInput

_SAMPLE = re.compile(r"(?P<source>[a-z][a-z0-9-]*)-(?P<poll>[1-9]\d*)\.(?P<suffix>rss|html|xml)")
_LINKED = re.compile(r"bulletin-(?P<hex>[0-9a-f]+)\.html")
_TYPES = {"rss": "application/rss+xml", "xml": "application/xml", "html": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Samples:
    """A folder of samples: for each source its files in the order of the polls, and the pages that bulletins link to."""

    polls: dict[str, list[Path]]
    linked: dict[str, Path]

    @property
    def count(self) -> int:
        """How many polls there are to play."""
        return max(len(files) for files in self.polls.values())

    @classmethod
    def of(cls, folder: Path, known: frozenset[str]) -> Self:
        """Read the names. Raises BadInput for a file of no known source, and for a folder without any."""
        found: dict[str, dict[int, Path]] = {}
        linked: dict[str, Path] = {}
        for file in sorted(folder.glob("*")):
            if page := _LINKED.fullmatch(file.name):
                linked[page["hex"]] = file
            elif sample := _SAMPLE.fullmatch(file.name):
                _check_known(file, sample["source"], known)
                found.setdefault(sample["source"], {})[int(sample["poll"])] = file
            elif file.name != "README.md":
                raise BadInput(
                    str(file),
                    "is no sample",
                    "names are <source>-<poll>.rss, <source>-<poll>.html, bulletin-<hex>.html",
                )
        if not found:
            raise BadInput(
                str(folder), "holds no samples", "name a folder with files such as policy-rules-1.rss"
            )
        return cls({source: _in_order(source, files) for source, files in found.items()}, linked)


def _check_known(file: Path, source: str, known: frozenset[str]) -> None:
    if source not in known:
        raise BadInput(
            str(file), f"no source is called {source!r}", f"topics.yaml declares: {', '.join(sorted(known))}"
        )


def _in_order(source: str, files: dict[int, Path]) -> list[Path]:
    if sorted(files) != list(range(1, len(files) + 1)):
        raise BadInput(f"samples of {source}", f"polls {sorted(files)}", "number them 1, 2, … without a gap")
    return [files[number] for number in sorted(files)]


class Site:
    """The running site. `poll` is the number of the poll being played; a source with fewer files repeats its last."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        self.poll = 1
        handler = partial(_Handler, self)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, source: str) -> str:
        """Where this source is polled."""
        return f"http://127.0.0.1:{self._server.server_port}/{source}"

    def file(self, path: str) -> Path | None:
        """What stands at a path."""
        name = path.strip("/").split("?")[0]
        if name in self.samples.polls:
            files = self.samples.polls[name]
            return files[min(self.poll, len(files)) - 1]
        return self.samples.linked.get(name.rpartition("/")[2])


class _Handler(BaseHTTPRequestHandler):
    """Answers GET; says nothing on the terminal."""

    def __init__(self, site: Site, *arguments: object) -> None:
        self._site = site
        super().__init__(*arguments)  # type: ignore[arg-type]  # the server hands over what its base class wants

    def do_GET(self) -> None:
        """One file, or 404."""
        file = self._site.file(self.path)
        if file is None:
            self.send_error(404)
            return
        body = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", _TYPES[file.suffix.lstrip(".")])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Quiet: the demo tells what happens in its own words."""
