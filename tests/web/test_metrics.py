"""`/metrics`: the numbers of planted rows and a real Valkey, read back as Prometheus reads them; and who may ask."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic

import factories as make
import pytest
import redis
from calling import set_environment
from django.db import connection
from django.test import Client
from house.tree import ROOT
from prometheus_client.parser import text_string_to_metric_families
from works import Bell

from dispatcher import config
from dispatcher.models import Arrival, Bulletin, Delivery, Event, Mailing, Pulse, Relay, Source, Suppression
from dispatcher.models.clock import database_now

TOKEN = "only-for-tests-token-0123456789-abcdef"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clean_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    set_environment(monkeypatch, REDIS_URL="redis://127.0.0.1:1/0")
    yield
    config.current.cache_clear()


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    bell = Bell(tmp_path)
    yield bell
    bell.process.kill_whole()


def read(visitor: Client, **headers: str) -> dict[tuple[str, ...], float]:
    """Every value, by name and labels in the order of their names."""
    answer = visitor.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        (one.name.removeprefix("dispatcher_"), *dict(sorted(one.labels.items())).values()): one.value
        for family in text_string_to_metric_families(answer.content.decode())
        for one in family.samples
    }


def mailing(key: str, lane: str = "immediate", state: str = "running", **fields) -> Mailing:
    now = database_now()
    defaults = {"kind": "bulletin", "created_at": now, "frozen_at": now, "fanned_out_at": now, "audience": 0}
    return Mailing.objects.create(key=key, lane=lane, state=state, nonce="n", **(defaults | fields))


def deliveries(of: Mailing, count: int, state: str, **fields) -> None:
    for _ in range(count):
        defaults = {"topics": "1", "due_at": database_now() - 10 * MINUTE}
        Delivery.objects.create(mailing=of, subscriber=make.subscriber(), state=state, **(defaults | fields))


def plant() -> None:
    now = database_now()
    soon, lately, long_ago = now + MINUTE, now - 10 * MINUTE, now - 90 * MINUTE
    first, second = mailing("bulletin:1"), mailing("bulletin:2")
    deliveries(first, 2, "pending")
    deliveries(first, 1, "pending", doubts=1)
    deliveries(second, 1, "pending")
    deliveries(first, 1, "sending", lease_until=soon, doubts=1)
    deliveries(first, 1, "claimed", lease_until=now - MINUTE)
    deliveries(first, 3, "accepted", ended_at=lately)
    deliveries(first, 1, "failed", reason="gone", ended_at=lately)
    deliveries(first, 5, "accepted", ended_at=long_ago)
    done = mailing("bulletin:3", state="done", finished_at=lately)
    deliveries(done, 1, "accepted", ended_at=lately)
    over = mailing("bulletin:4", state="done", finished_at=long_ago)
    deliveries(over, 1, "accepted", ended_at=long_ago)
    deliveries(mailing("daily:1", lane="bulk", state="paused"), 2, "pending")
    Pulse.beat("bulk")
    Pulse.objects.update(seen_at=now - 5 * MINUTE)
    make.source("fresh", last_success_at=now - MINUTE, last_new_at=long_ago, due_at=soon)
    make.source("silent", due_at=soon)
    make.source("gone", enabled=False, last_success_at=now, due_at=soon)
    make.bulletin(state="held", matched_at=None, source=Source.objects.get(slug="fresh"))
    make.bulletin(state="unmatched", source=Source.objects.get(slug="fresh"))
    Relay.objects.create(name="relay.example.gov:25", down_since=now, failures=3)
    Relay.objects.create(name="former.example.gov:25", down_since=now, failures=3)


def plant_what_came_back() -> None:
    now = database_now()
    told = Delivery.objects.filter(state="accepted")
    for number, (row, ago) in enumerate(zip(told, (MINUTE, 2000 * MINUTE), strict=False)):
        Event.objects.create(
            delivery=row, provider_event_id=f"{number}", kind="bounce", received_at=now - ago
        )
    for number, outcome in enumerate(("unmatched", "events")):
        Arrival.objects.create(
            provider="mail", hash=f"{number}", raw=b"", received_at=now, settled_at=now, outcome=outcome
        )
    make.suppress(make.subscriber())
    held = make.suppress(make.subscriber())
    Suppression.objects.filter(id=held.id).update(held=True, lifted_at=now)


def test_what_the_rows_hold_is_what_is_told(
    db: str, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant()
    plant_what_came_back()
    set_environment(monkeypatch, SMTP_URL="smtp://relay.example.gov smtp://other.example.gov")
    found = read(visitor)
    expected = {
        ("database_up",): 1, ("broker_up",): 0,
        ("lane_owed", "immediate"): 6, ("lane_owed", "bulk"): 0, ("lane_owed", "upkeep"): 1,
        ("lane_in_doubt", "immediate"): 2,
        ("open_deliveries", "immediate", "pending"): 4, ("open_deliveries", "immediate", "sending"): 1,
        ("open_deliveries", "immediate", "claimed"): 1, ("open_deliveries", "bulk", "pending"): 0,
        ("ended_deliveries_last_hour", "", "accepted"): 4, ("ended_deliveries_last_hour", "gone", "failed"): 1,
        ("relay_down", "relay.example.gov:25"): 1, ("relay_down", "other.example.gov:25"): 0,
        ("bulletins_to_look_at", "held"): 1, ("bulletins_to_look_at", "unmatched"): 1,
        ("mailings", "running"): 2, ("mailings", "paused"): 1,
        ("events_last_day", "bounce"): 1, ("events_last_day", "complaint"): 0, ("events_last_day", "delivered"): 0,
        ("suppressions", "gone"): 1, ("suppressions", "complaint"): 0, ("suppressions_held",): 1,
        ("arrivals_of_no_use_last_day", "unmatched"): 1, ("arrivals_of_no_use_last_day", "unreadable"): 0,
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    ages = {
        ("lane_oldest_overdue_seconds", "immediate"): 600, ("lane_oldest_overdue_seconds", "upkeep"): 60,
        ("lane_canary_age_seconds", "bulk"): 300, ("source_read_age_seconds", "fresh"): 60,
        ("source_new_age_seconds", "fresh"): 5400,
    }  # fmt: skip
    assert {key: found[key] for key in ages} == pytest.approx(ages, abs=10)
    absent = [
        ("lane_canary_age_seconds", "poll"),
        ("source_read_age_seconds", "silent"),
        ("source_read_age_seconds", "gone"),
    ]
    assert not [key for key in absent if key in found]
    assert not [key for key in found if key[0] in {"lane_waiting_rings", "broker_unacked"}]


def test_an_empty_deployment_has_its_zeros(db: str, visitor: Client) -> None:
    found = read(visitor)
    lanes = ["poll", "fan_out", "system", "immediate", "bulk", "upkeep"]
    assert [found["lane_owed", lane] for lane in lanes] == [0] * 6
    assert found["mailings", "running"] == found["bulletins_to_look_at", "held"] == 0


def test_nothing_of_people_is_told(db: str, visitor: Client) -> None:
    plant()
    text = visitor.get("/metrics").content.decode()
    assert "@" not in text
    assert "example.com" not in text
    assert str(Bulletin.objects.first().title) not in text


def test_the_broker_is_told_of_where_it_answers(
    sqlite_db: str, visitor: Client, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, REDIS_URL=bell.url)
    with redis.Redis.from_url(bell.url) as client:
        client.lpush("dispatcher:bulk", "a", "b")
        client.hset("dispatcher:unacked", "tag", "ring")
    found = read(visitor)
    assert found["broker_up",] == 1
    assert (found["lane_waiting_rings", "bulk"], found["lane_waiting_rings", "poll"]) == (2, 0)
    assert found["broker_unacked",] == 1


def test_a_broker_that_says_nothing_costs_a_second(
    sqlite_db: str, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        set_environment(monkeypatch, REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        read(visitor)
        began = monotonic()
        assert read(visitor)["broker_up",] == 0
        assert monotonic() - began < 1.5


def test_without_its_database_it_still_answers(
    db: str, visitor: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.close()
    elsewhere = {"NAME": str(tmp_path)} if connection.vendor == "sqlite" else {"HOST": "127.0.0.1", "PORT": 1}
    for name, value in elsewhere.items():
        monkeypatch.setitem(connection.settings_dict, name, value)
    assert read(visitor) == {("database_up",): 0, ("broker_up",): 0}


def test_twice_is_the_same_and_leaves_nothing_behind(sqlite_db: str, visitor: Client) -> None:
    mailing("bulletin:1")
    assert read(visitor) == read(visitor)
    Mailing.objects.all().delete()
    assert read(visitor)["mailings", "running"] == 0


# --- who may ask ---


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("203.0.113.7", {}, 404),
        ("", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 404),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}, 404),
        ("127.0.0.1", {"X-Real-IP": "203.0.113.7"}, 404),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 404),
        ("203.0.113.7", {"Authorization": "Bearer "}, 404),
    ],
)
def test_without_a_token_only_this_machine_may_ask(
    sqlite_db: str, visitor: Client, peer: str, headers: dict[str, str], status: int
) -> None:
    assert visitor.get("/metrics", headers=headers, REMOTE_ADDR=peer).status_code == status


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (TOKEN, 404),
        (f"Bearer {TOKEN[:-1]}", 404),
        (f"Bearer {TOKEN}x", 404),
        ("Bearer ", 404),
        ("Bearer ü", 404),
        ("", 404),
    ],
)
@pytest.mark.parametrize("peer", ["127.0.0.1", "203.0.113.7"])
def test_with_a_token_whoever_shows_it_may_ask(
    sqlite_db: str, visitor: Client, peer: str, shown: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, METRICS_TOKEN=TOKEN)
    answer = visitor.get("/metrics", headers={"Authorization": shown}, REMOTE_ADDR=peer)
    assert answer.status_code == status
    assert (b"dispatcher_" in answer.content) is (status == 200)


def test_a_stranger_learns_no_more_than_at_any_other_address(sqlite_db: str, visitor: Client) -> None:
    refused = visitor.get("/metrics", REMOTE_ADDR="203.0.113.7")
    assert refused.content == visitor.get("/nothing").content


def test_the_page_of_the_interface_names_every_number(
    sqlite_db: str, visitor: Client, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, REDIS_URL=bell.url)
    page = (ROOT / "docs" / "interface.md").read_text(encoding="utf-8")
    text = visitor.get("/metrics").content.decode()
    unnamed = [one.name for one in text_string_to_metric_families(text) if f"`{one.name}`" not in page]
    assert not unnamed, f"{unnamed} → docs/interface.md has a line for each"
