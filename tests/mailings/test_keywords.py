"""Own words narrow what a topic brings: who gets less is passed over at the freeze, and the sums come out even."""

import asking
import factories as make
import pytest

from dispatcher.formats import keywords as words
from dispatcher.mailings import fan_out
from dispatcher.models import (
    Bulletin,
    Delivery,
    Keyword,
    KeywordFound,
    Mailing,
    PassedOver,
    Subscription,
    Told,
    Topic,
)


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def hospital() -> Topic:
    """All of it: "all@"; narrowed: "out@", "both@", "neither@"."""
    topic = make.topic("hospital")
    follow("all@example.com", topic)
    follow("out@example.com", topic, "outpatient")
    follow("both@example.com", topic, "psychiatric", "out-patient*")
    follow("neither@example.com", topic, "340B")
    return topic


def follow(address: str, topic: Topic, *own: str, cadence: str = "immediate") -> Subscription:
    found = Subscription.objects.filter(subscriber__folded=address).first()
    person = found.subscriber if found else make.subscriber(address)
    subscription = make.subscription(person, topic, cadence)
    narrow(subscription, *own)
    return subscription


def narrow(subscription: Subscription, *own: str) -> None:
    for one in words.parse("\n".join(own)):
        Keyword.objects.create(subscription=subscription, phrase=one.phrase, folded=one.folded)


def notice(*topics: Topic, **fields) -> Bulletin:
    text = "<p>Outpatient rates change on January 1.</p>"
    return make.bulletin(*topics, **({"title": "Hospital rates", "body_html": text} | fields))


def owed(bulletin: Bulletin) -> dict[str, set[int]]:
    mailing = asking.written_out(fan_out.begin(bulletin.id))
    make.assert_sums(mailing.id)
    rows = Delivery.objects.filter(mailing=mailing).values_list("subscriber__folded", "topics")
    return {folded.partition("@")[0]: set(map(int, topics.split(","))) for folded, topics in rows}


def test_who_has_words_gets_what_holds_one_of_them(hospital: Topic) -> None:
    assert owed(notice(hospital)).keys() == {"all", "out", "both"}
    assert set(KeywordFound.objects.values_list("folded", flat=True)) == {"outpatient", "out-patient*"}
    assert [one.subscription.subscriber.folded for one in PassedOver.objects.all()] == ["neither@example.com"]


def test_another_topic_without_words_brings_it_and_is_the_reason(hospital: Topic) -> None:
    rules = make.topic("rules")
    follow("neither@example.com", rules)
    follow("out@example.com", rules)
    told = owed(notice(hospital, rules))
    assert told["neither"] == {rules.id}
    assert told["out"] == {hospital.id, rules.id}


def test_words_narrow_no_topic_that_must_be_delivered(hospital: Topic) -> None:
    Topic.objects.update(must_deliver=True)
    hospital.refresh_from_db()
    assert owed(notice(hospital)).keys() == {"all", "out", "both", "neither"}
    assert not KeywordFound.objects.exists(), "nobody need look"


def test_who_was_told_hears_of_the_correction_whatever_their_words(hospital: Topic) -> None:
    first = notice(hospital)
    owed(first)
    narrow(Subscription.objects.get(subscriber__folded="all@example.com"), "psychiatric")
    correction = notice(
        hospital, title="Hospital rates, corrected", body_html="<p>Postponed.</p>", corrects=first
    )
    assert owed(correction).keys() == {"all", "out", "both"}
    assert Told.objects.filter(bulletin=correction).count() == 3


def test_what_changes_after_the_freeze_moves_nobody(hospital: Topic) -> None:
    first = notice(hospital)
    mailing_id = fan_out.begin(first.id)
    assert mailing_id is not None
    narrow(Subscription.objects.get(subscriber__folded="all@example.com"), "340B")
    Keyword.objects.filter(subscription__subscriber__folded="neither@example.com").delete()
    Told.objects.all().delete()
    asking.written_out(mailing_id)
    assert make.assert_sums(mailing_id)["pending"] == 3


def test_words_that_are_added_between_the_look_and_the_freeze_are_looked_for(
    hospital: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Subscription.objects.get(subscriber__folded="all@example.com")
    frozen_now = fan_out.frozen_now

    def meanwhile():
        narrow(late, "January")
        return frozen_now()

    monkeypatch.setattr(fan_out, "frozen_now", meanwhile)
    assert owed(notice(hospital)).keys() == {"all", "out", "both"}
    assert KeywordFound.objects.filter(folded="january").exists()


def test_an_ended_or_unconfirmed_subscription_is_not_passed_over(hospital: Topic) -> None:
    subscription = Subscription.objects.get(subscriber__folded="neither@example.com")
    Subscription.objects.filter(id=subscription.id).update(ended_at=make.LONG_AGO)
    follow("never@example.com", hospital, "340B")
    Subscription.objects.filter(subscriber__folded="never@example.com").update(confirmed_at=None)
    owed(notice(hospital))
    assert not PassedOver.objects.exists()


def test_without_words_nothing_is_looked_for(hospital: Topic) -> None:
    Keyword.objects.all().delete()
    assert len(owed(notice(hospital))) == 4
    assert not KeywordFound.objects.exists()
    assert Mailing.objects.get().audience == 4
