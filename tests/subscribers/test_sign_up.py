"""Sign-up: only the person behind a mailbox makes a subscription of what somebody typed, once, and it changes nothing they have."""

import re
from dataclasses import replace
from datetime import timedelta

import asking
import factories as make
import pytest
import sending
from asking import ANN, ask, link, live
from django.db import transaction
from relay import Smtpd

from dispatcher.delivery import deliver
from dispatcher.formats import tickets
from dispatcher.formats.tickets import Purpose
from dispatcher.models import Delivery, LinkKind, LinkRequest, Mailing, Subscriber, Subscription, Suppression
from dispatcher.subscribers import sign_up
from dispatcher.subscribers.sign_up import SignUpState

DAYS = timedelta(days=1)


@pytest.fixture(autouse=True)
def database(db: str) -> None:
    pass


def age(by: timedelta) -> None:
    """As if every request had been answered that much earlier."""
    for one in LinkRequest.objects.filter(answered_at__isnull=False):
        LinkRequest.objects.filter(id=one.id).update(answered_at=one.answered_at - by)


# --- answer ---


def test_a_sign_up_owes_one_message_and_subscribes_nobody() -> None:
    ask(ANN, make.topic())
    assert not Subscriber.objects.exists()
    assert sign_up.answer() == 1
    assert sign_up.answer() == 0
    request, mailing = LinkRequest.objects.get(), Mailing.objects.get()
    assert (request.outcome, request.mailing) == ("mailed", mailing)
    assert (mailing.key, mailing.kind, mailing.lane) == (f"link:{request.id}", "system", "system")
    assert make.assert_sums(mailing.id)["pending"] == 1
    assert live() == set()


def test_whoever_complained_is_sent_nothing() -> None:
    make.suppress(make.subscriber(ANN), "complaint")
    assert ask()
    assert sign_up.answer() == 0
    assert LinkRequest.objects.get().outcome == "suppressed"
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("known", ["unknown", "left", "subscribes"])
def test_a_link_to_manage_goes_to_those_who_have_something_to_manage(known: str) -> None:
    if known != "unknown":
        make.subscription(make.subscriber(ANN), make.topic())
    if known == "left":
        Subscription.objects.update(ended_at=make.LONG_AGO)
    assert ask(kind=LinkKind.MANAGE)
    assert sign_up.answer() == int(known == "subscribes")
    wanted = "mailed" if known == "subscribes" else "nothing to manage"
    assert LinkRequest.objects.get().outcome == wanted
    assert Subscriber.objects.count() == int(known != "unknown")


def test_answered_by_many_at_once_a_request_is_mailed_once() -> None:
    for n in range(5):
        ask(f"person{n}@example.com")
    assert sum(map(int, asking.at_once(*[sign_up.answer] * 4))) == 5
    assert Delivery.objects.count() == Mailing.objects.count() == 5


def test_an_answer_that_breaks_off_is_made_again_whole() -> None:
    ask()
    with transaction.atomic():
        sign_up.answer()
        transaction.set_rollback(True)
    assert LinkRequest.to_answer().count() == 1
    assert not Mailing.objects.exists()
    assert sign_up.answer() == 1


# --- confirm ---


def test_confirming_begins_what_was_asked_for_with_its_evidence() -> None:
    pharmacy = make.topic("pharmacy", name="Pharmacy")
    delivery = link(ANN, pharmacy)
    waiting = sign_up.look(delivery)
    assert waiting == sign_up.SignUp(SignUpState.WAITING, "a***@example.com", ("Pharmacy",), None)
    confirmed = sign_up.confirm(delivery)
    assert confirmed is not None
    assert confirmed.state == SignUpState.CONFIRMED
    assert confirmed.just_now
    assert sign_up.look(delivery) == replace(confirmed, just_now=False)
    assert live() == {("pharmacy", "immediate")}
    consent = Subscription.objects.get().consent
    assert all(word in consent for word in ("sign-up form", "203.0.113.0/24", asking.WORDING))
    assert "@" not in consent
    [(verb, facts)] = asking.journal()
    assert (verb, facts["topics"]) == ("confirm", ["pharmacy"])


def test_a_second_click_and_two_at_once_change_nothing() -> None:
    delivery = link(ANN, make.topic())
    shown = asking.at_once(*[lambda: sign_up.confirm(delivery) for _ in range(4)])
    assert len({replace(one, just_now=False) for one in shown}) == 1
    assert sorted(one.just_now for one in shown) == [False, False, False, True]
    before = list(Subscription.objects.values())
    sign_up.confirm(delivery)
    assert list(Subscription.objects.values()) == before
    assert len(before) == len(asking.journal()) == 1


def test_two_sign_ups_of_one_person_confirmed_at_once_are_one_subscription() -> None:
    topic = make.topic()
    links = [link(ANN, topic) for _ in range(3)]
    asking.at_once(*[lambda one=one: sign_up.confirm(one) for one in links])
    assert Subscription.objects.count() == 1
    assert LinkRequest.objects.filter(confirmed_at__isnull=False).count() == 3


def test_signing_up_again_changes_nothing_that_is_confirmed() -> None:
    pharmacy, dental = make.topic("pharmacy"), make.topic("dental")
    make.subscription(make.subscriber(ANN), pharmacy, "weekly")
    before = Subscription.objects.values().get()
    asking.signed_up("ANN@example.com", pharmacy, dental)
    assert live() == {("pharmacy", "weekly"), ("dental", "immediate")}
    assert Subscription.objects.values().get(topic=pharmacy) == before
    assert Subscriber.objects.get().address == ANN


def test_a_link_confirms_for_three_days() -> None:
    delivery = link(ANN, make.topic())
    age(3 * DAYS)
    for shown in (sign_up.look(delivery), sign_up.confirm(delivery)):
        assert shown is not None
        assert shown.state == SignUpState.EXPIRED
    assert live() == set()


def test_what_was_confirmed_stays_so_when_its_link_is_old() -> None:
    delivery = link(ANN, make.topic())
    sign_up.confirm(delivery)
    age(3 * DAYS)
    shown = sign_up.look(delivery)
    assert shown is not None
    assert shown.state == SignUpState.CONFIRMED


def test_a_retired_topic_is_replaced_by_its_successor_or_left_out() -> None:
    new = make.topic("new")
    between = make.topic("between", retired_at=make.LONG_AGO)
    between.successors.add(new)
    old = make.topic("old", retired_at=make.LONG_AGO)
    old.successors.add(between)
    gone = make.topic("gone", retired_at=make.LONG_AGO)
    asking.signed_up(ANN, old, gone, new)
    assert live() == {("new", "immediate")}


def test_only_a_delivery_that_answers_a_sign_up_confirms() -> None:
    make.subscription(make.subscriber(ANN), make.topic())
    manage = link(kind=LinkKind.MANAGE)
    for other in (manage, 12345):
        assert sign_up.look(other) is None
        assert sign_up.confirm(other) is None


def test_a_confirmation_that_breaks_off_leaves_nothing_and_can_be_repeated() -> None:
    delivery = link(ANN, make.topic())
    with transaction.atomic():
        sign_up.confirm(delivery)
        transaction.set_rollback(True)
    assert live() == set()
    assert asking.journal() == []
    sign_up.confirm(delivery)
    assert len(live()) == 1


def test_who_left_comes_back_by_signing_up_again() -> None:
    topic = make.topic("pharmacy")
    make.subscription(make.subscriber(ANN), topic, ended_at=make.LONG_AGO)
    asking.signed_up(ANN, topic)
    assert live() == {("pharmacy", "immediate")}
    assert Subscription.objects.count() == 2


# --- the whole way ---


@pytest.mark.parametrize("kind", [Purpose.CONFIRM, Purpose.MANAGE])
def test_from_the_form_to_the_link_in_the_mailbox(kind: Purpose) -> None:
    topic = make.topic("pharmacy")
    if kind == Purpose.MANAGE:
        make.subscription(make.subscriber(ANN), topic)
    with Smtpd() as relay:
        settings = sending.settings(relay)
        assert sign_up.ask(
            settings, LinkKind(kind), sign_up.Asked(address=ANN, network="", topics=(topic.id,))
        )
        sign_up.answer()
        assert deliver.pending(settings).counts == {"accepted": 1}
        [mail] = relay.messages
    found = re.search(rf"/{kind}/([\w-]+)".encode(), mail.content.replace(b"=\r\n", b""))
    assert found
    ticket, _ = tickets.split(found[1].decode())
    delivery = tickets.verify(kind, ticket, [settings.secret_key])
    assert delivery == Delivery.objects.get().id
    if kind == Purpose.CONFIRM:
        sign_up.confirm(delivery)
    assert live() == {("pharmacy", "immediate")}


def test_whoever_complains_after_the_answer_gets_no_mail() -> None:
    link(ANN, make.topic())
    make.suppress(Subscriber.objects.get(), "complaint")
    with Smtpd() as relay:
        sending.run(relay)
        assert relay.messages == []
    assert Delivery.objects.get().reason == "suppressed"
    assert Suppression.objects.get().lifted_at is None
