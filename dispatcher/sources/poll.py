"""Poll: ask every due source, read what came, and save items, revisions, bulletins and validators in one transaction each.

An answer is saved whole or not at all, so a poll that dies anywhere is simply polled again. It decides what is news; it never
matches and never mails. A source that fails is asked again later, ever more rarely, and never switched off.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import OperationalError, transaction
from django.db.models import Q

from dispatcher.config import Config
from dispatcher.errors import Busy, DispatcherError, Unreachable, Unreadable
from dispatcher.failpoints import Failpoint, reach
from dispatcher.models import Catalog, Source
from dispatcher.models.clock import database_now
from dispatcher.sources import (
    asking,
    body_hash,
    complete,
    health,
    intake,
    linked,
    reader,
    sightings,
    stamps,
    statements,
)
from dispatcher.sources.declared import Declared
from dispatcher.sources.fetch import Answer, Limits, Request, Result
from dispatcher.sources.hosts import host_group, is_our_outage
from dispatcher.sources.questions import Question
from dispatcher.sources.reading import Reading

log = logging.getLogger(__name__)

# What died is free again after the lease; it is longer than a round, in which one host group may be asked so often.
_LEASE = timedelta(minutes=5)
_GROUP_SHARE = 8
_ROUND = 64  # answers that are in memory at a time

# Outcomes of a poll that brought nothing.
FAILED = frozenset({"failed", "challenged", "cut off"})


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll of one source came to. `outcome`: ok · unchanged · degraded · failed · challenged · cut off · busy.

    Challenged: it wants a browser. Cut off: our own network is down. Busy: somebody else is at it.
    """

    slug: str
    outcome: str
    seen: int = 0
    new: int = 0
    held: int = 0
    revised: int = 0
    baseline: bool = False
    problem: str = ""


def due(config: Config, slugs: Sequence[str] | None = None) -> list[Polled]:
    """Poll what is due, or the sources named, due or not; then read what new bulletins link to. One result a source that was polled."""
    sightings.catch_up()
    agent, polled = user_agent(config), list[Polled]()
    taken_before: set[int] = set()
    while taken := _take(slugs, taken_before):
        taken_before |= {one.id for one in taken}
        polled += _round(taken, config, agent)
    linked.read_due(limits(config), agent)
    return polled


def _round(taken: Sequence[Source], config: Config, agent: str) -> list[Polled]:
    answers = asking.ask([_request(source) for source in taken], limits(config), agent)
    taken, answers = _without_busy(taken, answers)
    cut_off = _is_our_outage(taken, answers)
    if cut_off:
        log.warning("our own network seems to be down: most of %d sources do not answer at all", len(taken))
    return [
        _cut_off(source, answer)
        if cut_off and _no_answer(answer)
        else _settled(source, answer, config, agent)
        for source, answer in zip(taken, answers, strict=True)
    ]


def _without_busy(taken: Sequence[Source], answers: Sequence[Result]) -> tuple[list[Source], list[Result]]:
    """Those that were asked. The others are due as before: another worker was at their host."""
    asked = [
        (one, answer) for one, answer in zip(taken, answers, strict=True) if not isinstance(answer, Busy)
    ]
    busy = {one.id for one in taken} - {one.id for one, _ in asked}
    if busy:
        Source.objects.filter(id__in=busy).update(lease_until=None)
    return [one for one, _ in asked], [answer for _, answer in asked]


def limits(config: Config) -> Limits:
    """What a fetch may cost."""
    return Limits(whole_seconds=config.fetch_seconds, body_bytes=config.fetch_bytes)


def user_agent(config: Config) -> str:
    """What we call ourselves: name, version, where to read about us and whom to write to."""
    catalog = Catalog.latest()
    contact = f"; {catalog.contact}" if catalog and catalog.contact else ""
    return config.user_agent or f"MaineCareDispatcher/0.1 (+{config.public_url}{contact})"


def _take(slugs: Sequence[str] | None, before: set[int]) -> list[Source]:
    """Lease the next sources to poll, each once; one that somebody else polls at this moment is left to them."""
    with transaction.atomic():
        now = database_now()
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        named = Source.objects.filter(free, slug__in=slugs or (), dropped_at__isnull=True)
        wanted = _fair(one for one in (Source.due(now) if slugs is None else named) if one.id not in before)
        # Whoever waited for somebody else's lease finds here that it is not free any more.
        still = Source.objects.select_for_update().filter(free, id__in=[one.id for one in wanted])
        ours = set(still.order_by("id").values_list("id", flat=True))
        Source.objects.filter(id__in=ours).update(lease_until=now + _LEASE)
        return [one for one in wanted if one.id in ours]


def _fair(wanted: Iterable[Source]) -> list[Source]:
    """One round of them: no more of one host group than its pauses leave time for."""
    asked: Counter[str] = Counter()
    chosen = []
    for source in wanted:
        asked[host_group(source.url)] += 1
        if asked[host_group(source.url)] <= _GROUP_SHARE:
            chosen.append(source)
    return chosen[:_ROUND]


def _is_our_outage(taken: Sequence[Source], answers: Sequence[Result]) -> bool:
    told = [(host_group(one.url), not _no_answer(answer)) for one, answer in zip(taken, answers, strict=True)]
    return is_our_outage(told, under_way=Source.outage() is not None)


def _no_answer(answer: Result) -> bool:
    return isinstance(answer, Unreachable) and not answer.answered


def _request(source: Source) -> Request:
    declared = Declared.of(source.kind, source.url, source.declared)
    # After a failure, a degraded answer or a change of how we read, a 304 could hide something never processed.
    as_now = source.read_hash == declared.read_hash and body_hash.is_by_present_readers(source.body_hash)
    trusted = source.outcome in {"ok", "unchanged"} and as_now
    return Request(
        url=source.url,
        etag=source.etag if trusted else "",
        last_modified=source.last_modified if trusted else "",
        allow_private=declared.allow_private,
        user_agent=declared.user_agent,
    )


def _settled(source: Source, answer: Answer | DispatcherError, config: Config, agent: str) -> Polled:
    try:
        return _settle(source, answer, config, agent)
    except OperationalError:
        raise  # the database is busy or away: that is no fault of the source
    except Exception as failure:
        # What one source sends may keep the others neither from being saved nor from being mailed.
        log.exception("an answer could not be saved")
        problem = Unreadable(f"saving it failed: {type(failure).__name__}: {failure}")
        return _failed(source, problem, Declared.of(source.kind, source.url, source.declared))


def _settle(source: Source, answer: Answer | DispatcherError, config: Config, agent: str) -> Polled:
    declared = Declared.of(source.kind, source.url, source.declared)
    if isinstance(answer, DispatcherError):
        return _failed(source, answer, declared)
    body = body_hash.of(answer.body) if answer.status == 200 else source.body_hash
    same = answer.status == 304 or (source.body_hash == body and source.read_hash == declared.read_hash)
    if same and source.outcome in {"ok", "unchanged"}:
        return _unchanged(source, answer, declared)
    reading = _read(declared, answer, _before(source, declared))
    if isinstance(reading, DispatcherError):
        return _failed(source, reading, declared)
    reading = complete.whole(source, reading, declared, limits(config), agent)
    return _save(source, answer, body, reading, declared, config)


def _before(source: Source, declared: Declared) -> int | None:
    """How many records the last good poll found; None where that says nothing, or a person has seen that they are fewer now."""
    same = source.baselined_at is not None and source.read_hash == declared.read_hash
    seen = source.acknowledged_at and source.unwell_since and source.acknowledged_at > source.unwell_since
    return source.last_count if same and not seen else None


def _read(declared: Declared, answer: Answer, before: int | None) -> Reading | DispatcherError:
    try:
        return read(declared, answer, before)
    except DispatcherError as failure:
        return failure
    except Exception as failure:
        # No document may keep the other sources from being polled, whatever it does to a parser.
        log.exception("a document broke its reader")
        return Unreadable(f"reading it failed: {type(failure).__name__}: {failure}")


def read(declared: Declared, answer: Answer, before: int | None = None) -> Reading:
    """The records of an answer; the last good poll found `before`. Raises Unreadable."""
    asked = Question(
        kind=declared.kind,
        content_type=answer.content_type,
        url=answer.url,
        select=declared.select,
        patterns=declared.patterns,
        dated_only=declared.dated_only,
        minimum=declared.minimum_records,
        before=before,
    )
    return reader.read(asked, answer.body)


def _save(
    source: Source, answer: Answer, body: str, reading: Reading, declared: Declared, config: Config
) -> Polled:
    """Items, bulletins and validators in one transaction: validators saved earlier would hide the items after a crash."""
    with transaction.atomic():
        now = database_now()
        row = statements.locked(source)
        if row.read_hash != declared.read_hash:
            row.baselined_at = None  # read in another way, what was there before looks new and is not
        if row.baselined_at is None:
            row.last_count, row.about = 0, ""
        flood_limit = max(config.flood_limit, health.FLOOD_SHARE * row.usual_daily)
        taken = intake.take_in(row, reading, declared, now, flood_limit=flood_limit)
        row.last_new_at = now if taken.is_news else row.last_new_at
        stamps.read(row, reading, taken.seen, taken.new, now)
        stamps.succeeded(row, "degraded" if reading.degraded else "ok", answer, declared, now)
        if statements.waits(row):
            row.due_at = min(row.due_at, now + complete.RETRY)
        if taken.new:
            row.usual_gap, row.usual_daily = health.usual(row, now)
        row.problem = "; ".join(reading.degraded)
        row.read_hash = declared.read_hash
        row.body_hash = body
        row.etag, row.last_modified = answer.etag, answer.last_modified
        statements.save(row)
    reach(Failpoint.AFTER_ITEM_COMMIT)
    return Polled(
        row.slug, row.outcome, taken.seen, taken.new, taken.held, taken.revised, taken.baseline, row.problem
    )


def _unchanged(source: Source, answer: Answer, declared: Declared) -> Polled:
    with transaction.atomic():
        row = statements.locked(source)
        stamps.succeeded(row, "unchanged", answer, declared, database_now())
        row.problem = ""
        row.etag, row.last_modified = answer.etag or row.etag, answer.last_modified or row.last_modified
        statements.save(row)
    return Polled(row.slug, "unchanged")


def _failed(source: Source, failure: DispatcherError, declared: Declared) -> Polled:
    with transaction.atomic():
        row = statements.locked(source)
        stamps.failed(row, failure, declared, database_now())
        statements.save(row)
    return Polled(row.slug, row.outcome, problem=row.problem)


def _cut_off(source: Source, answer: Result) -> Polled:
    with transaction.atomic():
        row = statements.locked(source)
        stamps.cut_off(row, database_now())
        statements.save(row)
    return Polled(row.slug, "cut off", problem=f"our own network seems to be down: {answer}")


def everything() -> list[str]:
    """The slugs of all enabled sources."""
    return list(Source.polled().values_list("slug", flat=True))
