"""The stage of one run of chaos: the works, a feed, a sink that is never killed, a crowd, and what is remembered for the checker."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

import factories as make
import postgres
from chaos.history import Copy, History, Kill, Row
from chaos.plan import Plan
from crowd import OLD, feed, topic_list
from django.db import OperationalError, connections
from website import Website
from works import CONNECTIONS, SECRET_KEY, Process, Works

from dispatcher.formats.tickets import Purpose, sign
from dispatcher.models import Delivery, Journal, Mailing, Relay, Subscriber, Subscription, Suppression, Topic
from dispatcher.models.clock import database_now

LEASE = 3  # seconds


@dataclass
class Stage:
    """What the harms act on. `workers` are those that nobody armed."""

    works: Works
    site: Website
    plan: Plan
    server: postgres.Server | None
    pages: Process
    history: History = field(default_factory=History)
    workers: list[Process] = field(default_factory=list)
    armed: list[Process] = field(default_factory=list)
    beats: list[Process] = field(default_factory=list)
    orphans: list[tuple[float, frozenset[str]]] = field(default_factory=list)
    recovered: list[float] = field(default_factory=list)
    to_leave: list[int] = field(default_factory=list)

    def killed(self, what: str, *processes: int) -> None:
        """Remember who died, to learn how long what they held stays with them. Each may have doubled a message a connection."""
        self.history.kills.append(Kill(what, CONNECTIONS * len(processes)))
        dead = frozenset(map(str, processes))
        if dead & held():
            self.orphans.append((time.monotonic(), dead))

    def look(self) -> None:
        """Which of the dead hold nothing any more?"""
        holding = held()
        for since, processes in list(self.orphans):
            if not processes & holding:
                self.orphans.remove((since, processes))
                self.recovered.append(time.monotonic() - since)

    def leave(self) -> None:
        """The next person leaves with one click, by the link of a message that was on its way to them. Unanswered, they click again."""
        if not self.to_leave:
            return
        address = address_of(self.to_leave[-1])
        delivery = Delivery.objects.filter(subscriber__folded=address).order_by("-id").first()
        if delivery is not None and _click(
            f"{self.works.url}/u/{sign(Purpose.UNSUBSCRIBE, delivery.id, SECRET_KEY)}"
        ):
            self.history.departed[address] = time.time()
            self.to_leave.pop()

    def let_time_pass(self) -> None:
        """Hours, for what waits to be tried again: by its due time, as data."""
        now = database_now()
        Delivery.objects.filter(state="pending", due_at__gt=now).update(due_at=now)
        Relay.objects.filter(retry_at__gt=now).update(retry_at=now)


def _click(link: str) -> bool:
    """True once the page said that they have left. Silence, or trouble with the database, says nothing: it may have happened."""
    try:
        with urlopen(Request(link, data=b"List-Unsubscribe=One-Click"), timeout=10) as answer:
            return answer.status == 200
    except (OSError, HTTPException):
        return False


def held() -> set[str]:
    """The processes that hold deliveries."""
    rows = Delivery.objects.filter(state__in=("claimed", "sending"))
    return {owner.split(":")[1] for owner in rows.values_list("owner", flat=True)}


def address_of(number: int) -> str:
    """Of a person of the crowd."""
    return f"person{number}@example.com"


def gather(plan: Plan) -> frozenset[str]:
    """The crowd, with some whom the sink refuses. Returns those who must get nothing at all."""
    pharmacy = Topic.objects.get(slug="pharmacy")
    names = [address_of(number) for number in range(plan.people)]
    names += [f"{why}{number}@example.com" for why in ("gone", "full", "no") for number in range(2)]
    never = [f"never{number}@example.com" for number in range(plan.suppressed + plan.unconfirmed)]
    Subscriber.objects.bulk_create(
        Subscriber(address=one, folded=one, created_at=make.LONG_AGO) for one in names + never
    )
    unconfirmed = set(never[plan.suppressed :])
    Subscription.objects.bulk_create(
        Subscription(
            subscriber=one, topic=pharmacy, cadence="immediate", consent="test", created_at=make.LONG_AGO,
            confirmed_at=None if one.folded in unconfirmed else make.LONG_AGO,
        )
        for one in Subscriber.objects.filter(folded__in=names + never)
    )  # fmt: skip
    Suppression.objects.bulk_create(
        Suppression(folded=one, reason="complaint", evidence="test", since=make.LONG_AGO)
        for one in never[: plan.suppressed]
    )
    return frozenset(never)


@contextmanager
def sink(home: Path, seed: int) -> Iterator[tuple[str, Path]]:
    """Its URL, and the file that it writes."""
    file = home / "sink.jsonl"
    command = [sys.executable, str(Path(__file__).with_name("sink.py")), str(file), str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"smtp://127.0.0.1:{process.stdout.readline().strip()}", file
    finally:
        process.kill()
        process.wait()


def copies(file: Path) -> list[Copy]:
    """What the sink wrote."""
    if not file.exists():
        return []
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    answered = {one["answered"] for one in lines if "answered" in one}
    return [
        Copy(one["at"], one["id"], one["to"], one["digest"], one["number"] in answered)
        for one in lines
        if "number" in one
    ]


def read_rows(history: History) -> None:
    """What the database says in the end."""
    history.audiences = dict(Mailing.objects.values_list("nonce", "audience"))
    unfinished = Mailing.objects.exclude(state="done")
    history.unfinished = [f"{one} is {one.state}: {one.why}" for one in unfinished]
    rows = Delivery.objects.values_list(
        "id", "mailing__nonce", "subscriber__folded", "state", "reason", "doubts", "recovered"
    )
    history.rows = [Row(*row) for row in rows]
    history.journal = Journal.broken_at()


@contextmanager
def staged(
    home: Path, plan: Plan, database: str, server: postgres.Server | None
) -> Iterator[tuple[Stage, Path]]:
    """Everything but workers and timetable runs; the file is the sink's."""
    with Website() as site, sink(home, plan.seed) as (url, file):
        site.pages["/feed"] = feed(OLD)
        topics = topic_list(home, site.url("/feed"))
        never = gather(plan)
        settings = {
            "DATABASE_URL": database,
            "TOPICS": str(topics),
            "SMTP_URL": url,
            "LEASE_SECONDS": str(LEASE),
        }
        with Works(home, **settings) as works:
            stage = Stage(works, site, plan, server, works.web(), to_leave=list(plan.leaving))
            stage.history.never = never
            yield stage, file


def retried(act: Callable[[], object]) -> None:
    """While the database is away there is nothing to be done; it is tried again the next time round."""
    try:
        act()
    except OperationalError:
        connections.close_all()
