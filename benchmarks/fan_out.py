"""What does it cost to owe a million people one delivery each, with the Told rows that digests subtract?

    python benchmarks/fan_out.py [--people 1000000] [--rounds 3] [--database sqlite] [--database postgresql]

In one run, alternately, each in a process of its own on a fresh copy of the same rows: our fan-out, from the freeze to the last row, and
a bare INSERT … SELECT of the same people into the same tables and indexes, in one transaction, that knows of no reasons, no suppressions
and nobody who left. Both write as in production: SQLite with synchronous FULL, PostgreSQL with fsync. Then ours for fewer people:
does a recipient cost more where there are many? Exits 1 if one of the four figures below is missed.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import django
from million import DATABASES, Postgresql, Sqlite, seed

SLOWEST = 0.8  # times the rows a second of the bare statement
LONGEST = 0.5  # seconds of one transaction
MOST_MEMORY = 150  # MiB of our process
DEAREST = 1.25  # times the cost of a recipient among fewer; runs of the same differ by as much


@dataclass(frozen=True)
class Run:
    """What one process did."""

    rows: int
    seconds: float
    longest: float
    mebibytes: float

    @property
    def each(self) -> float:
        """Microseconds."""
        return self.seconds / self.rows * 1_000_000


def ours() -> None:
    """From the freeze to the end of the cursor, as the task does it."""
    from dispatcher import config
    from dispatcher.mailings import fan_out

    fan_out.pending(config.current())


WHO = (
    "SELECT DISTINCT subscriber_id FROM dispatcher_subscription WHERE topic_id IN (SELECT topic_id FROM dispatcher_match)"
    " AND cadence = 'immediate' AND confirmed_at IS NOT NULL AND ended_at IS NULL"
)


def bare() -> None:
    """The same people in the same tables, by the shortest statements that find and write them."""
    from django.db import connection, transaction

    from dispatcher.models import Bulletin, Mailing
    from dispatcher.models.clock import database_now, for_sql

    now, bulletin = database_now(), Bulletin.objects.get()
    with transaction.atomic():
        mailing = Mailing.objects.create(
            key="bare", kind="bulletin", lane="immediate", state="running", bulletin=bulletin, created_at=now, frozen_at=now, audience=0, nonce="bare"
        )  # fmt: skip
        values = {"mailing": mailing.id, "bulletin": bulletin.id, "now": for_sql(now)}
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO dispatcher_delivery (mailing_id, subscriber_id, state, topics, due_at)"
                f" SELECT %(mailing)s, subscriber_id, 'pending', '1,2', %(now)s FROM ({WHO}) AS who",
                values,
            )
            cursor.execute(
                "INSERT INTO dispatcher_told (subscriber_id, bulletin_id, mailing_id)"
                f" SELECT subscriber_id, %(bulletin)s, %(mailing)s FROM ({WHO}) AS who",
                values,
            )


CONTENDERS: dict[str, Callable[[], None]] = {"ours": ours, "bare": bare}


def run(contender: Callable[[], None]) -> Run:
    """In this process, on the database of the environment."""
    from django.db import transaction

    from dispatcher.models import Delivery

    lengths: list[float] = []

    class Timed(transaction.Atomic):
        """A transaction that says how long it was open, from the wait for its turn to the end of its commit."""

        def __enter__(self) -> None:
            if not transaction.get_connection(self.using).in_atomic_block:
                self.began = time.perf_counter()
            super().__enter__()

        def __exit__(self, *raised: object) -> None:
            super().__exit__(*raised)
            if not transaction.get_connection(self.using).in_atomic_block:
                lengths.append(time.perf_counter() - self.began)

    transaction.Atomic = Timed
    began = time.perf_counter()
    contender()
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Run(Delivery.objects.count(), seconds, max(lengths), peak)


def apart(what: str, url: str, people: int) -> str:
    """Done by a process of its own, what it printed."""
    environment = os.environ | {
        "DISPATCHER_DATABASE_URL": url,
        "DISPATCHER_SECRET_KEY": "only-for-benchmarks-0123456789-abcdefghij",
        "DJANGO_SETTINGS_MODULE": "dispatcher.settings",
    }
    command = [sys.executable, __file__, "--apart", what, "--people", str(people)]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603 -- ourselves


def do_apart(what: str, people: int) -> None:
    django.setup()
    if what == "seed":
        seed(people)
    else:
        say(json.dumps(asdict(run(CONTENDERS[what]))))


def compare(databases: Sqlite | Postgresql, people: int, rounds: int) -> list[str]:
    """On one kind of database. Returns what was missed."""
    fewer = [count for count in (10_000, 100_000) if count < people]
    costs = [measure(databases, count, rounds, "ours")["ours"].each for count in fewer]
    runs = measure(databases, people, rounds, *CONTENDERS)
    mine, ratio = runs["ours"], runs["bare"].each / runs["ours"].each
    dearer = max((mine.each / cost for cost in costs), default=1.0)
    say(
        f"      {ratio:.2f} of the bare statement; a recipient costs {dearer:.2f} of what it costs among fewer"
    )
    figures = {
        f"{ratio:.2f} of the bare statement, not {SLOWEST}": ratio >= SLOWEST,
        f"a transaction of {mine.longest:.3f} s, more than {LONGEST}": mine.longest <= LONGEST,
        f"{mine.mebibytes:.0f} MiB, more than {MOST_MEMORY}": mine.mebibytes <= MOST_MEMORY,
        f"{dearer:.2f} of the cost among fewer, more than {DEAREST}": dearer <= DEAREST,
    }
    return [words for words, met in figures.items() if not met]


def measure(databases: Sqlite | Postgresql, people: int, rounds: int, *who: str) -> dict[str, Run]:
    """Of each contender the run in the middle, with the worst that any run had of what must never be."""
    apart("seed", databases.empty(people), people)
    runs: dict[str, list[Run]] = {name: [] for name in who}
    for _ in range(rounds):
        for name in who:
            with databases.copy() as url:
                runs[name].append(Run(**json.loads(apart(name, url, people))))
    return {name: summed_up(name, several) for name, several in runs.items()}


def summed_up(name: str, runs: list[Run]) -> Run:
    middle = sorted(runs, key=lambda one: one.seconds)[len(runs) // 2]
    longest, memory = max(one.longest for one in runs), max(one.mebibytes for one in runs)
    rates = ", ".join(f"{one.rows / one.seconds:,.0f}" for one in runs)
    say(
        f"{name:>6} {middle.rows:>9,} rows: {middle.each:6.1f} µs each ({rates} a second),"
        f" longest transaction {longest:.3f} s, {memory:.0f} MiB"
    )
    return Run(middle.rows, middle.seconds, longest, memory)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--apart", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.apart:
        do_apart(options.apart, options.people)
        return 0
    missed = []
    for kind in options.database or DATABASES:
        say(kind)
        with DATABASES[kind]() as databases:
            missed += [f"{kind}: {one}" for one in compare(databases, options.people, options.rounds)]
    for one in missed:
        say(f"missed: {one}")
    return int(bool(missed))


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what a benchmark is for


if __name__ == "__main__":
    sys.exit(main())
