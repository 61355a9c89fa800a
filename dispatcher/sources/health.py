"""Health: what is wrong with each source, since when, and what a person can do about it, from rows alone.

Nothing is ever switched off by it. What a person has acknowledged is told again only if it happens again.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from django.db import transaction
from django.db.models import Count

from dispatcher.formats.dates import MAINE
from dispatcher.formats.kinds import is_list
from dispatcher.models import Bulletin, BulletinState, Journal, Source
from dispatcher.models.clock import database_now
from dispatcher.sources import rhythm, statements
from dispatcher.sources.hosts import host_group

FAILURES_TOLD = 3
FLOOD_SHARE = 3  # times what a busy day brings: more at once is held

_MOVED_FOR = timedelta(days=3)
_QUIET_FOR = timedelta(days=14)
_QUIET_SHARE = 3  # times what the source itself takes between two items
_LOOKED_BACK = timedelta(days=366)
_LEAST_GAPS = 5  # fewer say nothing about a rhythm

# And a degraded page: from then on it may be as short as it is.
_SEEN_IS_ENOUGH = frozenset({"moved", "gap", "scope changed", "silent"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `state`: one of the words of `sources list`; `what` in words; `remedy`: the next step."""

    state: str
    what: str
    since: datetime
    remedy: str


@dataclass(frozen=True, slots=True)
class Look:
    """One source as an operator sees it. `troubles` are for operators; a first failure is a state, and no trouble yet."""

    source: Source
    state: str
    problem: str
    troubles: tuple[Trouble, ...]


def looks(now: datetime) -> list[Look]:
    """Every source that topics.yaml names, in its order."""
    held = Bulletin.objects.filter(state=BulletinState.HELD, source__isnull=False).order_by()
    counts = dict(held.values_list("source_id").annotate(Count("id")))
    return [_look(one, counts.get(one.id, 0), now) for one in Source.objects.filter(dropped_at__isnull=True)]


def look(source: Source, now: datetime) -> Look:
    """One of them."""
    return _look(source, Bulletin.objects.filter(source=source, state=BulletinState.HELD).count(), now)


def acknowledge(source: Source, *, actor: str, facts: Mapping[str, object] | None = None) -> str:
    """A person has seen what is wrong and cannot be mended here; it is told again if it happens again. Returns what that is."""
    with transaction.atomic():
        now = database_now()
        enough = _SEEN_IS_ENOUGH | ({"degraded"} if is_list(source.kind) else set())
        seen = [trouble for trouble in look(source, now).troubles if trouble.state in enough]
        if seen:
            Source.objects.filter(id=source.id).update(acknowledged_at=now)
            states = [one.state for one in seen]
            Journal.append(
                at=now,
                actor=actor,
                door="shell",
                verb="acknowledge",
                subject=f"source:{source.slug}",
                facts={"states": states, **(facts or {})},
            )
    return "; ".join(one.what for one in seen)


def usual(source: Source, now: datetime) -> tuple[timedelta | None, int]:
    """p95 of the time between new items, and p99 of new items a day, over a year of the source's own."""
    begun = max(now - _LOOKED_BACK, source.baselined_at or now)
    seen = dict(statements.usual(source, begun))
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(seen)]
    usual_gap = timedelta(seconds=rhythm.percentile(gaps, 0.95)) if len(gaps) >= _LEAST_GAPS else None
    return usual_gap, _daily(seen, begun, now)


def _daily(seen: Mapping[datetime, int], begun: datetime, now: datetime) -> int:
    """Days without anything count, too."""
    days: Counter[date] = Counter()
    for moment, count in seen.items():
        days[moment.astimezone(MAINE).date()] += count
    quiet = max(0, math.ceil((now - begun) / timedelta(days=1)) - len(days))
    return int(rhythm.percentile([*days.values(), *[0] * quiet], 0.99)) if days else 0


def _look(source: Source, held: int, now: datetime) -> Look:
    if not source.enabled or source.dropped_at is not None:
        return Look(source, "disabled", source.declared.get("reason") or "", ())
    troubles = (*_polling(source), *_holding(source, held), *_unacknowledged(source, now))
    serious = tuple(one for one in troubles if one.state not in _FAILING or _is_serious(source))
    state = troubles[0].state if troubles else "fine" if source.last_success_at else "new"
    return Look(source, state, "; ".join(map(_in_words, troubles)), serious)


_FAILING = ("failing", "challenged")


def _is_serious(source: Source) -> bool:
    """A source that never answered is told of at once: somebody has just declared it."""
    return source.failures >= FAILURES_TOLD or source.last_success_at is None


def _in_words(trouble: Trouble) -> str:
    return f"{trouble.what}, since {trouble.since.astimezone(MAINE):%Y-%m-%d %H:%M} Eastern"


def _polling(source: Source) -> Iterator[Trouble]:
    since = source.unwell_since or source.polled_at or source.due_at
    remedy = f"`dispatcher sources preview {source.slug}`"
    if source.failures and source.outcome == "challenged":
        ask = "ask the site's operator to let us in; do not pretend to be a browser"
        yield Trouble("challenged", source.problem, since, ask)
    elif source.failures:
        yield Trouble("failing", source.problem, since, remedy)
    elif source.outcome == "degraded":
        remedy += f"; if its list is shorter for good, {_ack(source)}" if is_list(source.kind) else ""
        yield Trouble("degraded", source.problem, since, remedy)


def _holding(source: Source, held: int) -> Iterator[Trouble]:
    if held:
        oldest = Bulletin.objects.filter(source=source, state=BulletinState.HELD).order_by("first_seen_at")[0]
        remedy = f"`dispatcher bulletins list --state held`, then `dispatcher sources release {source.slug}` or `discard`"
        yield Trouble("holding", f"holds back {held} for a person to look at", oldest.first_seen_at, remedy)


def _unacknowledged(source: Source, now: datetime) -> Iterator[Trouble]:
    """What may be all right: a person looks once, and says so."""
    seen = source.acknowledged_at
    yield from _moved(source, now)
    found = (*_gap(source), *_scope(source), *_silent(source, now))
    yield from (one for one in found if seen is None or one.since > seen)


def _moved(source: Source, now: datetime) -> Iterator[Trouble]:
    """Told only after days: who acknowledged something else before that has not seen it."""
    told = source.moved_since + _MOVED_FOR if source.moved_since else None
    is_seen = told and source.acknowledged_at and source.acknowledged_at >= told
    if source.moved_since and told and told <= now and not is_seen:
        yield Trouble(
            "moved", f"has moved to {source.moved_to}", source.moved_since,
            f"in topics.yaml, {source.slug}: `url: {source.moved_to}`{_doubt(source)}",
        )  # fmt: skip


def _doubt(source: Source) -> str:
    """A move within one publisher is only a matter of form; another one must be vouched for by a person."""
    if host_group(source.moved_to) != host_group(source.url):
        return "; it is another domain, so ask its publisher first"
    return "; it is not encrypted, so ask its publisher first" if source.moved_to.startswith("http:") else ""


def _gap(source: Source) -> Iterator[Trouble]:
    if source.gap_at:
        what = "an answer shared nothing with the one before: notices in between may be lost"
        remedy = f"look at its archive page for what we never had, then {_ack(source)}"
        yield Trouble("gap", what, source.gap_at, remedy)


def _scope(source: Source) -> Iterator[Trouble]:
    if source.about_changed_at:
        what = f"calls itself {source.about[:100]!r}, before it was {source.about_before[:100]!r}"
        remedy = f"is it still the source that topics.yaml means? Then {_ack(source)}"
        yield Trouble("scope changed", what, source.about_changed_at, remedy)


def _silent(source: Source, now: datetime) -> Iterator[Trouble]:
    """`since`: when its silence became longer than usual; an acknowledgement after that holds until it has spoken again."""
    if source.baselined_at is None or source.last_success_at is None or source.failures:
        return
    spoke = source.last_new_at or source.baselined_at
    since = spoke + max(_QUIET_FOR, _QUIET_SHARE * (source.usual_gap or timedelta()))
    if now > since:
        remedy = f"has the publisher moved, or nothing to say? Look at {source.url}; if all is well, {_ack(source)}"
        yield Trouble("silent", f"nothing new for {(now - spoke).days} days", since, remedy)


def _ack(source: Source) -> str:
    return f"`dispatcher sources ack {source.slug}`"
