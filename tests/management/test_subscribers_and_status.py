"""The command line about people, and the one screen that says whether anything is wrong."""

from datetime import timedelta
from pathlib import Path

import factories as make
import pytest
import scene
from calling import Call, set_environment
from django.db import connection

from dispatcher.models import Bulletin, LinkRequest, Mailing, Pulse, Relay, Source, Subscription, Topic
from dispatcher.models.clock import database_now

# --- subscribers ---


def test_add_import_and_show(call: Call, tmp_path: Path) -> None:
    added = call("subscribers", "add", "Ann@Example.com", "--topics", "pharmacy", "--consent", "by telephone")
    assert added.out == "1 new subscribers, 1 new subscriptions\n"
    people = tmp_path / "people.csv"
    people.write_text("email,topics,cadence,consent\nben@example.com,*,weekly,paper form\n")
    assert "1 lines are good" in call("subscribers", "import", str(people), "--dry-run").out
    assert Subscription.objects.count() == 1
    assert "2 new subscriptions" in call("subscribers", "import", str(people)).out
    shown = call("subscribers", "show", "ANN@example.com", "--json").json
    assert shown["subscriptions"][0]["consent"] == "by telephone"
    assert call("subscribers", "show", "nobody@example.com").code == 1
    assert "paper form" in call("subscribers", "show", "ben@example.com").out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("add", "nonsense", "--topics", "pharmacy", "--consent", "x"), "email"),
        (("add", "a@example.com", "--topics", "surgery", "--consent", "x"), "pharmacy"),
        (("add", "a@example.com", "--topics", "pharmacy", "--consent", " "), "consent"),
        (("add", "a@example.com", "--topics", "pharmacy"), "--consent"),
        (("add", "a@example.com", "--topics", "pharmacy", "--consent", "B\udcfcro"), "consent: not UTF-8"),
        (("import", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_wrong_use_says_what_is_allowed(call: Call, arguments: tuple[str, ...], word: str) -> None:
    done = call("subscribers", *arguments)
    assert done.code == 2
    assert word in done.err


def test_a_file_in_another_encoding_names_the_line(call: Call, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_bytes("email,topics,cadence,consent\nann@example.com,*,daily,Bürö\n".encode("latin-1"))
    done = call("subscribers", "import", str(people))
    assert done.code == 2
    assert "people.csv:2" in done.err


# --- status ---


def problems(call: Call) -> dict[str, str]:
    done = call("status", "--json")
    found = {one["where"]: one["what"] for one in done.json["problems"]}
    assert done.code == int(bool(found))
    assert done.json["healthy"] is not bool(found)
    assert all(one["remedy"] for one in done.json["problems"])
    return found


def test_status_is_healthy_when_all_is_well(call: Call, tmp_path: Path) -> None:
    scene.set_up(tmp_path)
    assert problems(call) == {}
    assert call("status").out.startswith("healthy")


def test_status_names_what_is_stuck_failing_silent_or_owed(call: Call, tmp_path: Path) -> None:
    scene.set_up(tmp_path)
    feed = Source.objects.get(slug="policy-rules")
    Source.objects.filter(id=feed.id).update(failures=3, problem="no answer")
    make.bulletin(state="held", matched_at=None, source=feed)
    Bulletin.objects.create(
        title="x", state="unmatched", matched_at=make.LONG_AGO, source=feed, first_seen_at=make.LONG_AGO
    )
    Relay.objects.create(name="relay:25", failures=2, down_since=make.LONG_AGO, problem="refused")
    make.subscription(make.subscriber(), Topic.objects.get(slug="pharmacy"), cadence="weekly")
    Mailing.objects.update(state="paused", why="5.6.0 malformed")
    found = problems(call)
    late = next(one for one in found if one.startswith("digest weekly:"))
    assert found.pop(late).startswith("due since ")
    assert set(found) == {
        "source policy-rules",
        "bulletins",
        "relay relay:25",
        "mailing bulletin:1",
        "operators",
    }
    assert "malformed" in found["mailing bulletin:1"]
    Mailing.objects.update(state="running")
    Mailing.objects.get().deliveries.update(state="pending", due_at=make.LONG_AGO, ended_at=None)
    assert problems(call)["lane immediate"].startswith("2 owed, the oldest for ")


def test_status_before_anything_was_loaded_says_what_to_do(call: Call) -> None:
    assert "not loaded" in problems(call)["topics.yaml"]


def test_a_database_without_tables_is_told_with_the_remedy(call: Call, tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE dispatcher_source")
    done = call("status")
    assert done.code == 1
    assert "dispatcher migrate" in done.err


def test_a_lane_that_no_worker_serves_any_more_is_told_but_not_where_none_ever_did(
    call: Call, tmp_path: Path
) -> None:
    scene.set_up(tmp_path)
    Pulse.beat("bulk")
    assert problems(call) == {}
    Pulse.objects.update(seen_at=database_now() - timedelta(minutes=5))
    assert "5 min" in problems(call)["lane bulk"]
    lanes = {one["lane"]: one for one in call("status", "--json").json["lanes"]}
    assert list(lanes) == ["poll", "fan_out", "system", "immediate", "bulk", "upkeep"]
    assert lanes["bulk"]["canary_age_seconds"] >= 300
    assert lanes["poll"]["canary_age_seconds"] is None


def test_a_lane_that_does_not_get_on_is_told_once_with_what_to_do(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> dict[str, tuple[str, str]]:
        found = call("status", "--json").json["problems"]
        assert len(found) == len({one["where"] for one in found})
        return {one["where"]: (one["what"], one["remedy"]) for one in found}

    scene.set_up(tmp_path)
    set_environment(monkeypatch, SEND="on")
    waiting = {
        "address": "eve@example.com",
        "folded": "eve@example.com",
        "network": "n",
        "domain": "example.com",
    }
    asked = LinkRequest.objects.create(
        kind="confirm", asked_at=database_now() - timedelta(minutes=14), **waiting
    )
    assert told() == {}
    LinkRequest.objects.filter(id=asked.id).update(asked_at=database_now() - timedelta(minutes=20))
    assert told() == {
        "lane system": ("1 owed, the oldest for 20 min", "is `dispatcher run --once` still called?")
    }
    set_environment(monkeypatch, SEND="off")
    assert "DISPATCHER_SEND is off" in told()["lane system"][1]
    set_environment(monkeypatch, SEND="ann@example.com")
    assert "lists the only addresses" in told()["lane system"][1]
    set_environment(monkeypatch, SEND="on")
    Pulse.beat("system")
    assert "its log what it lacks" in told()["lane system"][1]
    Pulse.objects.update(seen_at=database_now() - timedelta(minutes=5))
    assert told()["lane system"][0] == "no worker has served it for 5 min; 1 owed, the oldest for 20 min"
    LinkRequest.objects.all().delete()
    Pulse.objects.all().delete()
    Mailing.objects.update(state="waiting", starts_at=database_now() - timedelta(hours=1))
    assert list(told()) == ["lane fan_out"]
