"""The sums of a mailing are even or say loudly why not: by tables for the arithmetic, by rows for what it is fed with."""

from datetime import timedelta

import factories as make
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from owing import accepted, claim, mark, owe

from dispatcher.delivery import ledger
from dispatcher.mailings import fan_out, reconcile, report
from dispatcher.mailings.report import Group, Line
from dispatcher.models import Attempt, Delivery, DeliveryState, Event, Mailing
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import ENDS, OPEN

# --- arithmetic ---

SETTLED = [
    Group("accepted", 5, code=250),
    Group("accepted", 2, code=251, news="bounce"),
    Group("accepted", 1, code=250, news="complaint"),
    Group("accepted", 1, code=250, news="delivered"),
    Group("failed", 2, "gone", 550),
    Group("failed", 1, "gone", 551),
    Group("suppressed", 1, "suppressed"),
    Group("cancelled", 2, "unsubscribed"),
    Group("cancelled", 1, "unsubscribed", 450, in_doubt=1),
]


def numbers(shares: tuple[report.Share, ...]) -> dict[str, int]:
    return {one.name: one.count for one in shares}


def test_everybody_is_counted_once_under_what_became_of_them() -> None:
    drawn = report.draw_up(16, SETTLED, written_out=True)
    assert drawn.is_even
    assert numbers(drawn.parts) == {"accepted": 9, "failed": 3, "suppressed": 1, "cancelled": 3, "open": 0}
    assert numbers(drawn.news) == {"complained": 1, "bounced later": 2, "delivered": 1, "no news": 5}
    assert drawn.of("failed") == [
        Line("failed", "failed", "gone", 550, 2),
        Line("failed", "failed", "gone", 551, 1),
    ]
    assert drawn.of("cancelled") == [Line("cancelled", "cancelled", "unsubscribed", None, 3)]
    assert (drawn.open_in_doubt, drawn.cancelled_in_doubt) == (0, 1)


def test_who_has_no_row_yet_is_open_until_fan_out_is_complete() -> None:
    groups = [Group("pending", 3), Group("pending", 1, "greylisted", 450), Group("sending", 1, in_doubt=1)]
    drawn = report.draw_up(9, groups, written_out=False)
    assert drawn.is_even
    assert [(one.state, one.reason, one.count) for one in drawn.of("open")] == [
        ("pending", "", 4),
        ("sending", "", 1),
        ("", "not yet written out", 4),
    ]
    assert drawn.open_in_doubt == 1


@pytest.mark.parametrize(
    ("audience", "groups", "written_out", "problem"),
    [
        (17, SETTLED, True, "1 of the audience of 17 have no row"),
        (15, SETTLED, True, "1 more rows than the audience of 15"),
        (15, SETTLED, False, "1 more rows than the audience of 15"),
        (1, [Group("lost", 1)], True, "1 rows are 'lost'"),
        (1, [Group("failed", 1)], True, "1 rows are failed without a reason"),
        (1, [Group("cancelled", 1)], True, "1 rows are cancelled without a reason"),
    ],
)
def test_what_is_not_even_is_told(
    audience: int, groups: list[Group], written_out: bool, problem: str
) -> None:
    drawn = report.draw_up(audience, groups, written_out=written_out)
    assert not drawn.is_even
    assert problem in drawn.problems[0]


def test_nobody_is_an_audience_too() -> None:
    drawn = report.draw_up(0, [], written_out=True)
    assert drawn.is_even
    assert {one.tenths for one in drawn.parts} == {0}


@pytest.mark.parametrize(
    ("counts", "tenths"),
    [
        ([1, 1, 1], [334, 333, 333]),
        ([2, 1], [667, 333]),
        ([0, 0], [0, 0]),
        ([100_000, 1, 0], [1000, 0, 0]),
        ([1] * 7, [143] * 6 + [142]),
    ],
)
def test_shares_are_whole_tenths(counts: list[int], tenths: list[int]) -> None:
    assert report.tenths(counts) == tenths


@settings(max_examples=60)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any))
def test_shares_add_up_to_a_hundred_percent_and_each_is_right_within_a_tenth(counts: list[int]) -> None:
    shares = report.tenths(counts)
    assert sum(shares) == 1000
    whole = sum(counts)
    assert all(abs(share - count * 1000 / whole) < 1 for share, count in zip(shares, counts, strict=True))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(DeliveryState.values)),
            st.integers(1, 50),
            st.sampled_from(list(report.NEWS)),
        )
    ),
    st.integers(0, 20),
    st.booleans(),
)
def test_lines_parts_and_news_never_lose_anybody(
    stood: list[tuple[str, int, str]], missing: int, written_out: bool
) -> None:
    groups = [Group(state, count, "some reason", 550, news) for state, count, news in stood]
    audience = sum(group.count for group in groups) + missing
    drawn = report.draw_up(audience, groups, written_out=written_out)
    assert drawn.is_even == (not written_out or not missing)
    if drawn.is_even:
        assert sum(line.count for line in drawn.lines) == sum(part.count for part in drawn.parts) == audience
    assert sum(one.count for one in drawn.news) == numbers(drawn.parts)["accepted"]


def test_the_words_of_the_report_are_those_of_the_rows() -> None:
    assert set(report.OPEN) == set(OPEN)
    assert set(report.PARTS) == {*ENDS, "open"}


# --- rows ---


def draw_up(mailing: Mailing) -> report.Report:
    return reconcile.account(mailing.id, database_now()).sums


def event(row: Delivery, kind: str) -> None:
    number = Event.objects.count()
    Event.objects.create(delivery=row, provider_event_id=f"e{number}", kind=kind, received_at=make.LONG_AGO)


def test_each_copy_counts_under_its_strongest_news(db: str) -> None:
    mailing = owe(5)
    for row in claim():
        assert mark(row)
        ledger.commit([accepted(row)], [])
    first, second, third, fourth, _ = Delivery.objects.order_by("id")
    for row, kinds in [
        (first, ["delivered", "bounce", "complaint"]),
        (second, ["delivered", "bounce", "bounce"]),
        (third, ["delivered"]),
        (fourth, ["opened the door"]),
    ]:
        for kind in kinds:
            event(row, kind)
    drawn = draw_up(mailing)
    assert drawn.is_even
    assert numbers(drawn.news) == {"complained": 1, "bounced later": 1, "delivered": 1, "no news": 2}


def test_an_event_of_a_copy_that_was_not_accepted_moves_no_sum(db: str) -> None:
    mailing = owe(1)
    Delivery.objects.update(state="failed", reason="unknown", ended_at=database_now())
    event(Delivery.objects.get(), "delivered")
    drawn = draw_up(mailing)
    assert drawn.is_even
    assert numbers(drawn.parts)["failed"] == 1


def test_open_says_how_old_and_how_much_of_it_is_in_doubt(db: str) -> None:
    mailing = owe(3)
    Mailing.objects.update(frozen_at=database_now() - timedelta(minutes=10))
    first, second = claim(2)
    assert mark(first)
    assert mark(second)
    Delivery.objects.filter(id=first.id).update(lease_until=make.LONG_AGO)
    account = reconcile.account(mailing.id, database_now())
    assert account.sums.is_even
    assert account.sums.open_in_doubt == 1
    assert account.oldest_open == pytest.approx(600, abs=30)


def test_late_replies_are_listed_as_perhaps_second_copies(db: str) -> None:
    mailing = owe(1)
    Attempt.objects.create(
        delivery=Delivery.objects.get(), attempt=1, at=make.LONG_AGO, verdict="accepted", code=250, late=True
    )
    Attempt.objects.create(delivery=Delivery.objects.get(), attempt=1, at=make.LONG_AGO, verdict="later")
    late = reconcile.account(mailing.id, database_now()).late_replies
    assert [one.verdict for one in late] == ["accepted"]


def test_a_row_that_vanished_and_a_row_that_was_invented_are_found(db: str) -> None:
    mailing = owe(2)
    last = Delivery.objects.latest("id")
    fields = {"state": "pending", "topics": "", "due_at": make.LONG_AGO}
    Delivery.objects.create(mailing=mailing, subscriber=make.subscriber(), **fields)
    assert "1 more rows" in draw_up(mailing).problems[0]
    Delivery.objects.exclude(id=last.id).delete()
    assert "1 of the audience of 2 have no row" in draw_up(mailing).problems[0]


def test_before_fan_out_begins_everybody_is_still_to_be_written_out(db: str) -> None:
    topic = make.topic()
    for _ in range(3):
        make.subscription(make.subscriber(), topic)
    mailing = Mailing.objects.get(id=fan_out.begin(make.bulletin(topic).id))
    drawn = draw_up(mailing)
    assert drawn.is_even
    assert [(one.reason, one.count) for one in drawn.of("open")] == [("not yet written out", 3)]
    assert fan_out.fan_out(mailing.id, 2)
    assert draw_up(mailing).is_even
