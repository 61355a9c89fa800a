"""Who is suppressed, and by whose word: by bounce-days, and a guard against relays that are wrong."""

from datetime import UTC, datetime, timedelta

import factories as make
import pytest
import sending
from acts import On
from asking import at_once
from django.db import connection
from relay import Smtpd
from returning import ANN, accepted, ago, come, filled, of, suppressed

from dispatcher import suppression
from dispatcher.models import (
    Attempt,
    Delivery,
    Event,
    Journal,
    Mailing,
    Subscriber,
    Suppression,
)
from dispatcher.models.clock import for_sql
from dispatcher.suppression import By

OLGA = By("olga", "shell", facts={"account": "root"})


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


def bounced(days_ago: float, name: str = "postfix-full-mailbox") -> None:
    """A copy was accepted so many days ago, and came back on the same day."""
    accepted(ANN, days_ago=days_ago)
    raw = filled(name, of()).replace(b"report-1@", f"report-{of().id}@".encode())
    come(raw, days_ago=days_ago)
    suppression.weigh([of().subscriber_id])


# --- bounce-days ---


def test_three_bounce_days_over_fourteen_days_suppress() -> None:
    bounced(16)
    bounced(9)
    assert suppressed() == ""
    bounced(1)
    assert suppressed() == "bouncing"
    assert "5.2.2" in Suppression.objects.get().evidence


def thrice_on_one_day(days_ago: int) -> list[float]:
    """Around noon, so that it is one day whenever the test runs."""
    now = datetime.now(UTC)
    noon = now.replace(hour=12, minute=0) - timedelta(days=days_ago)
    return [(now - noon) / timedelta(days=1) + hours / 24 for hours in (2, 0, -2)]


@pytest.mark.parametrize("days", [(12, 6, 1), (16, 1), (*thrice_on_one_day(16), 1)], ids=len)
def test_fewer_or_closer_together_they_do_not(days: tuple[float, ...]) -> None:
    for one in days:
        bounced(one)
    assert suppressed() == ""


def test_a_copy_that_brought_no_bounce_for_five_days_forgives() -> None:
    bounced(20)
    bounced(18)
    accepted(ANN, days_ago=12)
    bounced(1)
    assert suppressed() == ""


def test_a_bare_acceptance_of_late_forgives_nothing_unless_somebody_says_delivered() -> None:
    bounced(20)
    bounced(10)
    accepted(ANN, days_ago=3)
    bounced(1)
    assert suppressed() == "bouncing"
    Suppression.objects.all().delete()
    accepted(ANN, days_ago=3)
    come(filled("postfix-delivered", of()), days_ago=3)
    suppression.weigh([of().subscriber_id])
    assert suppressed() == ""


@pytest.mark.parametrize(
    "name", ["postfix-refused-by-filter", "postfix-delayed", "vacation-program", "postfix-sender-refused"]
)
def test_what_is_about_us_or_no_refusal_never_counts(name: str) -> None:
    for days in (30, 20, 10, 1):
        bounced(days, name)
    assert suppressed() == ""


def test_refusals_of_the_relay_itself_are_bounce_days_too() -> None:
    for days, reason in ((16, "bounced"), (9, "expired")):
        accepted(ANN, days_ago=days, state="failed", reason=reason, reply="5.2.2 full")
    accepted(ANN, days_ago=8, state="failed", reason="policy", reply="5.7.1 no")
    bounced(1)
    assert suppressed() == "bouncing"


def test_what_expired_at_a_filter_is_about_us() -> None:
    for days in (16, 9, 1):
        accepted(ANN, days_ago=days, state="failed", reason="expired", reply="4.7.28 rate")
        Attempt.objects.create(delivery=of(), attempt=1, at=ago(days), verdict="policy")
    suppression.weigh([of().subscriber_id])
    assert suppressed() == ""


# --- the guard ---


def gone(mailing: Mailing, count: int) -> None:
    for number, one in enumerate(mailing.deliveries.order_by("id")[:count]):
        address = one.subscriber.address
        come(filled("postfix-unknown-user", one, address).replace(b"report-1@", f"r{number}@".encode()))


def test_too_many_gone_within_an_hour_suppress_nobody_until_somebody_decides() -> None:
    mailing = accepted(*[f"person{n}@example.com" for n in range(30)])
    gone(mailing, 10)
    assert Suppression.in_force().count() == 10
    gone(mailing, 13)
    assert not Suppression.in_force().exists()
    assert Suppression.held_back() == [
        (mailing.id, mailing.key, 13, Suppression.objects.earliest("since").since)
    ]
    assert Journal.objects.filter(verb="hold", subject=f"mailing:{mailing.id}").count() == 1
    gone(mailing, 13)  # the same reports once more
    assert not Suppression.in_force().exists()


@pytest.mark.parametrize("right", [True, False])
def test_a_person_decides_once_and_the_journal_knows_who(right: bool) -> None:
    mailing = accepted(*[f"person{n}@example.com" for n in range(30)])
    gone(mailing, 12)
    assert suppression.decide(mailing, OLGA, "asked the relay's people", suppress=right) == 12
    assert suppression.decide(mailing, OLGA, "again", suppress=not right) == 0
    assert Suppression.in_force().count() == (12 if right else 0)
    assert not Suppression.held_back()
    entry = Journal.objects.get(verb="suppress" if right else "dismiss", subject=f"mailing:{mailing.id}")
    assert (entry.actor, entry.facts) == (
        "olga",
        {"addresses": 12, "because": "asked the relay's people", "account": "root"},
    )
    suppression.weigh(Subscriber.objects.values_list("id", flat=True))
    suppression.pending()
    assert Suppression.in_force().count() == (12 if right else 0)


def test_two_in_a_hundred_of_many_are_believed() -> None:
    mailing = accepted(*[f"person{n}@example.com" for n in range(700)])
    gone(mailing, 14)
    assert Suppression.in_force().count() == 14


def test_what_turned_out_gone_earlier_is_no_flood() -> None:
    mailing = accepted(*[f"person{n}@example.com" for n in range(30)])
    gone(mailing, 10)
    Event.objects.update(received_at=ago(0.2))
    Suppression.objects.update(since=ago(0.2))
    gone(mailing, 14)
    assert Suppression.in_force().count() == 14


def test_a_relay_that_says_gone_of_some_has_them_suppressed_and_the_sweep_finds_who_was_missed() -> None:
    sending.owe(ANN, "ben@example.com")
    with Smtpd(script=[On("rcpt", b"550 5.1.1 unknown", recipient="ann@")]) as relay:
        sending.run(relay)
    assert suppressed() == "gone"
    Suppression.objects.all().delete()  # as if the worker had died before
    assert suppression.pending() == 1
    assert suppression.pending() == 0
    assert suppressed() == "gone"
    held = Suppression.objects.get()
    assert (held.delivery_id, "5.1.1 unknown" in held.evidence) == (of().id, True)


def test_the_sweep_reads_only_what_failed(db: str) -> None:
    accepted(*[f"person{n}@example.com" for n in range(300)])
    Delivery.objects.filter(id__lte=2).update(state="failed", reason="gone", attempt=1)
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        if (
            not sqlite
        ):  # for so few rows PostgreSQL reads them all, unless it is asked what it would do with more
            cursor.execute("SET enable_seqscan = off")
        for query, values in ((suppression._MISSED, [500]), (suppression._GONE, [1, for_sql(make.LONG_AGO)])):
            cursor.execute(f"EXPLAIN {'QUERY PLAN' if sqlite else ''} {query}", values)
            assert "delivery_failed" in str(cursor.fetchall())


def test_the_sweep_lets_be_what_was_lifted() -> None:
    accepted(ANN, days_ago=1, state="failed", reason="gone", reply="5.1.1 unknown")
    suppression.pending()
    assert suppression.lift(Suppression.objects.get(), OLGA, "their server was broken")
    assert suppression.pending() == 0
    assert suppressed() == ""


def test_two_at_once_suppress_once() -> None:
    accepted(ANN, state="failed", reason="gone", reply="5.1.1 unknown")
    person = of().subscriber_id
    at_once(*[lambda: suppression.weigh([person])] * 4)
    assert Suppression.objects.count() == 1
    assert Journal.objects.filter(verb="suppress").count() == 1
