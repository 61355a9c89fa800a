"""Probes: who is restarted, who gets visitors, and what may be away meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest
from calling import set_environment
from django.db import connection
from django.test import Client

from dispatcher import config

READY = {"ready": True, "degraded": []}


@contextmanager
def listening(*, full: bool = False) -> Iterator[int]:
    """A port that takes connections; a full one leaves whoever knocks waiting."""
    knocking = []
    with socket.create_server(("127.0.0.1", 0), backlog=0 if full else 5) as server:
        port = server.getsockname()[1]
        for _ in range(3 if full else 0):
            one = socket.socket()
            one.setblocking(False)
            knocking.append(one)
            with suppress(BlockingIOError):
                one.connect(("127.0.0.1", port))
        yield port
        for one in knocking:
            one.close()


def closed_port() -> int:
    with listening() as port:
        return port


@contextmanager
def broker(monkeypatch: pytest.MonkeyPatch, url: str, name: str = "REDIS_URL") -> Iterator[None]:
    set_environment(monkeypatch, **{name: url})
    yield
    config.current.cache_clear()


def put_database_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    connection.close()
    elsewhere = (
        {"NAME": str(tmp_path)}
        if connection.vendor == "sqlite"
        else {"HOST": "127.0.0.1", "PORT": closed_port()}
    )
    for name, value in elsewhere.items():
        monkeypatch.setitem(connection.settings_dict, name, value)


def test_it_lives_whatever_else_is_away(
    db: str, visitor: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_database_away(monkeypatch, tmp_path)
    answer = visitor.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert connection.connection is None


def test_it_is_ready_with_a_database_up_to_date_and_a_broker(
    db: str, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as port, broker(monkeypatch, f"redis://:secret@127.0.0.1:{port}/0"):
        answer = visitor.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, READY)


def test_without_its_database_it_is_not_ready(
    db: str,
    visitor: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put_database_away(monkeypatch, tmp_path)
    answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert answer.json()["problem"] == "the database does not answer"
    assert "dispatcher.web.health" in caplog.text


def test_with_a_migration_missing_it_is_not_ready(db: str, visitor: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations WHERE app = 'dispatcher')"
        )
    answer = visitor.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problem"] == "the tables are not up to date: run `dispatcher migrate`"


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:{}/0",
        "redis://127.0.0.1:none/0",
        "sentinel://127.0.0.1:{0};sentinel://127.0.0.1:{0}",
    ],
)
def test_without_its_broker_it_is_ready_and_says_so(
    url: str, sqlite_db: str, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broker(monkeypatch, url.format(closed_port())):
        answer = visitor.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, READY | {"degraded": ["broker away"]})


def test_one_of_several_brokers_is_enough(
    sqlite_db: str, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as port:
        hosts = f"amqp://127.0.0.1:{closed_port()};amqp://user:secret@127.0.0.1:{port}//"
        with broker(monkeypatch, hosts, "BROKER_URL"):
            assert visitor.get("/readyz").json() == READY


def test_a_broker_that_only_keeps_us_waiting_costs_a_second(
    sqlite_db: str, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(full=True) as port, broker(monkeypatch, f"redis://127.0.0.1:{port}/0"):
        began = monotonic()
        answer = visitor.get("/readyz")
        assert 0.9 < monotonic() - began < 2
    assert answer.json() == READY | {"degraded": ["broker away"]}
