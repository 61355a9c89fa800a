"""Subscriptions begin and end, for whichever verb a person used: rows are added and ended, never changed otherwise, never deleted.

Whoever changes a person's subscriptions holds that person until the transaction ends, so of two changes the second sees the first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from dispatcher.models import (
    DIGESTS,
    Cadence,
    Delivery,
    DeliveryState,
    Keyword,
    Kind,
    Mailing,
    MailingState,
    Match,
    Subscriber,
    Subscription,
    Told,
    Topic,
)

_UNSENT = (DeliveryState.PENDING, DeliveryState.CLAIMED)
_UNDER_WAY = (MailingState.RUNNING, MailingState.PAUSED)
_BECAUSE = "unsubscribed"


@dataclass(frozen=True, slots=True)
class History:
    """All that a person ever subscribed to, the earliest first; `begin` and `end` keep it true."""

    person: int
    rows: list[Subscription]

    @property
    def live(self) -> dict[int, Subscription]:
        """What holds now, by topic."""
        return {one.topic_id: one for one in self.rows if one.ended_at is None}

    @property
    def latest(self) -> dict[int, Subscription]:
        """The last row of each topic."""
        return {one.topic_id: one for one in self.rows}


def of(person: int) -> History:
    """To look at."""
    return History(
        person, list(Subscription.objects.filter(subscriber=person).select_related("topic").order_by("id"))
    )


def hold(person: int) -> History:
    """To change, in the caller's transaction."""
    # NO KEY: a fan-out that writes this person's delivery at this moment need not wait.
    list(Subscriber.objects.select_for_update(no_key=True).filter(id=person))
    return of(person)


def in_force(topics: Collection[int]) -> list[Topic]:
    """These topics as one may subscribe to them: for a retired one what took its place, or nothing. Unknown ids are left out."""
    known = {one.id: one for one in Topic.objects.prefetch_related("successors")}
    found: set[int] = set()
    ahead = [known[topic_id] for topic_id in topics if topic_id in known]
    while ahead:  # topics.yaml with a circle is refused
        topic = ahead.pop()
        if topic.retired_at:
            ahead += [known[one.id] for one in topic.successors.all()]
        else:
            found.add(topic.id)
    return [one for one in known.values() if one.id in found]


def begin(
    history: History, cadences: Mapping[int, str], consent: str, now: datetime, *, takes_back: bool = False
) -> list[Topic]:
    """Subscribe to these topics, confirmed now; what is live already stays as it is. Returns the topics that are new.

    One that ended at this very moment goes on, and one that is taken back: a digest still owes what matched before.
    """
    new = {topic: cadence for topic, cadence in cadences.items() if topic not in history.live}
    Subscription.objects.bulk_create(
        [
            Subscription(
                subscriber_id=history.person,
                topic_id=topic,
                cadence=cadence,
                consent=consent,
                created_at=now,
                confirmed_at=now,
                followed_since=_followed_since(history.latest.get(topic), now, takes_back=takes_back),
            )
            for topic, cadence in new.items()
        ],
        ignore_conflicts=True,  # an import holds nobody, and may have been first
    )
    history.rows[:] = of(history.person).rows
    return [one.topic for topic, one in history.live.items() if topic in new]


def _followed_since(before: Subscription | None, now: datetime, *, takes_back: bool) -> datetime | None:
    goes_on = before is not None and (takes_back or before.ended_at == now)
    return (before.followed_since or before.confirmed_at) if before and goes_on else None


def change_cadence(history: History, cadences: Mapping[int, str], consent: str, now: datetime) -> list[Topic]:
    """Have what is live of these topics come at another cadence: a digest takes over what is owed, and nothing comes twice.

    Returns the topics of which that is a change.
    """
    changed = {
        topic: one for topic, one in history.live.items() if cadences.get(topic, one.cadence) != one.cadence
    }
    if not changed:
        return []
    Subscription.objects.filter(id__in=[one.id for one in changed.values()]).update(
        ended_at=now, ended_because="another cadence"
    )
    for one in changed.values():
        one.ended_at = now
    begin(history, {topic: cadences[topic] for topic in changed}, consent, now)
    carry_words(list(changed.values()), history)
    _cancel_what_nothing_brings(history, now)
    return [one.topic for one in changed.values()]


def carry_words(ended: Sequence[Subscription], history: History) -> None:
    """What begins again in the place of these is narrowed to the same words."""
    words = Keyword.objects.filter(subscription__in=ended).select_related("subscription")
    Keyword.objects.bulk_create(
        [
            Keyword(subscription=history.live[topic], phrase=one.phrase, folded=one.folded)
            for one in words
            if (topic := one.subscription.topic_id) in history.live
        ],
        ignore_conflicts=True,
    )


def end(
    history: History, topics: Collection[int], because: str, delivery_id: int, now: datetime
) -> list[Topic]:
    """End what is live of these topics, and cancel what is owed for nothing else. Returns the topics that ended."""
    ending = [one for topic, one in history.live.items() if topic in topics]
    if not ending:
        return []
    how = {"ended_at": now, "ended_because": because, "ended_by_id": delivery_id}
    Subscription.objects.filter(id__in=[one.id for one in ending]).update(**how)
    for one in ending:
        one.ended_at, one.ended_because, one.ended_by_id = now, because, delivery_id
    _cancel_what_nothing_brings(history, now)
    return [one.topic for one in ending]


def give_back(history: History, topics: Collection[Topic], since: datetime, now: datetime) -> None:
    """Owe once more what was cancelled since then because these topics had ended, as long as its mailing is under way.

    Nothing comes twice: what may have left stays as it is, and so does a bulletin that another mailing has promised meanwhile.
    """
    taken_back = {one.id for one in topics}
    live = [one for topic, one in history.live.items() if topic in taken_back]
    lost = [one for one in _lost(history.person, since) if _brings(live, one)]
    told = set(Told.objects.filter(subscriber=history.person).values_list("bulletin_id", flat=True))
    for one in lost:
        promised = [bulletin for bulletin in one.tells if bulletin not in told]
        if promised:
            _owe_again(one, promised, now)
            told |= set(promised)


def _owe_again(lost: Delivery, promised: Sequence[int], now: datetime) -> None:
    again: dict[str, object] = {
        "state": DeliveryState.PENDING,
        "reason": "",
        "ended_at": None,
        "due_at": now,
    }
    if lost.bulletins:
        again["bulletins"] = ",".join(map(str, promised))
    if Delivery.objects.filter(id=lost.id, state=DeliveryState.CANCELLED).update(**again):
        Told.objects.bulk_create(
            [
                Told(subscriber_id=lost.subscriber_id, bulletin_id=one, mailing_id=lost.mailing_id)
                for one in promised
            ],
            ignore_conflicts=True,
        )


def _lost(person: int, since: datetime) -> QuerySet[Delivery]:
    """Held together with their mailings, so that none of these ends meanwhile."""
    under_way = Mailing.to_many().filter(
        state__in=_UNDER_WAY, deliveries__subscriber=person, deliveries__reason=_BECAUSE
    )
    held = list(under_way.order_by("id").select_for_update(of=("self",)).values_list("id", flat=True))
    cancelled = Delivery.objects.filter(
        subscriber=person,
        mailing__in=held,
        state=DeliveryState.CANCELLED,
        reason=_BECAUSE,
        ended_at__gte=since,
        doubts=0,
    )
    return cancelled.order_by("id").select_related("mailing")


def _cancel_what_nothing_brings(history: History, now: datetime) -> None:
    """Unsent list mail of this person that no live subscription carries any more. What is being sent cannot be called back.

    A row that a worker is writing at this moment is passed over: we need not wait, since workers look again before they send.
    """
    unsent = Delivery.objects.filter(subscriber=history.person, state__in=_UNSENT)
    unsent = (
        unsent.exclude(mailing__kind=Kind.SYSTEM)
        .select_related("mailing")
        .select_for_update(of=("self",), skip_locked=True)
    )
    vain = [one for one in unsent if not _brings(history.live.values(), one)]
    if not vain:
        return
    Delivery.objects.filter(id__in=[one.id for one in vain], state__in=_UNSENT).update(
        state=DeliveryState.CANCELLED, reason=_BECAUSE, ended_at=now, lease_until=None
    )
    Told.objects.filter(subscriber=history.person, mailing__in=[one.mailing_id for one in vain]).delete()


def _brings(live: Iterable[Subscription], delivery: Delivery) -> bool:
    """Who is written to, as fan-out and the ledger have it: who wants one of its topics at once; to everyone, who wants anything.

    A digest has begun for whoever follows one of its topics, at whatever cadence by now.
    """
    wanted = [one for one in live if one.confirmed_at]
    if not delivery.topics:
        return bool(wanted)
    topics = set(map(int, delivery.topics.split(",")))
    brought = [one for one in wanted if one.topic_id in topics]
    if delivery.mailing.kind in DIGESTS:
        return bool(brought)
    return any(one.cadence == Cadence.IMMEDIATE for one in brought) or _waits_for_no_digest(brought, delivery)


def _waits_for_no_digest(brought: Sequence[Subscription], delivery: Delivery) -> bool:
    followed = [one.topic_id for one in brought]
    at_once = Match.objects.filter(bulletin__in=delivery.tells, must_deliver=True)
    return bool(followed) and at_once.filter(topic__in=followed).exists()
