"""Settle: read each arrival, find the delivery it is about, write down what it says, and act on it. In any order, to the same end.

An arrival names its delivery by the signed address it came to, or that stands in it; a provider, whose secret it came with, also by the
name of our message, or by the id with which its relay took the copy. A mail that bears our message's name and no signed address is
news and no more: everybody who got a copy of that mailing could have written it.
"""

import hashlib
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from dispatcher import suppression
from dispatcher.bounces import mail
from dispatcher.bounces.inbox import MAIL
from dispatcher.bounces.said import Kind, Said
from dispatcher.config import Config
from dispatcher.formats import message_names
from dispatcher.formats.address import deliveries_of, delivery_of, fold
from dispatcher.formats.verdicts import Verdict, clean_reply
from dispatcher.models import (
    Arrival,
    Delivery,
    Event,
    EventKind,
    Journal,
    Outcome,
    Subscriber,
    Subscription,
)
from dispatcher.models.clock import change_time, database_now

log = logging.getLogger(__name__)

# A provider may tell of a copy before we have committed that its relay took it.
PATIENCE = timedelta(minutes=5)
_BATCH = 500
_EVENTS = {
    Kind.COMPLAINT: EventKind.COMPLAINT,
    Kind.BOUNCE: EventKind.BOUNCE,
    Kind.DELIVERED: EventKind.DELIVERED,
}
_OUTCOMES = {Kind.CONFIRMATION: Outcome.CONFIRMATION, Kind.UNREADABLE: Outcome.UNREADABLE}


@dataclass(frozen=True, slots=True)
class _News:
    """What an arrival says of one delivery."""

    delivery: Delivery
    said: Said
    proven: bool


def pending(config: Config) -> bool:
    """Settle what is kept and not settled, the oldest first; True if there may be more."""
    waiting = list(Arrival.to_settle().values_list("id", flat=True)[:_BATCH])
    settled = [one for one in waiting if settle(config, one)]
    return len(waiting) == _BATCH and bool(settled)


def settle(config: Config, arrival_id: int) -> bool:
    """Settle one arrival; False if somebody else has, or if it names a delivery that may yet turn up. Twice is once."""
    arrival = Arrival.to_settle().filter(id=arrival_id).first()
    if arrival is None:
        return False
    said = read(arrival.provider, bytes(arrival.raw))
    keys = (config.secret_key, *config.secret_key_fallbacks)
    try:
        return _settle(arrival, said, keys)
    except DatabaseError:
        raise  # busy or away: the arrival is as good as before
    except Exception as odd:
        # One arrival that breaks us must not stand before all that came after it; it stays, and `status` shows it.
        log.exception("arrival %d breaks whoever settles it", arrival.id)
        return _end(arrival, Outcome.UNREADABLE, f"cannot be settled: {type(odd).__name__}: {odd}")


def read(provider: str, raw: bytes) -> Sequence[Said]:
    """What an arrival says; never raises."""
    if provider == MAIL:
        return (mail.read(raw),)
    from dispatcher.bounces import (
        webhooks,  # its readers take a fifth of a second to load, and most deployments have none
    )

    return webhooks.read(provider, raw)


def _settle(arrival: Arrival, said: Sequence[Said], keys: Sequence[str]) -> bool:
    telling = [one for one in said if one.kind in _EVENTS]
    news = [found for one in telling if (found := _found(arrival, one, keys)) is not None]
    # Of several events in one post some may be of other systems that use the same account: what is ours is settled with it.
    if telling and not news:
        if arrival.provider != MAIL and database_now() - arrival.received_at < PATIENCE:
            return False
        return _end(arrival, Outcome.UNMATCHED, f"names no delivery of ours: {_notes(telling)}")
    outcome = Outcome.EVENTS if news else _outcome(said)
    with transaction.atomic():
        now = change_time()
        if not _end(arrival, outcome, _notes(said), private=all(one.kind is Kind.PRIVATE for one in said)):
            return False
        for one in news:
            _write(arrival, one, now)
        # That a copy was delivered is no ground against anybody, and providers tell it of every copy.
        against = [one for one in news if one.proven and one.said.kind is not Kind.DELIVERED]
        suppression.weigh(one.delivery.subscriber_id for one in against)
    return True


def _outcome(said: Sequence[Said]) -> Outcome:
    return next((_OUTCOMES[one.kind] for one in said if one.kind in _OUTCOMES), Outcome.NOTHING)


def _notes(said: Iterable[Said]) -> str:
    return clean_reply("; ".join(dict.fromkeys(one.note for one in said)))


def _end(arrival: Arrival, outcome: Outcome, note: str, *, private: bool = False) -> bool:
    ended = {"settled_at": database_now(), "outcome": outcome, "note": clean_reply(note)}
    if private:
        ended["raw"] = b""  # who opened or clicked what is nothing that we keep
    return bool(Arrival.to_settle().filter(id=arrival.id).update(**ended))


def _found(arrival: Arrival, said: Said, keys: Sequence[str]) -> _News | None:
    from_provider = arrival.provider != MAIL
    named = delivery_of(arrival.recipient, keys)
    signed = {named} if named is not None else deliveries_of(said.text, keys)
    if delivery := _only(Delivery.objects.filter(id__in=signed)):
        return _News(delivery, said, proven=True)
    own, every = message_names.own_in(said.text), message_names.found_in(said.text)
    if delivery := _only(_named(own)) or _only(_named(every)):
        return _News(delivery, said, proven=from_provider)
    if from_provider and (delivery := _taken_as(said)):
        return _News(delivery, said, proven=True)
    return None


def _only(found: Iterable[Delivery]) -> Delivery | None:
    """The one there is; of several nobody can tell which is meant."""
    several = list(found)
    return several[0] if len(several) == 1 else None


def _named(names: Collection[tuple[str, int]]) -> list[Delivery]:
    rows = Delivery.objects.filter(id__in=[ident for _, ident in names]).select_related("mailing")
    return [one for one in rows if (one.mailing.nonce, one.id) in names]


def _taken_as(said: Said) -> Delivery | None:
    """The copy to this address that the provider's relay took with this id in its reply."""
    if len(said.reference) < _SHORTEST_REFERENCE:
        return None
    theirs = Delivery.objects.filter(subscriber__folded__in=[fold(one) for one in said.about])
    return _only(theirs.filter(reply__contains=said.reference).order_by("-id")[:2])


_SHORTEST_REFERENCE = 12  # a shorter id may stand in a reply by chance


def _write(arrival: Arrival, news: _News, now: datetime) -> None:
    """The event, once; and what a complaint ends."""
    said = news.said
    verdict = _verdict(news) if said.kind is Kind.BOUNCE else ""
    event = Event(
        delivery=news.delivery, provider_event_id=_event_id(arrival, said), kind=_EVENTS[said.kind],
        verdict=verdict, status=said.status[:20], words=clean_reply(said.words), proven=news.proven,
        received_at=arrival.received_at, arrival=arrival,
    )  # fmt: skip
    Event.objects.bulk_create([event], ignore_conflicts=True)
    if said.kind is Kind.COMPLAINT and news.proven:
        _end_subscriptions(news.delivery, now)


def _verdict(news: _News) -> Verdict:
    """That somebody's forwarding leads to an address that is gone says nothing of the address that we know."""
    verdict = news.said.verdict or Verdict.BOUNCED
    address = Subscriber.objects.values_list("folded", flat=True).get(deliveries=news.delivery.id)
    about = {fold(one) for one in news.said.about}
    return Verdict.BOUNCED if verdict is Verdict.GONE and about and address not in about else verdict


def _event_id(arrival: Arrival, said: Said) -> str:
    """What makes the same report, come twice, one event. Its own id may be of any length."""
    given = (
        f"{arrival.provider}:{said.kind}:{said.event_id}"
        if said.event_id
        else f"{arrival.provider}:{arrival.hash}"
    )
    return given if len(given) <= 200 else hashlib.sha256(given.encode()).hexdigest()


def _end_subscriptions(delivery: Delivery, now: datetime) -> None:
    """A complaint ends all topics, and there is no link that takes it back. What is owed is cancelled when it would leave: see the ledger."""
    list(Subscriber.objects.select_for_update(no_key=True).filter(id=delivery.subscriber_id))
    live = Subscription.objects.filter(subscriber=delivery.subscriber_id, ended_at__isnull=True)
    topics = sorted(live.values_list("topic__slug", flat=True))
    if live.update(ended_at=now, ended_because="complained"):
        name = f"subscriber:{delivery.subscriber_id}"
        facts = {"delivery": delivery.id, "topics": topics}
        Journal.append(at=now, actor=name, door="mail", verb="complain", subject=name, facts=facts)
