"""The checker of histories finds what it is there for: each promise is broken once in a recorded history, and reported."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from chaos.history import Copy, History, Kill, Row, check, doubled, parked


def history() -> History:
    """A good one: two mailings, a refusal, somebody who left, a kill and its double, a copy that the sink did not answer."""
    rows = [
        Row(1, "aa", "ann@example.com", "accepted"),
        Row(2, "aa", "ben@example.com", "accepted"),
        Row(3, "aa", "gone@example.com", "failed", "gone"),
        Row(4, "aa", "left@example.com", "cancelled", "unsubscribed"),
        Row(5, "aa", "never@example.com", "suppressed", "suppressed"),
        Row(6, "bb", "ann@example.com", "accepted"),
        Row(7, "bb", "left@example.com", "accepted"),
    ]
    copies = [
        Copy(1.0, "<aa.1@example.gov>", "ann@example.com", "1"),
        Copy(2.0, "<aa.2@example.gov>", "ben@example.com", "2"),
        Copy(5.0, "<aa.2@example.gov>", "ben@example.com", "2"),
        Copy(6.0, "<bb.6@example.gov>", "ann@example.com", "6", answered=False),
        Copy(7.0, "<bb.6@example.gov>", "ann@example.com", "6"),
        Copy(8.0, "<bb.7@example.gov>", "left@example.com", "7"),
    ]
    return History(
        audiences={"aa": 5, "bb": 2},
        rows=rows,
        copies=copies,
        kills=[Kill("child", 1)],
        departed={"left@example.com": 4.0},
        never=frozenset({"never@example.com"}),
    )


def test_a_good_history_is_good() -> None:
    assert check(history()) == []
    assert doubled(history()) == 1


def without(number: int) -> Callable[[History], None]:
    return lambda it: it.copies.pop(number) and None


def add(copy: Copy) -> Callable[[History], None]:
    return lambda it: it.copies.append(copy)


def change(number: int, **fields) -> Callable[[History], None]:
    def act(it: History) -> None:
        it.rows[number] = replace(it.rows[number], **fields)

    return act


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (without(0), "lost: delivery aa.1"),
        (change(2, reason=""), "lost: delivery aa.3 is failed without a reason"),
        (change(2, reason="unknown"), "parked: delivery aa.3"),
        (change(2, reason="unknown", doubts=2, recovered=4), "parked: delivery aa.3"),
        (change(0, state="pending"), "not quiet: delivery aa.1 is pending"),
        (lambda it: it.unfinished.append("aa is paused"), "not quiet: mailing aa is paused"),
        (lambda it: it.rows.pop(3), "sums: mailing aa has 4 rows for 5 people"),
        (change(1, recipient="ann@example.com"), "sums: ann@example.com has 2 rows in aa"),
        (add(Copy(9.0, "<aa.9@example.gov>", "x@example.com", "9")), "stranger: a copy aa.9"),
        (add(Copy(9.0, "<aa.2@example.gov>", "x@example.com", "2")), "stranger: a copy aa.2 for x@"),
        (add(Copy(9.0, "<aa.1@example.gov>", "ann@example.com", "1")), "doubled: 2 copies too many, 1"),
        (add(Copy(9.0, "<aa.1@example.gov>", "ann@example.com", "x")), "changed: the copies of aa.1 differ"),
        (add(Copy(9.0, "<aa.1@other.gov>", "ann@example.com", "1")), "several Message-IDs"),
        (add(Copy(9.5, "<aa.4@example.gov>", "left@example.com", "4")), "left@example.com got a copy 5.5 s"),
        (lambda it: setattr(it, "journal", 7), "journal: its chain does not hold at entry 7"),
        (add(Copy(1.0, "<aa.5@example.gov>", "never@example.com", "5")), "unwanted: never@example.com"),
    ],
)
def test_what_went_wrong_is_told(break_it: Callable[[History], None], told: str) -> None:
    broken = history()
    break_it(broken)
    assert any(told in one for one in check(broken)), check(broken)


def test_what_died_three_times_may_be_parked() -> None:
    poisoned = history()
    change(2, reason="unknown", doubts=3)(poisoned)
    assert check(poisoned) == []
    assert parked(poisoned) == 1


def test_who_was_stopped_may_be_late_by_as_long() -> None:
    late = Copy(12.0, "<bb.7@example.gov>", "left@example.com", "7", answered=False)
    stopped = history()
    stopped.copies.append(late)
    assert check(stopped)
    stopped.stops, stopped.kills = [(5.0, 9.5)], [Kill("stop", 2)]
    assert check(stopped) == []
