"""A topic that waits for no digest: its bulletins reach every follower at once, whatever the cadence, and leaving it still counts."""

import asking
import factories as make
import owing
import pytest
from asking import ANN

from dispatcher.mailings import audience, fan_out
from dispatcher.mailings.binding import Rule
from dispatcher.models import Delivery, Match, Topic
from dispatcher.models.clock import database_now
from dispatcher.subscribers import preferences


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def urgent() -> Topic:
    """Ann follows it weekly, and another topic daily."""
    topic = make.topic("urgent", must_deliver=True)
    person = make.subscriber(ANN)
    make.subscription(person, topic, "weekly")
    make.subscription(person, make.topic("calm"), "daily")
    return topic


def mailed(*topics: Topic) -> int:
    return asking.written_out(fan_out.begin(make.bulletin(*topics).id)).id


def test_everybody_who_follows_it_is_written_to_at_once(urgent: Topic) -> None:
    mailing_id = mailed(urgent)
    assert make.assert_sums(mailing_id)["pending"] == 1
    (row,) = owing.claim()
    assert owing.mark(row), "the last look before sending must agree with fan-out"


def test_another_topic_of_the_same_bulletin_still_waits_for_its_digest(urgent: Topic) -> None:
    calm = Topic.objects.get(slug="calm")
    make.subscription(make.subscriber("ben@example.com"), calm, "daily")
    mailing_id = mailed(urgent, calm)
    (row,) = Delivery.objects.filter(mailing=mailing_id)
    assert row.topics.split(",") == [str(urgent.id), str(calm.id)]


def test_whether_a_topic_waits_is_decided_when_it_matched(urgent: Topic) -> None:
    mailing_id = fan_out.begin(make.bulletin(urgent).id)
    Topic.objects.update(must_deliver=False)
    assert make.assert_sums(asking.written_out(mailing_id).id)["pending"] == 1


def test_who_leaves_it_is_not_written_to(urgent: Topic) -> None:
    mailing_id = mailed(urgent)
    delivery = Delivery.objects.get(mailing=mailing_id)
    (row,) = owing.claim()
    preferences.unsubscribe(delivery.id, "")
    assert not owing.mark(row)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("cancelled", "unsubscribed")
    preferences.undo(delivery.id)
    delivery.refresh_from_db()
    assert delivery.state == "pending", "taken back, it is owed again although the cadence is weekly"


def test_a_blast_to_it_counts_the_same_people(urgent: Topic) -> None:
    heads = audience.heads(Rule(topics=("urgent",)).audience, database_now())
    assert (heads.people, heads.topics, heads.digests) == (1, {"urgent": 1}, 0)
    assert audience.heads(Rule(topics=("calm",)).audience, database_now()).people == 0


def test_a_match_remembers_it(urgent: Topic) -> None:
    make.bulletin(urgent)
    assert Match.objects.get().must_deliver
