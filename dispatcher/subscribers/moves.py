"""Moves: who follows a topic that was replaced follows what took its place, in a step that is recorded and can be undone.

The old subscription goes on until nothing is owed through it, so nobody loses what was under way. What a person ended is never begun
again, and a topic that they follow already stays as it is.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from dispatcher.errors import NotFound, Refused
from dispatcher.formats.keywords import Keyword as Word
from dispatcher.models import (
    Cadence,
    Catalog,
    Delivery,
    Journal,
    Keyword,
    Kind,
    Lane,
    Mailing,
    MailingState,
    Move,
    Moved,
    Subscriber,
    Subscription,
    Topic,
)
from dispatcher.models.clock import change_time, database_now, for_sql
from dispatcher.models.delivery import OPEN
from dispatcher.subscribers import subscriptions

_BATCH = 200  # people of one transaction, in which other writers wait
_DIGESTS = timedelta(days=8)  # by then a weekly digest was due, which tells what had matched the old topic
_BECAUSE = "moved"


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: how many follow the old topic again, and how many still follow the new one too, because mail is under way."""

    restored: int
    kept: int


def follow() -> int:
    """Move everybody who follows a replaced topic, write the letters that are declared, end what is over. Returns how many were moved."""
    moved = 0
    for topic in Topic.objects.filter(retired_at__isnull=False, successors__isnull=False).distinct():
        moved += _move(topic)
    for move_id in (
        Move.objects.filter(undone_at=None, mailing=None).exclude(letter="").values_list("id", flat=True)
    ):
        _owe_letters(move_id)
    _end_what_is_over()
    return moved


def undo(move_id: int, *, actor: str, door: str, facts: Mapping[str, object]) -> Undone:
    """Have everybody of this move follow the old topic again. Raises Refused while topics.yaml still replaces it."""
    with transaction.atomic():
        move = Move.objects.select_for_update(of=("self",)).select_related("topic").filter(id=move_id).first()
        if move is None:
            raise NotFound(f"no move {move_id}; `dispatcher topics moves` lists them")
        if move.undone_at:
            raise Refused(f"move {move_id} was undone on {move.undone_at:%Y-%m-%d} → nothing is left to do")
        if move.topic.retired_at:
            remedy = "take `retired:` and `replaced_by:` out of topics.yaml first, and let it be loaded"
            raise Refused(f"topic {move.topic.slug} is retired, and people would be moved anew → {remedy}")
        now = change_time()
        move.undone_at, move.undone_by = now, actor
        move.save(update_fields=["undone_at", "undone_by"])
        _call_back(move)
        done = _restore(move, now)
        told = {"move": move.id, "restored": done.restored, "kept": done.kept, **facts}
        _note("undo", move, told, now, actor=actor, door=door)
    return done


def taken_along(person: int, topics: Collection[int]) -> frozenset[int]:
    """These topics, and those to which this person was moved from them: who leaves by an old message leaves these too."""
    found = set(topics)
    moved = Moved.objects.filter(ended__subscriber=person, begun__isnull=False, move__undone_at__isnull=True)
    while new := set(moved.filter(ended__topic__in=found).values_list("begun__topic", flat=True)) - found:
        found |= new
    return frozenset(found)


def _move(topic: Topic) -> int:
    """Some hundred people a transaction; whatever dies in between, the next call goes on with the rest as a move of its own."""
    successors = subscriptions.in_force([topic.id])
    if not successors:
        return 0
    move: Move | None = None
    total = 0
    while True:
        with transaction.atomic():
            now = change_time()
            batch = _hold(_unmoved(topic))
            if not batch:
                break
            move = move or _record(topic, successors, now)
            for successor in successors:
                _begin(move, batch, successor, now)
            total += len(batch)
    if move:
        _note("move", move, {"move": move.id, "to": move.successors, "people": total}, database_now())
    return total


def _unmoved(topic: Topic) -> QuerySet[Subscription]:
    moved = Moved.objects.filter(ended=OuterRef("pk"), move__undone_at__isnull=True)
    live = Subscription.objects.filter(topic=topic, ended_at__isnull=True, confirmed_at__isnull=False)
    return live.exclude(Exists(moved)).order_by("subscriber_id")


def _hold(found: QuerySet[Subscription]) -> list[Subscription]:
    """Nobody else moves these people, or changes what they follow, until the transaction ends."""
    people = list(found.values_list("subscriber_id", flat=True)[:_BATCH])
    list(Subscriber.objects.select_for_update(no_key=True).filter(id__in=people).order_by("id"))
    return list(found.filter(subscriber__in=people).prefetch_related("keywords"))


def _record(topic: Topic, successors: Sequence[Topic], now: datetime) -> Move:
    catalog = Catalog.latest()
    return Move.objects.create(
        topic=topic,
        successors=[one.slug for one in successors],
        catalog=catalog.hash if catalog else "",
        made_at=now,
        letter=topic.letter,
    )


def _begin(move: Move, batch: Sequence[Subscription], successor: Topic, now: datetime) -> None:
    people = [one.subscriber_id for one in batch]
    live = Subscription.objects.filter(topic=successor, subscriber__in=people, ended_at__isnull=True)
    has = set(live.values_list("subscriber_id", flat=True))
    new = [one for one in batch if one.subscriber_id not in has]
    begun = Subscription.objects.bulk_create([_in_place_of(one, move, successor, now) for one in new])
    _carry(zip(new, begun, strict=True))
    by_person = {one.subscriber_id: one for one in begun}
    Moved.objects.bulk_create(
        [Moved(move=move, ended=one, begun=by_person.get(one.subscriber_id)) for one in batch]
    )


def _in_place_of(old: Subscription, move: Move, successor: Topic, now: datetime) -> Subscription:
    return Subscription(
        subscriber_id=old.subscriber_id,
        topic=successor,
        cadence=old.cadence,
        consent=f"{old.consent}; moved from {move.topic.slug} by move {move.id}",
        created_at=now,
        confirmed_at=now,
    )


def _carry(pairs: Iterable[tuple[Subscription, Subscription]]) -> None:
    """The words to which somebody narrowed the old topic narrow the new one."""
    words = [(new, Word(word.phrase, word.folded)) for old, new in pairs for word in old.keywords.all()]
    Keyword.objects.bulk_create(
        [Keyword(subscription=new, phrase=word.phrase, folded=word.folded) for new, word in words],
        ignore_conflicts=True,
    )


# One letter a person, however many topics they were moved to; whoever has left everything meanwhile gets none.
_LETTERS = """
    INSERT INTO dispatcher_delivery (mailing_id, subscriber_id, state, topics, due_at)
    SELECT DISTINCT %(mailing)s, s.subscriber_id, 'pending', '', %(now)s
    FROM dispatcher_moved m JOIN dispatcher_subscription s ON s.id = m.ended_id
    WHERE m.move_id = %(move)s
      AND EXISTS (SELECT 1 FROM dispatcher_subscription n WHERE n.subscriber_id = s.subscriber_id AND n.ended_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM dispatcher_subscriber p JOIN dispatcher_suppression x ON x.folded = p.folded
                      WHERE p.id = s.subscriber_id AND x.lifted_at IS NULL)
    ON CONFLICT DO NOTHING
"""


def _owe_letters(move_id: int) -> None:
    """In the lane of bulk mail: nobody who waits for a link waits for these."""
    with transaction.atomic():
        move = Move.objects.select_for_update().get(id=move_id)
        if move.mailing_id or move.undone_at:
            return
        now = database_now()
        move.mailing = Mailing.objects.create(
            key=f"move:{move.id}", kind=Kind.SYSTEM, lane=Lane.BULK, state=MailingState.RUNNING, created_at=now,
            frozen_at=now, fanned_out_at=now, audience=0, nonce=secrets.token_hex(8),
        )  # fmt: skip
        move.save(update_fields=["mailing"])
        with connection.cursor() as cursor:
            cursor.execute(_LETTERS, {"mailing": move.mailing.id, "move": move.id, "now": for_sql(now)})
            Mailing.objects.filter(id=move.mailing.id).update(audience=cursor.rowcount)


def _end_what_is_over() -> None:
    """Old subscriptions through which nothing is owed any more, by copies under way or by digests to come.

    That a digest was due is not enough: where nothing ran for two weeks it has yet to be written.
    """
    moved = Moved.objects.filter(ended=OuterRef("pk"), move__undone_at__isnull=True)
    lately = Moved.objects.filter(ended=OuterRef("pk"), move__made_at__gt=database_now() - _DIGESTS)
    live = Subscription.objects.filter(Exists(moved), ended_at__isnull=True)
    awaited = Q(Exists(lately)) | ~Q(Exists(_digests_since_the_move()))
    over = live.exclude(~Q(cadence=Cadence.IMMEDIATE) & awaited).exclude(_owed())
    for chunk in _chunks(list(over.values_list("id", flat=True))):
        with transaction.atomic():
            Subscription.objects.filter(id__in=chunk, ended_at__isnull=True).update(
                ended_at=change_time(), ended_because=_BECAUSE
            )


def _digests_since_the_move() -> QuerySet[Mailing]:
    """Of the cadence of a subscription, due after it was moved, and written out."""
    moved = Moved.objects.filter(
        ended=OuterRef(OuterRef("pk")),
        move__undone_at__isnull=True,
        move__made_at__lt=OuterRef("starts_at"),
    )
    written = Mailing.objects.filter(kind=OuterRef("cadence"), fanned_out_at__isnull=False)
    return written.exclude(state=MailingState.CANCELLED).filter(Exists(moved))


def _owed() -> Exists:
    """Is a copy for some topic under way to this person? Which topic does not matter: it costs only that this one ends a little later."""
    named = Delivery.objects.filter(subscriber=OuterRef("subscriber"), state__in=OPEN).exclude(topics="")
    return Exists(named)


def _call_back(move: Move) -> None:
    """Letters that have not left say what is not true any more."""
    if move.mailing_id:
        Mailing.objects.filter(id=move.mailing_id, state=MailingState.RUNNING).update(
            state=MailingState.CANCELLED, why="the move was undone"
        )


def _restore(move: Move, now: datetime) -> Undone:
    rows = Moved.objects.filter(move=move).select_related("ended", "begun").order_by("id")
    olds = {one.ended_id: one.ended for one in rows if one.ended.ended_because == _BECAUSE}
    live = Subscription.objects.filter(topic=move.topic, ended_at__isnull=True)
    has = set(live.values_list("subscriber_id", flat=True))
    again = [one for one in olds.values() if one.subscriber_id not in has]
    begun = Subscription.objects.bulk_create([_again(one, move, now) for one in again])
    _carry(zip(again, begun, strict=True))
    news = Subscription.objects.filter(
        id__in=[one.begun_id for one in rows if one.begun_id], ended_at__isnull=True
    )
    kept = news.filter(_owed()).count()
    news.exclude(_owed()).update(ended_at=now, ended_because="move undone")
    return Undone(restored=len({one.ended.subscriber_id for one in rows}), kept=kept)


def _again(old: Subscription, move: Move, now: datetime) -> Subscription:
    return Subscription(
        subscriber_id=old.subscriber_id, topic=move.topic, cadence=old.cadence, created_at=now, confirmed_at=now,
        consent=f"{old.consent}; move {move.id} undone",
    )  # fmt: skip


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))


def _note(
    verb: str,
    move: Move,
    facts: dict[str, object],
    now: datetime,
    *,
    actor: str = "follow",
    door: str = "file",
) -> None:
    Journal.append(at=now, actor=actor, door=door, verb=verb, subject=f"topic:{move.topic.slug}", facts=facts)
