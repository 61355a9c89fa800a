"""One's own page: who has the link sees and changes what they get, and nobody else learns anything."""

from datetime import timedelta

import lxml.html
import pytest
import visiting
from django.test import Client

from dispatcher import config
from dispatcher.formats.tickets import Purpose, sign
from dispatcher.models import Delivery, Journal, LinkKind, LinkRequest, Subscription, Tally, Topic
from dispatcher.models.clock import database_now
from dispatcher.web import human


@pytest.fixture
def topics(sqlite_db: str) -> list[Topic]:
    visiting.catalog()
    return visiting.topics()


STOP: dict[str, object] = {"act": "stop"}


def saved(*ticked: Topic) -> dict[str, object]:
    """What the Save button sends."""
    return {"act": "save", "topics": [one.id for one in ticked]}


def asked(address: str, **fields: object) -> dict[str, object]:
    """The form as a person sends it, an hour after it was opened."""
    return {"address": address, human.TRAP: "", human.OPENED: visiting.opened(3_600)} | fields


def ticked(text: str) -> set[str]:
    shown = lxml.html.document_fromstring(text)
    return {shown.xpath(f"string(//label[@for='{one}'])") for one in shown.xpath("//input[@checked]/@id")}


def test_asking_for_the_link_is_a_request_and_the_same_page(sqlite_db: str, visitor: Client) -> None:
    answer = visitor.post("/manage/", asked("ann@example.com"))
    assert answer.status_code == 200
    assert "If this address subscribes, a link is on its way" in answer.text
    assert "ann@example.com" not in answer.text
    assert LinkRequest.objects.get().kind == LinkKind.MANAGE


@pytest.mark.parametrize("fields", [{human.TRAP: "x"}, {human.OPENED: None}], ids=["trap", "haste"])
def test_a_machine_sees_the_same_page_and_asks_for_nothing(
    fields: dict[str, str | None], sqlite_db: str, visitor: Client
) -> None:
    fields = {name: human.token() if value is None else value for name, value in fields.items()}
    person = visitor.post("/manage/", asked("ann@example.com"))
    machine = visitor.post("/manage/", asked("ben@example.com", **fields))
    assert (machine.status_code, machine.content) == (200, person.content)
    assert LinkRequest.objects.count() == 1
    assert Tally.since(database_now() - timedelta(hours=1)) == {human.TURNED_AWAY: 1}


def test_a_form_that_is_too_old_is_shown_again_and_may_be_sent_at_once(
    sqlite_db: str, visitor: Client
) -> None:
    for opened in ("", "forged", visiting.opened(2 * 86_400)):
        again = visitor.post("/manage/", asked("ann@example.com", **{human.OPENED: opened}))
        assert again.status_code == 422
        assert "open for too long" in again.text
        form = lxml.html.document_fromstring(again.text).forms[0]
        assert form.fields["address"] == "ann@example.com"
    assert not LinkRequest.objects.exists()
    assert visitor.post("/manage/", dict(form.fields)).status_code == 200
    assert LinkRequest.objects.count() == 1


@pytest.mark.parametrize(
    "address", ["", "ann", "ann@example.com\r\nBcc: x", "a" * 900, "ann\x00@example.com"]
)
def test_what_is_no_address_is_told(address: str, sqlite_db: str, visitor: Client) -> None:
    answer = visitor.post("/manage/?address=ann@example.com", asked(address))
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'href="#address"' in answer.text
    assert not LinkRequest.objects.exists()


def test_the_page_shows_the_address_the_topics_and_their_digests(
    topics: list[Topic], visitor: Client
) -> None:
    person = visiting.subscriber(topics[0])
    Subscription.objects.create(subscriber=person, topic=topics[2], cadence="weekly", consent="", created_at=person.created_at, confirmed_at=person.created_at)  # fmt: skip
    answer = visitor.get(f"/manage/{visiting.manage_link(person)}")
    assert "ann@example.com" in answer.text
    assert "Others who read this mailbox can open this page too" in answer.text
    assert ticked(answer.text) == {"Pharmacy", "Rule Making"}
    shown = lxml.html.document_fromstring(answer.text)
    often = {one.get("id"): one.xpath("string(option[@selected])") for one in shown.xpath("//select")}
    assert often == {
        f"cadence-{topics[0].id}": "At once, each by itself",
        f"cadence-{topics[2].id}": "Once a week, in one message",
    }
    assert "Gone for good" not in answer.text


def test_saving_tells_what_changed_and_shows_what_is_so_now(topics: list[Topic], visitor: Client) -> None:
    person = visiting.subscriber(topics[0])
    link = f"/manage/{visiting.manage_link(person)}"
    answer = visitor.post(link, saved(*topics[1:]))
    assert answer.status_code == 200
    words = " ".join(answer.text.split())
    assert "Saved:</strong> added Dental, Rule Making; stopped Pharmacy." in words
    assert ticked(answer.text) == {"Dental", "Rule Making"}
    assert visiting.live(person) == {"dental", "rule-making"}
    again = visitor.post(link, saved(*topics[1:]))
    assert "nothing had to be changed." in again.text


def test_how_often_a_topic_comes_is_chosen_topic_by_topic(topics: list[Topic], visitor: Client) -> None:
    person = visiting.subscriber(topics[0])
    link = f"/manage/{visiting.manage_link(person)}"
    chosen = saved(topics[0]) | {f"cadence-{topics[0].id}": "daily", f"cadence-{topics[1].id}": "weekly"}
    assert "Saved:</strong> how often Pharmacy comes." in " ".join(visitor.post(link, chosen).text.split())
    live = Subscription.objects.filter(ended_at=None).values_list("topic__slug", "cadence")
    assert list(live) == [("pharmacy", "daily")]
    assert "nothing had to be changed." in visitor.post(link, chosen).text
    wrong = visitor.post(link, saved(topics[0]) | {f"cadence-{topics[0].id}": "hourly"})
    assert wrong.status_code == 422
    assert "Choose how often" in wrong.text


def test_messages_may_come_as_plain_text_alone(topics: list[Topic], visitor: Client) -> None:
    person = visiting.subscriber(topics[0])
    link = f"/manage/{visiting.manage_link(person)}"
    answer = visitor.post(link, saved(topics[0]) | {"plain-text": "1"})
    assert "Saved:</strong> messages come as plain text only." in " ".join(answer.text.split())
    assert ticked(answer.text) == {"Pharmacy", "Plain text only"}
    person.refresh_from_db()
    assert person.plain_text
    assert Journal.objects.latest("id").facts["plain_text"] is True
    visitor.post(link, STOP)
    person.refresh_from_db()
    assert person.plain_text
    visitor.post(link, saved(topics[0]))
    person.refresh_from_db()
    assert not person.plain_text


def test_a_digest_that_is_kept_stays_one(topics: list[Topic], visitor: Client) -> None:
    person = visiting.subscriber(topics[0], cadence="daily")
    visitor.post(f"/manage/{visiting.manage_link(person)}", saved(*topics[:2]))
    cadences = Subscription.objects.filter(ended_at=None).values_list("topic__slug", "cadence")
    assert dict(cadences) == {"pharmacy": "daily", "dental": "immediate"}


def test_one_button_stops_everything(topics: list[Topic], visitor: Client) -> None:
    person = visiting.subscriber(*topics)
    link = f"/manage/{visiting.manage_link(person)}"
    answer = visitor.post(link, STOP | {"topics": [topics[0].id, 99_999]})
    assert "Nothing is sent to" in answer.text
    assert "Stop all messages" not in answer.text
    assert visiting.live(person) == set()
    assert visitor.get(link).status_code == 200  # and one may come back by it


@pytest.mark.parametrize("act", [{}, {"act": ""}, {"act": "other"}, {"stop": "all"}])
def test_a_post_of_neither_button_changes_nothing(
    act: dict[str, str], topics: list[Topic], visitor: Client
) -> None:
    person = visiting.subscriber(*topics[:2])
    link = f"/manage/{visiting.manage_link(person)}"
    before = visiting.everything()
    for ticks in ({}, {"topics": [topics[2].id]}):
        answer = visitor.post(link, act | ticks)
        assert answer.status_code == 422
        assert "Nothing has been changed" in answer.text
    assert visiting.everything() == before


def test_saving_without_a_tick_ends_everything(topics: list[Topic], visitor: Client) -> None:
    person = visiting.subscriber(*topics)
    assert visitor.post(f"/manage/{visiting.manage_link(person)}", saved()).status_code == 200
    assert visiting.live(person) == set()


def test_each_button_of_the_page_says_what_it_does(topics: list[Topic], visitor: Client) -> None:
    page = lxml.html.document_fromstring(
        visitor.get(f"/manage/{visiting.manage_link(visiting.subscriber(*topics))}").text
    )
    buttons = [(one.get("name"), one.get("value"), one.text) for one in page.xpath("//main//button")]
    assert buttons == [("act", "save", "Save"), ("act", "stop", "Stop all messages")]


def test_a_retired_topic_can_be_kept_and_left_but_not_taken(topics: list[Topic], visitor: Client) -> None:
    gone = Topic.objects.get(slug="gone")
    person = visiting.subscriber(topics[0])
    link = f"/manage/{visiting.manage_link(person)}"
    answer = visitor.post(link, saved(topics[0], gone))
    assert answer.status_code == 422
    assert "not offered any more" in answer.text
    assert visiting.live(person) == {"pharmacy"}
    with_it = visiting.subscriber(topics[0], gone, address="ben@example.com")
    link = f"/manage/{visiting.manage_link(with_it)}"
    assert "Gone for good" in visitor.get(link).text
    visitor.post(link, saved(gone))
    assert visiting.live(with_it) == {"gone"}


def test_an_old_link_leads_to_a_new_one(topics: list[Topic], visitor: Client) -> None:
    person = visiting.subscriber(topics[0])
    link = f"/manage/{visiting.manage_link(person)}"
    visiting.too_late()
    for answer in (visitor.get(link), visitor.post(link, STOP)):
        assert answer.status_code == 410
        assert 'href="/manage/">Ask for a new link' in answer.text
        assert "ann@example.com" not in answer.text
    assert visiting.live(person) == {"pharmacy"}


def test_what_was_forged_leads_nowhere(topics: list[Topic], visitor: Client) -> None:
    good = visiting.manage_link(visiting.subscriber(topics[0]))
    delivery, key = Delivery.objects.get().id, config.current().secret_key
    nothing = visitor.get("/nothing").content
    forged = [sign(one, delivery, key) for one in Purpose if one is not Purpose.MANAGE]
    for ticket in [good.swapcase(), f"{good}-all", *forged]:
        for answer in (visitor.get(f"/manage/{ticket}"), visitor.post(f"/manage/{ticket}", STOP)):
            assert (answer.status_code, answer.content) == (404, nothing)


def words(text: str) -> dict[str, str]:
    """What stands in the fields of one's own words, by their labels."""
    shown = lxml.html.document_fromstring(text)
    label = "string(//label[@for='{}'])"
    return {shown.xpath(label.format(one.get("id"))): one.text or "" for one in shown.xpath("//textarea")}


OWN = "Send me only what has one of these in it ({})"


def test_a_followed_topic_can_be_narrowed_to_words_of_ones_own(topics: list[Topic], visitor: Client) -> None:
    link = f"/manage/{visiting.manage_link(visiting.subscriber(topics[0]))}"
    page = visitor.get(link).text
    assert words(page) == {OWN.format("Pharmacy"): ""}
    assert "<details open" not in page
    answer = visitor.post(
        link, saved(topics[0]) | {f"words-{topics[0].id}": " 340B,\r\nprior  authorization "}
    )
    assert "Saved:</strong> your words for Pharmacy." in " ".join(answer.text.split())
    assert words(answer.text) == {OWN.format("Pharmacy"): "340B\nprior authorization"}
    assert " open>" in answer.text, "what narrows a topic is never out of sight"


def test_words_that_cannot_be_looked_for_are_told_beside_their_field_and_nothing_is_lost(
    topics: list[Topic], visitor: Client
) -> None:
    link = f"/manage/{visiting.manage_link(visiting.subscriber(topics[0]))}"
    before = visiting.everything()
    typed = {f"words-{topics[0].id}": "340B\n*"}
    answer = visitor.post(link, saved(*topics) | typed)
    assert answer.status_code == 422
    assert f'href="#words-{topics[0].id}"' in answer.text
    assert "cannot be looked for" in answer.text
    assert words(answer.text) == {OWN.format("Pharmacy"): "340B\n*"}
    assert visiting.everything() == before
    assert visitor.post(link, STOP | typed).status_code == 200, "stopping is never refused over a word"


def test_a_topic_that_must_be_delivered_cannot_be_narrowed_and_says_so(
    topics: list[Topic], visitor: Client
) -> None:
    Topic.objects.filter(id=topics[0].id).update(must_deliver=True)
    link = f"/manage/{visiting.manage_link(visiting.subscriber(topics[0]))}"
    page = visitor.get(link).text
    assert words(page) == {}
    assert "cannot be narrowed to words of your own" in page
