"""The lanes as rows tell them, on both databases, and by which indexes."""

from datetime import timedelta

import factories as make
import owing
import pytest
from django.db import connection

from dispatcher.models import Delivery, LinkRequest, Mailing, Pulse, Source, lanes
from dispatcher.models.clock import database_now
from dispatcher.models.lanes import LaneFacts

MINUTE = timedelta(minutes=1)


def facts() -> dict[str, LaneFacts]:
    return {one.lane: one for one in lanes.lanes(database_now())}


def test_a_lane_tells_what_it_owes_since_when_and_who_served_it(db: str) -> None:
    now = database_now()
    mailing = owing.owe(people=4)
    first, second, *_ = owing.claim(limit=3)
    assert owing.mark(first)
    rows = Delivery.objects.filter(mailing=mailing)
    rows.filter(id=first.id).update(doubts=1, due_at=now - 5 * MINUTE)
    rows.filter(id=second.id).update(lease_until=now - 2 * MINUTE)
    Pulse.beat("immediate")
    told = facts()
    assert list(told) == ["poll", "fan_out", "system", "immediate", "bulk", "upkeep"]
    immediate = told["immediate"]
    assert (immediate.owed, immediate.in_doubt, told["bulk"].owed, told["upkeep"].owed) == (4, 1, 0, 1)
    assert immediate.oldest_overdue_seconds == pytest.approx(300, abs=5)
    assert told["upkeep"].oldest_overdue_seconds == pytest.approx(120, abs=5)
    assert (immediate.canary_age_seconds, told["bulk"].canary_age_seconds) == (0, None)


def test_links_that_nobody_answered_and_blasts_whose_time_has_come_are_owed(db: str) -> None:
    now = database_now()
    assert (facts()["system"].owed, facts()["fan_out"].owed) == (0, 0)
    for minutes in (3, 7):
        LinkRequest.objects.create(
            kind="confirm", address="a@example.com", folded="a@example.com", asked_at=now - minutes * MINUTE
        )
    mailing = owing.owe()
    Mailing.objects.filter(id=mailing.id).update(state="waiting", starts_at=now - 9 * MINUTE)
    told = facts()
    assert (told["system"].owed, told["fan_out"].owed) == (2, 1)
    assert told["system"].oldest_overdue_seconds == pytest.approx(7 * 60, abs=5)
    assert told["fan_out"].oldest_overdue_seconds == pytest.approx(9 * 60, abs=5)
    Mailing.objects.filter(id=mailing.id).update(starts_at=now + 9 * MINUTE)
    assert facts()["fan_out"].owed == 0


def test_a_paused_mailing_is_not_owed(db: str) -> None:
    owing.owe(people=2)
    Mailing.objects.update(state="paused")
    assert facts()["immediate"].owed == 0
    assert lanes.open_deliveries() == []


def test_what_is_open_is_told_of_each_mailing_and_state(db: str) -> None:
    owing.owe(people=3)
    owing.claim(limit=1)
    owing.owe(people=1)
    told = sorted((one.lane, one.state, one.count) for one in lanes.open_deliveries())
    assert told == [("immediate", "claimed", 1), ("immediate", "pending", 1), ("immediate", "pending", 2)]


def test_what_ended_lately_is_counted_by_reason(db: str) -> None:
    now = database_now()
    mailing = owing.owe(people=4)
    ids = list(mailing.deliveries.values_list("id", flat=True).order_by("id"))
    ended = Delivery.objects.filter(mailing=mailing)
    ended.filter(id__in=ids[:2]).update(state="accepted", ended_at=now)
    ended.filter(id=ids[2]).update(state="failed", reason="gone", ended_at=now)
    ended.filter(id=ids[3]).update(state="accepted", ended_at=now - 2 * MINUTE)
    assert lanes.ended_deliveries(now - MINUTE) == [("accepted", "", 2), ("failed", "gone", 1)]
    Mailing.objects.update(state="done", finished_at=now - 2 * MINUTE)
    assert lanes.ended_deliveries(now - MINUTE) == []


def test_no_question_reads_the_whole_ledger(db: str) -> None:
    if connection.vendor != "sqlite":
        return  # PostgreSQL reads small tables whole, whatever indexes there are
    owing.owe()
    make.source("due", due_at=make.LONG_AGO)
    assert Source.due(database_now()).exists()
    asked = []

    def note(execute, sql, params, many, context):
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        lanes.lanes(database_now())
        lanes.ended_deliveries(database_now() - MINUTE)
    steps = [step for sql, params in asked if "dispatcher_delivery" in sql for step in plan(sql, params)]
    assert len(steps) >= 5
    # To walk along one of these two is to walk along what is open; along any other, or none, it is the whole table.
    walks = [one for one in steps if one.startswith("SCAN dispatcher_delivery")]
    whole = [one for one in walks if not one.endswith(("delivery_owed", "delivery_leased"))]
    assert not whole


def plan(sql: str, params: object) -> list[str]:
    """With the very parameters: of them SQLite knows less than of words in the statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return [row[3] for row in cursor.fetchall()]
