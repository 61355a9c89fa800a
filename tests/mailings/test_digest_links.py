"""The links in a digest: one click ends that digest, never more, and never nothing."""

import factories as make
import pytest
from digests import Days, copies

from dispatcher.models import Delivery, Subscriber, Subscription, Topic
from dispatcher.subscribers import preferences, subscriptions


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture
def pharmacy() -> Topic:
    return make.topic("pharmacy")


def test_one_click_ends_what_comes_in_this_digest_and_nothing_else(days: Days, pharmacy: Topic) -> None:
    dental, rules = make.topic("dental"), make.topic("rules")
    ann = days.follow("ann", pharmacy, "daily")
    days.follow("ann", dental, "daily")
    days.follow("ann", rules, "immediate")
    days.match(pharmacy, title="News")
    days.look()
    days.later(hours=22)
    days.look()
    link = Delivery.objects.get(mailing__kind="daily").id
    before = preferences.would_end(link, "")
    assert before is not None
    assert (before.topics, before.digest, before.live) == (("Pharmacy", "Dental"), "daily", True)
    for _ in range(2):
        after = preferences.unsubscribe(link, "")
        assert after is not None
        assert (after.topics, after.live) == (("Pharmacy", "Dental"), False)
    assert live(ann) == {"rules"}
    preferences.undo(link)
    assert live(ann) == {"pharmacy", "dental", "rules"}


def test_the_link_of_a_last_digest_ends_the_topics_that_it_names(days: Days, pharmacy: Topic) -> None:
    rules = make.topic("rules")
    ann = days.follow("ann", pharmacy, "daily")
    days.follow("ann", rules, "immediate")
    days.match(pharmacy, title="News")
    days.look()
    days.change(ann, pharmacy, "immediate")
    days.later(hours=22)
    days.look()
    link = Delivery.objects.get(mailing__kind="daily").id
    for _ in range(2):
        preferences.unsubscribe(link, "")
    assert live(ann) == {"rules"}


def test_who_left_and_took_it_back_is_still_owed_what_matched_before(days: Days, pharmacy: Topic) -> None:
    ann = days.follow("ann", pharmacy, "daily")
    days.match(pharmacy, title="First")
    days.look()
    days.later(hours=22)
    days.look()
    link = Delivery.objects.get(mailing__kind="daily").id
    days.match(pharmacy, title="Second")
    days.look()
    Subscription.objects.filter(subscriber=ann).update(
        ended_at=days.now, ended_because="unsubscribed", ended_by=link
    )
    history = subscriptions.of(ann.id)
    days.later(hours=1)
    subscriptions.begin(history, {pharmacy.id: "daily"}, "taken back", days.now, takes_back=True)
    days.later(hours=23)
    days.look()
    assert copies(ann) == [("daily:2026-08-22", ["First"]), ("daily:2026-08-23", ["Second"])]


def live(person: Subscriber) -> set[str]:
    return set(person.subscriptions.filter(ended_at=None).values_list("topic__slug", flat=True))
