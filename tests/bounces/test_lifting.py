"""How a suppression ends: staff lift it with a reason, the owner by signing up anew, but not after a complaint."""

from datetime import timedelta

import asking
import factories as make
import pytest
import sending
from relay import Smtpd
from returning import ANN, accepted, come, filled, of, post, suppressed

from dispatcher import suppression
from dispatcher.delivery import deliver
from dispatcher.models import (
    Because,
    Delivery,
    Event,
    Journal,
    Mailing,
    Staff,
    Subscription,
    Suppression,
)
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import DeliveryState
from dispatcher.suppression import By

OLGA = By("olga", "shell", facts={"account": "root"})


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


def test_staff_lift_with_a_reason_and_what_was_known_counts_no_more() -> None:
    accepted(ANN)
    come(filled("postfix-unknown-user", of()))
    olga = Staff.objects.create(name="olga", role="operator", created_at=database_now())
    by = By("olga", "shell", olga, {"account": "root"})
    held = Suppression.objects.get()
    assert suppression.lift(held, by, "typing mistake of their server")
    assert not suppression.lift(held, by, "again")
    held.refresh_from_db()
    assert (held.lifted_by, held.lifted_because) == (olga, "typing mistake of their server")
    entry = Journal.objects.get(verb="lift")
    assert (entry.actor, entry.subject) == ("olga", f"suppression:{held.id}")
    assert entry.facts == {"reason": "gone", "because": "typing mistake of their server", "account": "root"}
    suppression.weigh([of().subscriber_id])
    assert suppressed() == ""
    come(filled("office365-unknown-user", of()).replace(b"report-1@", b"report-2@"))
    assert suppressed() == "gone"


def test_a_report_that_came_before_the_lifting_and_is_settled_after_it_revives_nothing() -> None:
    accepted(ANN)
    come(filled("postfix-unknown-user", of()))
    suppression.lift(Suppression.objects.get(), OLGA, "a mistake")
    come(filled("qmail-unknown-user", of()).replace(b"report-1@", b"late@"), days_ago=0.1)
    assert Event.objects.count() == 2
    assert suppressed() == ""


def test_the_owner_lifts_it_by_signing_up_anew() -> None:
    accepted(ANN)
    come(filled("postfix-unknown-user", of()))
    topic = make.topic("dental")
    with Smtpd() as relay:
        delivery = asking.link(ANN, topic)
        deliver.pending(sending.settings(relay))
        assert [one.recipient for one in relay.messages] == [ANN]
    assert suppressed() == "gone"
    asking.sign_up.confirm(delivery)
    assert suppressed() == ""
    held = Suppression.objects.get()
    assert held.lifted_because == "its owner signed up anew"
    assert Journal.objects.get(verb="lift").facts == {
        "reason": "gone", "because": "its owner signed up anew", "delivery": delivery,
    }  # fmt: skip


def test_a_suppressed_address_gets_no_link_to_manage_and_no_bulletin() -> None:
    mailing = accepted(ANN)
    come(filled("postfix-unknown-user", of()))
    asking.earlier()
    assert asking.ask(ANN, kind=asking.LinkKind.MANAGE)
    assert asking.sign_up.answer() == 0
    Delivery.objects.filter(mailing=mailing).update(state=DeliveryState.PENDING, ended_at=None)
    Mailing.objects.update(state="running")
    with Smtpd() as relay:
        deliver.pending(sending.settings(relay))
        assert relay.messages == []
    assert of().reason == "suppressed"


def test_after_a_complaint_nobody_lifts_it_by_signing_up() -> None:
    accepted(ANN)
    come(filled("complaint", of()))
    asking.earlier()
    assert asking.ask(ANN, make.topic("dental"))
    assert asking.sign_up.answer() == 0
    assert suppressed() == "complaint"
    assert not Subscription.objects.filter(subscriber__folded=ANN, ended_at=None).exists()
    # Not even by a link that was mailed before the complaint.
    Suppression.objects.update(reason="gone")
    delivery = asking.link(ANN, make.topic("hospital"))
    Suppression.objects.update(reason=Because.COMPLAINT)
    asking.sign_up.confirm(delivery)
    assert suppressed() == "complaint"


def test_a_complaint_outweighs_what_was_there_before() -> None:
    accepted(ANN)
    come(filled("postfix-unknown-user", of()))
    come(filled("complaint", of()))
    assert suppressed() == "complaint"
    assert [one.facts["reason"] for one in Journal.objects.filter(verb="suppress").order_by("id")] == [
        "gone",
        "complaint",
    ]
    come(filled("office365-unknown-user", of()).replace(b"report-1@", b"report-2@"))
    assert suppressed() == "complaint"


def test_a_complaint_that_a_provider_refused_to_deliver_after_is_one() -> None:
    accepted(ANN)
    raw = b'{"RecordType": "Bounce", "Type": "SpamNotification", "Email": "ann@example.com", "Metadata": {"message": "%s.%d"}}'
    post("postmark", raw % (of().mailing.nonce.encode(), of().id))
    assert suppressed() == "complaint"
    assert timedelta(0) <= database_now() - Suppression.objects.get().since < timedelta(minutes=5)
