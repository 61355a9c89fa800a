"""The door of mail providers: closed without a secret of ours, and nothing is kept of what does not prove itself."""

from collections.abc import Iterator

import pytest
from calling import set_environment
from django.db import connection
from django.test import Client
from posting import PROVIDERS, SETTING, About, body, shown

from dispatcher import config
from dispatcher.models import Arrival

SOMEBODY = About("ann@example.com", f"{'0' * 16}.1", "somebody@example.com")


@pytest.fixture(autouse=True)
def open_to_all_six(sqlite_db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Port 1 refuses at once: whether anybody can be rung is nothing to a provider.
    set_environment(monkeypatch, WEBHOOKS=SETTING, REDIS_URL="redis://127.0.0.1:1/0")
    monkeypatch.setattr("tasks.app.app.conf.broker_url", "redis://127.0.0.1:1/0")
    yield
    config.current.cache_clear()


def post(visitor: Client, provider: str, raw: bytes, **headers: str):
    path = f"/webhooks/{provider}/"
    return visitor.post(path, raw, content_type="application/json", headers=headers)


def headers_of(provider: str) -> dict[str, str]:
    return {} if provider == "mailgun" else shown()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_proven_post_is_kept_as_it_came(visitor: Client, provider: str) -> None:
    raw = body(provider, SOMEBODY, "bounce")
    assert post(visitor, provider, raw, **headers_of(provider)).status_code == 200
    assert post(visitor, provider, raw, **headers_of(provider)).status_code == 200
    arrival = Arrival.objects.get()
    assert (arrival.provider, bytes(arrival.raw), arrival.settled_at) == (provider, raw, None)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_proof_or_with_a_wrong_one_nothing_is_kept(visitor: Client, provider: str) -> None:
    raw = body(provider, SOMEBODY, "bounce", **({"key": "k" * 30} if provider == "mailgun" else {}))
    missing = post(visitor, provider, raw)
    assert missing.status_code == 401
    assert missing.headers["WWW-Authenticate"].startswith("Basic")
    assert post(visitor, provider, raw, **shown("wrong:0123456789-abcdefghij")).status_code == 403
    assert not Arrival.objects.exists()


@pytest.mark.parametrize("provider", [*PROVIDERS, "nobody", "mandrill"])
def test_whom_we_gave_no_secret_finds_nothing(
    visitor: Client, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, WEBHOOKS="")
    for answer in (
        post(visitor, provider, b"{}", **shown()),
        visitor.get(f"/webhooks/{provider}/"),
        visitor.head(f"/webhooks/{provider}/"),
    ):
        assert answer.status_code == 404
    assert not Arrival.objects.exists()


def test_only_posts_are_taken(visitor: Client) -> None:
    assert visitor.get("/webhooks/postmark/", headers=shown()).status_code == 405


def test_too_much_is_refused_and_a_batch_of_many_events_is_not(visitor: Client) -> None:
    many = b'{"RecordType": "Delivery", "x": "' + b"x" * 900_000 + b'"}'
    assert post(visitor, "postmark", many, **shown()).status_code == 200
    assert post(visitor, "postmark", b"x" * (1024 * 1024 + 1), **shown()).status_code == 413
    assert Arrival.objects.count() == 1


def test_what_cannot_be_kept_is_answered_with_come_again(visitor: Client) -> None:
    visitor.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE dispatcher_arrival RENAME TO elsewhere")
    assert post(visitor, "postmark", b"{}", **shown()).status_code == 500


def test_a_browser_elsewhere_gains_nothing(visitor: Client) -> None:
    answer = post(
        visitor, "postmark", b"{}", **{"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    )
    assert answer.status_code == 401
