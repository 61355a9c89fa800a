"""Confirming: the page shows, the button acts, once; and only the link that came by mail opens it."""

import factories as make
import lxml.html
import pytest
import visiting
from django.test import Client

from dispatcher import config
from dispatcher.formats.tickets import Purpose, sign
from dispatcher.models import Delivery, Journal, LinkRequest, Subscriber, Subscription, Topic
from dispatcher.models.clock import database_now


@pytest.fixture
def topics(sqlite_db: str) -> list[Topic]:
    visiting.catalog()
    return visiting.topics()


def test_the_page_shows_what_will_begin_and_begins_nothing(topics: list[Topic], visitor: Client) -> None:
    link = f"/confirm/{visiting.confirm_link(*topics[:2])}"
    answer = visitor.get(f"{link}?confirm=true")
    assert answer.status_code == 200
    assert "a***@example.com" in answer.text
    assert "ann@example.com" not in answer.text
    assert lxml.html.fromstring(answer.text).xpath("//main//li/text()") == ["Pharmacy", "Dental"]
    assert visiting.live(Subscriber.objects.get()) == set()


def test_the_button_confirms_once(topics: list[Topic], visitor: Client) -> None:
    link = f"/confirm/{visiting.confirm_link(*topics[:2])}"
    first, second = visitor.post(link), visitor.post(link)
    assert "You are subscribed" in first.text
    assert 'href="/manage/"' in first.text
    assert visiting.live(Subscriber.objects.get()) == {"pharmacy", "dental"}
    assert Journal.objects.filter(verb="confirm").count() == 1
    assert second.content == visitor.get(link).content


def test_a_spent_link_says_when_it_was_used_and_claims_nothing_of_today(
    topics: list[Topic], visitor: Client
) -> None:
    link = f"/confirm/{visiting.confirm_link(*topics[:2])}"
    visitor.post(link)
    LinkRequest.objects.update(confirmed_at=make.LONG_AGO)
    Subscription.objects.update(ended_at=database_now())
    for answer in (visitor.post(link), visitor.get(link)):
        words = " ".join(answer.text.split())
        assert answer.status_code == 200
        assert "You have confirmed already" in words
        assert "This link was used on January 5, 2026, 4:00 a.m. Eastern" in words
        for claim in ("From now on", "You are subscribed", "Pharmacy"):
            assert claim not in words
    assert visiting.live(Subscriber.objects.get()) == set()


def test_an_old_link_leads_to_signing_up_again(topics: list[Topic], visitor: Client) -> None:
    link = f"/confirm/{visiting.confirm_link(topics[0])}"
    visiting.too_late()
    for answer in (visitor.get(link), visitor.post(link)):
        assert answer.status_code == 410
        assert '<a href="/">Sign up again</a>' in answer.text
    assert visiting.live(Subscriber.objects.get()) == set()


def test_what_was_forged_leads_nowhere(topics: list[Topic], visitor: Client) -> None:
    good = visiting.confirm_link(topics[0])
    delivery = Delivery.objects.get().id
    key = config.current().secret_key
    nothing = visitor.get("/nothing").content
    forged = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good[:-1],
        good + "A",
        f"{good}-all",
        f"{good}-t1",
    ]
    forged += [sign(one, delivery, key) for one in Purpose if one is not Purpose.CONFIRM]
    forged += [sign(Purpose.CONFIRM, delivery, "another key " * 4), sign(Purpose.CONFIRM, 999, key)]
    for ticket in forged:
        for answer in (visitor.get(f"/confirm/{ticket}"), visitor.post(f"/confirm/{ticket}")):
            assert (answer.status_code, answer.content) == (404, nothing), ticket
