"""When an address is no longer mailed: complaints and the gone at once, all else by bounce-days that no success forgave."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.formats.bouncing import Fact, Weight, ground, most_gone

DAY_0 = datetime(2026, 8, 3, 12, 0, tzinfo=UTC)


def fact(weight: Weight, day: float, delivery: int = 1) -> Fact:
    return Fact(weight, DAY_0 + timedelta(days=day), delivery, f"day {day}")


def bounces(*days: float) -> list[Fact]:
    return [fact(Weight.BOUNCE, day) for day in days]


@pytest.mark.parametrize(
    ("facts", "because"),
    [
        ([], ""),
        ([fact(Weight.GONE, 0)], "day 0"),
        ([fact(Weight.COMPLAINT, 3), fact(Weight.GONE, 0)], "day 3"),
        ([fact(Weight.GONE, 5), fact(Weight.GONE, 2)], "day 2"),
        (bounces(0, 7, 14), "day 14"),
        (bounces(0, 7, 13.4), ""),
        (bounces(0, 14), ""),
        (bounces(0, 0.1, 0.2, 14), ""),
        (bounces(0, 0.1, 13, 14, 15), "day 14"),
        ([*bounces(0, 7, 14), fact(Weight.SUCCESS, 10)], ""),
        ([*bounces(0, 7, 14), fact(Weight.SUCCESS, -1)], "day 14"),
        ([*bounces(0, 7, 14), fact(Weight.SUCCESS, 20)], "day 14"),
        ([*bounces(0, 7, 9, 16, 23), fact(Weight.SUCCESS, 8)], "day 23"),
        ([fact(Weight.SUCCESS, 1)], ""),
    ],
)
def test_the_ground_is_the_heaviest_and_earliest_that_suffices(facts: list[Fact], because: str) -> None:
    found = ground(facts)
    assert (found.words if found else "") == because


@given(st.lists(st.builds(fact, st.sampled_from(Weight), st.integers(0, 30)), max_size=8).flatmap(
    lambda facts: st.tuples(st.just(facts), st.permutations(facts))
))  # fmt: skip
def test_the_order_in_which_we_heard_makes_no_difference(both: tuple[list[Fact], list[Fact]]) -> None:
    assert ground(both[0]) == ground(both[1])


def test_a_few_may_be_gone_at_once_and_two_in_a_hundred_of_many() -> None:
    assert [most_gone(n) for n in (0, 40, 500, 501, 10_000)] == [10, 10, 10, 10, 200]
