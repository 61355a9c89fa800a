"""Suppression: whoever learns that an address cannot or must not be mailed has it weighed here, whichever stage that is.

An address is suppressed as a function of what the rows say of it (`formats.bouncing` is the rule), so it does not matter who asks,
how often, or in which order reports came in. Weighing adds and strengthens; only a person lifts: staff with a reason, or the owner by
a new sign-up. What was known before it was lifted counts no more.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from dispatcher.formats import bouncing
from dispatcher.formats.bouncing import Fact, Weight
from dispatcher.formats.verdicts import Verdict
from dispatcher.models import (
    Attempt,
    Because,
    Delivery,
    DeliveryState,
    Event,
    EventKind,
    Journal,
    Kind,
    Mailing,
    Staff,
    Subscriber,
    Suppression,
)
from dispatcher.models.clock import database_now, for_sql

_Row = TypeVar("_Row", Event, Delivery)
log = logging.getLogger(__name__)

_BECAUSE = {Weight.COMPLAINT: Because.COMPLAINT, Weight.GONE: Because.GONE, Weight.BOUNCE: Because.BOUNCING}
# How a delivery that failed at once weighs, by its reason; what is about us weighs nothing.
_FAILED = {Verdict.GONE: Weight.GONE, Verdict.BOUNCED: Weight.BOUNCE, "expired": Weight.BOUNCE}
_REPORTED = {Verdict.GONE: Weight.GONE, Verdict.BOUNCED: Weight.BOUNCE}
_SWEPT = 500
_HELD = "held: so many addresses of {mailing} turned out gone within an hour that a relay may be wrong"


@dataclass(frozen=True, slots=True)
class By:
    """Who decides, for the journal: the name, the door, one of the staff if it was one, and what else the journal is to keep."""

    actor: str
    door: str
    staff: Staff | None = None
    facts: Mapping[str, object] | None = None


def weigh(people: Iterable[int], *, flooded: Collection[int] = ()) -> None:
    """Suppress those of these subscribers for whom there is ground now. Twice is once.

    `flooded`: mailings of which the caller saw so many addresses turn out gone at once that none of that is believed.
    """
    guard = _Guard(set(flooded))
    for person in sorted(set(people)):
        with transaction.atomic():
            _weigh(person, guard)


# By delivery_failed, whose condition stands here in its own words: else SQLite would read all deliveries. So it would in the order of the
# index by subscriber, hence the signs.
_MISSED = """
    SELECT DISTINCT +d.subscriber_id FROM dispatcher_delivery d JOIN dispatcher_subscriber p ON p.id = d.subscriber_id
    WHERE d.reason > '' AND d.attempt > 0 AND d.state = 'failed' AND d.reason = 'gone' AND NOT EXISTS (
        SELECT 1 FROM dispatcher_suppression x WHERE x.folded = p.folded AND (x.lifted_at IS NULL OR x.lifted_at >= d.ended_at))
    ORDER BY +d.subscriber_id LIMIT %s
"""


def pending() -> int:
    """The sweep: weigh whoever is gone by what a relay said, if whoever heard it died before that. Returns how many people."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSED, [_SWEPT])
        people = [row[0] for row in cursor.fetchall()]
    weigh(people)
    return len(people)


def lift(suppression: Suppression, by: By, because: str) -> bool:
    """The address may be mailed again; False if it may already. Held ones are settled by that, too."""
    now = database_now()
    with transaction.atomic():
        holds = Suppression.objects.filter(Q(lifted_at__isnull=True) | Q(held=True), id=suppression.id)
        lifted = holds.update(held=False, lifted_at=now, lifted_by=by.staff, lifted_because=because)
        if lifted:
            _note(
                "lift",
                f"suppression:{suppression.id}",
                by,
                now,
                {"reason": suppression.reason, "because": because},
            )
    return bool(lifted)


def lift_by_owner(folded: str, delivery_id: int) -> None:
    """In the caller's transaction: the owner of the address signed up anew, by a mail that reached it. A complaint stays."""
    held = Suppression.objects.filter(Q(lifted_at__isnull=True) | Q(held=True), folded=folded)
    for one in held.exclude(reason=Because.COMPLAINT):
        lift(one, By("owner", "web", facts={"delivery": delivery_id}), "its owner signed up anew")


def decide(mailing: Mailing, by: By, because: str, *, suppress: bool) -> int:
    """What the guard held back of a mailing: suppress it after all, or let it be. Returns how many addresses."""
    now = database_now()
    held = Suppression.objects.filter(held=True, delivery__mailing=mailing)
    with transaction.atomic():
        if suppress:
            count = held.update(held=False, lifted_at=None, lifted_because="")
        else:
            count = held.update(held=False, lifted_at=now, lifted_by=by.staff, lifted_because=because)
        if count:
            verb = "suppress" if suppress else "dismiss"
            _note(verb, f"mailing:{mailing.id}", by, now, {"addresses": count, "because": because})
    return count


def _weigh(person: int, guard: "_Guard") -> None:
    # NO KEY: a fan-out that writes this person's delivery at this moment need not wait.
    subscriber = Subscriber.objects.select_for_update(no_key=True).get(id=person)
    known = Suppression.objects.filter(folded=subscriber.folded).first()
    found = bouncing.ground(_facts(person, known.lifted_at if known else None))
    if found is None or (known is not None and not known.lifted_at and not _is_stronger(found, known)):
        return
    now = database_now()
    if found.weight is Weight.GONE and (flooded := guard.stops(found, now)):
        _hold(subscriber, found, flooded, now)
    else:
        _suppress(subscriber, found, now)


def _is_stronger(found: Fact, known: Suppression) -> bool:
    """A heavier reason, or the same one earlier: so the end is the same in whatever order they came."""
    before = list(_BECAUSE.values()).index(Because(known.reason))
    return (int(found.weight), found.at, found.delivery) < (before, known.since, known.delivery_id or 0)


def _facts(person: int, since: datetime | None) -> Iterator[Fact]:
    events = Event.objects.filter(delivery__subscriber=person)
    told = {one.delivery_id: one for one in events.filter(kind=EventKind.BOUNCE).order_by("-received_at")}
    yield from _of_events(_later(events.filter(proven=True), "received_at", since))
    deliveries = _later(Delivery.objects.filter(subscriber=person), "ended_at", since)
    for one in deliveries.filter(state=DeliveryState.FAILED, reason__in=_FAILED):
        assert one.ended_at is not None  # noqa: S101 -- it failed; tells the type checker
        if not _is_about_us(one):
            yield Fact(_FAILED[one.reason], one.ended_at, one.id, f"{one.relay}: {one.reply}")
    quiet = database_now() - bouncing.QUIET
    for one in deliveries.filter(state=DeliveryState.ACCEPTED, ended_at__lte=quiet):
        assert one.ended_at is not None  # noqa: S101 -- as above
        if one.id not in told or told[one.id].received_at - one.ended_at > bouncing.QUIET:
            yield Fact(Weight.SUCCESS, one.ended_at, one.id, "")


def _is_about_us(delivery: Delivery) -> bool:
    """It expired while a filter said "not now": that is no fault of the address."""
    last = Attempt.objects.filter(delivery=delivery).order_by("-id").values_list("verdict", flat=True).first()
    return last == Verdict.POLICY


def _of_events(events: QuerySet[Event]) -> Iterator[Fact]:
    for one in events:
        weight = {
            EventKind.COMPLAINT: Weight.COMPLAINT,
            EventKind.DELIVERED: Weight.SUCCESS,
        }.get(EventKind(one.kind), _REPORTED.get(Verdict(one.verdict)) if one.verdict else None)
        if weight is not None:
            yield Fact(weight, one.received_at, one.delivery_id, f"{one.status} {one.words}".strip())


def _later(rows: QuerySet[_Row], field: str, since: datetime | None) -> QuerySet[_Row]:
    return rows.filter(**{f"{field}__gt": since}) if since else rows


@dataclass(frozen=True, slots=True)
class _Guard:
    """Against a relay that says "gone" of everybody. One serves one call: what it has counted of a mailing it need not count again."""

    flooded: set[int]
    limits: dict[int, int] = field(default_factory=dict)

    def stops(self, found: Fact, now: datetime) -> Mailing | None:
        """The mailing, if too many of its addresses turned out gone within the last hour for that to be true."""
        # Held, so that of two who find a flood at once the second sees what the first did.
        mailing = Mailing.objects.select_for_update(no_key=True).get(id=_mailing_of(found))
        if mailing.kind == Kind.SYSTEM:
            return None
        gone = _gone(mailing, min(found.at, now) - bouncing.FLOOD_WITHIN)
        # Most often few are gone, and nothing more need be counted.
        many = gone > bouncing.most_gone(0) and gone > self._limit(mailing)
        return mailing if many or mailing.id in self.flooded else None

    def _limit(self, mailing: Mailing) -> int:
        if mailing.id not in self.limits:
            ended = mailing.deliveries.filter(state__in=(DeliveryState.ACCEPTED, DeliveryState.FAILED))
            self.limits[mailing.id] = bouncing.most_gone(ended.count())
        return self.limits[mailing.id]


_GONE = """SELECT COUNT(*) FROM dispatcher_delivery
    WHERE mailing_id = %s AND reason > '' AND attempt > 0 AND state = 'failed' AND reason = 'gone' AND ended_at > %s"""  # as above


def _gone(mailing: Mailing, since: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_GONE, [mailing.id, for_sql(since)])
        (failed,) = cursor.fetchone()
    told = Event.objects.filter(
        delivery__mailing=mailing, received_at__gt=since, verdict=Verdict.GONE, proven=True
    )
    return int(failed) + told.values("delivery").distinct().count()


def _mailing_of(found: Fact) -> int:
    return Delivery.objects.values_list("mailing_id", flat=True).get(id=found.delivery)


def _suppress(subscriber: Subscriber, found: Fact, now: datetime) -> None:
    reason = _BECAUSE[found.weight]
    holds = {
        "reason": reason, "evidence": found.words, "delivery_id": found.delivery, "since": found.at,
        "held": False, "lifted_at": None, "lifted_by": None, "lifted_because": "",
    }  # fmt: skip
    Suppression.objects.update_or_create(folded=subscriber.folded, defaults=holds)
    _note(
        "suppress",
        f"subscriber:{subscriber.id}",
        _ITSELF,
        now,
        {"reason": reason, "delivery": found.delivery},
    )


def _hold(subscriber: Subscriber, found: Fact, mailing: Mailing, now: datetime) -> None:
    """Hold this one back, and those of the same mailing that went before it in the same hour."""
    why = _HELD.format(mailing=mailing.key)
    first = not Suppression.objects.filter(held=True, delivery__mailing=mailing).exists()
    holds = {
        "reason": Because.GONE, "evidence": found.words, "delivery_id": found.delivery, "since": found.at,
        "held": True, "lifted_at": now, "lifted_by": None, "lifted_because": why,
    }  # fmt: skip
    Suppression.objects.update_or_create(folded=subscriber.folded, defaults=holds)
    before = Suppression.in_force().filter(reason=Because.GONE, delivery__mailing=mailing)
    before.filter(since__gt=now - bouncing.FLOOD_WITHIN).update(held=True, lifted_at=now, lifted_because=why)
    if first:
        log.error("%s: none is suppressed until somebody has looked", why, extra={"mailing": mailing.id})
        _note("hold", f"mailing:{mailing.id}", _ITSELF, now, {"why": why})


_ITSELF = By("suppression", "mail")


def _note(verb: str, subject: str, by: By, now: datetime, facts: dict[str, object]) -> None:
    Journal.append(
        at=now, actor=by.actor, door=by.door, verb=verb, subject=subject, facts={**facts, **(by.facts or {})}
    )
