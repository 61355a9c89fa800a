"""A correction goes as one to those who were told what it corrects, in answer to their own copy; to others it is news."""

from email.message import EmailMessage

import factories as make
import pytest
import sending
from digests import FRIDAY, Days
from relay import Smtpd

from dispatcher import config
from dispatcher.mailings import fan_out
from dispatcher.models import Bulletin, Delivery, Mailing, Message, Topic

CHANGES = [{"kind": "changed", "before": "It is on Monday.", "after": "It is on Tuesday."}]


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def topic() -> Topic:
    return make.topic("pharmacy")


def follow(name: str, topic: Topic, cadence: str = "immediate") -> None:
    make.subscription(make.subscriber(f"{name}@example.com"), topic, cadence)


def sent() -> dict[str, EmailMessage]:
    """What a relay gets now, by whom it is for."""
    fan_out.pending(config.current())
    with Smtpd() as relay:
        sending.run(relay)
        return {one.recipient.partition("@")[0]: sending.read(one) for one in relay.messages}


def correction(of: Bulletin, topic: Topic, **fields) -> Bulletin:
    return make.bulletin(topic, title="Office hours", corrects=of, changes=CHANGES, **fields)


def test_who_was_told_the_first_gets_what_changed_in_answer_to_their_copy(topic: Topic) -> None:
    follow("ann", topic)
    follow("ben", topic)
    first = make.bulletin(topic, title="Office hours")
    copies = sent()
    follow("new", topic)
    correction(first, topic)
    corrected = sent()
    for name in ("ann", "ben"):
        told = corrected[name]
        assert told["In-Reply-To"] == told["References"] == copies[name]["Message-ID"]
        assert told["Subject"].startswith("Corrected: ")
        text = sending.text(told)
        assert "What changed" in text
        assert text.index("- Now: It is on Tuesday.") < text.index("The whole notice")
    news = corrected["new"]
    assert news["In-Reply-To"] is None
    assert news["References"] is None
    assert not news["Subject"].startswith("Corrected")
    assert "What changed" not in sending.text(news)
    assert "earlier" not in sending.text(news)
    assert sorted(Message.objects.values_list("mailing__bulletin__corrects", "variant"), key=str) == sorted(
        [(None, "en"), (first.id, "en"), (first.id, "en news")], key=str
    )


def test_the_second_correction_answers_the_same_message_and_who_joined_between_gets_it_as_one(
    topic: Topic,
) -> None:
    follow("ann", topic)
    first = make.bulletin(topic, title="Office hours")
    ann = sent()["ann"]["Message-ID"]
    follow("new", topic)
    correction(first, topic)
    new = sent()["new"]["Message-ID"]
    correction(first, topic)
    again = sent()
    assert again["ann"]["In-Reply-To"] == ann
    assert again["new"]["In-Reply-To"] == new
    assert again["new"]["Subject"].startswith("Corrected: ")


def test_who_never_got_the_first_gets_it_as_news(topic: Topic) -> None:
    follow("ann", topic)
    first = make.bulletin(topic, title="Office hours")
    sent()
    Delivery.objects.update(state="failed", reason="gone")
    correction(first, topic)
    assert sent()["ann"]["In-Reply-To"] is None


def test_a_correction_answers_the_message_of_several_that_told_the_first(topic: Topic) -> None:
    follow("ann", topic)
    said = make.message()
    first = make.part(said, topic, title="Office hours")
    make.part(said, topic, title="Other")
    ann = sent()["ann"]["Message-ID"]
    correction(first, topic)
    assert sent()["ann"]["In-Reply-To"] == ann


def test_every_attempt_answers_the_same(topic: Topic) -> None:
    follow("ann", topic)
    first = make.bulletin(topic, title="Office hours")
    sent()
    one = correction(first, topic)
    fan_out.pending(config.current())
    before = Delivery.objects.get(mailing__bulletin=one).answers_id
    Delivery.objects.filter(mailing__bulletin=first).update(state="failed")
    assert before is not None
    assert sent()["ann"]["In-Reply-To"].startswith(f"<{Mailing.objects.get(bulletin=first).nonce}.{before}@")


def test_a_digest_says_that_it_corrects_and_what_changed(topic: Topic) -> None:
    days = Days(now=FRIDAY)
    days.follow("ann", topic, "daily")
    first = days.match(topic, title="Office hours")
    days.match(topic, title="Office hours", corrects=first, changes=CHANGES)
    days.look()
    days.later(hours=22)
    with days.clock():
        fan_out.pending(days.settings)
    with Smtpd() as relay:
        sending.run(relay)
        (copy,) = relay.messages
    text = sending.text(sending.read(copy))
    assert "Corrected: this replaces an earlier notice." in text
    assert "- Now: It is on Tuesday." in text
