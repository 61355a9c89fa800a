"""Rates that all share, against a real Valkey, and each process's own share of them when there is none."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from works import Bell

from dispatcher.throttle import Grant, Throttle, Wish, _Bucket

NOBODY = "redis://127.0.0.1:9/0"


@pytest.fixture(scope="module")
def bell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bell]:
    bell = Bell(tmp_path_factory.mktemp("valkey"))
    yield bell
    bell.process.kill_whole()


@pytest.fixture
def url(bell: Bell) -> str:
    bell.flush()
    return bell.url


def given(grants: list[Grant]) -> list[int]:
    return [one.given for one in grants]


def test_a_bucket_gives_a_second_of_its_rate_and_says_when_the_rest_is_due(url: str) -> None:
    [grant] = Throttle(url, "one", 1).take([Wish("relay", rate=100, wanted=150)])
    assert grant.given == 100
    assert 0 < grant.wait <= 0.02


def test_all_processes_together_get_no_more_than_the_rate(url: str) -> None:
    began = time.monotonic()

    def take(number: int) -> int:
        throttle = Throttle(url, f"process {number}", 1)
        return sum(given(throttle.take([Wish("relay", rate=200, wanted=1)]))[0] for _ in range(100))

    with ThreadPoolExecutor(8) as processes:
        taken = sum(processes.map(take, range(8)))
    assert 200 <= taken <= 200 + 200 * (time.monotonic() - began) + 1


def test_those_who_are_sent_away_come_back_one_by_one(url: str) -> None:
    """Each is told another time, a step of the rate after the one before, whoever asks."""
    waits = []
    for number in range(4):
        [grant] = Throttle(url, f"process {number}", 1).take(
            [Wish("gmail.com", rate=10, wanted=10, promise=True)]
        )
        waits += [time.monotonic() + grant.wait + at / 10 for at in range(10 - grant.given)]
    assert len(waits) > 20  # a few tokens came while we asked
    assert all(later - sooner > 0.05 for sooner, later in pairwise(waits))


def test_buckets_are_taken_from_in_one_step_and_do_not_know_each_other(url: str) -> None:
    throttle = Throttle(url, "one", 1)
    wishes = [Wish("a", rate=5, wanted=9), Wish("b", rate=50, wanted=9), Wish("c", rate=0.5, wanted=1)]
    assert given(throttle.take(wishes)) == [5, 9, 1]


def test_what_is_given_back_can_be_taken_again(url: str) -> None:
    throttle = Throttle(url, "one", 1)
    throttle.take([Wish("relay", rate=10, wanted=10)])
    throttle.take([Wish("relay", rate=10, wanted=-6)])
    assert given(throttle.take([Wish("relay", rate=10, wanted=10)])) == [6]


def test_a_share_follows_how_many_send(url: str) -> None:
    first, second = Throttle(url, "first", 1), Throttle(url, "second", 1)
    first.take(())
    assert first.share(20) == 20
    second.take(())
    first.take(())
    assert (first.share(20), second.share(20), first.share(1)) == (10, 10, 1)


def test_without_redis_each_process_keeps_to_its_share() -> None:
    throttle = Throttle(NOBODY, "one", senders=4)
    assert given(throttle.take([Wish("relay", rate=100, wanted=100)])) == [25]
    assert given(throttle.take([Wish("relay", rate=100, wanted=100)])) == [0]
    assert throttle.share(20) == 5


def test_redis_may_go_and_come_back(bell: Bell) -> None:
    bell.flush()
    throttle = Throttle(bell.url, "one", senders=2)
    assert given(throttle.take([Wish("relay", rate=10, wanted=1)])) == [1]
    bell.lose()
    assert given(throttle.take([Wish("relay", rate=10, wanted=10)])) == [5]
    bell.start()
    throttle._asks_again = 0.0
    assert given(throttle.take([Wish("relay", rate=10, wanted=10)])) == [10]


@pytest.mark.parametrize("rate", [0.5, 3.0, 100.0])
def test_over_a_long_time_a_bucket_gives_its_rate(rate: float) -> None:
    bucket, now, taken = _Bucket(max(1.0, rate)), 1000.0, 0
    for _ in range(4000):
        taken += bucket.take(rate, 7, now).given
        now += 0.05
    assert taken == pytest.approx(200 * rate + max(1.0, rate), rel=0.05)
