"""Preferences: what a person sees and changes behind a link of ours. Change, unsubscribe, undo.

Each names the delivery whose link was used; tickets are the door's business. Nothing here lifts a suppression or sends anything.
"""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.tickets import ALL, topic_of
from dispatcher.models import (
    DIGESTS,
    Cadence,
    Delivery,
    Journal,
    LinkKind,
    LinkRequest,
    Subscriber,
    Subscription,
    Topic,
)
from dispatcher.models.clock import change_time, database_now
from dispatcher.subscribers import farewell, moves, narrowing, subscriptions
from dispatcher.subscribers.subscriptions import History

_UNDOABLE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Person:
    """What the manage page shows. The address is whole: the page is behind a signed link to that very mailbox."""

    id: int
    address: str
    live: Mapping[int, str]  # topic → cadence
    words: Mapping[int, tuple[str, ...]]  # topic → the words to which it is narrowed
    plain_text: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What a change did, by the names of topics. `narrowed`: those whose words are others now; `paced`: those whose cadence is.

    `form`: whether messages come as plain text alone is otherwise now.
    """

    added: tuple[str, ...]
    ended: tuple[str, ...]
    narrowed: tuple[str, ...] = ()
    paced: tuple[str, ...] = ()
    form: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """What a link ends, or has ended.

    `everything`: nothing is left afterwards; `live`: there is something left to end; `undoable`: something that this message's
    link ended may still be taken back; `digest`: it is one, daily or weekly.
    """

    topics: tuple[str, ...]
    everything: bool
    live: bool
    undoable: bool
    digest: str = ""


def of_link(delivery_id: int) -> Person | None:
    """Whose link this is; None if it is no link to manage, or an old one, or the person is gone."""
    request = LinkRequest.of_delivery(delivery_id)
    if request is None or request.kind != LinkKind.MANAGE:
        return None
    if request.expires_at is None or request.expires_at <= database_now():
        return None
    person = Subscriber.objects.filter(deliveries=delivery_id).first()
    if person is None:
        return None
    history = subscriptions.of(person.id)
    cadences = {topic: one.cadence for topic, one in history.live.items()}
    return Person(person.id, person.address, cadences, narrowing.of(history), person.plain_text)


def change(
    person_id: int,
    wanted: Collection[int],
    delivery_id: int,
    words: Mapping[int, narrowing.Words] | None = None,
    cadences: Mapping[int, str] | None = None,
    *,
    plain_text: bool | None = None,
) -> Change:
    """Have exactly these topics: what is new comes at once unless `cadences` says otherwise, the rest ends.

    `words`, `cadences`: by topic, what to narrow it to and how often it comes from now on; a topic that they do not name stays as it is.
    `plain_text`: have messages as plain text alone, from the next on that nobody has tried to send yet.
    """
    with transaction.atomic():
        now = change_time()
        history = subscriptions.hold(person_id)
        dropped = history.live.keys() - set(wanted)
        chosen, consent = cadences or {}, f"page behind the link of delivery {delivery_id}"
        fresh = subscriptions.in_force(set(wanted) - history.live.keys())
        new = {one.id: chosen.get(one.id, Cadence.IMMEDIATE) for one in fresh}
        # What is new begins first: mail that it brings is not cancelled together with what ends.
        added = subscriptions.begin(history, new, consent, now)
        ended = subscriptions.end(history, dropped - new.keys(), "changed", delivery_id, now)
        narrowed = narrowing.narrow(history, words or {})
        paced = subscriptions.change_cadence(history, chosen, consent, now)
        form = plain_text is not None and _have(person_id, plain_text)
        if ended:
            farewell.owe(history, now)
        if added or ended or narrowed or paced or form:
            facts: dict[str, object] = {
                "delivery": delivery_id,
                "added": _slugs(added),
                "ended": _slugs(ended),
            }
            more = {"narrowed": _slugs(narrowed), "paced": _slugs(paced)}
            facts |= {name: slugs for name, slugs in more.items() if slugs}
            _note("change", person_id, facts | ({"plain_text": plain_text} if form else {}), now)
    return Change(_names(added), _names(ended), _names(narrowed), _names(paced), form)


def _have(person_id: int, plain_text: bool) -> bool:  # noqa: FBT001 -- one of two forms, named at its only call
    """Whether that is a change."""
    other = Subscriber.objects.filter(id=person_id, plain_text=not plain_text)
    return bool(other.update(plain_text=plain_text))


def would_end(delivery_id: int, scope: str) -> Ending | None:
    """What the link would end; None if there is no such delivery or scope. Changes nothing."""
    aim = _aim(delivery_id, scope)
    return aim.told(subscriptions.of(aim.person), database_now()) if aim else None


def unsubscribe(delivery_id: int, scope: str, *, on_page: bool = False) -> Ending | None:
    """End what the link is about, and what is owed for it; committed when this returns. A repeat changes nothing.

    `on_page`: a person pressed our button, and not a mailbox provider theirs. Who stops everything so gets one last message.
    """
    aim = _aim(delivery_id, scope)
    if aim is None:
        return None
    with transaction.atomic(durable=True):
        now = change_time()
        history = subscriptions.hold(aim.person)
        ended = subscriptions.end(history, aim.topics_of(history), "unsubscribed", delivery_id, now)
        if ended:
            _note("unsubscribe", aim.person, {"delivery": delivery_id, "topics": _slugs(ended)}, now)
        if ended and on_page:
            farewell.owe(history, now)
    reach(Failpoint.AFTER_UNSUBSCRIBE_COMMIT)
    return aim.told(history, now)


def undo(delivery_id: int) -> tuple[str, ...] | None:
    """Take back what this message's link ended in the last day, each topic as it was, and owe again what was on its way then.

    None if there is no such delivery.
    """
    delivery = Delivery.objects.filter(id=delivery_id).first()
    if delivery is None:
        return None
    with transaction.atomic():
        now = change_time()
        history = subscriptions.hold(delivery.subscriber_id)
        ended = _undoable(history, delivery_id, now)
        cadences = {topic: one.cadence for one in ended for topic in _instead(one.topic)}
        consent = f"taken back: ended before by the link of delivery {delivery_id}"
        restored = subscriptions.begin(history, cadences, consent, now, takes_back=True)
        if restored:
            subscriptions.carry_words(ended, history)
            since = min(one.ended_at for one in ended if one.ended_at)
            subscriptions.give_back(history, restored, since, now)
            farewell.spare(history.person, now)
            _note("undo", history.person, {"delivery": delivery_id, "topics": _slugs(restored)}, now)
    return _names(restored)


@dataclass(frozen=True, slots=True)
class _Aim:
    """What a link is about: some topics of a person, or, without any, all they have; of a `digest` all that come in it.

    The last digest of somebody who has no topic left in it is about the topics that it names: a link that ends nothing would be a trap.
    """

    delivery: int
    person: int
    topics: frozenset[int]
    digest: str = ""

    def topics_of(self, history: History) -> AbstractSet[int]:
        if not self.digest:
            return self.topics or history.live.keys()
        ended = {topic for topic, one in history.latest.items() if one.ended_by_id == self.delivery}
        come_in_it = {topic for topic, one in history.live.items() if one.cadence == self.digest}
        return come_in_it | ended or self.topics

    def told(self, history: History, now: datetime) -> Ending:
        undoable = _undoable(history, self.delivery, now)
        aimed = self.topics_of(history)
        told = aimed if self.topics else aimed | {one.topic_id for one in undoable}
        return Ending(
            topics=_names([one.topic for topic, one in history.latest.items() if topic in told]),
            everything=not self.topics,
            live=bool(history.live.keys() & aimed),
            undoable=bool(undoable),
            digest=self.digest,
        )


def _aim(delivery_id: int, scope: str) -> _Aim | None:
    delivery = Delivery.objects.filter(id=delivery_id).select_related("mailing").first()
    if delivery is None:
        return None
    if scope in {"", ALL}:
        brought = delivery.topics.split(",") if delivery.topics and scope != ALL else []
        named = moves.taken_along(delivery.subscriber_id, set(map(int, brought)))
        digest = delivery.mailing.kind if brought and delivery.mailing.kind in DIGESTS else ""
        return _Aim(delivery_id, delivery.subscriber_id, named, digest)
    topic = topic_of(scope)
    if not Subscription.objects.filter(subscriber=delivery.subscriber_id, topic=topic or 0).exists():
        return None
    return _Aim(delivery_id, delivery.subscriber_id, moves.taken_along(delivery.subscriber_id, {topic or 0}))


def _instead(topic: Topic) -> list[int]:
    """What to follow again: a topic that was replaced meanwhile gives way, or its people would be moved, and written to, once more."""
    if topic.retired_at is None:
        return [topic.id]
    return [one.id for one in subscriptions.in_force([topic.id])] or [topic.id]


def _undoable(history: History, delivery_id: int, now: datetime) -> list[Subscription]:
    """Of each topic only its last row counts: whoever came back or left again since has thought about it since."""
    return [
        one
        for one in history.latest.values()
        if one.ended_by_id == delivery_id and one.ended_at and one.ended_at > now - _UNDOABLE
    ]


def _note(verb: str, person: int, facts: dict[str, object], now: datetime) -> None:
    name = f"subscriber:{person}"
    Journal.append(at=now, actor=name, door="web", verb=verb, subject=name, facts=facts)


def _slugs(topics: Sequence[Topic]) -> list[str]:
    return [topic.slug for topic in topics]


def _names(topics: Sequence[Topic]) -> tuple[str, ...]:
    return tuple(topic.name for topic in sorted(topics, key=lambda one: one.position))
