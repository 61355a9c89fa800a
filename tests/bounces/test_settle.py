"""What came back ends beside the delivery it is about, once, in whatever order, and changes what it should and nothing else."""

import itertools
from datetime import timedelta

import factories as make
import pytest
from asking import at_once
from returning import ANN, DOMAIN, accepted, ago, come, filled, of, post, signed, suppressed

from dispatcher import config
from dispatcher.bounces import inbox, settle
from dispatcher.bounces.said import Kind
from dispatcher.formats import message_names
from dispatcher.models import (
    Arrival,
    Delivery,
    Event,
    EventKind,
    Journal,
    Subscriber,
    Subscription,
    Suppression,
    Topic,
)
from dispatcher.models.delivery import DeliveryState


@pytest.fixture(autouse=True)
def mailed(db: str) -> None:
    accepted(ANN, "ben@example.com")


def event() -> Event:
    return Event.objects.get()


def test_an_unknown_user_is_an_event_beside_the_delivery_and_is_suppressed_at_once() -> None:
    arrival = come(filled("postfix-unknown-user", of()), signed(of().id))
    assert (arrival.outcome, event().delivery_id) == ("events", of().id)
    assert (event().kind, event().verdict, event().status, event().proven) == (
        "bounce",
        "gone",
        "5.1.1",
        True,
    )
    assert of().state == DeliveryState.ACCEPTED
    assert suppressed() == "gone"
    held = Suppression.objects.get()
    assert (held.delivery_id, held.since) == (of().id, arrival.received_at)
    assert "User unknown" in held.evidence
    assert Journal.objects.get(verb="suppress").facts == {"reason": "gone", "delivery": of().id}
    assert ANN not in str(list(Journal.objects.values()))


@pytest.mark.parametrize(
    "name",
    ["postfix-full-mailbox", "gmail-over-quota", "postfix-expired", "postfix-refused-by-filter", "exim-without-a-code"],
)  # fmt: skip
def test_any_other_bounce_is_an_event_and_suppresses_nobody_by_itself(name: str) -> None:
    assert come(filled(name, of())).outcome == "events"
    assert event().kind == "bounce"
    assert suppressed() == ""


@pytest.mark.parametrize(
    "name",
    ["postfix-delayed", "postfix-relayed", "postfix-expanded", "exim-delayed", "outlook-out-of-office", "vacation-program",
     "out-of-office-by-subject-alone", "ticket-system", "read-receipt", "no-complaint-but-praise", "key-report"],
)  # fmt: skip
def test_delays_and_automatic_replies_count_as_nothing(name: str) -> None:
    arrival = come(filled(name, of()), signed(of().id))
    assert (arrival.outcome, arrival.settled_at is not None) == ("nothing", True)
    assert arrival.note
    assert not Event.objects.exists()


def test_what_nobody_can_read_is_kept_and_shown() -> None:
    for raw in (b"\x00\xff\xfe", filled("somebody-answers", of()), b""):
        arrival = come(raw, signed(of().id))
        assert (arrival.outcome, bytes(arrival.raw)) == ("unreadable", raw)
    assert not Event.objects.exists()


# --- which delivery ---


@pytest.mark.parametrize("where", ["the address it came to", "the text", "the text in capitals", "both"])
def test_the_signed_address_names_the_delivery_wherever_it_stands(where: str) -> None:
    raw = filled("postfix-unknown-user", None if where == "the address it came to" else of())
    raw = raw.replace(b"0" * 16 + b".1", b"nobody") if where == "the address it came to" else raw
    raw = (
        raw.replace(signed(of().id).encode(), signed(of().id).upper().encode())
        if "capitals" in where
        else raw
    )
    come(raw, "" if "text" in where else signed(of().id))
    assert (event().delivery_id, event().proven) == (of().id, True)


def test_what_forwarders_made_of_the_signed_address_still_names_it() -> None:
    come(filled("srs-rewritten-sender", of()))
    assert (event().delivery_id, event().proven) == (of().id, True)


@pytest.mark.parametrize(
    "name", ["postfix-unknown-user", "complaint", "gmail-unknown-user", "qmail-unknown-user"]
)
def test_a_forged_address_changes_nothing_and_is_shown(name: str) -> None:
    before = list(Delivery.objects.values()), list(Subscription.objects.values())
    arrival = come(filled(name), f"b+{'a' * 34}@{DOMAIN}")
    assert (arrival.outcome, arrival.note.startswith("names no delivery of ours")) == ("unmatched", True)
    assert (list(Delivery.objects.values()), list(Subscription.objects.values())) == before
    assert not Event.objects.exists()
    assert not Suppression.objects.exists()


def unsigned(name: str) -> bytes:
    """As somebody could write it who got a copy of the same mailing: our Message-ID stands in it, and no signed address."""
    return filled(name, of()).replace(signed(of().id).encode(), b"redacted@elsewhere.example")


@pytest.mark.parametrize(
    "name", ["postfix-unknown-user", "gmail-unknown-user", "complaint-by-message-name-alone"]
)
def test_our_message_name_alone_is_news_and_has_no_consequence(name: str) -> None:
    assert come(unsigned(name)).outcome == "events"
    assert (event().delivery_id, event().proven) == (of().id, False)
    assert suppressed() == ""
    assert not Subscription.objects.filter(ended_at__isnull=False).exists()


def test_a_correction_that_names_what_it_answers_is_told_from_it() -> None:
    earlier, own = of("ben@example.com"), message_names.of(of().mailing.nonce, of().id)
    answers = f"References: <{message_names.of(earlier.mailing.nonce, earlier.id)}@example.gov>\nMIME-Version".encode()
    come(unsigned("qmail-unknown-user").replace(b"MIME-Version", answers))
    assert own in bytes(Arrival.objects.get().raw).decode()
    assert event().delivery_id == of().id


def test_a_message_name_of_another_mailing_names_nobody() -> None:
    real = message_names.of(of().mailing.nonce, of().id).encode()
    guessed = unsigned("gmail-unknown-user").replace(real, message_names.of("f" * 16, of().id).encode())
    assert come(guessed).outcome == "unmatched"


def test_a_report_that_bears_two_signed_addresses_names_neither() -> None:
    raw = filled("qmail-unknown-user", of()) + signed(of("ben@example.com").id).encode()
    assert come(raw.replace(of().mailing.nonce.encode(), b"f" * 16)).outcome == "unmatched"
    assert come(raw, signed(of().id)).outcome == "events"


def test_a_dead_address_behind_a_forwarding_is_an_ordinary_bounce() -> None:
    come(filled("forwarded-to-a-dead-address", of()))
    assert event().verdict == "bounced"
    assert suppressed() == ""


# --- once, in any order ---


def test_the_same_report_twice_is_one_event() -> None:
    first = come(filled("postfix-unknown-user", of()), signed(of().id))
    again = come(filled("postfix-unknown-user", of()), signed(of().id))
    assert first.id == again.id
    by_another_way = b"Received: from elsewhere.example\n" + filled("postfix-unknown-user", of())
    assert come(by_another_way, signed(of().id)).id != first.id
    assert Event.objects.count() == 1
    assert Suppression.objects.count() == 1
    assert Journal.objects.filter(verb="suppress").count() == 1


def test_two_reports_of_one_delivery_are_two_events_and_one_suppression() -> None:
    come(filled("postfix-unknown-user", of()))
    come(filled("office365-unknown-user", of()).replace(b"report-1@", b"report-2@"))
    assert Event.objects.count() == 2
    assert Suppression.objects.count() == 1


def test_two_at_once_settle_once() -> None:
    kept = inbox.keep(inbox.MAIL, filled("complaint", of()), "")
    at_once(*[lambda: settle.settle(config.current(), kept)] * 3)
    assert Event.objects.count() == 1
    assert Journal.objects.filter(verb="complain").count() == 1


SAMPLES = ("postfix-delivered", "postfix-unknown-user", "complaint", "postfix-full-mailbox")


def the_end(order: tuple[str, ...]) -> tuple[object, ...]:
    """All that came, settled in this order; what is left in the end."""
    kept = {name: inbox.keep(inbox.MAIL, report(name), signed(of().id)) for name in SAMPLES}
    for age, name in enumerate(SAMPLES):
        Arrival.objects.filter(id=kept[name]).update(received_at=make.LONG_AGO + timedelta(hours=age))
    for name in (*order, order[0]):
        settle.settle(config.current(), kept[name])
    events = sorted(Event.objects.values_list("kind", "verdict", "provider_event_id"))
    held = Suppression.objects.values_list("reason", "evidence", "since", "delivery", "lifted_at").get()
    live = list(
        Subscription.objects.filter(ended_at__isnull=True).values_list("subscriber__folded", flat=True)
    )
    return events, held, live


def report(name: str) -> bytes:
    return filled(name, of()).replace(b"report-1@", name.encode() + b"@")


def test_any_order_ends_the_same_and_the_complaint_is_stronger() -> None:
    Delivery.objects.update(ended_at=make.LONG_AGO)
    ends = []
    for order in list(itertools.permutations(SAMPLES))[::2]:
        ends.append(the_end(order))
        Event.objects.all().delete()
        Arrival.objects.all().delete()
        Suppression.objects.all().delete()
        Subscription.objects.update(ended_at=None, ended_because="")
    assert all(one == ends[0] for one in ends)
    assert ends[0][1][0] == "complaint"
    assert ends[0][2] == ["ben@example.com"]


# --- complaints ---


@pytest.mark.parametrize("name", ["complaint", "complaint-with-the-address-blanked"])
def test_a_complaint_ends_all_topics_at_once_and_nothing_more_is_mailed(name: str) -> None:
    make.subscription(Subscriber.objects.get(folded=ANN), make.topic("dental"), "daily")
    come(filled(name, of()), f"complaints@{DOMAIN}")
    mine = Subscription.objects.filter(subscriber__folded=ANN)
    assert {(one.ended_at is not None, one.ended_because, one.ended_by_id) for one in mine} == {
        (True, "complained", None)
    }
    assert suppressed() == "complaint"
    assert sorted(Journal.objects.get(verb="complain").facts["topics"]) == ["dental", "pharmacy"]
    assert Subscription.objects.filter(subscriber__folded="ben@example.com", ended_at=None).count() == 1
    before = Delivery.objects.count()
    accepted("cleo@example.com")
    assert Delivery.objects.count() == before + 2  # ben and cleo


# --- patience, breakage ---


def test_an_arrival_that_breaks_us_is_shown_and_stands_before_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    breaking = inbox.keep(inbox.MAIL, filled("complaint", of()), "")
    fine = inbox.keep(
        inbox.MAIL, filled("postfix-unknown-user", of("ben@example.com"), "ben@example.com"), ""
    )

    def broken(*_: object) -> None:
        raise ArithmeticError("out of numbers")

    monkeypatch.setattr(settle, "_end_subscriptions", broken)
    assert settle.pending(config.current()) is False
    first, second = Arrival.objects.get(id=breaking), Arrival.objects.get(id=fine)
    assert (first.outcome, second.outcome) == ("unreadable", "events")
    assert "ArithmeticError: out of numbers" in first.note
    assert not Event.objects.filter(kind=EventKind.COMPLAINT).exists()


def test_what_a_provider_tells_before_we_have_committed_waits_and_finds_its_delivery() -> None:
    told = b'{"RecordType": "Delivery", "MessageID": "0f1e2d3c-4b5a", "Recipient": "ann@example.com"}'
    assert post("postmark", told).settled_at is None
    assert not Event.objects.exists()
    Delivery.objects.filter(id=of().id).update(reply="2.0.0 OK: queued as 0f1e2d3c-4b5a")
    settle.pending(config.current())
    assert (event().kind, event().delivery_id, event().proven) == ("delivered", of().id, True)


def test_what_names_nobody_for_five_minutes_never_will() -> None:
    told = b'{"RecordType": "Delivery", "MessageID": "0f1e2d3c-4b5a", "Recipient": "ann@example.com"}'
    waiting = post("postmark", told)
    Arrival.objects.update(received_at=ago(6 / 24 / 60))
    settle.pending(config.current())
    waiting.refresh_from_db()
    assert waiting.outcome == "unmatched"


def test_every_kind_of_news_is_one_that_is_stored() -> None:
    assert (
        {kind.value for kind in settle._EVENTS}
        == set(EventKind.values)
        == {"complaint", "bounce", "delivered"}
    )
    assert all(settle._EVENTS[kind].value == kind.value for kind in settle._EVENTS)
    assert Kind.NOTHING not in settle._EVENTS
    assert Topic.objects.count() == 1
