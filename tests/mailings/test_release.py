"""What failed by a fault of ours is owed once more when a person says so: the same copy, and nobody who has left meanwhile."""

from datetime import timedelta

import factories as make
import pytest
from acts import On
from django.db import OperationalError
from relay import Smtpd
from sending import due_again, ids, owe, run, states

from dispatcher.mailings import progress, release
from dispatcher.mailings.progress import By
from dispatcher.models import Delivery, Journal, Mailing
from dispatcher.models.clock import database_now
from dispatcher.subscribers import preferences

OLIVE = By("olive", facts={"account": "ops"})
SPAM = On("content", b"554 5.7.1 looks like spam", recipient="ann@", store=True, nth=1)


def journalled() -> list[tuple[str, str, object]]:
    entries = Journal.objects.filter(verb="release").order_by("id")
    return [(one.actor, one.subject, one.facts) for one in entries]


def test_a_released_copy_goes_out_with_the_same_bytes_and_the_mailing_ends_again(db: str) -> None:
    mailing = owe("ann@example.com", "ben@example.com")
    with Smtpd(script=[SPAM]) as relay:
        run(relay)
        assert progress.finish() == 1
        assert states() == {"accepted": 1, "failed": 1}
        assert release.release(mailing.id, "policy", OLIVE) == 1
        assert Mailing.objects.get().finished_at is None
        assert make.assert_sums(mailing.id)["pending"] == 1
        assert run(relay).counts == {"accepted": 1}
        first, second = [one for one in relay.messages if one.recipient == "ann@example.com"]
    assert first.content == second.content
    assert len(set(ids(relay))) == 2
    assert progress.finish() == 1
    assert make.assert_sums(mailing.id)["accepted"] == 2
    facts = {"reason": "policy", "deliveries": 1, "account": "ops"}
    assert journalled() == [("olive", f"mailing:{mailing.id}", facts)]


def test_a_relay_that_says_later_to_a_released_copy_is_believed_anew(db: str) -> None:
    mailing = owe("ann@example.com")
    with Smtpd(script=[SPAM]) as relay:
        run(relay)
    with Smtpd(script=[On("rcpt", b"452 4.2.2 full for now")]) as relay:
        Mailing.objects.update(frozen_at=make.LONG_AGO)  # as if somebody had looked after weeks
        Delivery.objects.update(tries=9)
        assert release.release(mailing.id, "policy", OLIVE) == 1
        assert run(relay).counts == {"pending": 1}
        row = Delivery.objects.get()
        assert (row.tries, row.reply) == (1, "4.2.2 full for now")
        Delivery.objects.update(released_at=row.released_at - timedelta(days=4), due_at=make.LONG_AGO)
        assert run(relay).counts == {"failed": 1}
    assert Delivery.objects.get().reason == "expired"


# PostgreSQL reads small tables whole, whatever indexes there are.
@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_what_failed_is_found_without_reading_all_others(db: str) -> None:
    """As `release` and `status` ask for it, without statistics, which nobody makes on SQLite."""
    mailing, now = owe("ann@example.com"), database_now()
    of_one = Delivery.failed().filter(mailing=mailing, reason="policy", ended_at__lte=now)
    lately = Delivery.failed().filter(reason__in=release.ABOUT_US, ended_at__gt=now)
    assert "delivery_failed" in of_one.order_by("ended_at", "id").explain()
    assert "delivery_failed" in lately.explain()


def test_twice_is_once_and_other_reasons_stay_as_they_are(db: str) -> None:
    mailing = owe("ann@example.com", "ben@example.com")
    with Smtpd(script=[SPAM, On("rcpt", b"550 5.1.1 nobody", recipient="ben@")]) as relay:
        run(relay)
    assert release.release(mailing.id, "unknown", OLIVE) == 0
    assert release.release(mailing.id, "policy", OLIVE) == 1
    assert release.release(mailing.id, "policy", OLIVE) == 0
    assert states() == {"pending": 1, "failed": 1}
    assert Delivery.objects.get(state="failed").reason == "gone"
    assert len(journalled()) == 1


def test_who_has_left_since_gets_nothing(db: str) -> None:
    mailing = owe("ann@example.com")
    with Smtpd(script=[SPAM]) as relay:
        run(relay)
        preferences.unsubscribe(Delivery.objects.get().id, "all")
        assert release.release(mailing.id, "policy", OLIVE) == 1
        due_again()
        run(relay)
        assert len(relay.messages) == 1
    row = Delivery.objects.get()
    assert (row.state, row.reason) == ("cancelled", "unsubscribed")


@pytest.mark.parametrize(("before", "after"), [("paused", "paused"), ("cancelled", "cancelled")])
def test_what_is_paused_stays_so_and_what_was_cancelled_is_left_alone(
    db: str, before: str, after: str
) -> None:
    mailing = owe("ann@example.com")
    with Smtpd(script=[SPAM]) as relay:
        run(relay)
    Mailing.objects.update(state=before)
    assert release.release(mailing.id, "policy", OLIVE) == (before == "paused")
    assert Mailing.objects.get().state == after


def test_slice_by_slice_and_if_it_dies_between_two_the_rest_is_released_by_the_next_call(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailing = owe(*(f"person{n}@example.com" for n in range(5)))
    with Smtpd(script=[On("rcpt", b"550 5.7.26 no DMARC")]) as relay:
        run(relay)
    assert states() == {"failed": 5}
    monkeypatch.setattr(release, "_SLICE", 2)

    def dies_in_the_second(**_: object) -> None:
        if Delivery.objects.filter(state="pending").count() > 2:
            raise OperationalError("the database is away")

    with monkeypatch.context() as dying:
        dying.setattr(Journal, "append", dies_in_the_second)
        with pytest.raises(OperationalError):
            release.release(mailing.id, "policy", OLIVE)
    assert states() == {"pending": 2, "failed": 3}
    assert release.release(mailing.id, "policy", OLIVE) == 3
    assert [facts["deliveries"] for _, _, facts in journalled()] == [2, 1]
