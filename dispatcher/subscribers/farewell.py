"""Farewell: one last message to whoever stopped everything on our pages, so that a forwarded link silences nobody unawares."""

from datetime import UTC, datetime

from dispatcher.messages import system_mail
from dispatcher.messages.editions import GOODBYE_KEY
from dispatcher.models import Delivery, DeliveryState, Mailing, Subscriber
from dispatcher.subscribers.subscriptions import History


def owe(history: History, now: datetime) -> None:
    """In the transaction that ended the last subscription of a person who is held. Once a day, however often one goes and comes."""
    key = f"{GOODBYE_KEY}{history.person}:{now.astimezone(UTC):%Y-%m-%d}"
    if history.live or Mailing.objects.filter(key=key).exists():
        return
    system_mail.owe(key, [Subscriber.objects.get(id=history.person).address], now)


def spare(person: int, now: datetime) -> None:
    """Who came back before the last message left needs none."""
    goodbyes = Mailing.objects.filter(key__startswith=f"{GOODBYE_KEY}{person}:").values_list("id", flat=True)
    # By id: of a join Django makes a subquery, and the rows it found would be written whatever has become of them meanwhile.
    unsent = Delivery.owed().filter(subscriber=person, mailing__in=list(goodbyes))
    unsent.update(state=DeliveryState.CANCELLED, reason="taken back", ended_at=now)
