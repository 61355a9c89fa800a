"""Asking for a link by mail: the request becomes a row, and somebody is rung to answer it. The answer goes to the mailbox, never here."""

from django.http import HttpRequest

from dispatcher import config
from dispatcher.models import LinkKind
from dispatcher.subscribers import sign_up
from dispatcher.subscribers.sign_up import Asked
from dispatcher.web import client


def ask(
    request: HttpRequest, kind: LinkKind, address: str, topics: tuple[int, ...] = (), wording: str = ""
) -> None:
    """Whether a cap turned it away, nobody is told."""
    asked = Asked(address=address, network=client.network(request), topics=topics, wording=wording)
    if sign_up.ask(config.current(), kind, asked):
        _ring()


def _ring() -> None:
    from tasks.ring import ring  # it loads Celery, which no other page needs

    ring("subscribers.answer", "system")
