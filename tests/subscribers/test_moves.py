"""A topic that is replaced takes its followers along: once, without losing what is under way, and back again if that was a mistake."""

from datetime import timedelta

import asking
import factories as make
import owing
import pytest
from digests import Days, copies

from dispatcher.errors import NotFound, Refused
from dispatcher.mailings import fan_out, progress
from dispatcher.models import Delivery, Journal, Keyword, Mailing, Move, Subscription, Topic
from dispatcher.models.clock import database_now
from dispatcher.subscribers import moves, preferences
from dispatcher.subscribers.moves import Undone

ANN, BEN, CY = "ann@example.com", "ben@example.com", "cy@example.com"


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def topics() -> dict[str, Topic]:
    """Ann follows the old topic daily, narrowed; Ben both; Cy had left."""
    found = {slug: make.topic(slug) for slug in ("old", "new", "other")}
    ann = make.subscription(make.subscriber(ANN), found["old"], "daily")
    Keyword.objects.create(subscription=ann, phrase="340B", folded="340b")
    ben = make.subscriber(BEN)
    make.subscription(ben, found["old"])
    make.subscription(ben, found["new"], "weekly")
    make.subscription(make.subscriber(CY), found["old"], ended_at=make.LONG_AGO)
    return found


def replace(topic: Topic, *successors: Topic, letter: str = "") -> None:
    """As a load of topics.yaml does."""
    Topic.objects.filter(id=topic.id).update(retired_at=make.LONG_AGO, letter=letter)
    topic.successors.set(successors)


def bring_back(topic: Topic) -> None:
    Topic.objects.filter(id=topic.id).update(retired_at=None, letter="")
    topic.successors.clear()


def undo(move: Move) -> Undone:
    return moves.undo(move.id, actor="olga", door="shell", facts={})


def later() -> None:
    """Nine days, and their digests."""
    now = database_now()
    Move.objects.update(made_at=now - timedelta(days=9))
    for kind in ("daily", "weekly"):
        Mailing.objects.get_or_create(
            key=f"{kind}:later", kind=kind, lane="bulk", state="done", audience=0, nonce="x",
            defaults={"created_at": now, "starts_at": now, "frozen_at": now, "fanned_out_at": now},
        )  # fmt: skip


def test_followers_go_along_with_their_cadence_and_their_words(topics: dict[str, Topic]) -> None:
    replace(topics["old"], topics["new"])
    assert moves.follow() == 2
    assert moves.follow() == 0, "twice is once"
    assert ("new", "daily") in asking.live(ANN)
    assert asking.live(BEN) == {("new", "weekly")}, "what one follows already stays as it is"
    assert asking.live(CY) == set(), "who had left is not brought back"
    assert Keyword.objects.get(subscription__topic__slug="new").phrase == "340B"
    assert Subscription.objects.get(topic=topics["new"], subscriber__folded=ANN).consent.startswith(
        "test; moved from old by move"
    )
    (entry,) = Journal.objects.all()
    assert (entry.verb, entry.subject, entry.facts["to"], entry.facts["people"]) == (
        "move",
        "topic:old",
        ["new"],
        2,
    )


def test_a_split_takes_them_to_each_part_and_a_merge_to_one(topics: dict[str, Topic]) -> None:
    replace(topics["old"], topics["new"], topics["other"])
    moves.follow()
    later()
    moves.follow()
    assert asking.live(ANN) == {("new", "daily"), ("other", "daily")}
    merged = make.topic("merged")
    for slug in ("new", "other"):
        replace(topics[slug], merged)
    moves.follow()
    later()
    moves.follow()
    assert asking.live(ANN) == {("merged", "daily")}
    assert asking.live(BEN) == {("merged", "weekly")}


def test_a_chain_of_replacements_ends_at_the_topic_in_use(topics: dict[str, Topic]) -> None:
    replace(topics["old"], topics["new"])
    replace(topics["new"], topics["other"])
    moves.follow()
    later()
    moves.follow()
    assert {slug for slug, _ in asking.live(BEN)} == {"other"}


def test_what_is_owed_under_the_old_topic_still_goes_out(topics: dict[str, Topic]) -> None:
    asking.written_out(fan_out.begin(make.bulletin(topics["old"]).id))
    replace(topics["old"], topics["new"])
    moves.follow()
    (row,) = owing.claim()
    assert owing.mark(row), "the old subscription holds until it is sent"
    assert ("old", "immediate") in asking.live(BEN)
    Delivery.objects.update(state="accepted")
    moves.follow()
    assert ("old", "immediate") not in asking.live(BEN)


def test_a_digest_that_is_to_come_has_a_week_for_what_matched_the_old_topic(topics: dict[str, Topic]) -> None:
    replace(topics["old"], topics["new"])
    moves.follow()
    assert ("old", "daily") in asking.live(ANN)
    later()
    moves.follow()
    assert asking.live(ANN) == {("new", "daily")}


def test_each_person_gets_one_letter_if_one_is_declared(topics: dict[str, Topic]) -> None:
    gone = make.subscriber("gone@example.com")
    make.subscription(gone, topics["old"])
    make.suppress(gone)
    replace(topics["old"], topics["new"], topics["other"], letter="The sections were merged.")
    moves.follow()
    moves.follow()
    mailing = Mailing.objects.get(kind="system")
    assert (mailing.kind, mailing.lane, mailing.audience) == ("system", "bulk", 2)
    assert set(mailing.deliveries.values_list("subscriber__folded", flat=True)) == {ANN, BEN}
    make.assert_sums(mailing.id)


def test_an_undo_restores_the_old_topic_and_calls_the_letters_back(topics: dict[str, Topic]) -> None:
    replace(topics["old"], topics["new"], letter="Merged.")
    moves.follow()
    later()
    moves.follow()
    bring_back(topics["old"])
    assert undo(Move.objects.get()) == Undone(restored=2, kept=0)
    progress.cancel_rest()
    assert asking.live(ANN) == {("old", "daily")}
    assert asking.live(BEN) == {("old", "immediate"), ("new", "weekly")}, (
        "what they had before the move they keep"
    )
    assert Keyword.objects.get(subscription__ended_at=None).phrase == "340B"
    assert set(Mailing.objects.get(kind="system").deliveries.values_list("state", flat=True)) == {"cancelled"}
    assert [one.verb for one in Journal.objects.order_by("id")] == ["move", "undo"]
    with pytest.raises(Refused, match="was undone"):
        undo(Move.objects.get())


def test_an_undo_ends_nothing_through_which_mail_is_under_way(topics: dict[str, Topic]) -> None:
    Subscription.objects.filter(cadence="daily").update(cadence="immediate")
    Keyword.objects.all().delete()
    replace(topics["old"], topics["new"])
    moves.follow()
    asking.written_out(fan_out.begin(make.bulletin(topics["new"]).id))
    bring_back(topics["old"])
    assert undo(Move.objects.get()) == Undone(restored=2, kept=1)
    assert asking.live(ANN) == {("old", "immediate"), ("new", "immediate")}


def test_after_an_undo_the_topic_may_be_replaced_again(topics: dict[str, Topic]) -> None:
    replace(topics["old"], topics["new"])
    moves.follow()
    bring_back(topics["old"])
    undo(Move.objects.get())
    replace(topics["old"], topics["other"])
    assert moves.follow() == 2
    assert ("other", "daily") in asking.live(ANN)


def test_while_the_topic_is_still_replaced_an_undo_is_refused_with_the_remedy(
    topics: dict[str, Topic],
) -> None:
    replace(topics["old"], topics["new"])
    moves.follow()
    with pytest.raises(Refused, match="take `retired:`"):
        undo(Move.objects.get())
    with pytest.raises(NotFound, match="topics moves"):
        moves.undo(99, actor="olga", door="shell", facts={})


def test_two_at_once_move_each_person_once(topics: dict[str, Topic]) -> None:
    replace(topics["old"], topics["new"])
    assert sorted(asking.at_once(moves.follow, moves.follow)) == [0, 2]
    assert Subscription.objects.filter(topic=topics["new"], ended_at=None).count() == 2


def test_who_leaves_by_an_old_message_leaves_what_took_its_place_but_not_what_they_chose(
    topics: dict[str, Topic],
) -> None:
    Subscription.objects.filter(cadence="daily").update(cadence="immediate")
    Keyword.objects.all().delete()
    mailing = asking.written_out(fan_out.begin(make.bulletin(topics["old"]).id))
    Delivery.objects.update(state="accepted")
    replace(topics["old"], topics["new"])
    moves.follow()
    links = {one.subscriber.folded: one.id for one in mailing.deliveries.select_related("subscriber")}
    ending = preferences.unsubscribe(links[ANN], "")
    assert ending is not None
    assert "New" in ending.topics
    assert asking.live(ANN) == set()
    preferences.unsubscribe(links[BEN], "")
    assert asking.live(BEN) == {("new", "weekly")}, "he followed that before, of his own accord"
    assert preferences.undo(links[ANN]) == ("New",)
    assert moves.follow() == 0
    assert asking.live(ANN) == {("new", "immediate")}


def test_a_digest_after_the_move_tells_what_matched_the_old_topic_and_what_matched_the_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = Days()
    monkeypatch.setattr(moves, "database_now", lambda: days.now)
    old, new = make.topic("old"), make.topic("new")
    ann = days.follow("ann", old, "weekly")
    days.match(old, title="Before")
    days.look()
    replace(old, new)
    with days.clock():
        moves.follow()
    days.match(new, title="After")
    days.look()
    days.later(days=4)
    days.look()
    assert [titles for _, titles in copies(ann)] == [["After", "Before"]]
    days.later(days=9)
    with days.clock():
        moves.follow()
    assert asking.live(ANN) == {("new", "weekly")}


def test_a_digest_that_is_two_weeks_late_tells_what_matched_the_old_topic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = Days()
    monkeypatch.setattr(moves, "database_now", lambda: days.now)
    old, new = make.topic("old"), make.topic("new")
    ann = days.follow("ann", old, "weekly")
    days.match(old, title="Before")
    days.look()
    replace(old, new)
    with days.clock():
        moves.follow()
        days.later(days=14)
        moves.follow()
    assert asking.live(ANN) == {("old", "weekly"), ("new", "weekly")}
    days.look()
    assert [titles for _, titles in copies(ann)] == [["Before"]]
    with days.clock():
        moves.follow()
    assert asking.live(ANN) == {("new", "weekly")}
