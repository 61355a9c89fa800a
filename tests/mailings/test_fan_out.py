"""Fan out owes each person of the frozen audience exactly one delivery, however often and by however many it is called."""

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import factories as make
import pytest
from django.db import DatabaseError, DataError, IntegrityError, connection, connections

from dispatcher import config
from dispatcher.mailings import fan_out, progress
from dispatcher.models import Bulletin, Carried, Catalog, Delivery, Mailing, Subscription, Told
from dispatcher.models.clock import database_now
from dispatcher.sources import held
from dispatcher.topics import match


def begin(bulletin: Bulletin) -> int:
    mailing_id = fan_out.begin(bulletin.id)
    assert mailing_id is not None
    return mailing_id


def run(mailing_id: int, size: int = 2) -> None:
    while fan_out.fan_out(mailing_id, size) is not None:
        pass


def states(mailing_id: int) -> dict[str, tuple[str, str]]:
    rows = Delivery.objects.filter(mailing_id=mailing_id).values_list(
        "subscriber__address", "state", "reason"
    )
    return {address: (state, reason) for address, state, reason in rows}


def test_everybody_who_follows_a_matched_topic_is_owed_one_copy_with_all_reasons(db: str) -> None:
    pharmacy, rules, dental = make.topic("pharmacy"), make.topic("all-rulemaking"), make.topic("dental")
    both, one, other = (
        make.subscriber("both@example.com"),
        make.subscriber("one@example.com"),
        make.subscriber("other@example.com"),
    )
    for person, topic in [(both, pharmacy), (both, rules), (one, rules), (other, dental)]:
        make.subscription(person, topic)
    mailing_id = begin(make.bulletin(pharmacy, rules))
    run(mailing_id)
    topics = dict(Delivery.objects.filter(mailing_id=mailing_id).values_list("subscriber__address", "topics"))
    assert {k: sorted(v.split(",")) for k, v in topics.items()} == {
        "both@example.com": sorted([str(pharmacy.id), str(rules.id)]),
        "one@example.com": [str(rules.id)],
    }
    assert Told.objects.count() == 2
    make.assert_sums(mailing_id)


def test_a_daily_subscription_alone_waits_for_its_digest_but_is_named_beside_an_immediate_one(
    db: str,
) -> None:
    pharmacy, rules = make.topic("pharmacy"), make.topic("all-rulemaking")
    mixed, daily = make.subscriber("mixed@example.com"), make.subscriber("daily@example.com")
    make.subscription(mixed, pharmacy)
    make.subscription(mixed, rules, cadence="daily")
    make.subscription(daily, rules, cadence="daily")
    mailing_id = begin(make.bulletin(pharmacy, rules))
    run(mailing_id)
    row = Delivery.objects.get(mailing_id=mailing_id)
    assert row.subscriber == mixed
    assert len(row.topics.split(",")) == 2


def test_beginning_twice_makes_one_mailing(db: str) -> None:
    bulletin = make.bulletin(make.topic())
    assert fan_out.begin(bulletin.id) is not None
    assert fan_out.begin(bulletin.id) is None
    assert Mailing.objects.get().key == f"bulletin:{bulletin.id}"
    bulletin.refresh_from_db()
    assert bulletin.state == "mailed"


def test_who_confirms_after_the_freeze_gets_none_and_who_leaves_before_fan_out_gets_a_cancelled_row(
    db: str,
) -> None:
    pharmacy = make.topic("pharmacy")
    stays, leaves, late = (make.subscriber(f"{name}@example.com") for name in ("stays", "leaves", "late"))
    make.subscription(stays, pharmacy)
    make.subscription(leaves, pharmacy)
    mailing_id = begin(make.bulletin(pharmacy))
    make.subscription(late, pharmacy, confirmed_at=database_now())
    Subscription.objects.filter(subscriber=leaves).update(
        ended_at=database_now(), ended_because="unsubscribed"
    )
    run(mailing_id)
    assert states(mailing_id) == {
        "stays@example.com": ("pending", ""),
        "leaves@example.com": ("cancelled", "unsubscribed"),
    }
    assert set(Told.objects.values_list("subscriber__address", flat=True)) == {"stays@example.com"}
    assert make.assert_sums(mailing_id)["cancelled"] == 1


def test_who_left_before_the_freeze_or_never_confirmed_is_no_audience(db: str) -> None:
    pharmacy = make.topic("pharmacy")
    make.subscription(make.subscriber(), pharmacy, ended_at=make.LONG_AGO + timedelta(days=1))
    make.subscription(make.subscriber(), pharmacy, confirmed_at=None)
    mailing_id = begin(make.bulletin(pharmacy))
    run(mailing_id)
    assert Mailing.objects.get().audience == 0
    assert progress.finish() == 1
    assert Mailing.objects.get().state == "done"


def test_the_suppressed_get_a_row_that_says_so(db: str) -> None:
    pharmacy = make.topic("pharmacy")
    gone = make.subscriber("gone@example.com")
    make.subscription(gone, pharmacy)
    make.suppress(gone)
    mailing_id = begin(make.bulletin(pharmacy))
    run(mailing_id)
    assert states(mailing_id) == {"gone@example.com": ("suppressed", "suppressed")}
    assert not Told.objects.exists()
    make.assert_sums(mailing_id)


def test_who_was_told_by_another_mailing_is_not_told_again(db: str) -> None:
    pharmacy = make.topic("pharmacy")
    person = make.subscriber("told@example.com")
    make.subscription(person, pharmacy)
    bulletin = make.bulletin(pharmacy)
    mailing_id = begin(bulletin)
    now = database_now()
    digest = Mailing.objects.create(
        key="daily:2026-08-21",
        kind="daily",
        lane="bulk",
        state="running",
        created_at=now,
        frozen_at=now,
        audience=1,
        nonce="x",
    )
    Carried.objects.create(mailing=digest, bulletin=bulletin)
    Told.objects.create(subscriber=person, bulletin=bulletin, mailing=digest)
    run(mailing_id)
    assert states(mailing_id) == {"told@example.com": ("cancelled", "told by another mailing")}
    make.assert_sums(mailing_id)


def test_a_killed_fan_out_goes_on_where_its_cursor_stands_and_a_repeated_slice_changes_nothing(
    db: str,
) -> None:
    pharmacy = make.topic("pharmacy")
    for _ in range(5):
        make.subscription(make.subscriber(), pharmacy)
    mailing_id = begin(make.bulletin(pharmacy))
    assert fan_out.fan_out(mailing_id, 2)
    assert make.assert_sums(mailing_id)["pending"] == 5
    Mailing.objects.filter(id=mailing_id).update(cursor=0)
    run(mailing_id)
    run(mailing_id)
    assert Delivery.objects.filter(mailing_id=mailing_id).count() == 5
    make.assert_sums(mailing_id)


def test_two_at_once_owe_nobody_twice(db: str) -> None:
    pharmacy = make.topic("pharmacy")
    for _ in range(40):
        make.subscription(make.subscriber(), pharmacy)
    bulletin = make.bulletin(pharmacy)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            fan_out.pending(replace(config.current(), slice_size=3))
        except BaseException as failure:  # noqa: BLE001 -- handed to the main thread, which asserts that there is none
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    fan_out.pending(replace(config.current(), slice_size=3))
    mailing = Mailing.objects.get(bulletin=bulletin)
    assert make.assert_sums(mailing.id)["pending"] == 40


def test_told_has_no_index_that_finds_all_who_were_told_of_a_bulletin(db: str) -> None:
    """A planner that takes a new bulletin for a rare one would read it through for each person."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Told._meta.db_table).values()
    leading = {one["columns"][0] for one in found if one["index"] or one["unique"] or one["primary_key"]}
    assert leading == {"id", "subscriber_id"}


@pytest.mark.parametrize("written", [True, False])
def test_references_are_looked_after_again_when_a_slice_is_written_or_fails(
    db: str, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    pharmacy = make.topic("pharmacy")
    make.subscription(make.subscriber(), pharmacy)
    mailing_id = begin(make.bulletin(pharmacy))
    if not written:
        monkeypatch.setattr(fan_out, "_TOLD", "INSERT INTO nowhere VALUES (1)")
    with suppress(DatabaseError):
        run(mailing_id)
    assert Delivery.objects.count() == written
    connection.check_constraints()
    with pytest.raises(IntegrityError):
        Delivery.objects.create(mailing_id=mailing_id, subscriber_id=0, due_at=database_now())


def test_a_paused_mailing_is_left_alone_and_not_finished(db: str) -> None:
    pharmacy = make.topic("pharmacy")
    make.subscription(make.subscriber(), pharmacy)
    mailing_id = begin(make.bulletin(pharmacy))
    Mailing.objects.update(state="paused")
    assert fan_out.fan_out(mailing_id, 10) is None
    assert progress.finish() == 0
    Mailing.objects.update(state="running")
    run(mailing_id)
    assert progress.finish() == 0
    assert Delivery.objects.count() == 1


# --- one that cannot go on stops nobody else ---


def test_a_bulletin_whose_mailing_cannot_begin_is_held_and_begins_after_its_release(db: str) -> None:
    topic = make.topic(sections=[{"chapter": "II", "number": "80"}])
    make.subscription(make.subscriber(), topic)
    Catalog.objects.create(hash="0" * 64, agency={}, loaded_at=make.LONG_AGO)
    broken, whole = make.bulletin(topic), make.bulletin(topic)
    # The key of its mailing is taken.
    begun = begin(whole)
    Mailing.objects.filter(id=begun).update(key=f"bulletin:{broken.id}")
    other = make.bulletin(topic)
    assert fan_out.pending(config.current()) == 1
    broken.refresh_from_db()
    assert broken.state == "held"
    assert "its mailing cannot begin: IntegrityError" in broken.held_because
    assert set(Delivery.objects.values_list("mailing__bulletin", flat=True)) == {whole.id, other.id}
    Mailing.objects.filter(id=begun).update(key=f"bulletin:{whole.id}")
    assert held.release(broken.source, broken.id, actor="ann") == 1
    assert match.pending() == 1
    assert fan_out.pending(config.current()) == 1
    assert Delivery.objects.filter(mailing__bulletin=broken).count() == 1


def test_a_mailing_that_cannot_be_written_out_is_paused_with_the_reason(db: str) -> None:
    topic = make.topic()
    make.subscription(make.subscriber(), topic)
    broken, whole = begin(make.bulletin(topic)), begin(make.bulletin(topic))

    def refuse(execute, sql, params, many, context):
        if "INSERT INTO dispatcher_delivery" in sql and params["mailing"] == broken:
            raise DataError("out of range")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        fan_out.pending(config.current())
    mailing = Mailing.objects.get(id=broken)
    assert (mailing.state, mailing.why) == ("paused", "it cannot be written out: DataError: out of range")
    assert set(states(whole).values()) == {("pending", "")}
    progress.resume(mailing, progress.By("ann"))
    fan_out.pending(config.current())
    assert set(states(broken).values()) == {("pending", "")}
