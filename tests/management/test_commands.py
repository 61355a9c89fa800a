"""The command line as people use it: what it prints, what it refuses, and with which exit code."""

import io
from datetime import timedelta
from pathlib import Path

import factories as make
import pytest
import scene
from calling import Call, set_environment
from website import Page, Website

from dispatcher.models import Bulletin, Journal, Mailing, Source, Staff
from dispatcher.models.clock import database_now

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


def test_check_reminds_of_bounces_that_nobody_would_hear_of(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = {
        "SEND": "on",
        "SMTP_URL": "smtp+starttls://relay.example.gov",
        "PUBLIC_URL": "https://notices.example.gov",
    }
    set_environment(monkeypatch, **real)
    reminded = call("check", "--json")
    assert reminded.code == 0
    assert "DISPATCHER_BOUNCE_DOMAIN" in {one["place"] for one in reminded.json}
    set_environment(monkeypatch, **real, BOUNCE_DOMAIN="bounces.example.gov")
    assert "DISPATCHER_BOUNCE_DOMAIN" not in call("check").out


def test_check_refuses_a_mailbox_that_the_world_could_read(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, MAILBOX=str(tmp_path))
    assert call("check").code == 0
    set_environment(monkeypatch, MAILBOX=str(tmp_path), PUBLIC_URL="https://notices.example.gov")
    assert "DISPATCHER_MAILBOX" in call("check").out
    assert call("check").code == 1


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


def test_preview_shows_how_the_text_of_each_record_begins(call: Call, topics: Path) -> None:
    told = b"&lt;p&gt;Rates change.&lt;/p&gt;&lt;p&gt;" + b"And so on. " * 40 + b"&lt;/p&gt;"
    with Website() as site:
        local(topics, site)
        site.pages["/feed"] = Page(
            FEED.body.replace(b"</guid>", b"</guid><description>" + told + b"</description>")
        )
        (record,) = call("sources", "preview", "policy-rules", "--json").json["records"]
        shown = call("sources", "preview", "policy-rules").out
        site.pages["/feed"] = FEED
        (silent,) = call("sources", "preview", "policy-rules", "--json").json["records"]
    assert record["text"].startswith("Rates change. And so on. And")
    assert record["text"].endswith("…")
    assert "TEXT BEGINS" in shown
    assert "Rates change. And so on." in shown
    assert not silent["text"]


def test_poll_wants_to_know_which(call: Call) -> None:
    assert call("sources", "poll").code == 2
    unknown = call("sources", "poll", "weather")
    assert unknown.code == 1
    assert "policy-rules" in unknown.err


def test_a_source_that_somebody_else_polls_is_told_and_is_no_failure(call: Call) -> None:
    call("sources", "list")
    Source.objects.update(lease_until=database_now() + timedelta(minutes=1))
    told = call("sources", "poll", "policy-rules")
    assert (told.code, told.out) == (0, "policy-rules: being polled by another process\n")
    (shown,) = call("sources", "poll", "policy-rules", "--json").json
    assert (shown["outcome"], shown["problem"]) == ("busy", "being polled by another process")


def test_a_source_that_is_no_longer_declared_is_not_polled(call: Call) -> None:
    call("sources", "list")
    Source.objects.filter(slug="youtube").update(dropped_at=database_now())
    refused = call("sources", "poll", "youtube")
    assert refused.code == 1
    assert "no longer declares" in refused.err


def operators(*names: str) -> None:
    for name in names:
        Staff.objects.create(name=name, role="operator", created_at=make.LONG_AGO)


@pytest.mark.parametrize("verb", ["release", "discard"])
def test_who_decides_is_one_of_the_staff_who_may_or_else_the_account(call: Call, verb: str) -> None:
    call("sources", "list")
    refused = call("sources", verb, "policy-rules", "--as", " ")
    assert refused.code == 2
    assert "--as" in refused.err
    Staff.objects.create(name="amy", role="auditor", created_at=make.LONG_AGO)
    assert "amy is auditor" in call("sources", verb, "policy-rules", "--as", "amy").err
    held = make.bulletin(state="held", matched_at=None, source=Source.objects.get(slug="policy-rules"))
    assert call("sources", verb, "policy-rules").code == 0
    entry = Journal.objects.get(verb=verb)
    assert entry.actor == f"shell:{entry.facts['account']}"
    assert entry.facts["bulletins"] == [held.id]


@pytest.mark.parametrize("verb", ["release", "discard"])
def test_a_bulletin_that_is_not_held_there_is_no_success(call: Call, verb: str) -> None:
    call("sources", "list")
    refused = call("sources", verb, "policy-rules", "--bulletin", "99")
    assert refused.code == 1
    assert "policy-rules holds no bulletin 99" in refused.err
    assert "--state held" in refused.err


def test_release_and_discard_are_journalled_with_the_name(call: Call) -> None:
    call("sources", "list")
    operators("ana", "ben")
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


@pytest.mark.parametrize("limit", ["0", "-1", "many", "9" * 30])
def test_a_list_has_at_least_one_row(call: Call, limit: str) -> None:
    refused = call("bulletins", "list", "--limit", limit)
    assert refused.code == 2
    assert "a whole number from 1" in refused.err


def test_a_mailing_shows_its_sums_and_reasons(call: Call, tmp_path: Path) -> None:
    scene.set_up(tmp_path)
    shown = call("mailings", "show", "1", "--json").json
    assert sum(shown["counts"].values()) == shown["audience"] == 2
    assert shown["reasons"][0]["reason"] == "unsubscribed"
    assert "1 accepted, 1 cancelled" in call("mailings", "list").out
    assert call("mailings", "show", "7").code == 1


def test_a_paused_mailing_is_resumed_by_somebody_named(call: Call, tmp_path: Path) -> None:
    scene.set_up(tmp_path)
    Mailing.objects.update(state="paused", why="5.6.0 malformed")
    operators("ana", "ben")
    assert call("mailings", "resume", "1", "--as", "").code == 2
    assert call("mailings", "resume", "1", "--as", "ana").out.startswith("resumed bulletin:1")
    assert call("mailings", "resume", "1", "--as", "ana").code == 1
    assert call("mailings", "pause", "1", "--as", "ben").out == "paused bulletin:1\n"
    assert Mailing.objects.get().why == "by ben"
    assert set(Journal.objects.exclude(verb="load").values_list("actor", "verb")) == {
        ("ana", "resume"),
        ("ben", "pause"),
    }
