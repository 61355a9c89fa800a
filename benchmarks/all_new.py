"""What does it cost when all of it is new? 1,000 feeds on a local server, each polled, read and saved with every entry news.

    python benchmarks/all_new.py [--sources 1000] [--entries 5]

Manners towards hosts are off. Tells the processor time of a whole poll (fetching, the child that reads, rows on SQLite), beside what
feedparser alone takes for the very same documents in the same run, and memory. The entries are as long as those of the agency's feeds.

Everything but feedparser should cost no more than `MOST_ADDED` of feedparser. It costs more than ten times that, so the share is told
beside what is wanted, and not judged. A poll takes 16 statements and two for each new entry, which look up what the entry may be the same
as; before bulletins were saved together and the statements of every poll written out once, it took twice the processor time for one entry,
and half as much again for 25. Of what is left, with 25 entries half is finding out what each may be the same as, an eighth is saved by Django
in four statements, and the rest is reading it in our own words and hashing it; with one entry, what every poll asks weighs as much.
`reading.py` judges reading alone.
"""

import argparse
import asyncio
import itertools
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import partial
from pathlib import Path

import polling
import reading

from dispatcher.sources.reader import let_go

MOST_ADDED = 0.5
SHORT = 0.6
SYLLABLES = "ba car den for gen in lo men ner ous per ri ser tion ur ver"
WORDS = [
    "".join(one) for size in (2, 3) for one in itertools.product(SYLLABLES.split(), repeat=size)
]  # some 4,000, and none with a digit: titles that differ in a number are told apart too cheaply


def document(number: int, entries: int) -> bytes:
    """The same for the same number: it is made by the server, and again for feedparser alone."""
    chance = random.Random(number)  # noqa: S311 -- no secret
    items = "".join(_item(chance, f"https://www.example.gov/{number}/{at}") for at in range(entries))
    return f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>T</title>{items}</channel></rss>'.encode()


def _item(chance: random.Random, link: str) -> str:
    """As at the agency's own feeds: three in five are a rule notice of a line or two, two a message of 700 words."""
    now = formatdate(time.time() // 86_400 * 86_400)
    if chance.random() < SHORT:
        section = f"Chapter II, Section {chance.randrange(2, 110)}"
        title = f"MaineCare Notice of Agency Rule-making Adoption: {section}, {_said(chance, 3)}"
        text = f"The Department adopts changes to {section}. Effective date: March 31. {_said(chance, 16)}."
    else:
        title = f"Attention {_said(chance, 8)}"
        text = "".join(f"&lt;p&gt;{_said(chance, 44)}.&lt;/p&gt;" for _ in range(16))
    return f"<item><title>{title}</title><link>{link}</link><description>{text}</description><pubDate>{now}</pubDate></item>"


def _said(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words)).capitalize()


async def _server(entries: int) -> None:
    async def serve(asks: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        try:
            while head := await asks.readuntil(b"\r\n\r\n"):
                body = document(int(head.split()[1].strip(b"/")), entries)
                kind = b"Content-Type: application/rss+xml"
                answers.write(
                    b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(body), body)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            answers.close()

    server = await asyncio.start_server(serve, "0.0.0.0", 0, backlog=1024)  # noqa: S104 -- all of 127.0.0.0/8, for host groups
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- read by whoever started us
    async with server:
        await server.serve_forever()


@contextmanager
def serving(entries: int) -> Iterator[int]:
    """The server in a process of its own; yields its port."""
    command = [sys.executable, __file__, "--serve", "--entries", str(entries)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 -- ourselves
    assert process.stdout is not None  # noqa: S101 -- tells the type checker
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, default=1_000)
    parser.add_argument(
        "--entries", type=int, default=5, help="new ones in each; more than 10 are a flood, and held"
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(_server(options.entries))
    with serving(options.entries) as port, tempfile.TemporaryDirectory() as home:
        _poll(polling.urls(options.sources, port), options.entries, Path(home))


def _poll(addresses: list[str], entries: int, home: Path) -> None:
    polling.set_up(home)
    polling.declare(addresses)
    from dispatcher import config
    from dispatcher.models import BulletinState, Item
    from dispatcher.sources import poll

    count, memory = len(addresses), polling.memory()
    own, before, began = polling.cpu(), child_cpu(), time.perf_counter()
    polled = poll.due(config.current(), poll.everything())
    own, seconds = polling.cpu() - own, time.perf_counter() - began
    child = child_cpu() - before
    assert {one.outcome for one in polled} == {"ok"}  # noqa: S101 -- else nothing was measured
    told = Item.objects.filter(origins__bulletin__state__in=(BulletinState.UNMATCHED, BulletinState.HELD))
    assert told.count() == count * entries  # noqa: S101 -- as above
    alone = sum(reading.seconds(partial(reading.parse, document(one, entries))) for one in range(count))
    each = f"{own / count * 1e3:.1f} ms of CPU each here, {child / count * 1e3:.1f} ms in the child"
    polling.say(f"{count} polls, {entries} new entries in each: {each}, {count / seconds:.0f} a second")
    added = (own + child) / alone - 1
    shares = f"the child {child / alone:.0%} of it; all but feedparser {added:.1f} times as much, wanted: {MOST_ADDED}"
    polling.say(f"feedparser alone takes {alone / count * 1e3:.1f} ms for one such document: {shares}")
    polling.say(f"memory: {memory} KiB before, {polling.memory() - memory:+} KiB after")


def child_cpu() -> float:
    """Of the reader's children, ended for it: only then is their time told. The next document gets a fresh one."""
    let_go()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
