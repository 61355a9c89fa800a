"""`dispatcher doctor` as a whole: what it prints, how it ends, and that no check hides another."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
import scene
from calling import Call, set_environment
from relay import Smtpd
from works import Bell

from dispatcher import config
from dispatcher.management.doctor import files, settings, topics
from dispatcher.management.doctor.findings import Check, Finding, ok, together
from dispatcher.models import Source


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Bell]:
    bell = Bell(tmp_path)
    yield bell
    bell.process.kill_whole()


def of_level(level: str, found: list[dict[str, str]]) -> dict[str, str]:
    return {one["where"]: one["what"] for one in found if one["level"] == level}


def test_where_all_is_well_it_ends_with_0_and_says_what_it_looked_at(
    call: Call, bell: Bell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.set_up(tmp_path)
    with Smtpd() as relay:
        set_environment(monkeypatch, REDIS_URL=bell.url, SMTP_URL=relay.url, FROM="MaineCare <a@localhost>")
        done = call("doctor", "--json")
        lines = call("doctor").out.splitlines()
    assert of_level("problem", done.json) == {}
    assert done.code == 0
    assert set(done.json[0]) == {"level", "where", "what", "remedy"}
    looked_at = {one["where"] for one in done.json}
    assert looked_at >= {
        "database", "database file", "triggers", "journal", "DATA_DIR", "broker", f"relay {relay.relay}",
        "domain of the sender", "pages", "topics.yaml", "sources", "DISPATCHER_SEND",
    }  # fmt: skip
    assert lines[0].startswith("ok       database: SQLite")
    assert lines[-1].startswith("0 problems, ")
    assert len(lines) == len(done.json) + 1


def test_everything_away_at_once_is_told_at_once(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(
        monkeypatch, REDIS_URL="redis://127.0.0.1:1/0", SMTP_URL="smtp://127.0.0.1:1 smtp://relay.invalid",
        PUBLIC_URL="https://127.0.0.1:1", BOUNCE_DOMAIN="bounces.invalid", SEDN="on",
    )  # fmt: skip
    began = monotonic()
    done = call("doctor", "--json")
    assert monotonic() - began < 15
    assert done.code == 1
    assert set(of_level("problem", done.json)) == {"broker", "relay 127.0.0.1:1", "relay relay.invalid:25"}
    assert set(of_level("warning", done.json)) >= {
        "pages",
        "domain of the bounces",
        "DISPATCHER_SEDN",
        "sources",
    }
    assert all(one["remedy"] for one in done.json if one["level"] != "ok")


def test_without_a_database_the_rest_is_still_looked_at_and_nothing_is_made(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection, connections

    file = tmp_path / "none.sqlite3"
    monkeypatch.setitem(connection.settings_dict, "NAME", str(file))
    monkeypatch.setitem(connections.settings["default"], "NAME", str(file))
    found = call("doctor", "--json").json
    assert "no file" in of_level("problem", found)["database"]
    assert not {"journal", "triggers", "sources"} & {one["where"] for one in found}
    assert {"broker", "topics.yaml"} <= {one["where"] for one in found}
    assert not file.exists()


@pytest.mark.slow
def test_where_everything_hangs_it_ends_all_the_same(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        there = f"127.0.0.1:{silent.getsockname()[1]}"
        settings = {
            "DATA_DIR": str(tmp_path), "DATABASE_URL": f"postgresql://us:secret@{there}/x", "PUBLIC_URL": f"http://{there}",
            "REDIS_URL": f"redis://:secret@{there}/0", "SMTP_URL": f"smtps://us:secret@{there} smtp://{there}",
        }  # fmt: skip
        began = monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "dispatcher", "doctor"],
            env=os.environ | {f"DISPATCHER_{name}": value for name, value in settings.items()},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert monotonic() - began < 45
    assert done.returncode == 1
    assert done.stdout.count(f"problem  relay {there}: ") == 2
    assert all(
        words in done.stdout for words in ("problem  database: ", "problem  broker: ", "warning  pages: ")
    )
    assert "secret@" not in done.stdout + done.stderr


def test_a_check_that_hangs_or_breaks_hides_no_other() -> None:
    released = Event()

    def hangs() -> Iterator[Finding]:
        yield ok("slow", "seen before")
        released.wait(20)

    def breaks() -> Iterator[Finding]:
        yield ok("odd", "seen before")
        raise RuntimeError("the inside")

    began = monotonic()
    found = together([
        Check("slow", hangs, 0.2), Check("odd", breaks), Check("fine", lambda: [ok("fine", "all is well")]),
    ])  # fmt: skip
    released.set()
    assert monotonic() - began < 2
    assert [(one.level, one.where) for one in found] == [
        ("ok", "slow"), ("problem", "slow"), ("ok", "odd"), ("problem", "odd"), ("ok", "fine"),
    ]  # fmt: skip
    assert "no end within 0.2 s" in found[1].what
    assert "the inside" in found[3].what


# --- files ---


@pytest.mark.parametrize(
    ("folder", "file", "level"),
    [(0o755, 0o644, "problem"), (0o755, 0o602, "problem"), (0o755, 0o640, "ok"), (0o700, 0o644, "ok")],
)
def test_a_key_that_others_may_open_is_a_problem(tmp_path: Path, folder: int, file: int, level: str) -> None:
    key = tmp_path / "open" / "secret_key"
    key.parent.mkdir()
    key.write_text("…")
    key.chmod(file)
    key.parent.chmod(folder)
    (found,) = files.closed(key, tmp_path / "none")
    assert found.level == level


def test_the_database_is_made_closed_to_others(call: Call) -> None:
    database = files._database_files()[0]
    assert database.exists()
    database.chmod(0o600)
    database.parent.chmod(0o755)
    assert [one.level for one in files.closed(database)] == ["ok"]
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("free", "level"), [(2_000_000_000, "ok"), (500_000_000, "warning"), (50_000_000, "problem")]
)
def test_a_disk_that_fills_up_is_told_in_time(tmp_path: Path, free: int, level: str) -> None:
    assert files.left(tmp_path, free).level == level


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    (missing,) = files.room(tmp_path / "none")
    assert missing.level == "problem"


# --- topics.yaml, sources, settings ---


def test_what_check_asks_is_told_in_one_line_a_kind(
    call: Call, topics: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unconfirmed = scene.TOPICS.replace(
        "contact: {email: help@example.gov}", "contact: {unconfirmed: ask the agency}"
    )
    topics.write_text(unconfirmed, encoding="utf-8")
    assert (
        "agency.contact: is not confirmed"
        in of_level("warning", call("doctor", "--json").json)["topics.yaml"]
    )
    set_environment(monkeypatch, SEND="on")
    assert "is not confirmed" in of_level("problem", call("doctor", "--json").json)["topics.yaml"]
    topics.write_text("agency: [", encoding="utf-8")
    assert "topics.yaml" in of_level("problem", call("doctor", "--json").json)


def test_sources_that_have_never_been_read_are_named(db: str, tmp_path: Path) -> None:
    (unloaded,) = topics.sources()
    assert "has not been loaded" in unloaded.what
    scene.set_up(tmp_path)
    assert [one.what for one in topics.sources()] == ["1 have been read"]
    Source.objects.update(last_success_at=None, problem="HTTP 404")
    never, rest = topics.sources()
    assert (never.level, never.where, never.what) == (
        "warning", "source policy-rules", "has never been read: HTTP 404",
    )  # fmt: skip
    assert rest.what == "0 have been read"


@pytest.mark.parametrize(
    ("send", "what"),
    [
        ("off", "off: nobody is mailed"),
        ("on", "on: everybody is mailed"),
        ("a@example.gov b@example.gov", "only 2 addresses are mailed"),
    ],
)
def test_whether_mail_may_leave_is_always_said(send: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, SEND=send)
    found = {one.where: one.what for one in settings.look(config.current())}
    config.current.cache_clear()
    assert found["DISPATCHER_SEND"] == what
    assert "a@example.gov" not in str(found)
