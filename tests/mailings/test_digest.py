"""A digest tells what matched and was not told yet: nothing falls between two of them, and nothing comes twice."""

import threading
from datetime import UTC, datetime, timedelta

import factories as make
import pytest
from digests import Days, copies, told
from django.db import connections

from dispatcher.mailings import digest, fan_out, progress
from dispatcher.mailings.progress import By
from dispatcher.mailings.windows import Timetable, latest
from dispatcher.models import Delivery, Keyword, Mailing, Told, Topic


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


@pytest.fixture
def days() -> Days:
    return Days()


@pytest.fixture
def pharmacy() -> Topic:
    return make.topic("pharmacy")


def test_what_matched_since_the_last_one_comes_in_one_mail_at_seven(days: Days, pharmacy: Topic) -> None:
    dental = make.topic("dental")
    ann = days.follow("ann", pharmacy, "daily")
    days.follow("ann", dental, "daily")
    days.match(pharmacy, dental, title="Both")
    days.match(dental, title="Teeth")
    days.look()
    assert copies(ann) == []
    assert days.due() == []
    days.later(hours=22)
    days.look()
    assert copies(ann) == [("daily:2026-08-22", ["Both", "Teeth"])]
    row = Delivery.objects.get()
    assert sorted(row.topics.split(",")) == sorted([str(pharmacy.id), str(dental.id)])
    assert (row.mailing.kind, row.mailing.lane, row.mailing.audience) == ("daily", "bulk", 1)
    assert days.look() == 0


def test_nothing_owed_is_no_mail_and_looked_at_once(days: Days, pharmacy: Topic) -> None:
    days.follow("ann", pharmacy, "daily")
    days.later(hours=22)
    assert days.due() == ["daily:2026-08-22"]
    days.look()
    assert days.due() == []
    empty = Mailing.objects.get()
    assert (empty.key, empty.state, empty.audience) == ("daily:2026-08-22", "done", 0)


def test_a_cadence_that_nobody_had_when_its_window_opened_has_no_digest(days: Days, pharmacy: Topic) -> None:
    days.follow("ann", pharmacy, "immediate")
    days.follow("ben", pharmacy, "daily")
    assert days.due() == []


def test_what_matched_late_stands_in_the_next_one(days: Days, pharmacy: Topic) -> None:
    ann = days.follow("ann", pharmacy, "daily")
    days.match(pharmacy, title="Early")
    days.later(hours=22)
    days.match(pharmacy, title="Late")  # at 7:00:01
    days.look()
    assert copies(ann) == [("daily:2026-08-22", ["Early"])]
    days.later(hours=24)
    days.look()
    assert copies(ann)[1:] == [("daily:2026-08-23", ["Late"])]


def test_a_missed_day_needs_no_run_of_its_own(days: Days, pharmacy: Topic) -> None:
    ann = days.follow("ann", pharmacy, "daily")
    days.match(pharmacy, title="Friday")
    days.look()
    days.later(days=3, hours=2)
    days.match(pharmacy, title="Monday")
    days.look()
    assert copies(ann) == [("daily:2026-08-24", ["Friday"])]


def test_who_joins_gets_nothing_from_before(days: Days, pharmacy: Topic) -> None:
    days.match(pharmacy, title="Before")
    ben = days.follow("ben", pharmacy, "daily")
    days.match(pharmacy, title="After")
    days.look()
    days.later(hours=22)
    days.look()
    assert copies(ben) == [("daily:2026-08-22", ["After"])]


def test_daily_weekly_daily_neither_repeats_nor_skips(days: Days, pharmacy: Topic) -> None:
    ann = days.follow("ann", pharmacy, "daily")
    days.match(pharmacy, title="One")
    days.look()
    days.later(hours=22)
    days.look()  # Saturday
    days.match(pharmacy, title="Two")
    days.change(ann, pharmacy, "weekly")
    days.later(hours=24)
    days.look()
    days.change(ann, pharmacy, "daily")
    days.match(pharmacy, title="Three")
    days.later(days=1)
    days.look()  # Monday
    assert copies(ann) == [("daily:2026-08-22", ["One"]), ("daily:2026-08-24", ["Three", "Two"])]


@pytest.mark.parametrize(("cadence", "key"), [("daily", "daily:2026-08-22"), ("weekly", "weekly:2026-08-24")])
def test_who_wants_it_at_once_from_now_on_has_one_last_digest(
    days: Days, pharmacy: Topic, cadence: str, key: str
) -> None:
    ann = days.follow("ann", pharmacy, cadence)
    days.match(pharmacy, title="Owed")
    days.look()
    days.change(ann, pharmacy, "immediate")
    at_once = days.match(pharmacy, title="At once")
    days.look()
    for _ in range(4):
        days.later(hours=24)
        days.look()
    assert copies(ann) == [(f"bulletin:{at_once.id}", ["At once"]), (key, ["Owed"])]


def test_what_was_owed_at_once_goes_to_the_digest_of_who_changed_before_it_left(
    days: Days, pharmacy: Topic
) -> None:
    ann = days.follow("ann", pharmacy, "immediate")
    days.match(pharmacy, title="Owed")
    with days.clock():
        fan_out.pending(days.settings)
    days.change(ann, pharmacy, "daily")
    assert Delivery.objects.get().state == "cancelled"
    days.later(hours=22)
    days.look()
    assert copies(ann) == [("daily:2026-08-22", ["Owed"])]


def test_what_comes_at_once_by_one_topic_does_not_come_again_by_another(days: Days, pharmacy: Topic) -> None:
    dental = make.topic("dental")
    ann = days.follow("ann", pharmacy, "immediate")
    days.follow("ann", dental, "daily")
    days.match(pharmacy, dental, title="Both")
    days.look()
    days.later(hours=22)
    days.look()
    assert list(told(ann).values()) == [1]


def test_daily_and_weekly_on_one_morning_tell_it_once(days: Days, pharmacy: Topic) -> None:
    dental = make.topic("dental")
    ann = days.follow("ann", pharmacy, "daily")
    days.follow("ann", dental, "weekly")
    days.later(days=2, hours=21)
    days.match(pharmacy, dental, title="Both")
    days.match(dental, title="Teeth")
    days.look()
    days.later(hours=1)
    days.look()
    assert [(key, one) for key, one in copies(ann) if one] == [
        ("daily:2026-08-24", ["Both"]),
        ("weekly:2026-08-24", ["Teeth"]),
    ]


def test_cancelled_unsent_copies_leave_the_news_to_the_next_digest(days: Days, pharmacy: Topic) -> None:
    ann, ben = days.follow("ann", pharmacy, "daily"), days.follow("ben", pharmacy, "daily")
    days.match(pharmacy, title="News")
    days.look()
    days.later(hours=22)
    with days.clock():
        fan_out.pending(days.settings)
        Delivery.objects.filter(subscriber=ann).update(state="accepted", attempt=1, ended_at=days.now)
        progress.cancel(Mailing.objects.get(kind="daily"), By("olga"))
        progress.cancel_rest()
        progress.finish()
    assert list(Told.objects.values_list("subscriber", flat=True)) == [ann.id]
    days.later(hours=24)
    days.look()
    assert copies(ann) == [("daily:2026-08-22", ["News"])]
    assert copies(ben) == [("daily:2026-08-23", ["News"])]
    assert Mailing.objects.get(key="daily:2026-08-23").audience == 1


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_bulletin_that_staff_stopped_stands_in_no_digest(days: Days, pharmacy: Topic, state: str) -> None:
    ann = days.follow("ann", pharmacy, "daily")
    wrong = days.match(pharmacy, title="Wrong")
    days.look()
    Mailing.objects.filter(bulletin=wrong).update(state=state)
    days.later(hours=22)
    days.look()
    assert copies(ann) == []
    Mailing.objects.filter(bulletin=wrong).update(state="done")
    days.later(hours=24)
    days.look()
    assert copies(ann) == [("daily:2026-08-23", ["Wrong"])]


def test_the_suppressed_have_a_row_once_and_no_old_news_afterwards(days: Days, pharmacy: Topic) -> None:
    gone = days.follow("gone", pharmacy, "daily")
    make.suppress(gone)
    days.match(pharmacy, title="News")
    days.look()
    for _ in range(2):
        days.later(hours=24)
        days.look()
    assert list(Delivery.objects.values_list("state", "reason")) == [("suppressed", "suppressed")]


def test_a_keyword_narrows_a_digest_too(days: Days, pharmacy: Topic) -> None:
    ann, ben = days.follow("ann", pharmacy, "daily"), days.follow("ben", pharmacy, "daily")
    Keyword.objects.create(subscription=ben.subscriptions.get(), phrase="insulin", folded="insulin")
    days.match(pharmacy, title="Inhalers")
    days.match(pharmacy, title="Insulin")
    days.look()
    days.later(hours=22)
    days.look()
    assert copies(ann) == [("daily:2026-08-22", ["Inhalers", "Insulin"])]
    assert copies(ben) == [("daily:2026-08-22", ["Insulin"])]
    days.later(hours=24)
    days.look()
    assert Mailing.objects.get(key="daily:2026-08-23").carried.count() == 0


def test_what_must_be_delivered_waits_for_no_digest(days: Days) -> None:
    urgent = make.topic("urgent", must_deliver=True)
    ann = days.follow("ann", urgent, "weekly")
    now = days.match(urgent, title="Now")
    days.look()
    assert copies(ann) == [(f"bulletin:{now.id}", ["Now"])]
    days.later(days=4)
    days.look()
    assert list(told(ann).values()) == [1]


def test_two_timetables_at_once_make_one_digest(days: Days, pharmacy: Topic) -> None:
    for name in ("ann", "ben", "cal"):
        days.follow(name, pharmacy, "daily")
    days.match(pharmacy, title="News")
    days.look()
    window = latest(days.now + timedelta(hours=22), _timetable())[0]
    begun: list[bool | Exception] = []

    def work() -> None:
        try:
            begun.append(digest.begin(window))
        except Exception as failure:  # noqa: BLE001 -- told by the assertion below
            begun.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(begun) == [False, False, True]
    assert Mailing.objects.filter(kind="daily").count() == 1


def _timetable() -> Timetable:
    settings = Days().settings
    return Timetable(settings.zone, settings.digest_time, settings.digest_day)


def test_the_night_in_which_the_clock_is_set_back_has_one_digest(pharmacy: Topic) -> None:
    days = Days(now=datetime(2026, 10, 31, 14, tzinfo=UTC))
    ann = days.follow("ann", pharmacy, "daily")
    days.match(pharmacy, title="News")
    days.look()
    for _ in range(30):
        days.later(hours=1)
        days.look()
    assert copies(ann) == [("daily:2026-11-01", ["News"])]
    assert list(Mailing.objects.filter(kind="daily").order_by("id").values_list("key", flat=True)) == [
        "daily:2026-11-01"
    ]
