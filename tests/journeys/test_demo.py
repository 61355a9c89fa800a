"""`dispatcher demo`, as a stranger runs it."""

import json
import subprocess
import sys
from collections import defaultdict
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from dispatcher.management.demo.play import PEOPLE, Played, play

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module")
def played() -> Played:
    return play(None, lambda _: None)


def test_the_first_poll_mailed_nobody_and_the_second_brought_what_is_new(played: Played) -> None:
    by_state = defaultdict(list)
    for one in played.bulletins:
        by_state[one["state"]].append(one["title"])
    assert len(by_state["baseline"]) >= 8
    assert len(by_state["mailed"]) == 6
    assert len(by_state["unmatched"]) == 1
    assert set(by_state) == {"baseline", "mailed", "unmatched"}


def test_each_bulletin_reached_the_topics_that_a_reader_would_expect(played: Played) -> None:
    reached = {tuple(one["topics"]) for one in played.bulletins if one["topics"]}
    assert reached == {
        ("all-rulemaking", "adopted-rules", "hospital"), ("all-rulemaking", "proposed-rules", "private-non-medical-institutions"),
        ("reimbursement-methodology", "pharmacy"), ("pharmacy",), ("rate-setting", "dental"), ("340b", "audits"),
    }  # fmt: skip


def test_the_mailbox_counted_what_the_ledger_says_and_nobody_got_anything_twice(played: Played) -> None:
    assert len(played.received) == sum(one["counts"]["accepted"] for one in played.mailings)
    seen = [(one.recipient, one.subject) for one in played.received]
    assert len(seen) == len(set(seen))
    assert {one.recipient for one in played.received} <= set(PEOPLE)
    assert "hope.homehealth@example.com" not in {one.recipient for one in played.received}


def test_every_copy_says_why_and_how_to_leave(played: Played) -> None:
    for one in played.received:
        mail = message_from_bytes(one.file.read_bytes(), policy=policy.default)
        text = mail.get_body(("plain",)).get_content()
        assert "Why you got this" in text
        assert mail["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/u/")
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_samples_of_no_known_source_are_refused_with_the_names_there_are(tmp_path: Path) -> None:
    (tmp_path / "weather-1.rss").write_text("<rss/>")
    done = subprocess.run(
        [sys.executable, "-m", "dispatcher", "demo", "--samples", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "weather" in done.stderr
    assert "policy-rules" in done.stderr


def test_for_scripts_it_prints_the_sums(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dispatcher", "demo", "--json"], capture_output=True, text=True, check=True
    )
    sums = json.loads(done.stdout)
    assert set(sums) == {"bulletins", "matches", "deliveries", "received"}
    assert sums["deliveries"] == sums["received"] > 0
