"""Forms are taken from our own pages only: a page elsewhere must not post in a visitor's name.

Visitors have no cookie, so there is no secret that a form could repeat; browsers tell where the form stood. What has no browser
tells nothing and passes: it has nobody's name to misuse. The one-click view is open to all, because mailbox providers post to it.
"""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest, HttpResponseBase

from dispatcher import config
from dispatcher.parsing import is_loopback
from dispatcher.web import faults
from dispatcher.web.headers import Answer

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def from_anywhere(view: View) -> View:
    """Marks a view that takes posts from any page; tests/house/test_web.py lists them with the reasons."""
    view.from_anywhere = True  # type: ignore[attr-defined]  # a mark on a function, read below
    return view


class OwnForms:
    """Middleware: 403 for what a form elsewhere posts."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Answer, _args: object, _parts: object
    ) -> HttpResponseBase | None:
        """Refuse, or go on."""
        if request.method in _SAFE or getattr(view, "from_anywhere", False) or _ours(request):
            return None
        return faults.foreign_form()


def _ours(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    # `null`: a browser without Sec-Fetch-Site, and a page of ours that sends no referrer. What acts there is the ticket in its path.
    return origin == "null" or _names_us(origin, request.get_host())


def _names_us(origin: str, host: str) -> bool:
    try:
        named = urlsplit(origin)
        if _place(named) == _place(urlsplit(config.current().public_url)):
            return True
    except ValueError:
        return False
    return is_loopback(named.hostname or "") and named.netloc == host


def _place(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)
