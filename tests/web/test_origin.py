"""Forms stand on our own pages; whoever posts from elsewhere is sent away, but for mailbox providers and their one click."""

from collections.abc import Iterator

import pytest
import visiting
from calling import set_environment
from django.test import Client

from dispatcher import config

ELSEWHERE = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "https://notices.example.gov"},
    {"sec-fetch-site": ""},
    {"origin": "https://evil.example"},
    {"origin": "http://notices.example.gov"},
    {"origin": "https://notices.example.gov.evil.example"},
    {"origin": "https://notices.example.gov:8443"},
    {"origin": "http://localhost:9000"},
    {"origin": "https://[broken"},
    {"origin": ""},
]
OURS = [
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "same-origin", "origin": "null"},
    {"sec-fetch-site": "none"},
    {"origin": "https://notices.example.gov"},
    {"origin": "https://notices.example.gov:443"},
    {"origin": "http://127.0.0.1:8000"},
    {"origin": "null"},
    {},
]


@pytest.fixture(autouse=True)
def public(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    set_environment(monkeypatch, PUBLIC_URL="https://notices.example.gov")
    yield
    config.current.cache_clear()


def test_a_form_on_a_page_elsewhere_is_refused(visitor: Client) -> None:
    made = visiting.addresses()
    before = visiting.everything()
    for headers in ELSEWHERE:
        for name in ("sign-up", "confirm", "manage", "manage-link", "undo"):
            answer = visitor.post(made[name], {"address": "ann@example.com", "stop": "all"}, headers=headers)
            assert answer.status_code == 403, (name, headers)
            assert "That form is not ours" in answer.text
    assert visiting.everything() == before


def test_a_form_of_ours_is_taken(visitor: Client) -> None:
    confirm = visiting.addresses()["confirm"]
    for headers in OURS:
        assert visitor.post(confirm, headers=headers).status_code == 200, headers


def test_mailbox_providers_may_post_from_wherever_they_are(visitor: Client) -> None:
    leave = visiting.addresses()["unsubscribe"]
    for headers in ELSEWHERE:
        answer = visitor.post(leave, {"List-Unsubscribe": "One-Click"}, headers=headers)
        assert answer.status_code == 200, headers
