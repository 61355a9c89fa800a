"""Leaving: at once, for what the link is about and nothing else, as often as one likes; and taken back within a day."""

from datetime import timedelta

import asking
import factories as make
import owing
import pytest
import sending
from asking import ANN, journal, live
from django.db import transaction
from relay import Smtpd

from dispatcher.mailings import fan_out
from dispatcher.models import Delivery, LinkKind, Mailing, Subscriber, Subscription, Told, Topic
from dispatcher.models.clock import database_now
from dispatcher.subscribers import preferences
from dispatcher.subscribers.preferences import Ending

HOURS = timedelta(hours=1)


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def topics() -> dict[str, Topic]:
    """Ann follows three."""
    found = {slug: make.topic(slug) for slug in ("pharmacy", "dental", "vision")}
    person = make.subscriber(ANN)
    for slug, topic in found.items():
        make.subscription(person, topic, "weekly" if slug == "vision" else "immediate")
    return found


def mailed(*topics: Topic) -> Delivery:
    """A bulletin about these topics is owed."""
    mailing = asking.written_out(fan_out.begin(make.bulletin(*topics).id))
    return Delivery.objects.get(mailing=mailing, subscriber__folded=ANN)


def mailed_to_everyone() -> Delivery:
    person, now = Subscriber.objects.get(folded=ANN), database_now()
    mailing = Mailing.objects.create(
        key="blast:1", kind="blast", lane="bulk", state="running", bulletin=make.bulletin(), everyone=True,
        created_at=now, frozen_at=now, fanned_out_at=now, audience=1, nonce="n",
    )  # fmt: skip
    return Delivery.objects.create(mailing=mailing, subscriber=person, state="pending", topics="", due_at=now)


def slugs() -> set[str]:
    return {slug for slug, _ in live()}


def reload(one: Delivery) -> Delivery:
    one.refresh_from_db()
    return one


# --- what a link ends ---


def test_no_scope_ends_the_topics_of_the_message(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"], topics["dental"])
    wanted = Ending(("Pharmacy", "Dental"), everything=False, live=True, undoable=False)
    assert preferences.would_end(delivery.id, "") == wanted
    assert slugs() == set(topics)
    ended = preferences.unsubscribe(delivery.id, "")
    assert ended == Ending(("Pharmacy", "Dental"), everything=False, live=False, undoable=True)
    assert preferences.would_end(delivery.id, "") == ended
    assert slugs() == {"vision"}


def test_a_topic_s_scope_ends_that_topic_alone(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"], topics["dental"])
    ended = preferences.unsubscribe(delivery.id, f"t{topics['dental'].id}")
    assert ended == Ending(("Dental",), everything=False, live=False, undoable=True)
    assert slugs() == {"pharmacy", "vision"}
    assert preferences.would_end(delivery.id, "") == Ending(("Pharmacy", "Dental"), False, True, True)


def test_all_ends_all(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"])
    ended = preferences.unsubscribe(delivery.id, "all")
    assert ended == Ending(("Pharmacy", "Dental", "Vision"), everything=True, live=False, undoable=True)
    assert slugs() == set()


def test_a_message_to_everyone_ends_all(topics: dict[str, Topic]) -> None:
    delivery = mailed_to_everyone()
    would = preferences.would_end(delivery.id, "")
    assert would == Ending(("Pharmacy", "Dental", "Vision"), everything=True, live=True, undoable=False)
    preferences.unsubscribe(delivery.id, "")
    assert slugs() == set()
    assert reload(delivery).state == "cancelled"


def test_a_scope_or_a_delivery_that_is_not_theirs_ends_nothing(topics: dict[str, Topic]) -> None:
    stranger = make.topic("never-theirs")
    delivery = mailed(topics["pharmacy"])
    for scope in (f"t{stranger.id}", "t99999", "x", "t0"):
        assert preferences.would_end(delivery.id, scope) is None
        assert preferences.unsubscribe(delivery.id, scope) is None
    assert preferences.would_end(12345, "") is None
    assert preferences.unsubscribe(12345, "all") is None
    assert preferences.undo(12345) is None
    assert slugs() == set(topics)
    assert journal() == []


def test_the_row_says_when_why_and_by_what(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"])
    preferences.unsubscribe(delivery.id, "")
    row = Subscription.objects.get(topic=topics["pharmacy"])
    assert (row.ended_because, row.ended_by) == ("unsubscribed", delivery)
    assert row.ended_at is not None
    assert journal() == [("unsubscribe", {"delivery": delivery.id, "topics": ["pharmacy"]})]


def test_a_repeat_and_many_at_once_change_nothing_more(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"])
    answers = asking.at_once(*[lambda: preferences.unsubscribe(delivery.id, "") for _ in range(4)])
    before = list(Subscription.objects.order_by("id").values())
    answers.append(preferences.unsubscribe(delivery.id, ""))
    assert set(answers) == {Ending(("Pharmacy",), everything=False, live=False, undoable=True)}
    assert list(Subscription.objects.order_by("id").values()) == before
    assert len(journal()) == 1


def test_it_is_committed_when_it_returns_or_it_refuses_to_begin(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"])
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        preferences.unsubscribe(delivery.id, "")


def test_one_click_is_a_matter_of_few_queries(topics: dict[str, Topic], queries: list[str]) -> None:
    delivery = mailed(topics["pharmacy"])
    queries.clear()
    preferences.unsubscribe(delivery.id, "")
    assert len(queries) <= 16
    queries.clear()
    preferences.unsubscribe(delivery.id, "")
    assert len(queries) <= 6


# --- what is owed ---


def test_what_nothing_else_brings_is_cancelled_and_untold(topics: dict[str, Topic]) -> None:
    only, both = mailed(topics["pharmacy"]), mailed(topics["pharmacy"], topics["dental"])
    claimed, other = mailed(topics["pharmacy"]), mailed(topics["dental"])
    Delivery.objects.filter(id=claimed.id).update(
        state="claimed", attempt=1, lease_until=database_now() + HOURS
    )
    preferences.unsubscribe(only.id, "")
    for one in (only, claimed):
        assert (reload(one).state, one.reason, one.lease_until) == ("cancelled", "unsubscribed", None)
        assert one.ended_at is not None
        make.assert_sums(one.mailing_id)
    assert {reload(both).state, reload(other).state} == {"pending"}
    assert set(Told.objects.values_list("mailing_id", flat=True)) == {both.mailing_id, other.mailing_id}


def test_what_is_being_sent_goes_on_and_what_ended_stays(topics: dict[str, Topic]) -> None:
    sending_now, accepted = mailed(topics["pharmacy"]), mailed(topics["pharmacy"])
    Delivery.objects.filter(id=sending_now.id).update(
        state="sending", attempt=1, lease_until=database_now() + HOURS
    )
    Delivery.objects.filter(id=accepted.id).update(state="accepted")
    preferences.unsubscribe(accepted.id, "all")
    assert (reload(sending_now).state, reload(accepted).state) == ("sending", "accepted")
    assert Told.objects.count() == 2


def test_system_mail_is_not_touched(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"])
    waiting = asking.link(kind=LinkKind.MANAGE)
    preferences.unsubscribe(delivery.id, "all")
    assert Delivery.objects.get(id=waiting).state == "pending"


def test_a_row_that_a_worker_is_writing_is_not_waited_for_and_not_sent(
    topics: dict[str, Topic], db: str
) -> None:
    if db.startswith("sqlite"):
        pytest.skip("one writer at a time: there is no row that another one is writing")
    delivery = mailed(topics["pharmacy"])
    [row] = owing.claim()
    with transaction.atomic():
        Delivery.objects.filter(id=delivery.id).update(owner="somebody")
        asking.at_once(lambda: preferences.unsubscribe(delivery.id, "all"))
    assert reload(delivery).state == "claimed"
    assert not owing.mark(row)
    assert (reload(delivery).state, delivery.reason) == ("cancelled", "unsubscribed")


def test_who_leaves_while_a_mailing_runs_gets_nothing_more_and_the_sums_hold(
    topics: dict[str, Topic],
) -> None:
    others = [make.subscriber() for _ in range(9)]
    for one in others:
        make.subscription(one, topics["pharmacy"])
    delivery = mailed(topics["pharmacy"])
    [row, *_] = owing.claim(5)
    before = Delivery.objects.exclude(id=delivery.id).filter(state="pending").first()
    assert before is not None
    preferences.unsubscribe(delivery.id, "")
    preferences.unsubscribe(before.id, "all")
    assert not owing.mark(row) or row.id != delivery.id
    owing.expire()
    with Smtpd() as relay:
        sending.run(relay)
        sending.due_again()
        sending.run(relay)
        reached = {one.recipient for one in relay.messages}
    assert ANN not in reached
    assert before.subscriber.address not in reached
    assert len(reached) >= 3
    counts = make.assert_sums(delivery.mailing_id)
    assert counts["cancelled"] == 2


def test_who_leaves_before_fan_out_comes_to_them_has_a_row_that_says_so(topics: dict[str, Topic]) -> None:
    earlier = mailed(topics["pharmacy"])
    mailing_id = fan_out.begin(make.bulletin(topics["pharmacy"]).id)
    preferences.unsubscribe(earlier.id, "")
    mailing = asking.written_out(mailing_id)
    assert make.assert_sums(mailing.id)["cancelled"] == 1
    assert mailing.deliveries.get().reason == "unsubscribed"


# --- taken back ---


def test_undo_restores_what_this_message_ended_with_its_cadence(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"])
    preferences.unsubscribe(delivery.id, "all")
    assert preferences.undo(delivery.id) == ("Pharmacy", "Dental", "Vision")
    assert live() == {("pharmacy", "immediate"), ("dental", "immediate"), ("vision", "weekly")}
    assert preferences.undo(delivery.id) == ()
    assert [verb for verb, _ in journal()] == ["unsubscribe", "undo"]
    assert Subscription.objects.count() == 6
    consent = Subscription.objects.filter(ended_at__isnull=True).values_list("consent", flat=True)
    assert all(one.startswith("taken back") for one in consent)


def test_undo_is_for_a_day_and_for_this_message_alone(topics: dict[str, Topic]) -> None:
    first, second = mailed(topics["pharmacy"]), mailed(topics["dental"])
    preferences.unsubscribe(first.id, "")
    preferences.unsubscribe(second.id, "")
    assert preferences.undo(first.id) == ("Pharmacy",)
    assert slugs() == {"pharmacy", "vision"}
    asking.ended_for(24 * HOURS)
    told = preferences.would_end(second.id, "")
    assert told is not None
    assert not told.undoable
    assert preferences.undo(second.id) == ()


def test_undo_respects_what_the_person_did_since(topics: dict[str, Topic]) -> None:
    first = mailed(topics["pharmacy"])
    preferences.unsubscribe(first.id, "")
    asking.signed_up(ANN, topics["pharmacy"])
    second = mailed(topics["pharmacy"])
    preferences.unsubscribe(second.id, "")
    assert preferences.undo(first.id) == ()
    assert "pharmacy" not in slugs()


def test_undo_lifts_no_suppression(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"])
    preferences.unsubscribe(delivery.id, "")
    make.suppress(delivery.subscriber)
    preferences.undo(delivery.id)
    mailing = mailed(topics["pharmacy"]).mailing
    assert make.assert_sums(mailing.id)["suppressed"] == 1


def test_undone_at_once_by_many_it_is_undone_once(topics: dict[str, Topic]) -> None:
    delivery = mailed(topics["pharmacy"])
    preferences.unsubscribe(delivery.id, "all")
    answers = asking.at_once(*[lambda: preferences.undo(delivery.id) for _ in range(4)])
    assert sorted(map(len, answers)) == [0, 0, 0, 3]
    assert Subscription.objects.count() == 6
