"""Every answer tells browsers what they may do with it: read route by route, so that a new one is read too."""

from pathlib import Path
from types import ModuleType

import pytest
import visiting
from calling import set_environment
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from house.routes import Route, every_route

from dispatcher import config
from dispatcher.web import pages

STRICT = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-src 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
# What a route says otherwise.
PRIVATE = {"Referrer-Policy": "no-referrer"}
OTHERWISE = {
    "confirm": PRIVATE,
    "manage-link": PRIVATE,
    "unsubscribe": PRIVATE,
    "undo": PRIVATE,
    "stylesheet": {"Cache-Control": "public, max-age=31536000, immutable"},
    "mailbox-html": {
        "Content-Security-Policy": (
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src http://127.0.0.1:8000; "
            "frame-ancestors 'self'"
        ),
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "unsafe-none",
    },
}
ROUTES = list(every_route())


# What a view answers to GET, if not 200: a result that is opened once more leads to the page before it.
# Without its secret a webhook is not there, whatever is sent.
STATUS = {"undo": 302, "webhook": 404}
REFUSES = {"webhook": 404}
TAKES_POSTS = {"sign-up", "confirm", "manage", "manage-link", "unsubscribe", "undo"}
each_route = pytest.mark.parametrize("route", ROUTES, ids=[route.name for route in ROUTES])


def address(route: Route) -> str:
    if route.name in TAKES_POSTS | {"bulletin", "event"}:
        return visiting.addresses()[route.name]
    return route.address(number=1, before=2, mark=pages._mark(), provider="postmark")


@each_route
def test_every_route_has_its_headers(route: Route, sqlite_db: str, mailbox: Path, visitor: Client) -> None:
    answer = visitor.get(address(route))
    assert answer.status_code == STATUS.get(route.name, 200)
    expected = STRICT | OTHERWISE.get(route.name, {})
    assert {name: answer.headers.get(name) for name in expected} == expected
    assert not answer.cookies


@each_route
def test_looking_changes_nothing(route: Route, sqlite_db: str, mailbox: Path, visitor: Client) -> None:
    asked = address(route)
    before = visiting.everything()
    for method in ("get", "head", "options", "trace"):
        for query in ("", "?confirm=true&stop=all&List-Unsubscribe=One-Click&address=ann@example.com"):
            assert getattr(visitor, method)(asked + query).status_code < 500
    assert visiting.everything() == before


@each_route
def test_what_only_shows_takes_no_orders(
    route: Route, sqlite_db: str, mailbox: Path, visitor: Client
) -> None:
    asked = address(route)
    expected = STRICT | (OTHERWISE.get(route.name, {}) if route.name in TAKES_POSTS else {})
    for method in {"post", "put", "patch", "delete", "options"} - {
        "post" if route.name in TAKES_POSTS else ""
    }:
        answer = getattr(visitor, method)(asked)
        assert answer.status_code == REFUSES.get(route.name, 405), method
        assert expected.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    ("asked", "host", "status"),
    [
        ("/nothing", "127.0.0.1", 404),
        ("/mailbox", "127.0.0.1", 301),
        ("/mailbox/", "evil.example", 400),
        ("/static/style.old.css", "127.0.0.1", 404),
        ("/u/forged", "127.0.0.1", 404),
    ],
)
def test_refusals_have_them_too(asked: str, host: str, status: int, mailbox: Path) -> None:
    answer = Client(headers={"host": host}).get(asked)
    assert answer.status_code == status
    assert STRICT.items() <= dict(answer.headers).items()


def test_a_page_that_breaks_has_them_and_tells_only_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def breaks(_: HttpRequest) -> HttpResponse:
        raise RuntimeError("the inside")

    routes = ModuleType("routes")
    routes.urlpatterns = [path("", breaks), path("<slug:mark>.css", pages.stylesheet, name="stylesheet")]
    routes.handler500 = "dispatcher.web.faults.broken"
    with override_settings(ROOT_URLCONF=routes):
        answer = Client(headers={"host": "127.0.0.1"}, raise_request_exception=False).get("/")
    assert answer.status_code == 500
    assert b"Something went wrong here" in answer.content
    assert b"the inside" not in answer.content
    assert "the inside" in caplog.text
    assert STRICT.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    ("public_url", "told"),
    [("https://notices.example.gov", "max-age=63072000"), ("http://127.0.0.1:8000", None)],
)
def test_browsers_are_told_to_stay_with_https_where_there_is_https(
    public_url: str, told: str | None, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, PUBLIC_URL=public_url)
    assert visitor.get("/healthz").headers.get("Strict-Transport-Security") == told
    config.current.cache_clear()
