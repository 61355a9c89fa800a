"""The command line about mailings: what stops them, how fast they are, and the account of what became of everybody."""

import csv
import io
import os
import signal
import threading
from datetime import timedelta
from pathlib import Path

import factories as make
import pytest
import scene
from calling import Answer, Call
from django.db import connections
from owing import accepted, claim, mark, owe

from dispatcher.delivery import ledger
from dispatcher.models import (
    Approval,
    Attempt,
    Bulletin,
    Delivery,
    Event,
    Journal,
    Mailing,
    Staff,
    Subscriber,
)
from dispatcher.models.clock import database_now


@pytest.fixture(autouse=True)
def staff(sqlite_db: str) -> None:
    for name, role in [("olive", "operator"), ("alice", "author"), ("paul", "approver")]:
        Staff.objects.create(name=name, role=role, created_at=make.LONG_AGO)


def journalled() -> list[tuple[str, str]]:
    return list(Journal.objects.exclude(verb="load").order_by("id").values_list("actor", "verb"))


# --- pause, resume, cancel ---


def test_an_operator_stops_a_mailing_goes_on_and_ends_it(call: Call) -> None:
    mailing = owe(2)
    assert call("mailings", "pause", "1", "--as", "olive", "--because", "a typo").out == f"paused {mailing}\n"
    assert Mailing.objects.get().why == "by olive: a typo"
    assert call("mailings", "resume", "1", "--as", "olive").out.startswith(f"resumed {mailing}")
    done = call("mailings", "cancel", "1", "--as", "olive")
    assert done.code == 0
    assert done.out.startswith(f"cancelled {mailing}: 2 cancelled")
    assert Mailing.objects.get().finished_at is not None
    assert journalled() == [("olive", "pause"), ("olive", "resume"), ("olive", "cancel")]
    assert all("account" in one.facts for one in Journal.objects.exclude(verb="load"))


def test_an_operator_has_tried_again_what_failed_by_a_fault_of_ours(call: Call) -> None:
    mailing = owe(2)
    Delivery.objects.update(state="failed", reason="policy", attempt=1, ended_at=make.LONG_AGO)
    assert call("mailings", "release", "1", "--reason", "bug", "--as", "olive").code == 1
    assert call("mailings", "release", "1", "--reason", "gone", "--as", "olive").code == 2
    assert call("mailings", "release", "1", "--reason", "policy", "--as", "alice").code == 1
    done = call("mailings", "release", "1", "--reason", "policy", "--as", "olive")
    assert done.out == f"released 2 of {mailing}; workers or the next run go on\n"
    assert make.assert_sums(mailing.id)["pending"] == 2
    assert journalled() == [("olive", "release")]


def test_a_mailing_that_the_system_paused_is_resumed_by_whoever_has_the_machine(call: Call) -> None:
    owe(1)
    Mailing.objects.update(state="paused", why="5.6.0 malformed")
    assert call("mailings", "resume", "1").code == 0
    ((actor, verb),) = journalled()
    assert actor.startswith("shell:")
    assert verb == "resume"
    assert Journal.objects.get(verb="resume").facts["why_before"] == "5.6.0 malformed"


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
@pytest.mark.parametrize(
    ("name", "code", "words"),
    [("alice", 1, "author"), ("nobody", 1, "dispatcher staff list"), ("", 2, "--as")],
)
def test_who_may_not_steer_changes_nothing(call: Call, verb: str, name: str, code: int, words: str) -> None:
    owe(1)
    refused = call("mailings", verb, "1", "--as", name)
    assert refused.code == code
    assert words in refused.err
    assert Mailing.objects.get().state == "running"
    assert journalled() == []


@pytest.mark.parametrize(
    ("verb", "state"),
    [("pause", "paused"), ("resume", "running"), ("cancel", "done"), ("cancel", "cancelled")],
)
def test_twice_is_once_and_says_so(call: Call, verb: str, state: str) -> None:
    mailing = owe(1)
    Mailing.objects.update(state=state)
    refused = call("mailings", verb, "1")
    assert refused.code == 1
    assert refused.err == f"dispatcher: {mailing} is {state}: nothing to {verb}\n"


def test_what_waits_for_its_time_can_be_cancelled_not_paused(call: Call) -> None:
    owe(1)
    Mailing.objects.update(state="waiting", starts_at=scene.SEEN)
    refused = call("mailings", "pause", "1")
    assert refused.code == 1
    assert "waiting for 2026-08-21T13:30:00Z: cancel it, or wait" in refused.err
    assert "begins 2026-08-21T13:30:00Z" in call("mailings", "list").out


def test_an_unknown_mailing_is_told(call: Call) -> None:
    for verb in ("show", "report", "pause", "resume", "cancel"):
        assert "mailings list" in call("mailings", verb, "7").err


# --- pace ---


def half_done() -> Mailing:
    mailing = owe(24)
    for row in claim(12):
        assert mark(row)
        ledger.commit([accepted(row)], [])
    Delivery.objects.filter(state="accepted").update(ended_at=database_now() - timedelta(seconds=20))
    return mailing


def test_a_running_mailing_shows_its_rate_and_its_end(call: Call) -> None:
    half_done()
    shown = call("mailings", "show", "1", "--json").json
    assert shown["rate_per_second"] == pytest.approx(0.6, abs=0.05)
    assert shown["ends_at"] > shown["frozen_at"]
    for verb in (("show", "1"), ("list",)):
        said = call("mailings", *verb).out
        assert "12/24" in said
        assert "a second, about" in said


def end() -> None:
    Mailing.objects.update(state="done")
    connections.close_all()


def test_watching_follows_a_mailing_until_it_has_ended(call: Call) -> None:
    half_done()
    ending = threading.Timer(0.2, end)
    ending.start()
    watched = call("mailings", "show", "1", "--watch", "--json")
    ending.join()
    assert watched.json["state"] == "done"
    assert "12/24" in watched.err


def test_who_has_seen_enough_leaves_quietly(call: Call) -> None:
    half_done()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    enough = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    enough.start()
    try:
        left = call("mailings", "show", "1", "--watch")
    finally:
        enough.join()
        signal.signal(signal.SIGINT, before)
    assert (left.code, left.out) == (0, "")
    assert "Traceback" not in left.err


# --- report ---


def report(call: Call, *how: str) -> Answer:
    return call("mailings", "report", "1", *how)


def everything() -> None:
    """A blast two people agreed on, of which everything has become that can."""
    owe(6)
    alice, paul = Staff.objects.get(name="alice"), Staff.objects.get(name="paul")
    blast = Bulletin.objects.create(
        title="New form", state="mailed", author=alice, first_seen_at=make.LONG_AGO
    )
    Approval.objects.create(
        bulletin=blast, content_hash="0", approver=paul, author=alice, audience=6, approved_at=scene.SEEN
    )
    Mailing.objects.update(kind="blast", bulletin=blast, frozen_at=scene.SEEN)
    bounced, fine, gone, left, lost, due = Delivery.objects.order_by("id")
    for row, fields in [
        (bounced, {"state": "accepted", "code": 250}),
        (fine, {"state": "accepted", "code": 250}),
        (gone, {"state": "failed", "reason": "gone", "code": 550}),
        (left, {"state": "cancelled", "reason": "unsubscribed"}),
        (lost, {"state": "suppressed", "reason": "suppressed"}),
        (due, {"doubts": 1}),
    ]:
        Delivery.objects.filter(id=row.id).update(**fields)
    Event.objects.create(delivery=bounced, provider_event_id="1", kind="bounce", received_at=scene.SEEN)
    Attempt.objects.create(delivery=due, attempt=1, at=scene.SEEN, verdict="accepted", code=250, late=True)


def test_no_copy_is_out_of_what_nobody_doubts(call: Call) -> None:
    owe(2)
    told = call("mailings", "report", "1").out
    assert ", none in doubt" in told
    assert "a copy may be out" not in told


def test_the_report_says_what_became_of_everybody(call: Call) -> None:
    everything()
    told = report(call).out
    for words in (
        "written by alice, approved by paul 2026-08-21T13:30:00Z (August 21, 2026, 9:30 a.m. Eastern)",
        "audience of 2026-08-21T13:30:00Z (August 21, 2026, 9:30 a.m. Eastern): 6",
        "of these bounced later",
        "gone 550",
        "unsubscribed",
        "1 in doubt",
        "perhaps of a second copy: 1",
        "even: everybody of the audience of 6",
    ):
        assert words in told
    shown = report(call, "--json").json
    assert shown["title"] == "New form"
    assert shown["even"] is True
    assert sum(one["count"] for one in shown["sums"].values()) == shown["audience"] == 6
    assert sum(round(one["percent"] * 10) for one in shown["sums"].values()) == 1000
    assert shown["accepted"]["no_news"] == {"count": 1, "percent": 50.0}
    assert shown["failed"] == [{"reason": "gone", "count": 1, "code": 550}]
    assert (shown["open"]["pending"], shown["open"]["in_doubt"]) == (1, 1)
    assert [one["verdict"] for one in shown["late_replies"]] == ["accepted"]


def test_the_lines_of_the_csv_are_the_audience(call: Call) -> None:
    everything()
    rows = list(csv.DictReader(io.StringIO(report(call, "--csv").out)))
    assert sum(int(row["count"]) for row in rows) == 6
    assert [(row["part"], row["reason"], row["code"]) for row in rows] == [
        ("accepted", "bounced later", ""),
        ("accepted", "no news", ""),
        ("failed", "gone", "550"),
        ("suppressed", "suppressed", ""),
        ("cancelled", "unsubscribed", ""),
        ("open", "", ""),
    ]


@pytest.mark.parametrize("how", ["", "--json", "--csv"])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [("lose", "have no row"), ("invent", "more rows"), ("drop a reason", "without a reason")],
)
def test_sums_that_are_not_even_are_an_alarm(call: Call, how: str, wrong: str, words: str) -> None:
    owe(3)
    if wrong == "lose":
        Delivery.objects.latest("id").delete()
    elif wrong == "invent":
        person: Subscriber = make.subscriber()
        Delivery.objects.create(
            mailing_id=1, subscriber=person, state="pending", topics="", due_at=make.LONG_AGO
        )
    else:
        Delivery.objects.update(state="failed")
    told = report(call, *filter(None, [how]))
    assert told.code == 1
    assert "NOT EVEN" in told.err
    assert words in told.err
    assert "even: everybody" not in told.out


def test_acceptance_is_never_called_delivery(call: Call, tmp_path: Path) -> None:
    scene.set_up(tmp_path)
    told = report(call).out
    accepted_line = next(line for line in told.splitlines() if line.strip().startswith("accepted"))
    assert "no proof that it arrived" in accepted_line
    assert report(call, "--json").json["accepted"]["delivered"]["count"] == 0
