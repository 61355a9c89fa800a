"""Asking for a link by mail: the request becomes a row, and somebody is rung to answer it. The answer goes to the mailbox, never here."""

from django.http import HttpRequest

from dispatcher import config
from dispatcher.models import Cadence, LinkKind
from dispatcher.subscribers import sign_up
from dispatcher.subscribers.sign_up import Asked
from dispatcher.web import client


def ask(
    request: HttpRequest,
    kind: LinkKind,
    address: str,
    topics: tuple[int, ...] = (),
    wording: str = "",
    cadence: str = Cadence.IMMEDIATE,
) -> None:
    """Whether a cap turned it away, nobody is told."""
    network = client.network(request)
    asked = Asked(address=address, network=network, topics=topics, wording=wording, cadence=cadence)
    if sign_up.ask(config.current(), kind, asked):
        _ring()


def _ring() -> None:
    from tasks.ring import ring  # it loads Celery, which no other page needs

    ring("subscribers.answer", "system")
