"""Days that pass, for the tests of digests: bulletins match, digests become due, and somebody looks."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import factories as make
import pytest
from django.db import transaction

from dispatcher import config
from dispatcher.config import Config
from dispatcher.mailings import digest, fan_out, progress
from dispatcher.models import Bulletin, Delivery, Mailing, Subscriber, Told, Topic
from dispatcher.subscribers import subscriptions

# A Friday; Maine's clock shows 9:00.
FRIDAY = datetime(2026, 8, 21, 13, tzinfo=UTC)


@dataclass
class Days:
    """A deployment whose clock the test holds. All of its verbs see that clock; nothing else is changed."""

    now: datetime = FRIDAY
    settings: Config = field(
        default_factory=lambda: replace(config.load({}), time_zone="America/New_York", slice_size=100)
    )

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Everything that asks the database's clock is told this time, which goes on a little with each question."""

        def ticking() -> datetime:
            self.now += timedelta(milliseconds=1)
            return self.now

        with pytest.MonkeyPatch.context() as change:
            for one in (
                "models.clock",
                "mailings.digest",
                "mailings.fan_out",
                "mailings.progress",
                "mailings.start",
            ):
                change.setattr(f"dispatcher.{one}.database_now", ticking)
            yield

    def later(self, **much: float) -> None:
        self.now += timedelta(**much)

    def match(self, *topics: Topic, **fields) -> Bulletin:
        """A bulletin that matched now."""
        self.later(seconds=1)
        made = make.bulletin(*topics, first_seen_at=self.now, **fields)
        Bulletin.objects.filter(id=made.id).update(matched_at=self.now)
        made.matches.update(matched_at=self.now)
        return made

    def look(self) -> int:
        """What a sweep or `run --once` does. How many mailings began."""
        with self.clock():
            begun = fan_out.pending(self.settings)
            Delivery.objects.filter(state="pending").update(state="accepted", attempt=1, ended_at=self.now)
            progress.finish()
        for one in Mailing.objects.order_by("-id")[: begun + 1]:
            make.assert_sums(one.id)
        return begun

    def follow(self, name: str, topic: Topic, cadence: str) -> Subscriber:
        self.later(seconds=1)
        folded = f"{name}@example.com"
        person = Subscriber.objects.filter(folded=folded).first() or make.subscriber(folded)
        make.subscription(person, topic, cadence, created_at=self.now, confirmed_at=self.now)
        return person

    def change(self, person: Subscriber, topic: Topic, cadence: str) -> None:
        self.later(seconds=1)
        with transaction.atomic():
            history = subscriptions.hold(person.id)
            subscriptions.change_cadence(history, {topic.id: cadence}, "test", self.now)

    def due(self) -> list[str]:
        with self.clock():
            return [one.key for one in digest.due(self.settings)]


def copies(person: Subscriber) -> list[tuple[str, list[str]]]:
    """The mailings that wrote to somebody, with the titles each copy told."""
    titles = dict(Bulletin.objects.values_list("id", "title"))
    rows = Delivery.objects.filter(subscriber=person, state="accepted").select_related("mailing")
    return [(row.mailing.key, sorted(titles[one] for one in row.tells)) for row in rows.order_by("id")]


def told(person: Subscriber) -> Counter[int]:
    """How often each bulletin was told to somebody, counted from the copies themselves; held against what was promised."""
    rows = Delivery.objects.filter(subscriber=person, state="accepted").select_related("mailing")
    counted = Counter(one for row in rows for one in row.tells)
    assert set(counted) == set(Told.objects.filter(subscriber=person).values_list("bulletin", flat=True))
    return counted
