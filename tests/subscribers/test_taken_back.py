"""Taken back in time: what was on its way when somebody left by mistake is owed again, once, and nothing else is."""

from datetime import timedelta

import asking
import factories as make
import owing
import pytest
import sending
from asking import ANN
from relay import Smtpd

from dispatcher.mailings import fan_out, progress
from dispatcher.mailings.progress import By
from dispatcher.models import Delivery, Mailing, Subscriber, Subscription, Told, Topic
from dispatcher.models.clock import database_now
from dispatcher.subscribers import preferences

BEN = "ben@example.com"
PERSON = By("ana")


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def topics() -> list[Topic]:
    """Ann follows two at once and one by digest; Ben follows the first."""
    found = [make.topic(slug) for slug in ("pharmacy", "dental", "vision")]
    person = make.subscriber(ANN)
    for topic in found:
        make.subscription(person, topic, "daily" if topic.slug == "vision" else "immediate")
    make.subscription(make.subscriber(BEN), found[0])
    return found


def mailed(*topics: Topic) -> Delivery:
    """A bulletin about these topics is owed to Ann."""
    mailing = asking.written_out(fan_out.begin(make.bulletin(*topics).id))
    return Delivery.objects.get(mailing=mailing, subscriber__folded=ANN)


def now(one: Delivery) -> tuple[str, str]:
    one.refresh_from_db()
    make.assert_sums(one.mailing_id)
    return one.state, one.reason


def reached() -> list[str]:
    """Whom a relay gets mail for, until nothing is owed."""
    with Smtpd() as relay:
        sending.run(relay)
        return sorted(one.recipient for one in relay.messages)


OWED, ENDED = ("pending", ""), ("cancelled", "unsubscribed")


def test_a_paused_mailing_reaches_who_left_by_mistake_once_it_goes_on(topics: list[Topic]) -> None:
    delivery = mailed(topics[0])
    progress.pause(delivery.mailing, PERSON)
    preferences.unsubscribe(delivery.id, "")
    assert now(delivery) == ENDED
    assert Told.objects.count() == 1
    preferences.undo(delivery.id)
    assert now(delivery) == OWED
    assert delivery.ended_at is None
    assert Told.objects.count() == 2
    assert preferences.undo(delivery.id) == ()
    progress.resume(delivery.mailing, PERSON)
    assert reached() == [ANN, BEN]
    assert progress.finish() == 1
    assert make.assert_sums(delivery.mailing_id)["accepted"] == 2


def test_a_message_to_everyone_comes_back_too(topics: list[Topic]) -> None:
    person, when = Subscriber.objects.get(folded=ANN), database_now()
    mailing = Mailing.objects.create(
        key="blast:1", kind="blast", lane="bulk", state="paused", bulletin=make.bulletin(), everyone=True,
        created_at=when, frozen_at=when, fanned_out_at=when, audience=1, nonce="n",
    )  # fmt: skip
    delivery = Delivery.objects.create(
        mailing=mailing, subscriber=person, state="pending", topics="", due_at=when
    )
    preferences.unsubscribe(delivery.id, "")
    assert now(delivery) == ENDED
    preferences.undo(delivery.id)
    assert now(delivery) == OWED


def test_other_messages_of_the_topics_come_back_and_those_of_others_do_not(topics: list[Topic]) -> None:
    dental, pharmacy, both = mailed(topics[1]), mailed(topics[0]), mailed(*topics[:2])
    preferences.unsubscribe(dental.id, "")
    preferences.unsubscribe(pharmacy.id, "")
    assert {now(one) for one in (dental, pharmacy, both)} == {ENDED}
    preferences.undo(pharmacy.id)
    assert [now(one) for one in (dental, pharmacy, both)] == [ENDED, OWED, OWED]


def test_who_is_written_out_between_leaving_and_taking_back_is_owed_it_too(topics: list[Topic]) -> None:
    earlier = mailed(topics[0])
    mailing_id = fan_out.begin(make.bulletin(topics[0]).id)
    preferences.unsubscribe(earlier.id, "")
    later = asking.written_out(mailing_id).deliveries.get(subscriber__folded=ANN)
    assert now(later) == ENDED
    preferences.undo(earlier.id)
    assert now(later) == OWED


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_a_mailing_that_has_ended_stays_as_it_is(topics: list[Topic], state: str) -> None:
    delivery = mailed(topics[0])
    preferences.unsubscribe(delivery.id, "")
    Mailing.objects.update(state=state)
    assert preferences.undo(delivery.id) == ("Pharmacy",)
    assert now(delivery) == ENDED
    assert Told.objects.count() == 1


@pytest.mark.parametrize(
    "fact",
    [{"doubts": 1}, {"reason": "mailing cancelled"}, {"reason": "suppressed"}, {"state": "failed"}],
    ids=str,
)
def test_what_may_have_left_or_was_stopped_by_others_stays(
    topics: list[Topic], fact: dict[str, object]
) -> None:
    delivery = mailed(topics[0])
    preferences.unsubscribe(delivery.id, "")
    Delivery.objects.filter(id=delivery.id).update(**fact)
    before = now(delivery)
    preferences.undo(delivery.id)
    assert now(delivery) == before


def test_what_ended_before_stays(topics: list[Topic]) -> None:
    delivery = mailed(topics[0])
    preferences.unsubscribe(delivery.id, "")
    Delivery.objects.filter(id=delivery.id).update(ended_at=database_now() - timedelta(hours=1))
    preferences.undo(delivery.id)
    assert now(delivery) == ENDED


def test_a_bulletin_that_another_mailing_has_promised_meanwhile_does_not_come_twice(
    topics: list[Topic],
) -> None:
    delivery, other = mailed(topics[0]), mailed(topics[1])
    preferences.unsubscribe(delivery.id, "")
    Told.objects.create(
        subscriber=delivery.subscriber, bulletin_id=delivery.mailing.bulletin_id, mailing=other.mailing
    )
    preferences.undo(delivery.id)
    assert now(delivery) == ENDED


def test_what_a_worker_held_when_they_left_is_fenced_out(topics: list[Topic]) -> None:
    delivery = mailed(topics[0])
    row = next(one for one in owing.claim() if one.id == delivery.id)
    preferences.unsubscribe(delivery.id, "")
    preferences.undo(delivery.id)
    assert not owing.mark(row)
    assert now(delivery) == OWED
    assert next(one for one in owing.claim() if one.id == delivery.id).attempt == 2


# --- one rule for who is written to ---


def left_but_for(cadence: str, everyone: bool) -> tuple[Topic, Delivery]:
    """A message about two topics; of these one is left, and Ann gets it like this."""
    going, staying = make.topic(), make.topic()
    person = make.subscriber(ANN)
    make.subscription(person, going)
    make.subscription(person, staying, cadence)
    delivery = mailed(going, staying)
    if everyone:
        Delivery.objects.filter(id=delivery.id).update(topics="")
    return going, delivery


RULE = [("immediate", False, OWED), ("daily", False, ENDED), ("weekly", False, ENDED), ("daily", True, OWED)]


@pytest.mark.parametrize(("cadence", "everyone", "wanted"), RULE)
def test_leaving_cancels_unless_one_topic_is_still_wanted_at_once(
    cadence: str, everyone: bool, wanted: tuple[str, str]
) -> None:
    going, delivery = left_but_for(cadence, everyone)
    preferences.unsubscribe(delivery.id, f"t{going.id}")
    assert now(delivery) == wanted
    assert Told.objects.exists() is (wanted == OWED)


@pytest.mark.parametrize(("cadence", "everyone", "wanted"), RULE)
def test_the_ledger_marks_by_the_same_rule(cadence: str, everyone: bool, wanted: tuple[str, str]) -> None:
    going, delivery = left_but_for(cadence, everyone)
    [row] = owing.claim()
    Subscription.objects.filter(topic=going).update(ended_at=database_now())
    assert owing.mark(row) is (wanted == OWED)
    assert now(delivery) == (("sending", "") if wanted == OWED else ENDED)


def test_fan_out_has_the_same_rule() -> None:
    going, staying = make.topic(), make.topic()
    person = make.subscriber(ANN)
    make.subscription(person, going)
    make.subscription(person, staying, "daily")
    mailing_id = fan_out.begin(make.bulletin(going, staying).id)
    Subscription.objects.filter(topic=going).update(ended_at=database_now())
    assert now(asking.written_out(mailing_id).deliveries.get()) == ENDED
