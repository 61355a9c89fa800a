"""The rows of a benchmark: as many people as are asked for, who follow topics, on databases that write as production does."""

import itertools
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from django.db import connection, transaction

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import postgres

_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %(people)s)"
_SUBSCRIBE = (
    "INSERT INTO dispatcher_subscription"
    " (subscriber_id, topic_id, cadence, consent, created_at, confirmed_at, ended_because)"
)
# Everybody follows one topic, every third person a second one too, now and then for a digest; one in a hundred is suppressed.
_SEED = (
    f"""INSERT INTO dispatcher_subscriber (address, folded, created_at) {_NUMBERS}
        SELECT 'person' || n || '@example.com', 'person' || n || '@example.com', %(then)s FROM numbers""",
    f"""{_SUBSCRIBE} SELECT id, %(first)s, 'immediate', 'a form', %(then)s, %(then)s, '' FROM dispatcher_subscriber""",
    f"""{_SUBSCRIBE} SELECT id, %(second)s, CASE WHEN id %% 5 = 0 THEN 'daily' ELSE 'immediate' END, 'a form', %(then)s, %(then)s, ''
        FROM dispatcher_subscriber WHERE id %% 3 = 0""",
)


def seed(people: int) -> None:
    """Into an empty database: its tables, the people, and one bulletin that matches both topics."""
    import factories as make
    from django.core.management import call_command
    from django.core.management.commands.migrate import Command as Migrate
    from django.db.models import F

    from dispatcher.models import Subscriber
    from dispatcher.models.clock import for_sql

    call_command(Migrate(), verbosity=0)
    topics = make.topic("pharmacy"), make.topic("all-rulemaking")
    values = {"people": people, "then": for_sql(make.LONG_AGO), "first": topics[0].id, "second": topics[1].id}
    with connection.cursor() as cursor:
        for statement in _SEED:
            cursor.execute(statement, values)
        cursor.execute("ANALYZE")
    with transaction.atomic():
        for one in Subscriber.objects.annotate(turn=F("id") % 100).filter(turn=7):
            make.suppress(one)
    make.bulletin(*topics)


class Sqlite:
    """Copies of one file."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="dispatcher-bench-"))
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder)

    def empty(self, people: int) -> str:
        """The URL of a database to be seeded."""
        self._seeded = self._folder / f"{people}.sqlite3"
        return f"sqlite:///{self._seeded}"

    @contextmanager
    def copy(self) -> Iterator[str]:
        """The URL of a copy of what was seeded last."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        shutil.copyfile(self._seeded, folder / "copy.sqlite3")
        yield f"sqlite:///{folder}/copy.sqlite3"
        shutil.rmtree(folder)


class Postgresql:
    """Databases made from one."""

    def __enter__(self) -> Self:
        self._server = postgres.Server(durable=True)
        self._server.__enter__()
        self._numbers = itertools.count()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def empty(self, people: int) -> str:
        """As above."""
        self._seeded = self._server.create(name=f"people_{people}")
        return self._server.url(self._seeded)

    @contextmanager
    def copy(self) -> Iterator[str]:
        """As above."""
        name = self._server.create(template=self._seeded)
        yield self._server.url(name)
        self._server.drop(name)


DATABASES = {"sqlite": Sqlite, "postgresql": Postgresql}
