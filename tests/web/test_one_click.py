"""Leaving by the link of a message (RFC 8058): one post from wherever, at once, harmless to repeat, and a way back."""

from urllib.parse import urlencode

import lxml.html
import pytest
import visiting
from django.test import Client

from dispatcher import config
from dispatcher.formats.tickets import Purpose, sign
from dispatcher.models import Delivery, Journal, Subscriber, Topic

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def topics(sqlite_db: str) -> list[Topic]:
    visiting.catalog()
    return visiting.topics()


@pytest.fixture
def ann(topics: list[Topic]) -> Subscriber:
    return visiting.subscriber(*topics)


@pytest.fixture
def link(ann: Subscriber, topics: list[Topic]) -> str:
    """Of a message that two of her three topics brought."""
    return f"/u/{visiting.message_link(ann, *topics[:2])}"


def listed(text: str) -> list[str]:
    return lxml.html.document_fromstring(text).xpath("//main//ul[@class='topics']/li/text()")


def test_the_page_says_what_will_stop_and_stops_nothing(link: str, ann: Subscriber, visitor: Client) -> None:
    answer = visitor.get(f"{link}?List-Unsubscribe=One-Click")
    assert listed(answer.text) == ["Pharmacy", "Dental"]
    assert f'href="{link}-all"' in answer.text
    assert 'href="/manage/"' in answer.text
    assert len(visiting.live(ann)) == 3


@pytest.mark.parametrize("multipart", [False, True])
@pytest.mark.parametrize(
    ("scope", "left"),
    [("", {"rule-making"}), ("-all", set()), ("-t{}", {"dental", "rule-making"})],
)
def test_one_post_ends_what_the_link_is_about(
    scope: str,
    left: set[str],
    multipart: bool,
    link: str,
    ann: Subscriber,
    topics: list[Topic],
    visitor: Client,
) -> None:
    asked = link + scope.format(topics[0].id)
    form = {} if multipart else {"content_type": "application/x-www-form-urlencoded"}
    body = ONE_CLICK if multipart else urlencode(ONE_CLICK)
    first, second = (visitor.post(asked, body, **form) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert not first.cookies
    assert "Location" not in first.headers
    assert first.content == second.content
    assert visiting.live(ann) == left
    assert Journal.objects.filter(verb="unsubscribe").count() == 1


def test_our_own_button_posts_the_same(link: str, ann: Subscriber, visitor: Client) -> None:
    (form,) = lxml.html.document_fromstring(visitor.get(link).text).forms
    answer = visitor.post(form.action, dict(form.form_values()), headers={"sec-fetch-site": "same-origin"})
    assert listed(answer.text) == ["Pharmacy", "Dental"]
    assert "Nothing is left to stop" in visitor.get(link).text


@pytest.mark.parametrize(
    "body",
    [{}, {"List-Unsubscribe": "one-click"}, {"list-unsubscribe": "One-Click"}, {"x": "One-Click"},
     {"List-Unsubscribe": ["One-Click", "no"]}, {"List-Unsubscribe": "One-Click" * 100_000}],
)  # fmt: skip
def test_any_other_body_is_refused(
    body: dict[str, object], link: str, ann: Subscriber, visitor: Client
) -> None:
    assert visitor.post(f"{link}?List-Unsubscribe=One-Click", body).status_code == 400
    assert visitor.post(link, b"List-Unsubscribe=One-Click", content_type="text/plain").status_code == 400
    assert len(visiting.live(ann)) == 3


def test_it_can_be_taken_back(link: str, ann: Subscriber, visitor: Client) -> None:
    (form,) = lxml.html.document_fromstring(visitor.post(link, ONE_CLICK).text).forms
    assert form.action == f"{link}/undo"
    answer = visitor.post(form.action)
    assert "Taken back" in answer.text
    assert listed(answer.text) == ["Pharmacy", "Dental"]
    assert len(visiting.live(ann)) == 3
    assert "There is nothing to take back" in visitor.post(f"{link}/undo").text
    assert visitor.get(f"{link}/undo").headers["Location"] == link


def test_what_was_forged_leads_nowhere(
    link: str, ann: Subscriber, topics: list[Topic], visitor: Client
) -> None:
    delivery, key = Delivery.objects.get().id, config.current().secret_key
    stranger = visiting.subscriber(topics[0], address="ben@example.com")
    nothing = visitor.get("/nothing").content
    forged = [f"/u/{sign(one, delivery, key)}" for one in Purpose if one is not Purpose.UNSUBSCRIBE]
    forged += [
        link[:-1],
        link.swapcase().replace("/U/", "/u/"),
        f"{link}-everything",
        f"{link}-t0",
        f"{link}-t999",
    ]
    forged += [
        f"{link}-",
        f"{link}-ALL",
        f"{link}-t{'9' * 17}",
        f"/u/{sign(Purpose.UNSUBSCRIBE, 2**48 - 1, key)}",
    ]
    for asked in forged:
        for answer in (visitor.get(asked), visitor.post(asked, ONE_CLICK)):
            assert (answer.status_code, answer.content) == (404, nothing), asked
    assert visitor.post(f"{link}-all/undo").status_code == 404
    assert len(visiting.live(ann)) == 3
    assert visiting.live(stranger) == {"pharmacy"}
