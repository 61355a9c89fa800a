"""How fast is the whole product's sending: claim, splice, hand over, write down, in one worker process?

    make bench-delivery        or:  PYTHONPATH=tests python benchmarks/delivery.py [--messages 20000] [--rounds 3] [--largest 100000]

The relay is Postfix's `smtp-sink`; the message has 12 KB in two forms and personal links. In the same run and against the same sink:
Postfix's `smtp-source`, aiosmtplib, Django's mail and django-post_office (`pip install --group bench`; left out if it is not there). Then
with 20 ms of latency, and with ever more people. Figures are ratios of medians; each row says what is wanted. Exits 1 if one is missed.
"""

import argparse
import importlib.util
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import postgres
from delivery_stage import Deployment, databases, delayed, peer, sink, source, sync_ms

CONNECTIONS = {"sqlite": 32, "postgresql": 32}
WANTED = {"sqlite": 1.0, "postgresql": 0.7}
LATENCY = 0.02
MEMORY = 150  # MB


@dataclass(frozen=True)
class Figure:
    """One line of the answer."""

    what: str
    found: float
    wanted: float
    unit: str = "×"
    at_most: bool = False

    @property
    def missed(self) -> bool:
        return self.found > self.wanted if self.at_most else self.found < self.wanted


def main() -> int:
    asked = _asked()
    figures = []
    with sink() as port:
        for figure in _figures(port, asked):
            mark, sign = "✗" if figure.missed else "✓", "≤" if figure.at_most else "≥"
            _tell(
                f"{mark} {figure.what:66} {figure.found:8.2f} {figure.unit}   wanted {sign} {figure.wanted:g}"
            )
            figures.append(figure)
    return int(any(one.missed for one in figures))


def _figures(port: int, asked: argparse.Namespace) -> Iterator[Figure]:
    with databases("sqlite") as (home, url):
        ours = Deployment(home, url, asked.messages)
        _tell(f"a message has {ours.filled['bytes']} bytes; a sync of this disk takes {sync_ms(home):.2f} ms")
        yield from _beside_source("sqlite", ours, port, asked)
        rate = statistics.median(ours.send(port, CONNECTIONS["sqlite"])["rate"] for _ in range(asked.rounds))
        yield from _beside_peers(rate, port)
        yield _far_away(home, port)
    if missing := postgres.missing():
        _tell(f"PostgreSQL is left out: {missing}")
    else:
        with databases("postgresql") as (home, url):
            yield from _beside_source("postgresql", Deployment(home, url, asked.messages), port, asked)
    yield from _growing(port, asked.largest)


def _beside_source(kind: str, ours: Deployment, port: int, asked: argparse.Namespace) -> Iterator[Figure]:
    """Turn by turn, so that whatever else the machine does meets both."""
    theirs, mine, memory = [], [], 0.0
    for _ in range(asked.rounds):
        theirs.append(source(port, asked.messages, int(ours.filled["bytes"])))
        took = ours.send(port, CONNECTIONS[kind])
        mine.append(took["rate"])
        memory = max(memory, took["memory"])
        _tell(
            f"  {kind}: ours {mine[-1]:,.0f}/s ({took['cpu'] / took['sent'] * 1e6:.0f} µs of CPU each), smtp-source {theirs[-1]:,.0f}/s"
        )
    ratio = statistics.median(one / other for one, other in zip(mine, theirs, strict=True))
    yield Figure(f"{kind}, {CONNECTIONS[kind]} connections, of smtp-source -d -s 8", ratio, WANTED[kind])
    yield Figure(f"{kind}: memory of the sender", memory, MEMORY, "MB", at_most=True)


def _beside_peers(rate: float, port: int) -> Iterator[Figure]:
    ways: list[tuple[str, str, Callable[[], float], float]] = [
        ("", "aiosmtplib and EmailMessage over 8 connections", lambda: peer("built", port, 400), 20),
        ("", "Django's send_mass_mail over one connection", lambda: peer("django", port, 400), 20),
        ("post_office", "django-post_office with two processes", lambda: peer("post_office", port, 2000), 10),
    ]
    for module, name, measure, wanted in ways:
        if module and importlib.util.find_spec(module) is None:
            _tell(f"  {name}: left out, it is not installed (pip install --group bench)")
            continue
        theirs = measure()
        yield Figure(f"of {name} ({theirs:,.0f}/s)", rate / theirs, wanted)


def _far_away(home: Path, port: int) -> Figure:
    """Behind a real network a round trip is what a message costs."""
    messages = 2_000
    folder = home / "far"
    folder.mkdir()
    ours = Deployment(folder, f"sqlite:///{folder / 'dispatcher.sqlite3'}", messages)
    with delayed(port, LATENCY) as far:
        theirs = peer("ready", far, messages // 4)
        mine = ours.send(far, 8)["rate"]
    return Figure(
        f"with {LATENCY * 1000:.0f} ms of latency, 8 connections, of aiosmtplib ({theirs:,.0f}/s)",
        mine / theirs,
        3,
    )


def _growing(port: int, largest: int) -> Iterator[Figure]:
    """What one message costs in CPU, with ever more people in the mailing."""
    costs: list[float] = []
    people = 10_000
    while people <= largest:
        with databases("sqlite") as (home, url):
            took = Deployment(home, url, people).send(port, CONNECTIONS["sqlite"])
        costs.append(took["cpu"] / took["sent"])
        yield Figure(
            f"{people:,} people: CPU a message, of that with 10,000", costs[-1] / costs[0], 1.2, at_most=True
        )
        yield Figure(f"{people:,} people: memory of the sender", took["memory"], MEMORY, "MB", at_most=True)
        people *= 10


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How fast is sending?")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--largest", type=int, default=100_000, help="the largest audience; 1000000 takes half an hour"
    )
    return parser.parse_args()


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- for whoever runs this


if __name__ == "__main__":
    sys.exit(main())
