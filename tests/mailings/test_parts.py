"""The notices of one e-mail message ride together: one copy for each person, and nobody waits for a notice that goes nowhere."""

from dataclasses import replace
from datetime import datetime

import factories as make
import pytest
import sending
from relay import Received, Smtpd

from dispatcher import config
from dispatcher.mailings import fan_out, several
from dispatcher.mailings import parts as riding
from dispatcher.models import (
    Bulletin,
    BulletinState,
    Delivery,
    Keyword,
    Mailing,
    Match,
    Origin,
    Subscriber,
    Told,
    Topic,
)
from dispatcher.models.clock import database_now
from dispatcher.subscribers import preferences


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def topics() -> tuple[Topic, Topic]:
    return make.topic("pharmacy"), make.topic("dental")


def begin(slice_size: int = 2) -> list[str]:
    """Begin what may begin; the keys of all mailings there are then, but for the digests, which begin when their hour has come."""
    fan_out.pending(replace(config.current(), slice_size=slice_size))
    for mailing in Mailing.objects.all():
        make.assert_sums(mailing.id)
    return sorted(Mailing.objects.filter(kind="bulletin").values_list("key", flat=True))


def owed() -> dict[str, tuple[set[str], str]]:
    """Which bulletins, by title, each person is told, and how their delivery stands."""
    titles = dict(Bulletin.objects.values_list("id", "title"))
    rows = Delivery.objects.filter(mailing__bulletin__isnull=True).select_related("subscriber")
    return {
        row.subscriber.address.partition("@")[0]: (
            {titles[int(one)] for one in row.bulletins.split(",") if one},
            row.reason or row.state,
        )
        for row in rows
    }


def told() -> set[tuple[str, str]]:
    rows = Told.objects.values_list("subscriber__address", "bulletin__title")
    return {(address.partition("@")[0], title) for address, title in rows}


def follow(name: str, *topics: Topic, cadence: str = "immediate") -> None:
    person = make.subscriber(f"{name}@example.com")
    for topic in topics:
        make.subscription(person, topic, cadence)


def test_each_gets_one_copy_with_the_notices_that_concern_them(topics: tuple[Topic, Topic]) -> None:
    pharmacy, dental = topics
    said = make.message("two notices")
    make.part(said, pharmacy, title="Drugs")
    make.part(said, dental, title="Teeth")
    follow("both", pharmacy, dental)
    follow("one", dental)
    follow("mixed", pharmacy)
    make.subscription(person("mixed"), dental, "daily")
    follow("daily", dental, cadence="daily")
    assert begin() == [f"message:{said.item_id}.1"]
    assert owed() == {
        "both": ({"Drugs", "Teeth"}, "pending"),
        "one": ({"Teeth"}, "pending"),
        "mixed": ({"Drugs", "Teeth"}, "pending"),
    }
    assert told() == {
        ("both", "Drugs"),
        ("both", "Teeth"),
        ("one", "Teeth"),
        ("mixed", "Drugs"),
        ("mixed", "Teeth"),
    }
    assert set(Bulletin.objects.values_list("state", flat=True)) == {"mailed"}
    assert begin() == [f"message:{said.item_id}.1"]


def test_what_must_be_delivered_reaches_a_daily_follower_too() -> None:
    pharmacy, urgent = make.topic("pharmacy"), make.topic("urgent", must_deliver=True)
    said = make.message()
    make.part(said, pharmacy, title="Drugs")
    make.part(said, urgent, title="Now")
    follow("daily", pharmacy, urgent, cadence="daily")
    follow("other", pharmacy, cadence="daily")
    begin()
    assert owed() == {"daily": ({"Drugs", "Now"}, "pending")}
    assert [one.recipient for one in sent()] == ["daily@example.com"]


def test_a_keyword_narrows_notice_by_notice(topics: tuple[Topic, Topic]) -> None:
    said = make.message()
    make.part(said, topics[0], title="Drugs", body_html="<p>Insulin pens.</p>")
    make.part(said, topics[0], title="More drugs", body_html="<p>Inhalers.</p>")
    for name, phrase in (("narrow", "insulin"), ("nothing", "teeth")):
        follow(name, topics[0])
        subscription = person(name).subscriptions.get()
        Keyword.objects.create(subscription=subscription, phrase=phrase, folded=phrase)
    follow("wide", topics[0])
    begin()
    assert owed() == {"narrow": ({"Drugs"}, "pending"), "wide": ({"Drugs", "More drugs"}, "pending")}


def test_what_else_matches_while_heads_are_counted_is_looked_at_anew(
    topics: tuple[Topic, Topic], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = make.message()
    riders = [make.part(said, topics[0], title=title).id for title in ("Drugs", "More drugs")]
    count = several.count

    def counted(bulletin_ids: list[int], frozen: datetime) -> int:
        found = count(bulletin_ids, frozen)
        late = {"evidence": [], "catalog": "0" * 64, "matched_at": database_now()}
        Match.objects.get_or_create(bulletin_id=riders[0], topic=topics[1], defaults=late)
        return found

    monkeypatch.setattr(several, "count", counted)
    follow("teeth", topics[1])
    assert riding.begin("message:x", riders) is None
    assert begin() == [f"message:{said.item_id}.1"]
    assert owed() == {"teeth": ({"Drugs"}, "pending")}


def test_it_waits_until_every_notice_was_looked_at(topics: tuple[Topic, Topic]) -> None:
    said = make.message()
    make.part(said, topics[0], title="Drugs")
    late = make.part(said, topics[1], title="Teeth", state="unmatched", matched_at=None)
    other = make.bulletin(topics[0])
    follow("both", *topics)
    assert begin() == [f"bulletin:{other.id}"]
    Bulletin.objects.filter(id=late.id).update(state="matched", matched_at=database_now())
    assert begin() == [f"bulletin:{other.id}", f"message:{said.item_id}.1"]
    assert owed() == {"both": ({"Drugs", "Teeth"}, "pending")}


@pytest.mark.parametrize("state", ["held", "dismissed", "unmatched"])
def test_a_notice_that_goes_nowhere_keeps_nobody_waiting_and_goes_out_alone_when_it_may(
    topics: tuple[Topic, Topic], state: str
) -> None:
    said = make.message()
    riders = [make.part(said, topics[0], title=title) for title in ("Drugs", "More drugs")]
    left = make.part(said, topics[1], title="Teeth", state=state)
    follow("both", *topics)
    assert begin() == [f"message:{said.item_id}.1"]
    assert owed() == {"both": ({one.title for one in riders}, "pending")}
    Bulletin.objects.filter(id=left.id).update(state="matched")
    assert begin() == [f"bulletin:{left.id}", f"message:{said.item_id}.1"]


def test_one_notice_alone_and_a_correction_are_mailings_of_their_own(topics: tuple[Topic, Topic]) -> None:
    first, second = make.message(), make.message()
    alone = make.part(first, topics[0])
    make.part(first, topics[1], state="unmatched")
    news = make.part(second, topics[0])
    correction = make.part(second, topics[1], corrects=make.bulletin(state="mailed"))
    assert begin() == sorted(f"bulletin:{one.id}" for one in (alone, news, correction))


def test_a_notice_first_seen_elsewhere_is_no_part_of_the_message_that_repeats_it(
    topics: tuple[Topic, Topic],
) -> None:
    said = make.message()
    known = make.bulletin(topics[0])
    Origin.objects.create(bulletin=known, item=make.message().item, revision=1)
    Origin.objects.create(bulletin=known, item=said.item, revision=1, part="known")
    part = make.part(said, topics[1])
    assert begin() == sorted([f"bulletin:{known.id}", f"bulletin:{part.id}"])


def test_the_told_the_suppressed_and_the_departed_get_a_row_that_says_so(topics: tuple[Topic, Topic]) -> None:
    said = make.message()
    parts = [make.part(said, topic, title=topic.slug) for topic in topics]
    for name in ("told", "half", "gone", "left"):
        follow(name, *topics)
    digest = Mailing.objects.create(
        key="daily:2026-08-21", kind="daily", lane="bulk", state="done", created_at=make.LONG_AGO,
        frozen_at=make.LONG_AGO, fanned_out_at=make.LONG_AGO, audience=0, nonce="x",
    )  # fmt: skip
    for name, known in (("told", parts), ("half", parts[:1])):
        for one in known:
            Told.objects.create(subscriber=person(name), bulletin=one, mailing=digest)
    make.suppress(person("gone"))
    Bulletin.objects.filter(id__in=[one.id for one in parts]).update(state=BulletinState.MATCHED)
    mailing_id = riding.begin("message:x", [one.id for one in parts])
    assert mailing_id is not None
    person("left").subscriptions.update(ended_at=database_now())
    begin()
    assert owed() == {
        "told": (set(), "told by another mailing"),
        "half": ({"dental"}, "pending"),
        "gone": ({"pharmacy", "dental"}, "suppressed"),
        "left": ({"pharmacy", "dental"}, "unsubscribed"),
    }
    assert ("gone", "dental") not in told()
    assert ("half", "dental") in told()


def test_who_left_and_took_it_back_is_told_what_nobody_else_told_meanwhile(
    topics: tuple[Topic, Topic],
) -> None:
    said = make.message()
    parts = [make.part(said, topic, title=topic.slug) for topic in topics]
    follow("ann", *topics)
    begin()
    delivery = Delivery.objects.get()
    preferences.unsubscribe(delivery.id, "")
    assert owed() == {"ann": ({"pharmacy", "dental"}, "unsubscribed")}
    assert not Told.objects.exists()
    Told.objects.create(subscriber=delivery.subscriber, bulletin=parts[0], mailing=delivery.mailing)
    preferences.undo(delivery.id)
    assert owed() == {"ann": ({"dental"}, "pending")}
    assert told() == {("ann", "pharmacy"), ("ann", "dental")}


def test_a_copy_says_first_what_concerns_its_reader_and_then_the_titles_of_the_rest(
    topics: tuple[Topic, Topic],
) -> None:
    said = make.message("July 8 Updates")
    make.part(said, topics[0], title="Drugs", body_html="<p>About drugs.</p>")
    teeth = make.part(said, topics[1], title="Teeth", body_html="<p>About teeth.</p>")
    make.part(said, title="Of no topic", state="unmatched")
    make.part(said, title="Kept back", state="held")
    follow("ann", topics[0])
    begin()
    (copy,) = sent()
    message = sending.read(copy)
    assert message["Subject"] == "July 8 Updates"
    assert message["List-Id"].startswith('"Pharmacy"')
    text = sending.text(message)
    assert "About drugs." in text
    assert "About teeth." not in text
    assert f"- Teeth:\n  http://127.0.0.1:8000/bulletins/{teeth.id}" in text
    assert "- Of no topic:" in text
    assert "Kept back" not in text
    assert "Why you got it: Pharmacy: it cites “Section 80” in the title." in " ".join(text.split())
    assert f"-t{topics[0].id}\n" in text
    assert f"-t{topics[1].id}\n" not in text


def person(name: str) -> Subscriber:
    return Subscriber.objects.get(folded=f"{name}@example.com")


def sent() -> list[Received]:
    with Smtpd() as relay:
        sending.run(relay)
        return list(relay.messages)
