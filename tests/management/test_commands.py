"""The command line as people use it: what it prints, what it refuses, and with which exit code."""

import io
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import factories as make
import pytest
import scene
from website import Page, Website

from dispatcher import config
from dispatcher.models import Bulletin, Journal, Mailing, Relay, Source, Subscription, Topic

Call = Callable[..., "Answer"]


class Answer:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def topics(sqlite_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = scene.topics_file(tmp_path)
    set_environment(monkeypatch, TOPICS=str(file))
    return file


def set_environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"DISPATCHER_{name}", value)
    config.current.cache_clear()


@pytest.fixture
def call(topics: Path, capsys: pytest.CaptureFixture) -> Call:
    def run(*arguments: str) -> Answer:
        capsys.readouterr()
        code = 0
        try:
            command = import_module(f"dispatcher.management.commands.{arguments[0]}").Command()
            command.run_from_argv(["dispatcher", *arguments])
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        printed = capsys.readouterr()
        return Answer(code, printed.out, printed.err)

    return run


# --- check ---


def test_check_is_content_with_a_confirmed_agency(call: Call) -> None:
    done = call("check")
    assert done.code == 0
    assert "mistake" not in done.out


UNCONFIRMED = """
agency: {name: MaineCare, address: {unconfirmed: the postal address of the office}, contact: {email: help@example.gov},
         reply_to: help@example.gov, from: "MaineCare <notices@example.gov>", time_zone: America/New_York}
topics:
  - {slug: pharmacy, name: Pharmacy, category: All, description: text, sections: [II-80]}
"""


def test_check_refuses_to_send_while_anything_is_unconfirmed(
    call: Call, topics: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics.write_text(UNCONFIRMED)
    reminded = call("check")
    assert reminded.code == 0
    assert "the postal address of the office" in reminded.out
    set_environment(
        monkeypatch, SEND="on", SMTP_URL="smtp://127.0.0.1", PUBLIC_URL="https://notices.example.gov"
    )
    refused = call("check", "--json")
    assert refused.code == 1
    assert {one["place"] for one in refused.json if one["level"] == "mistake"} == {
        "topics.yaml agency.address"
    }


def test_check_names_a_slip_of_the_pen_and_a_missing_relay(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, SEND="on", SMPT_URL="smtp://relay")
    done = call("check", "--json")
    assert done.code == 1
    assert {"DISPATCHER_SMPT_URL", "DISPATCHER_SMTP_URL", "DISPATCHER_PUBLIC_URL"} <= {
        one["place"] for one in done.json
    }


# --- topics ---


def test_lint_tells_every_mistake_with_its_line_and_fails(call: Call, topics: Path) -> None:
    topics.write_text(UNCONFIRMED.replace("slug: pharmacy", "slug: Pharmacy!").replace("II-80", "II-8000"))
    done = call("topics", "lint", "--json")
    assert done.code == 1
    assert all(one["place"].startswith("topics.yaml:5") for one in done.json)
    assert len(done.json) == 2


def test_a_bad_file_is_told_and_the_last_good_one_stays_in_force(call: Call, topics: Path) -> None:
    call("sources", "list")
    topics.write_text("topics: [")
    done = call("sources", "list", "--json")
    assert [one["slug"] for one in done.json] == ["policy-rules", "youtube"]
    assert "the last good one stays" in done.err


def test_explain_says_why_in_words(call: Call, tmp_path: Path) -> None:
    notice = tmp_path / "notice.txt"
    notice.write_text("Adoption: Chapter II, Section 80\n\nThe Department adopts changes.")
    done = call("topics", "explain", str(notice))
    assert "Pharmacy (pharmacy)" in done.out
    assert "sections cited: II-80" in done.out


def test_explain_names_the_line_that_is_no_notice(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"title": "x", "body": ""}\nnonsense\n'))
    done = call("topics", "explain", "--json", "-")
    assert done.code == 2
    assert "-:2" in done.err


# --- sources ---

FEED = Page(
    b'<rss version="2.0"><channel><title>P</title><item><title>Notice</title><guid isPermaLink="false">1</guid></item></channel></rss>'
)


def local(topics: Path, site: Website) -> None:
    url = "https://www.maine.gov/tools/whatsnew/rss.php?tid=1"
    topics.write_text(scene.TOPICS.replace(f'"{url}"', f'"{site.url("/feed")}", allow_private: true'))


def test_poll_says_what_it_found_and_preview_saves_nothing(call: Call, topics: Path) -> None:
    with Website() as site:
        local(topics, site)
        site.pages["/feed"] = FEED
        assert [
            one["title"] for one in call("sources", "preview", "policy-rules", "--json").json["records"]
        ] == ["Notice"]
        assert not Bulletin.objects.exists()
        assert "first poll: 1 items recorded" in call("sources", "poll", "policy-rules").out
    failed = call("sources", "poll", "policy-rules", "--json")
    assert failed.code == 1
    assert failed.json[0]["problem"]
    assert call("sources", "preview", "policy-rules").code == 1


def test_poll_wants_to_know_which(call: Call) -> None:
    assert call("sources", "poll").code == 2
    unknown = call("sources", "poll", "weather")
    assert unknown.code == 1
    assert "policy-rules" in unknown.err


def test_release_and_discard_are_journalled_with_the_name(call: Call) -> None:
    call("sources", "list")
    feed = Source.objects.get(slug="policy-rules")
    for title in ("one", "two"):
        make.bulletin(state="held", matched_at=None, title=title, source=feed)
    first = Bulletin.objects.get(title="one")
    assert (
        "released 1"
        in call("sources", "release", "policy-rules", "--bulletin", str(first.id), "--as", "ana").out
    )
    assert "discarded 1" in call("sources", "discard", "policy-rules", "--as", "ben").out
    assert set(Bulletin.objects.values_list("title", "state")) == {("one", "unmatched"), ("two", "dismissed")}
    assert set(Journal.objects.exclude(verb="load").values_list("actor", "verb")) == {
        ("ana", "release"),
        ("ben", "discard"),
    }
    assert Journal.broken_at() is None


# --- bulletins, mailings ---


def test_a_bulletin_shows_its_text_and_why_it_matched(call: Call, tmp_path: Path) -> None:
    scene.set_up(tmp_path)
    shown = call("bulletins", "show", "1")
    assert "Effective at once." in shown.out
    assert "it cites “Section 80” in the title" in shown.out
    assert call("bulletins", "show", "99").code == 1


def test_a_baseline_shows_what_it_would_have_matched(call: Call) -> None:
    call("sources", "list")
    make.bulletin(
        state="baseline",
        matched_at=None,
        title="Adoption: Chapter II, Section 80",
        source=Source.objects.get(slug="policy-rules"),
    )
    shown = call("bulletins", "show", str(Bulletin.objects.get().id))
    assert "would match" in shown.out
    assert "pharmacy" in shown.out


def test_bulletins_are_listed_by_state(call: Call, tmp_path: Path) -> None:
    scene.set_up(tmp_path)
    assert len(call("bulletins", "list", "--state", "mailed", "--json").json) == 1
    assert call("bulletins", "list", "--state", "held", "--json").json == []
    assert call("bulletins", "list", "--state", "nonsense").code == 2


def test_a_mailing_shows_its_sums_and_reasons(call: Call, tmp_path: Path) -> None:
    scene.set_up(tmp_path)
    shown = call("mailings", "show", "1", "--json").json
    assert sum(shown["counts"].values()) == shown["audience"] == 2
    assert shown["reasons"][0]["reason"] == "unsubscribed"
    assert "1 accepted, 1 cancelled" in call("mailings", "list").out
    assert call("mailings", "show", "7").code == 1


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
    assert set(found) == {
        "source policy-rules",
        "bulletins",
        "relay relay:25",
        "mailing bulletin:1",
        "digests",
    }
    assert "malformed" in found["mailing bulletin:1"]
    Mailing.objects.update(state="running")
    Mailing.objects.get().deliveries.update(state="pending", due_at=make.LONG_AGO, ended_at=None)
    assert "2 due for more than" in problems(call)["deliveries"]


def test_status_before_anything_was_loaded_says_what_to_do(call: Call) -> None:
    assert "not loaded" in problems(call)["topics.yaml"]


def test_a_database_without_tables_is_told_with_the_remedy(call: Call, tmp_path: Path) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE dispatcher_source")
    done = call("status")
    assert done.code == 1
    assert "dispatcher migrate" in done.err
