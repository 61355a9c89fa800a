"""Heads: what a person is shown before they send is what fan-out will write."""

import factories as make
import pytest

from dispatcher.mailings import audience
from dispatcher.mailings.audience import Audience, Heads
from dispatcher.models import Mailing, Topic
from dispatcher.models.clock import database_now


@pytest.fixture
def topics(db: str) -> tuple[Topic, Topic]:
    """Pharmacy and dental; who follows them, and how, by name."""
    pharmacy, dental = make.topic("pharmacy"), make.topic("dental")
    follows = {
        "both": [(pharmacy, "immediate"), (dental, "immediate")],
        "mixed": [(pharmacy, "immediate"), (dental, "daily")],
        "one": [(pharmacy, "immediate")],
        "other": [(dental, "immediate")],
        "daily": [(pharmacy, "daily")],
        "weekly": [(dental, "weekly"), (pharmacy, "weekly")],
        "gone": [(pharmacy, "immediate"), (dental, "immediate")],
    }
    for name, followed in follows.items():
        person = make.subscriber(f"{name}@example.com")
        for topic, cadence in followed:
            make.subscription(person, topic, cadence)
        if name == "gone":
            make.suppress(person)
    left, never = make.subscriber("left@example.com"), make.subscriber("never@example.com")
    make.subscription(left, pharmacy, ended_at=make.LONG_AGO)
    make.subscription(never, pharmacy, confirmed_at=None)
    return pharmacy, dental


def heads(*topics: Topic, everyone: bool = False) -> Heads:
    return audience.heads(Audience(tuple(one.id for one in topics), everyone), database_now())


def test_one_topic(topics: tuple[Topic, Topic]) -> None:
    assert heads(topics[0]) == Heads(people=3, topics={"pharmacy": 4}, several=0, suppressed=1, digests=2)


def test_several_topics_count_each_person_once(topics: tuple[Topic, Topic]) -> None:
    assert heads(*topics) == Heads(
        people=4, topics={"pharmacy": 4, "dental": 3}, several=2, suppressed=1, digests=2
    )


def test_everyone_is_whoever_follows_anything_at_any_cadence(topics: tuple[Topic, Topic]) -> None:
    assert heads(everyone=True) == Heads(people=6, topics={}, several=0, suppressed=1, digests=0)


def test_no_topic_is_nobody(topics: tuple[Topic, Topic]) -> None:
    assert heads() == Heads(people=0, topics={}, several=0, suppressed=0, digests=0)


@pytest.mark.parametrize("everyone", [False, True])
def test_people_and_count_say_the_same_as_heads(topics: tuple[Topic, Topic], everyone: bool) -> None:
    now = database_now()
    whom = Audience(() if everyone else tuple(one.id for one in topics), everyone)
    counted = audience.heads(whom, now)
    assert audience.people(whom, now) == counted.people
    assert audience.count(whom, now) == counted.people + counted.suppressed


def test_nobody_subscribes_to_anything(db: str) -> None:
    assert heads(make.topic()) == Heads(
        people=0, topics={Topic.objects.get().slug: 0}, several=0, suppressed=0, digests=0
    )
    assert heads(everyone=True).people == 0


def test_what_had_matched_by_the_freeze_is_the_mailings(topics: tuple[Topic, Topic]) -> None:
    bulletin = make.bulletin(*topics)
    now = database_now()
    mailing = Mailing.objects.create(
        key="x", kind="bulletin", lane="bulk", state="running", bulletin=bulletin,
        created_at=now, frozen_at=now, audience=0, nonce="x",
    )  # fmt: skip
    bulletin.matches.filter(topic=topics[1]).update(matched_at=database_now())
    assert audience.of(mailing) == Audience((topics[0].id,))
    mailing.everyone = True
    assert audience.of(mailing) == Audience(everyone=True)
