"""How soon is somebody answered who leaves with one click while a mailing goes out on SQLite?

    python benchmarks/one_click.py [--people 100000] [--a-second 20]

Three processes, as in production: the pages under gunicorn, one worker that sends over 32 connections to Postfix's `smtp-sink`, and whoever
clicks, at even times whether or not the one before was answered yet. Each click ends a subscription, in the file that the sender writes to.
Exits 1 if the 99th percentile is above 250 ms, or if the mailing is out before enough have clicked.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import aiohttp
from delivery_stage import Deployment, databases, free_port, sink, sync_ms, wait_for

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatcher.settings")

from dispatcher.formats.tickets import Purpose, sign

LONGEST = 0.25  # seconds
FEWEST = 100  # clicks


def main() -> int:
    asked = _asked()
    with sink() as relay, databases("sqlite") as (home, url):
        ours = Deployment(home, url, asked.people)
        ours.again()
        port = free_port()
        with _pages(port, ours.environment), ours.sending(relay, 32) as sender:
            began = time.monotonic()
            took = asyncio.run(_click(port, asked, sender, ours.environment["DISPATCHER_SECRET_KEY"]))
            seconds = time.monotonic() - began
        took.sort()
        p50, p99, most = (took[int(len(took) * part)] * 1000 for part in (0.5, 0.99, 0.9999))
        good = p99 <= LONGEST * 1000 and len(took) >= FEWEST
        _tell(
            f"{'✓' if good else '✗'} {len(took)} clicks while {asked.people:,} mails went out in {seconds:.0f} s: "
            f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {most:.0f} ms   wanted: p99 ≤ {LONGEST * 1000:.0f} ms "
            f"(a sync of this disk takes {sync_ms(home):.2f} ms)"
        )
    return int(not good)


@contextmanager
def _pages(port: int, environment: dict[str, str]) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "dispatcher.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "4",
    ]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:  # noqa: S603 -- our own program
        try:
            wait_for(port)
            urlopen(f"http://127.0.0.1:{port}/healthz").close()  # the first answer waits until all is loaded
            yield
        finally:
            server.terminate()


async def _click(
    port: int, asked: argparse.Namespace, sender: subprocess.Popen[str], key: str
) -> list[float]:
    """From the last copy backwards, so that some have got theirs and most have not; until the sender has ended."""
    took: list[float] = []

    async def click(number: int) -> None:
        link = f"http://127.0.0.1:{port}/u/{sign(Purpose.UNSUBSCRIBE, number, key)}"
        began = time.monotonic()
        async with session.post(link, data={"List-Unsubscribe": "One-Click"}) as answer:
            assert answer.status == 200, (number, answer.status, await answer.text())  # noqa: S101 -- else nothing was measured
        took.append(time.monotonic() - began)

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for number in range(asked.people, 0, -1):
            if sender.poll() is not None:
                break
            group.create_task(click(number))
            await asyncio.sleep(1 / asked.a_second)
    return took


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How soon is one click answered while mail goes out?")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--a-second", type=float, default=20, help="clicks")
    return parser.parse_args()


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- for whoever runs this


if __name__ == "__main__":
    sys.exit(main())
