"""A blast begins once, if it still is what two people agreed on; else it goes back, says why, and nobody has got it."""

from datetime import timedelta
from pathlib import Path

import blasting
import factories as make
import pytest
from blasting import approved, at_once, fresh, run, settings, submitted
from relay import Smtpd

from dispatcher.delivery import deliver
from dispatcher.mailings import start
from dispatcher.models import (
    Approval,
    Delivery,
    Journal,
    Mailing,
    Message,
    Staff,
    Subscription,
    Topic,
)
from dispatcher.models.clock import database_now
from dispatcher.parsing import Send

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def deployment(db: str, tmp_path: Path) -> None:
    blasting.set_up(tmp_path)


def states(mailing: Mailing) -> dict[str, str]:
    return dict(mailing.deliveries.values_list("subscriber__address", "state"))


def begun(mailing: Mailing) -> bool:
    mailing.refresh_from_db()
    return mailing.state == "running"


# --- it begins ---


def test_what_two_people_agree_on_begins_once_with_the_message_that_was_looked_at() -> None:
    mailing = approved()
    assert run() == 1
    assert run() == 0
    assert begun(mailing)
    assert fresh(mailing.bulletin_id).state == "mailed"
    assert set(states(mailing).values()) == {"pending"}
    assert make.assert_sums(mailing.id)["pending"] == 2
    assert fresh(mailing.bulletin_id).published_at == mailing.frozen_at
    assert "MC-12" in Message.objects.get(mailing=mailing).text
    assert not start.start(settings(), mailing.id)
    entry = Journal.objects.get(verb="start")
    assert (entry.actor, entry.door, entry.facts["audience"]) == ("start", "worker", 2)
    assert Journal.broken_at() is None


def test_to_topics_it_reaches_who_wants_mail_at_once() -> None:
    blasting.follow("pharmacy", 2, "daily")
    blasting.follow("dental", 3)
    mailing = approved()
    run()
    mailing.refresh_from_db()
    assert mailing.audience == len(states(mailing)) == 2


def test_to_everyone_it_reaches_each_person_once_whatever_they_follow() -> None:
    both = make.subscriber("both@example.com")
    for topic in Topic.objects.all():
        make.subscription(both, topic)
    blasting.follow("dental", 1, "daily")
    blasting.follow("dental", 1, "weekly")
    gone = make.subscriber("gone@example.com")
    make.subscription(gone, Topic.objects.first())
    make.suppress(gone)
    mailing = approved(everyone=True)
    assert Approval.objects.get().audience == 5
    run()
    mailing.refresh_from_db()
    found = states(mailing)
    assert mailing.audience == len(found) == 6
    assert found.pop("gone@example.com") == "suppressed"
    assert set(found.values()) == {"pending"}
    make.assert_sums(mailing.id)


def test_who_leaves_between_approval_and_start_gets_none() -> None:
    mailing = approved()
    leaver = Subscription.objects.first()
    Subscription.objects.filter(id=leaver.id).update(ended_at=database_now())
    run()
    assert leaver.subscriber.address not in states(mailing)
    assert len(states(mailing)) == 1


def test_it_waits_for_its_time() -> None:
    at = database_now() + HOUR
    mailing = approved(send_at=at)
    assert mailing.starts_at == at
    assert run() == 0
    assert not begun(mailing)


def test_two_starts_at_once_make_one() -> None:
    mailing = approved()
    failures = at_once(*[run] * 3)
    assert failures == [None] * 3
    assert begun(mailing)
    assert Journal.objects.filter(verb="start").count() == 1
    assert make.assert_sums(mailing.id)["pending"] == 2


def test_half_of_the_people_left_is_no_reason_to_hold_it() -> None:
    mailing = approved()
    Subscription.objects.filter(id=Subscription.objects.first().id).update(ended_at=database_now())
    assert run() == 1
    assert begun(mailing)


# --- the letter to approvers ---


def test_the_letter_that_asks_for_approval_carries_no_power() -> None:
    Staff.objects.filter(name="ben").update(email="ben@maine.gov")
    bulletin_id = submitted()
    with Smtpd() as relay:
        deliver.pending(settings(smtp_url=(relay.relay,), send=Send(everybody=True)))
    (letter,) = relay.messages
    assert letter.recipient == "ben@maine.gov"
    content = letter.content.replace(b"=\r\n", b"").decode()
    assert f"dispatcher blast approve {bulletin_id}" in content
    assert "/u/" not in content
    assert "/manage/" not in content
    assert "/confirm/" not in content
    assert "List-Unsubscribe" not in content
    assert Delivery.objects.get().state == "accepted"
