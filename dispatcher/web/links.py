"""Links that we mailed: what their ticket names, and how pages that take one are kept from telling it on."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse

from dispatcher import config
from dispatcher.errors import BadTicket
from dispatcher.formats import tickets
from dispatcher.formats.tickets import Purpose

P = ParamSpec("P")


def private(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Mark a page whose address is a key: it is told to nobody and kept nowhere."""

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **parts: P.kwargs) -> HttpResponse:
        response = view(request, *args, **parts)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def delivery(purpose: Purpose, ticket: str) -> int:
    """The delivery that a ticket names. A forged one leads nowhere, like any other address that we never gave out."""
    settings = config.current()
    try:
        return tickets.verify(purpose, ticket, (settings.secret_key, *settings.secret_key_fallbacks))
    except BadTicket:
        raise Http404 from None


def split(text: str) -> tuple[str, str]:
    """The ticket and the scope of an unsubscribe link."""
    try:
        return tickets.split(text)
    except BadTicket:
        raise Http404 from None
