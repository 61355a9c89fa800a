"""The page behind a mailed link: what it shows and changes; and, whatever people do, a mailing goes to those who are live."""

from datetime import timedelta

import asking
import factories as make
import pytest
from asking import ANN, journal, link, live
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatcher import models
from dispatcher.formats import keywords
from dispatcher.formats.keywords import Keyword
from dispatcher.formats.tickets import ALL
from dispatcher.mailings import fan_out
from dispatcher.models import Delivery, LinkKind, LinkRequest, Subscriber, Subscription, Topic
from dispatcher.models.clock import database_now
from dispatcher.subscribers import preferences, subscriptions
from dispatcher.subscribers.preferences import Change


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def topics() -> list[Topic]:
    """Ann follows the first two of four; the last is retired."""
    slugs = ["pharmacy", "dental", "vision", "retired"]
    found = [make.topic(slug, retired_at=make.LONG_AGO if slug == "retired" else None) for slug in slugs]
    person = make.subscriber(ANN)
    make.subscription(person, found[0], "weekly")
    make.subscription(person, found[1])
    return found


def manage() -> tuple[int, int]:
    """The delivery that brought Ann's link, and who she is by it."""
    delivery = link(kind=LinkKind.MANAGE)
    person = preferences.of_link(delivery)
    assert person is not None
    return delivery, person.id


def test_a_link_shows_the_person_s_own_topics_for_a_day(topics: list[Topic]) -> None:
    delivery, _ = manage()
    person = preferences.of_link(delivery)
    assert person is not None
    assert (person.address, person.live) == (ANN, {topics[0].id: "weekly", topics[1].id: "immediate"})
    answered = LinkRequest.objects.get()
    LinkRequest.objects.update(answered_at=answered.answered_at - timedelta(hours=24))
    assert preferences.of_link(delivery) is None


def test_no_other_delivery_is_a_link_to_manage(topics: list[Topic]) -> None:
    sign_up = link(ANN, topics[2])
    bulletin = asking.written_out(fan_out.begin(make.bulletin(topics[1]).id)).deliveries.get()
    for other in (sign_up, bulletin.id, 12345):
        assert preferences.of_link(other) is None


def test_a_change_keeps_ends_and_begins(topics: list[Topic]) -> None:
    delivery, person = manage()
    done = preferences.change(person, [topics[0].id, topics[2].id], delivery)
    assert done == Change(added=("Vision",), ended=("Dental",))
    assert live() == {("pharmacy", "weekly"), ("vision", "immediate")}
    ended = Subscription.objects.get(topic=topics[1])
    assert (ended.ended_because, ended.ended_by_id) == ("changed", delivery)
    assert journal() == [("change", {"delivery": delivery, "added": ["vision"], "ended": ["dental"]})]


def test_the_same_change_twice_and_at_once_is_made_once(topics: list[Topic]) -> None:
    delivery, person = manage()
    wanted = [topics[0].id, topics[2].id]
    answers = asking.at_once(*[lambda: preferences.change(person, wanted, delivery) for _ in range(4)])
    assert answers.count(Change((), ())) == 3
    assert len(journal()) == 1
    assert Subscription.objects.count() == 3


def test_what_cannot_be_subscribed_to_is_left_out(topics: list[Topic]) -> None:
    delivery, person = manage()
    wanted = [one.id for one in topics] + [99999]
    assert preferences.change(person, wanted, delivery) == Change(added=("Vision",), ended=())


def test_a_topic_that_was_replaced_since_gives_way_to_its_successor(topics: list[Topic]) -> None:
    delivery, person = manage()
    Topic.objects.get(slug="retired").successors.add(topics[1])
    done = preferences.change(person, [topics[0].id, topics[3].id], delivery)
    assert done == Change((), ())
    assert live() == {("pharmacy", "weekly"), ("dental", "immediate")}


def test_wanting_nothing_ends_everything_and_what_is_owed(topics: list[Topic]) -> None:
    delivery, person = manage()
    owed = asking.written_out(fan_out.begin(make.bulletin(topics[1]).id)).deliveries.get()
    assert preferences.change(person, [], delivery) == Change((), ("Pharmacy", "Dental"))
    owed.refresh_from_db()
    assert (owed.state, owed.reason) == ("cancelled", "unsubscribed")
    assert Delivery.objects.get(id=delivery).state == "pending"
    assert live() == set()


PEOPLE = [ANN, "ben@example.com"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sign up", "unsubscribe", "unsubscribe all", "undo", "change"]),
        st.sampled_from(PEOPLE),
        st.integers(0, 2),
    ),
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_people_do_the_next_mailing_goes_to_those_who_are_live(
    steps: list[tuple[str, str, int]],
) -> None:
    topics = [make.topic() for _ in range(3)]
    last: dict[str, int] = {}
    for verb, address, which in steps:
        _take(verb, address, topics[which], last)
    for topic in topics:
        wanted = {one for one in PEOPLE if topic.slug in {slug for slug, _ in live(one)}}
        mailing = asking.written_out(fan_out.begin(make.bulletin(topic).id))
        assert set(mailing.deliveries.values_list("subscriber__folded", "state")) == {
            (one, "pending") for one in wanted
        }
        make.assert_sums(mailing.id)


def _take(verb: str, address: str, topic: Topic, last: dict[str, int]) -> None:
    """`last`: each person's last delivery whose link is used from then on."""
    person = Subscriber.objects.filter(folded=address).first()
    if verb == "sign up" or person is None or address not in last:
        asking.signed_up(address, topic)
        last[address] = Delivery.objects.latest("id").id
        return
    match verb:
        case "unsubscribe" if person.subscriptions.filter(topic=topic).exists():
            preferences.unsubscribe(last[address], f"t{topic.id}")
        case "unsubscribe all":
            preferences.unsubscribe(last[address], "all")
        case "undo":
            preferences.undo(last[address])
        case "change":
            preferences.change(person.id, [topic.id], last[address])


def words(text: str, topic: Topic) -> dict[int, tuple[Keyword, ...]]:
    return {topic.id: keywords.parse(text)}


def own() -> list[str]:
    rows = models.Keyword.objects.filter(subscription__ended_at=None)
    return list(rows.values_list("phrase", flat=True))


def test_a_topic_is_narrowed_to_words_of_ones_own_and_widened_again(topics: list[Topic]) -> None:
    delivery, person = manage()
    kept = [topics[0].id, topics[1].id]
    done = preferences.change(person, kept, delivery, words("340B\nprior authorization", topics[0]))
    assert done == Change((), (), ("Pharmacy",))
    found = preferences.of_link(delivery)
    assert found is not None
    assert found.words == {topics[0].id: ("340B", "prior authorization")}
    assert preferences.change(
        person, kept, delivery, words("340B, prior authorization", topics[0])
    ) == Change((), ())
    assert preferences.change(person, kept, delivery) == Change((), ()), (
        "who says nothing of words keeps them"
    )
    assert preferences.change(person, kept, delivery, words("", topics[0])).narrowed == ("Pharmacy",)
    assert own() == []
    assert [facts["narrowed"] for verb, facts in journal() if verb == "change"] == [
        ["pharmacy"],
        ["pharmacy"],
    ]


def test_words_end_with_the_topic_and_come_back_when_that_is_taken_back(topics: list[Topic]) -> None:
    delivery, person = manage()
    preferences.change(person, [topics[0].id, topics[1].id], delivery, words("340B", topics[0]))
    preferences.unsubscribe(delivery, ALL)
    assert own() == []
    preferences.undo(delivery)
    assert own() == ["340B"]


def test_words_for_a_topic_that_ends_are_no_words(topics: list[Topic]) -> None:
    delivery, person = manage()
    assert preferences.change(person, [topics[1].id], delivery, words("340B", topics[0])).narrowed == ()
    assert own() == []


def test_words_outlast_a_change_of_cadence(topics: list[Topic]) -> None:
    delivery, person = manage()
    preferences.change(person, [topics[0].id, topics[1].id], delivery, words("340B", topics[0]))
    with transaction.atomic():
        history = subscriptions.hold(person)
        subscriptions.change_cadence(history, {topics[0].id: "daily"}, "test", database_now())
    assert live() == {("pharmacy", "daily"), ("dental", "immediate")}
    assert own() == ["340B"]
