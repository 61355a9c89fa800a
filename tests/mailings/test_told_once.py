"""Whatever people change, and whenever anybody looks: each bulletin is told once to each person who followed it, and to nobody else."""

import itertools
from datetime import UTC, datetime

import factories as make
import pytest
from digests import Days, told
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dispatcher.models import Bulletin, Origin, Subscriber

NAMES = ("ann", "ben", "cal")
CADENCES = ("immediate", "daily", "weekly")
WHO, WHICH, HOW = st.integers(0, 2), st.integers(0, 1), st.sampled_from(CADENCES)

STEPS = st.one_of(
    st.tuples(st.just("match"), st.sets(WHICH, min_size=1)),
    st.tuples(st.just("message"), st.sets(WHICH, min_size=1)),
    st.tuples(st.just("change"), WHO, WHICH, HOW),
    st.tuples(st.just("join"), WHO, WHICH, HOW),
    st.tuples(st.just("look"), st.integers(1, 2)),
    # To just before, or just after, a window; an hour; a day that is missed.
    st.tuples(st.just("later"), st.sampled_from([1.0, 7.99, 8.01, 15.5, 24.0, 31.0, 50.0])),
)
_years = itertools.count(2026)


class Story:
    """People, two topics, and what each should be told in the end."""

    def __init__(self, month: int, day: int) -> None:
        # A year of its own, so that no digest of an earlier story has the key of one of this.
        self.days = Days(now=datetime(next(_years), month, day, 3, tzinfo=UTC))
        self.topics = [make.topic(), make.topic()]
        self.people = [make.subscriber() for _ in NAMES]
        self.owed: dict[int, set[int]] = {one.id: set() for one in self.people}

    def play(self, steps: list[tuple]) -> None:
        for verb, *arguments in steps:
            getattr(self, verb)(*arguments)

    def match(self, which: set[int]) -> None:
        self._owe(self.days.match(*(self.topics[one] for one in sorted(which))), which)

    def message(self, which: set[int]) -> None:
        """An e-mail message with a notice for each of these, and one for all."""
        said = make.message()
        for notice in [*({one} for one in which), which]:
            made = self.days.match(*(self.topics[one] for one in sorted(notice)))
            Origin.objects.create(bulletin=made, item=said.item, revision=1, part=str(made.id))
            self._owe(made, notice)

    def _owe(self, made: Bulletin, which: set[int]) -> None:
        topics = [self.topics[one] for one in which]
        followers = Subscriber.objects.filter(subscriptions__topic__in=topics, subscriptions__ended_at=None)
        for person in followers.distinct():
            self.owed[person.id].add(made.id)

    def join(self, who: int, which: int, cadence: str) -> None:
        if not self._live(who, which).exists():
            self.days.look()  # what matched before goes its way: whoever joins before that may hear of it
            self.days.later(seconds=1)
            now = self.days.now
            make.subscription(self.people[who], self.topics[which], cadence, created_at=now, confirmed_at=now)

    def change(self, who: int, which: int, cadence: str) -> None:
        if self._live(who, which).exists():
            self.days.change(self.people[who], self.topics[which], cadence)

    def look(self, times: int) -> None:
        for _ in range(times):
            self.days.look()

    def later(self, hours: float) -> None:
        self.days.later(hours=hours)

    def _live(self, who: int, which: int):
        return self.people[who].subscriptions.filter(topic=self.topics[which], ended_at=None)


# The days before the night that lacks an hour, before the one that has one twice, and in between.
@pytest.mark.parametrize(
    ("month", "day"),
    [(3, 6), pytest.param(10, 30, marks=pytest.mark.slow), pytest.param(7, 1, marks=pytest.mark.slow)],
)
def test_each_is_told_once(db: str, month: int, day: int) -> None:
    @settings(max_examples=4, deadline=None, phases=[Phase.generate])
    @given(st.lists(STEPS, min_size=4, max_size=10))
    def tell(steps: list[tuple]) -> None:
        story = Story(month, day)
        for who, cadence in enumerate(CADENCES):
            story.join(who, 0, cadence)
        story.play(steps)
        for _ in range(3):
            story.play([("look", 1), ("later", 24.0 * 4)])
        for person in story.people:
            assert told(person) == dict.fromkeys(story.owed[person.id], 1)

    tell()
