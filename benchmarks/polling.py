"""What does polling cost when nothing is new, which is nearly always? 1,000 sources on a local server, all answering 304.

    python benchmarks/polling.py [--sources 1000] [--polls 10000]

In one run, alternately: our fetching, and bare aiohttp with one session and as many requests under way. Manners towards hosts are off,
as they would measure our patience. Then whole polls with their rows on SQLite: seconds of CPU for each, and memory from the first to
the last. Then what it costs to save 500 new notices beside 500 of another source, each held against each. Exits 1 if ours is slower
than `SLOWEST` of bare aiohttp, or if memory grows by more than `GROWTH`.
"""

import argparse
import asyncio
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import django
from django.db import transaction

from dispatcher.sources.fetch import Answer, Limits, Request, fetch_all

SLOWEST = 0.5  # times the requests a second of bare aiohttp
GROWTH = 8 * 1024  # KiB
AT_ONCE = 32
HOSTS = 200  # addresses of the loopback network, each a host group of its own
ROUNDS = 5
NOTICES = 500

UNCHANGED = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(UNCHANGED)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _server() -> None:
    server = await asyncio.start_server(_serve, "0.0.0.0", 0, backlog=1024)  # noqa: S104 -- all of 127.0.0.0/8, for host groups
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- read by whoever started us
    async with server:
        await server.serve_forever()


@contextmanager
def serving() -> Iterator[int]:
    """The server in a process of its own; yields its port."""
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)  # noqa: S603 -- ourselves
    assert process.stdout is not None  # noqa: S101 -- tells the type checker
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def urls(count: int, port: int) -> list[str]:
    return [f"http://127.0.{1 + number % HOSTS}.1:{port}/{number}" for number in range(count)]


def ours(addresses: list[str]) -> float:
    """Requests a second."""
    limits = Limits(at_once=AT_ONCE, pause_seconds=0)
    began = time.perf_counter()
    answers = fetch_all(
        [Request(one, etag='"1"', allow_private=True) for one in addresses], limits, "benchmark"
    )
    taken = time.perf_counter() - began
    assert all(isinstance(one, Answer) and one.status == 304 for one in answers)  # noqa: S101 -- else nothing was measured
    return len(addresses) / taken


def bare(addresses: list[str]) -> float:
    """As above."""

    async def one(session: aiohttp.ClientSession, turn: asyncio.Semaphore, url: str) -> int:
        async with turn, session.get(url, headers={"If-None-Match": '"1"'}) as response:
            await response.read()
            return response.status

    async def run() -> list[int]:
        turn = asyncio.Semaphore(AT_ONCE)
        async with aiohttp.ClientSession() as session:
            return await asyncio.gather(*(one(session, turn, url) for url in addresses))

    import uvloop

    began = time.perf_counter()
    assert set(uvloop.run(run())) == {304}  # noqa: S101 -- as above
    return len(addresses) / (time.perf_counter() - began)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, default=1_000)
    parser.add_argument("--polls", type=int, default=10_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(_server())
    with serving() as port, tempfile.TemporaryDirectory() as home:
        share = _compare(urls(options.sources, port))
        grown = _poll(urls(options.sources, port), options.polls, Path(home))
        _take_in()
    return int(share < SLOWEST or grown > GROWTH)


def _compare(addresses: list[str]) -> float:
    measured = [(ours(addresses), bare(addresses)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(column) for column in zip(*measured, strict=True))
    told = f"{mine / theirs:.2f} of it; wanted: {SLOWEST}"
    say(f"unchanged answers a second: ours {mine:.0f}, bare aiohttp {theirs:.0f}: {told}")
    return mine / theirs


def _poll(addresses: list[str], polls: int, home: Path) -> int:
    """Whole polls, rows and all. Returns by how many KiB memory grew after the first round."""
    set_up(home)
    from dispatcher import config
    from dispatcher.models import Source
    from dispatcher.sources import poll

    declare(addresses)
    poll.due(config.current())
    resident, used, began = memory(), cpu(), time.perf_counter()
    rounds = max(1, polls // len(addresses))
    for _ in range(rounds):
        poll.due(config.current(), poll.everything())
    count = rounds * len(addresses)
    grown = memory() - resident
    assert set(Source.objects.values_list("outcome", flat=True)) == {"unchanged"}  # noqa: S101 -- as above
    each = (cpu() - used) / count * 1_000
    seconds = time.perf_counter() - began
    say(
        f"{count} polls of {len(addresses)} sources: {each:.2f} ms of CPU each, {count / seconds:.0f} a second"
    )
    say(f"memory: {resident} KiB after the first round, {grown:+} KiB after the last")
    return grown


def _take_in() -> None:
    """What waits meanwhile, on SQLite, is everybody who wants to write."""
    from dispatcher.models import Source
    from dispatcher.models.clock import database_now
    from dispatcher.sources import intake
    from dispatcher.sources.declared import Declared
    from dispatcher.sources.reading import Reading, Record

    now, chance = database_now(), random.Random(1)  # noqa: S311 -- no secret
    words = [f"word{number}" for number in range(400)]
    for slug in ("one", "other"):
        source = Source.objects.create(
            slug=slug, name=slug, kind="feed", url=f"https://{slug}.example/", enabled=True, due_at=now, baselined_at=now
        )  # fmt: skip
        records = [
            Record(
                "", " ".join(["Notice of", *chance.choices(words, k=6)]), f"https://{slug}.example/n/{number}",
                "".join(f"<p>{' '.join(chance.choices(words, k=60))}.</p>" for _ in range(4)), now,
            )
            for number in range(NOTICES)
        ]  # fmt: skip
        began = cpu()
        with transaction.atomic():
            declared = Declared.of(source.kind, source.url, source.declared)
            intake.take_in(source, Reading("", tuple(records)), declared, now, flood_limit=NOTICES)
        say(f"{NOTICES} new notices of source {slug}: {cpu() - began:.2f} s of CPU to save them")


def set_up(home: Path) -> None:
    os.environ |= {
        "DISPATCHER_DATA_DIR": str(home),
        "DISPATCHER_DATABASE_URL": f"sqlite:///{home}/polls.sqlite3",
        "DISPATCHER_SECRET_KEY": "only-for-benchmarks-0123456789-abcdefghij",
        "DJANGO_SETTINGS_MODULE": "dispatcher.settings",
    }
    django.setup()
    from django.core.management import call_command
    from django.core.management.commands.migrate import Command as Migrate

    call_command(Migrate(), verbosity=0)


def declare(addresses: list[str]) -> None:
    """As after a good first poll, so that validators are sent."""
    from dispatcher.models import Source
    from dispatcher.models.clock import database_now
    from dispatcher.sources import body_hash
    from dispatcher.sources.declared import Declared

    now, entry = database_now(), {"allow_private": True, "every_minutes": 30}
    for number, url in enumerate(addresses):
        Source.objects.create(
            slug=f"feed-{number}", name="Feed", kind="feed", url=url, enabled=True, declared=entry, due_at=now, baselined_at=now,
            last_success_at=now, outcome="ok", etag='"1"', read_hash=Declared.of("feed", url, entry).read_hash,
            body_hash=body_hash.of(b""),
        )  # fmt: skip


def memory() -> int:
    """Resident now, in KiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    sys.exit(main())
