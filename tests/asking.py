"""People who ask for links and use them, for the tests of sign-up and preferences."""

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.db import connections

from dispatcher import config
from dispatcher.mailings import fan_out
from dispatcher.models import Delivery, Journal, LinkKind, LinkRequest, Mailing, Subscription, Topic
from dispatcher.models.clock import database_now
from dispatcher.subscribers import sign_up
from dispatcher.subscribers.sign_up import Asked

ANN = "ann@example.com"
WORDING = "ab" * 32


def ask(address: str = ANN, *topics: Topic, kind: LinkKind = LinkKind.CONFIRM, network: str = "203.0.113.0/24") -> bool:  # fmt: skip
    asked = Asked(address=address, network=network, topics=tuple(one.id for one in topics), wording=WORDING)
    return sign_up.ask(config.current(), kind, asked)


def link(address: str = ANN, *topics: Topic, kind: LinkKind = LinkKind.CONFIRM) -> int:
    """The delivery that answers a request, made and answered; no cap is in its way."""
    earlier()
    assert ask(address, *topics, kind=kind)
    sign_up.answer()
    return Delivery.objects.latest("id").id


def signed_up(address: str, *topics: Topic) -> None:
    assert sign_up.confirm(link(address, *topics)) is not None


def earlier(by: timedelta = timedelta(days=31)) -> None:
    """As if all that was asked so far had been asked that much earlier."""
    for one in LinkRequest.objects.all():
        LinkRequest.objects.filter(id=one.id).update(asked_at=one.asked_at - by)


def live(address: str = ANN) -> set[tuple[str, str]]:
    rows = Subscription.objects.filter(subscriber__folded=address, ended_at__isnull=True)
    return set(rows.values_list("topic__slug", "cadence"))


def written_out(mailing_id: int | None) -> Mailing:
    """Everybody of the audience has a row."""
    assert mailing_id is not None
    while fan_out.fan_out(mailing_id, 1000) is not None:
        pass
    return Mailing.objects.get(id=mailing_id)


def journal() -> list[tuple[str, dict[str, Any]]]:
    return list(Journal.objects.order_by("id").values_list("verb", "facts"))


def ended_for(age: timedelta) -> None:
    """As if what has ended had ended so long ago."""
    Subscription.objects.filter(ended_at__isnull=False).update(ended_at=database_now() - age)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each act answered, all begun together, each in a thread with a connection of its own."""
    start = threading.Barrier(len(acts))
    answers: list[object] = []

    def act(one: Callable[[], object]) -> None:
        try:
            start.wait()
            answers.append(one())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=(one,)) for one in acts]
    _run(threads)
    assert len(answers) == len(acts), "one of them failed"
    return answers


def _run(threads: Iterable[threading.Thread]) -> None:
    for one in threads:
        one.start()
    for one in threads:
        one.join()
