"""The freeze: the audience is counted between two short transactions, and what happens meanwhile neither loses nor adds anybody."""

from collections.abc import Callable
from datetime import datetime, timedelta

import factories as make
import pytest

from dispatcher.mailings import audience, fan_out
from dispatcher.mailings.audience import Audience
from dispatcher.models import Bulletin, Match, Subscription
from dispatcher.models.clock import database_now


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Have something happen right after the audience was counted, once."""
    count = audience.count

    def arrange(happens: Callable[[], object]) -> None:
        waiting = [happens]

        def counted(whom: Audience, frozen: datetime) -> int:
            found = count(whom, frozen)
            if waiting:
                waiting.pop()()
            return found

        monkeypatch.setattr(audience, "count", counted)

    return arrange


def test_who_comes_or_leaves_while_heads_are_counted_changes_no_sum(db: str, meanwhile) -> None:
    pharmacy = make.topic("pharmacy")
    stays, leaves, comes = (make.subscriber(f"{name}@example.com") for name in ("stays", "leaves", "comes"))
    make.subscription(stays, pharmacy)
    left = make.subscription(leaves, pharmacy)

    def come_and_go() -> None:
        Subscription.objects.filter(id=left.id).update(ended_at=database_now())
        make.subscription(comes, pharmacy, confirmed_at=database_now())

    meanwhile(come_and_go)
    mailing_id = fan_out.begin(make.bulletin(pharmacy).id)
    while fan_out.fan_out(mailing_id, 2) is not None:
        pass
    counts = make.assert_sums(mailing_id)
    assert (counts["pending"], counts["cancelled"]) == (1, 1)


def test_what_else_matches_while_heads_are_counted_is_counted_too(db: str, meanwhile) -> None:
    pharmacy, dental = make.topic("pharmacy"), make.topic("dental")
    make.subscription(make.subscriber(), pharmacy)
    make.subscription(make.subscriber(), dental)
    bulletin = make.bulletin(pharmacy)

    def match_again() -> None:
        Match.objects.create(
            bulletin=bulletin, topic=dental, evidence=[], catalog="0" * 64, matched_at=database_now()
        )

    meanwhile(match_again)
    mailing_id = fan_out.begin(bulletin.id)
    while fan_out.fan_out(mailing_id, 2) is not None:
        pass
    assert make.assert_sums(mailing_id)["pending"] == 2


def test_what_matched_in_the_future_waits_until_the_clock_gets_there(db: str) -> None:
    pharmacy = make.topic("pharmacy")
    make.subscription(make.subscriber(), pharmacy)
    bulletin = make.bulletin(pharmacy)
    Match.objects.update(matched_at=database_now() + timedelta(hours=1))
    assert fan_out.begin(bulletin.id) is None
    assert Bulletin.objects.get().state == "matched"
    Match.objects.update(matched_at=database_now())
    assert fan_out.begin(bulletin.id) is not None


@pytest.mark.parametrize(
    ("size", "seconds", "following"),
    [
        (2_000, 0.15, 2_000),
        (2_000, 0.12, 2_500),
        (2_000, 0.001, 4_000),  # twice as many at most
        (2_000, 0.0, 4_000),
        (2_000, 9.0, 1_000),  # half as many at least
        (150, 9.0, 100),
        (8_000, 0.01, 10_000),
    ],
)
def test_a_slice_is_as_large_as_the_time_for_one_allows(size: int, seconds: float, following: int) -> None:
    assert fan_out.next_size(size, seconds, 10_000) == following
