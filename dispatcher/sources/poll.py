"""Poll: ask every due source, read what came, and save items, revisions, bulletins and validators in one transaction each.

An answer is saved whole or not at all, so a poll that dies anywhere is simply polled again. It decides what is news; it never
matches and never mails. A source that fails is asked again later, ever more rarely, and never switched off.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform

from django.db import OperationalError, transaction
from django.db.models import Q

from dispatcher.config import Config
from dispatcher.errors import DispatcherError, Unreachable, Unreadable
from dispatcher.failpoints import Failpoint, reach
from dispatcher.formats.verdicts import clean_reply
from dispatcher.models import Catalog, Source
from dispatcher.models.clock import database_now
from dispatcher.sources import feeds, fetch, intake, pages
from dispatcher.sources.declared import Declared
from dispatcher.sources.fetch import Answer, Limits, Request
from dispatcher.sources.reading import Reading

log = logging.getLogger(__name__)

_LEASE = timedelta(minutes=5)  # longer than any fetch; a dead poller's source is free again after it
_JITTER = 0.1  # what failed together must not come back together
_LONGEST_WAIT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Polled:
    """What one poll of one source came to. `outcome`: ok · unchanged · degraded · failed · busy (somebody else is at it)."""

    slug: str
    outcome: str
    seen: int = 0
    new: int = 0
    held: int = 0
    revised: int = 0
    baseline: bool = False
    problem: str = ""


def due(config: Config, slugs: Sequence[str] | None = None) -> list[Polled]:
    """Poll what is due, or the sources named, due or not. One result a source that was ours to poll."""
    taken = _take(slugs)
    answers = fetch.fetch_all([_request(source) for source in taken], limits(config), user_agent(config))
    return [_settled(source, answer, config) for source, answer in zip(taken, answers, strict=True)]


def limits(config: Config) -> Limits:
    """What a fetch may cost."""
    return Limits(whole_seconds=config.fetch_seconds, body_bytes=config.fetch_bytes)


def user_agent(config: Config) -> str:
    """What we call ourselves: name, version, where to read about us and whom to write to."""
    catalog = Catalog.latest()
    contact = f"; {catalog.contact}" if catalog and catalog.contact else ""
    return config.user_agent or f"MaineCareDispatcher/0.1 (+{config.public_url}{contact})"


def _take(slugs: Sequence[str] | None) -> list[Source]:
    """Lease the sources to poll; one that somebody else polls at this moment is left to them."""
    with transaction.atomic():
        now = database_now()
        wanted = (
            Source.due(now)
            if slugs is None
            else Source.objects.filter(slug__in=slugs, dropped_at__isnull=True)
        )
        free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
        return [s for s in wanted if Source.objects.filter(free, id=s.id).update(lease_until=now + _LEASE)]


def _request(source: Source) -> Request:
    declared = Declared.of(source.kind, source.url, source.declared)
    # After a failure, a degraded answer or a change of how we read, a 304 could hide something never processed.
    trusted = source.outcome in {"ok", "unchanged"} and source.read_hash == declared.read_hash
    return Request(
        url=source.url,
        etag=source.etag if trusted else "",
        last_modified=source.last_modified if trusted else "",
        allow_private=declared.allow_private,
        user_agent=declared.user_agent,
    )


def _settled(source: Source, answer: Answer | DispatcherError, config: Config) -> Polled:
    try:
        return _settle(source, answer, config)
    except OperationalError:
        raise  # the database is busy or away: that is no fault of the source
    except Exception as failure:
        # What one source sends may keep the others neither from being saved nor from being mailed.
        log.exception("an answer could not be saved")
        problem = Unreadable(f"saving it failed: {type(failure).__name__}: {failure}")
        return _failed(source, problem, Declared.of(source.kind, source.url, source.declared))


def _settle(source: Source, answer: Answer | DispatcherError, config: Config) -> Polled:
    declared = Declared.of(source.kind, source.url, source.declared)
    if isinstance(answer, DispatcherError):
        return _failed(source, answer, declared)
    body_hash = hashlib.sha256(answer.body).hexdigest() if answer.status == 200 else source.body_hash
    same = answer.status == 304 or (source.body_hash == body_hash and source.read_hash == declared.read_hash)
    if same and source.outcome in {"ok", "unchanged"}:
        return _unchanged(source, answer, declared)
    reading = _read(declared, answer)
    if isinstance(reading, DispatcherError):
        return _failed(source, reading, declared)
    return _save(source, answer, body_hash, reading, declared, config)


def _read(declared: Declared, answer: Answer) -> Reading | DispatcherError:
    try:
        return read(declared, answer)
    except DispatcherError as failure:
        return failure
    except Exception as failure:
        # No document may keep the other sources from being polled, whatever it does to a parser.
        log.exception("a document broke its reader")
        return Unreadable(f"reading it failed: {type(failure).__name__}: {failure}")


def read(declared: Declared, answer: Answer) -> Reading:
    """The records of an answer. Raises Unreadable."""
    if declared.kind == "page":
        select, patterns = declared.select, declared.patterns
        return pages.read(
            answer.body,
            answer.content_type,
            answer.url,
            select,
            patterns,
            declared.dated_only,
            declared.minimum_records,
        )
    return feeds.read(answer.body, answer.content_type, answer.url)


def _save(
    source: Source, answer: Answer, body_hash: str, reading: Reading, declared: Declared, config: Config
) -> Polled:
    """Items, bulletins and validators in one transaction: validators saved earlier would hide the items after a crash."""
    with transaction.atomic():
        now = database_now()
        row = Source.objects.select_for_update().get(id=source.id)
        if row.read_hash != declared.read_hash:
            row.baselined_at = None  # read in another way, what was there before looks new and is not
        taken = intake.take_in(row, reading, declared, now, flood_limit=config.flood_limit)
        _stamp(row, "degraded" if reading.degraded else "ok", now, declared)
        row.problem = "; ".join(reading.degraded)
        row.read_hash = declared.read_hash
        row.body_hash = body_hash
        row.etag, row.last_modified = answer.etag, answer.last_modified
        row.last_new_at = now if taken.new or taken.revised else row.last_new_at
        row.save()
    reach(Failpoint.AFTER_ITEM_COMMIT)
    return Polled(
        row.slug, row.outcome, taken.seen, taken.new, taken.held, taken.revised, taken.baseline, row.problem
    )


def _unchanged(source: Source, answer: Answer, declared: Declared) -> Polled:
    with transaction.atomic():
        row = Source.objects.select_for_update().get(id=source.id)
        _stamp(row, "unchanged", database_now(), declared)
        row.problem = ""
        row.etag, row.last_modified = answer.etag or row.etag, answer.last_modified or row.last_modified
        row.save()
    return Polled(row.slug, "unchanged")


def _failed(source: Source, failure: DispatcherError, declared: Declared) -> Polled:
    with transaction.atomic():
        now = database_now()
        row = Source.objects.select_for_update().get(id=source.id)
        row.failures += 1
        row.outcome, row.problem = (
            "failed",
            clean_reply(str(failure)),
        )  # it may quote bytes that no database takes
        row.polled_at, row.lease_until = now, None
        row.due_at = now + _patience(declared.every, row.failures, failure)
        row.save()
    return Polled(row.slug, "failed", problem=row.problem)


def _stamp(row: Source, outcome: str, now: datetime, declared: Declared) -> None:
    row.outcome, row.failures = outcome, 0
    row.polled_at = row.last_success_at = now
    row.lease_until = None
    row.due_at = now + declared.every * uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 -- spreads load, guards nothing


def _patience(every: timedelta, failures: int, failure: DispatcherError) -> timedelta:
    doubled = every * float(2 ** min(failures, 10))
    wait = min(doubled, _LONGEST_WAIT) * uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 -- as above
    asked = failure.retry_after if isinstance(failure, Unreachable) and failure.retry_after else 0
    return max(wait, min(timedelta(seconds=asked), _LONGEST_WAIT))


def everything() -> list[str]:
    """The slugs of all enabled sources."""
    return list(Source.objects.filter(enabled=True, dropped_at__isnull=True).values_list("slug", flat=True))
