"""`dispatcher blast`: the file, for whom, when; what it says to people and to scripts, and how it ends."""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import blasting
import factories as make
import pytest
from calling import Answer, Call, set_environment
from relay import Smtpd

from dispatcher.models import Bulletin, Submission, Topic
from dispatcher.topics import load

TEXT = "# New form\n\nUse it from January 5, 2027. [More](https://www.maine.gov/form)\n"
MAINE = ZoneInfo("America/New_York")
BY_DAY = {"time"}  # whether it is night in Maine depends on when the tests run


@pytest.fixture(autouse=True)
def deployment(topics: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, DATA_DIR=str(tmp_path / "data"))
    load.refresh(topics)
    blasting.hire()
    blasting.follow("pharmacy", 2)


@pytest.fixture
def form(tmp_path: Path) -> str:
    file = tmp_path / "form.md"
    file.write_text(TEXT, encoding="utf-8")
    return str(file)


def hand_in(call: Call, file: str, *more: str) -> Answer:
    return call("blast", file, "--as", "ana", "--topics", "pharmacy", *more)


# --- hand in ---


def test_a_file_is_handed_in_and_says_who_must_do_what_next(call: Call, form: str, tmp_path: Path) -> None:
    handed = hand_in(call, form)
    assert (handed.code, handed.err) == (0, "")
    assert "subject    New form\n" in handed.out
    assert "audience   2 people\n" in handed.out
    assert "audience   2 follow pharmacy\n" in handed.out
    assert handed.out.endswith(
        "blast 1 is submitted and waits for a second person: dispatcher blast approve 1 --as ANOTHER_NAME\n"
    )
    previews = sorted((tmp_path / "data" / "previews").rglob("message.*"))
    assert [one.suffix for one in previews] == [".html", ".txt"]
    assert all(str(one) in handed.out and "Use it from" in one.read_text() for one in previews)


def test_for_scripts(call: Call, form: str) -> None:
    told = hand_in(call, form, "--json").json
    assert list(told) == ["id", "state", "subject", "audience", "findings", "preview", "test_copies"]
    assert (told["id"], told["state"], told["subject"], told["test_copies"]) == (
        "1",
        "submitted",
        "New form",
        [],
    )
    assert told["audience"] == {
        "people": 2, "topics": {"pharmacy": 2}, "several": 0, "suppressed": 0, "digests": 0,
    }  # fmt: skip
    assert [one for one in told["findings"] if one["where"] not in BY_DAY] == [
        {
            "weight": "warns",
            "where": "link 'More'",
            "what": "does not say where it leads",
            "remedy": "name what is behind it",
        }
    ]
    assert set(told["preview"]) == {"text", "html"}


def test_with_the_verb_it_is_the_same(call: Call, form: str) -> None:
    assert hand_in(call, form, "--json").json["id"] == "1"
    again = call("blast", "submit", form, "--as", "ana", "--topics", "pharmacy", "--json")
    assert (again.code, again.json["id"]) == (0, "1")
    options_first = call("blast", "--as", "ana", "--topics", "pharmacy", "--json", form)
    assert (options_first.code, options_first.json["id"]) == (0, "1")


def test_from_standard_input(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("# Café\n\nUse it.".encode())))
    assert hand_in(call, "-", "--json").json["subject"] == "Café"


def test_to_everyone(call: Call, form: str) -> None:
    dental = make.topic()
    make.subscription(make.subscriber(), dental, "weekly")
    told = call("blast", form, "--as", "ana", "--everyone", "--json").json
    assert told["audience"]["people"] == 3
    assert call("blast", "show", "1", "--json").json["topics"] == ["everyone"]


def test_the_order_of_topics_is_that_of_the_list(call: Call, form: str) -> None:
    both = "private-non-medical-institutions, pharmacy"
    call("blast", form, "--as", "ana", "--topics", both)
    assert Submission.objects.get().topics == ["pharmacy", "private-non-medical-institutions"]


def test_a_dry_run_hands_nothing_in(call: Call, form: str) -> None:
    dry = hand_in(call, form, "--dry-run")
    assert dry.code == 0
    assert dry.out.endswith("a dry run: nothing was handed in\n")
    assert hand_in(call, form, "--dry-run", "--json").json["id"] is None
    assert not Bulletin.objects.exists()


def test_what_blocks_is_told_with_its_remedy(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "form.md"
    file.write_text("# New form\n\nCall [phone number].", encoding="utf-8")
    blocked = hand_in(call, str(file))
    assert blocked.code == 1
    assert (
        "blocks     text, line 1: '[phone number]' is not filled in → write what belongs there" in blocked.out
    )
    assert blocked.out.endswith("not handed in: mend what blocks it\n")
    assert not Bulletin.objects.exists()


def test_the_same_again_after_it_went_out(call: Call, form: str) -> None:
    hand_in(call, form)
    call("blast", "approve", "1", "--as", "ben")
    assert "the same was handed in before: blast 1 is approved" in hand_in(call, form).out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--topics", "pharmacy"], 2, "--as"),
        (["--as", "ana"], 2, "for whom?"),
        (["--as", "ana", "--topics", " , "], 2, "for whom?"),
        (["--as", "ana", "--topics", "pharmacy", "--everyone"], 2, "for whom?"),
        (["--as", "ana", "--topics", "pharmacy,farmacy"], 2, "no topic farmacy"),
        (["--as", "ana", "--topics", "Pharmacy"], 2, "there are pharmacy"),
        (["--as", "nobody", "--everyone"], 1, "staff list"),
        (["--as", " ", "--everyone"], 2, "--as"),
        (["--as", "vic", "--everyone"], 1, "vic is viewer"),
        (["--as", "olive", "--everyone"], 1, "olive is operator"),
        (["--as", "ana", "--everyone", "--test-to", "nowhere"], 2, "--test-to"),
        (["--as", "ana", "--everyone", *["--test-to", "a@maine.gov"] * 21], 2, "at most 20"),
        (["--as", "ana", "--everyone", "--people", "two"], 2, "--people"),
    ],
)
def test_wrong_use_hands_nothing_in(
    call: Call, form: str, arguments: list[str], code: int, words: str
) -> None:
    wrong = call("blast", form, *arguments)
    assert wrong.code == code
    assert words in wrong.err
    assert not Bulletin.objects.exists()


def test_a_retired_topic_is_no_topic(call: Call, form: str) -> None:
    Topic.objects.create(
        slug="old", name="Old", category="x", position=9, added_at=make.LONG_AGO, retired_at=make.LONG_AGO
    )
    assert "no topic old" in call("blast", form, "--as", "ana", "--topics", "old").err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        ("folder", "cannot be read: Is a directory"),
        (b"# Caf\xe9\n", "form.md:1 not UTF-8"),
        (b"# Form\n\nCaf\xe9\n", "form.md:3 not UTF-8"),
        (b"a" * 40_001, "more than 40,000 bytes"),
        (b"---\nsubject: a\nfoo: b\ntype: c\n---\n", "form.md:4 type"),
    ],
)
def test_a_file_that_is_no_draft(call: Call, tmp_path: Path, content: bytes | str | None, words: str) -> None:
    file = tmp_path / "form.md"
    if content == "folder":
        file.mkdir()
    elif isinstance(content, bytes):
        file.write_bytes(content)
    wrong = hand_in(call, str(file))
    assert wrong.code == 2
    assert words in wrong.err.replace(": not UTF-8", " not UTF-8")
    assert not Bulletin.objects.exists()


def test_a_device_without_end_is_not_read_to_its_end(call: Call) -> None:
    endless = hand_in(call, "/dev/zero")
    assert endless.code == 2
    assert "more than 40,000 bytes" in endless.err


# --- when ---


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2037-01-05 09:00", datetime(2037, 1, 5, 14, 0, tzinfo=UTC)),
        ("2037-07-05T09:00", datetime(2037, 7, 5, 13, 0, tzinfo=UTC)),
        ("2037-03-08 01:59", datetime(2037, 3, 8, 6, 59, tzinfo=UTC)),
        ("2037-03-08 03:00", datetime(2037, 3, 8, 7, 0, tzinfo=UTC)),
        ("2037-11-01 00:59", datetime(2037, 11, 1, 4, 59, tzinfo=UTC)),
        ("2037-11-01 02:00", datetime(2037, 11, 1, 7, 0, tzinfo=UTC)),
    ],
)
def test_a_time_is_one_in_maine(call: Call, form: str, typed: str, moment: datetime) -> None:
    assert hand_in(call, form, "--at", typed).code == 0
    assert Submission.objects.get().send_at == moment


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("2037-03-08 02:30", 2, "clocks change then"),
        ("2037-11-01 01:30", 2, "clocks change then"),
        ("2037-02-30 09:00", 2, "--at"),
        ("2037-01-05", 2, "such as 2027-01-05 09:00, in America/New_York"),
        ("tomorrow", 2, "such as"),
        ("2037-01-05 09:00Z", 2, "such as"),
        ("2037-01-05 25:00", 2, "--at"),
        ("9999-12-31 23:59", 2, "--at"),
        ("٢٠٣٧-01-05 09:00", 2, "--at"),
        ("2026-01-05 09:00", 1, "has passed"),
    ],
)
def test_a_time_that_is_none(call: Call, form: str, typed: str, code: int, words: str) -> None:
    wrong = hand_in(call, form, "--at", typed)
    assert wrong.code == code
    assert words in wrong.err
    assert not Bulletin.objects.exists()


# --- test copies ---


def test_test_copies_leave_at_once_and_say_so(call: Call, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Smtpd() as relay:
        set_environment(monkeypatch, SMTP_URL=relay.url, SEND="ann@maine.gov,ben@maine.gov")
        copied = hand_in(call, form, "--dry-run", "--test-to", "ann@maine.gov", "--test-to", "ben@maine.gov")
    assert copied.code == 0
    assert "test copy  ann@maine.gov: the relay took it (" in copied.out
    assert {one.recipient for one in relay.messages} == {"ann@maine.gov", "ben@maine.gov"}
    assert all(b"Subject: TEST: New form" in one.content for one in relay.messages)


def test_a_copy_that_was_not_taken_is_told_and_fails(
    call: Call, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Smtpd() as relay:
        set_environment(monkeypatch, SMTP_URL=relay.url, SEND="on")
        relay.stop()
        copied = hand_in(call, form, "--test-to", "ann@maine.gov", "--json")
    assert copied.code == 1
    (copy,) = copied.json["test_copies"]
    assert (copy["address"], copy["accepted"]) == ("ann@maine.gov", False)
    assert copied.json["id"] == "1"


def test_where_no_copy_may_leave_nothing_is_handed_in_either(
    call: Call, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "DISPATCHER_SMTP_URL" in hand_in(call, form, "--test-to", "ann@maine.gov").err
    with Smtpd() as relay:
        set_environment(monkeypatch, SMTP_URL=relay.url, SEND="ben@maine.gov")
        refused = hand_in(call, form, "--test-to", "ann@maine.gov")
    assert (refused.code, relay.commands) == (1, [])
    assert "DISPATCHER_SEND" in refused.err
    assert not Bulletin.objects.exists()
