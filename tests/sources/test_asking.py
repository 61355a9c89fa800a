"""Whose turn it is to ask a host group, among all workers: by rows, so that no broker is needed for manners."""

import threading
import time
from datetime import timedelta

import factories as make
import pytest
from django.db import connection
from website import Website

from dispatcher import config
from dispatcher.errors import Busy, DispatcherError, Refused
from dispatcher.models import HostTurn, Source
from dispatcher.models.clock import database_now
from dispatcher.sources import asking, poll
from dispatcher.sources.fetch import Limits, Request
from dispatcher.sources.hosts import is_this_machine

LIMITS = Limits(pause_seconds=0.2)
SECOND = timedelta(seconds=1)
HERE = "http://127.0.0.1/feed"  # refused by the guard, so that nothing is asked; but its turn is taken all the same


def test_nobody_else_asks_a_host_whose_turn_is_taken(db: str) -> None:
    assert HostTurn.take("127.0.0.1", 60 * SECOND)
    (answer,) = asking.ask([Request(HERE)], LIMITS, "test")
    assert isinstance(answer, Busy)
    assert "127.0.0.1" in str(answer)


def test_the_others_are_asked_and_answers_stay_in_their_order(db: str) -> None:
    HostTurn.take("127.0.0.1", 60 * SECOND)
    with Website() as site:
        local = Request(site.url("/feed"), allow_private=True)
        answers = asking.ask([Request(HERE), local, Request("http://10.0.0.1/")], LIMITS, "test")
    assert isinstance(answers[0], Busy)
    assert "404" in str(answers[1])
    assert isinstance(answers[2], Refused)


def test_after_a_turn_comes_a_pause_and_who_comes_in_it_waits(db: str) -> None:
    asking.ask([Request(HERE)], LIMITS, "test")
    assert HostTurn.wait("127.0.0.1") > timedelta()
    began = time.monotonic()
    (answer,) = asking.ask([Request(HERE)], LIMITS, "test")
    assert isinstance(answer, Refused)
    assert time.monotonic() - began > 0.1


def test_who_is_killed_loses_the_turn_when_its_lease_ends(db: str) -> None:
    ours = HostTurn.take("maine.gov", 60 * SECOND)
    assert ours
    assert HostTurn.take("maine.gov", 60 * SECOND) is None
    HostTurn.objects.update(until=database_now())
    theirs = HostTurn.take("maine.gov", 60 * SECOND)
    assert theirs
    HostTurn.give_back("maine.gov", ours, timedelta())
    assert HostTurn.objects.get().until == theirs


def test_of_two_at_once_one_gets_the_turn(db: str) -> None:
    got: list[object] = []
    gate = threading.Barrier(2)

    def take() -> None:
        gate.wait()
        got.append(HostTurn.take("maine.gov", 60 * SECOND))
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one is None for one in got) == [False, True]


def test_a_source_whose_host_is_being_asked_stays_due_and_the_others_are_polled(db: str) -> None:
    HostTurn.take("127.0.0.1", 60 * SECOND)
    busy = make.source("busy", url=HERE)
    with Website() as site:
        make.source("free", url=site.url("/feed"), declared={"allow_private": True})
        polled = poll.due(config.load({}))
    assert [one.slug for one in polled] == ["free"]
    row = Source.objects.get(id=busy.id)
    assert (row.lease_until, row.failures, row.due_at) == (None, 0, busy.due_at)


@pytest.mark.parametrize(
    ("declared", "link", "url", "private"),
    [
        ({}, "https://a.example/x.pdf?n=1", "https://a.example/x.pdf?n=1", False),
        (
            {"allow_private": True, "at": "http://127.0.0.1:8000/feed"},
            "https://a.example/x.pdf?n=1",
            "http://127.0.0.1:8000/x.pdf?n=1",
            True,
        ),
        (
            {"allow_private": True, "at": "https://intra.example/feed"},
            "https://a.example/x",
            "https://a.example/x",
            False,
        ),
        (
            {"allow_private": True, "at": "https://intra.example/feed"},
            "https://intra.example/x",
            "https://intra.example/x",
            True,
        ),
    ],
)
def test_a_link_is_local_only_at_the_very_server_that_may_be(declared, link, url, private) -> None:
    source = Source(kind="feed", url=declared.pop("at", "https://www.maine.gov/feed"), declared=declared)
    request = asking.for_link(source, link)
    assert (request.url, request.allow_private) == (url, private)


def test_the_lease_is_as_long_as_its_requests_may_take(db: str) -> None:
    seen: list[timedelta] = []
    with asking._turns([Request(HERE)] * 8, {"127.0.0.1"}, Limits()):
        seen.append(HostTurn.wait("127.0.0.1"))
    assert timedelta(seconds=8 * 32) < seen[0] < timedelta(seconds=300)


@pytest.mark.parametrize(
    ("url", "here"),
    [("http://127.3.0.1/x", True), ("http://[::1]:5/", True), ("http://localhost/", True), ("http://10.0.0.1/", False), ("https://maine.gov/", False), ("nothing", False)],
)  # fmt: skip
def test_what_this_machine_is(url: str, here: bool) -> None:
    assert is_this_machine(url) is here


def test_an_error_among_the_answers_is_one_of_ours(db: str) -> None:
    assert all(isinstance(one, DispatcherError) for one in asking.ask([Request("ftp://x/")], LIMITS, "test"))
