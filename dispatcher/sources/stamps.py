"""What a poll leaves in the row of its source: how it ended, what was noticed on the way, and when it is due again.

It sets attributes; the verb that called saves them in its transaction. It never touches an item or a bulletin.
"""

from datetime import datetime, timedelta
from random import random

from dispatcher.errors import Challenged, DispatcherError, Unreachable
from dispatcher.formats.kinds import is_list
from dispatcher.formats.verdicts import clean_reply
from dispatcher.models import Source
from dispatcher.sources import rhythm
from dispatcher.sources.declared import Declared
from dispatcher.sources.fetch import Answer
from dispatcher.sources.reading import Reading
from dispatcher.sources.rhythm import Wishes


def succeeded(row: Source, outcome: str, answer: Answer, declared: Declared, now: datetime) -> None:
    """It answered, and what it said is saved with this row."""
    _ended(row, outcome, now)
    row.failures = 0
    row.last_success_at = now
    row.unwell_since = (row.unwell_since or now) if outcome == "degraded" else None
    _note_move(row, answer, now)
    quiet_for = now - (row.last_new_at or row.baselined_at or now)
    every = rhythm.interval(declared.every, quiet_for, official=declared.official)
    row.due_at = rhythm.after_success(now, every, [_seconds(answer.fresh_seconds)], _wishes(row), _chance())


def failed(row: Source, failure: DispatcherError, declared: Declared, now: datetime) -> None:
    """Nothing is inferred from it, and it is asked again later each time."""
    _ended(row, "challenged" if isinstance(failure, Challenged) else "failed", now)
    row.failures += 1
    row.problem = clean_reply(str(failure))  # it may quote bytes that no database takes
    row.unwell_since = row.unwell_since or now
    asked = _seconds(failure.retry_after) if isinstance(failure, Unreachable) else None
    row.due_at = rhythm.after_failure(now, declared.every, row.failures, asked, _wishes(row), _chance())


def cut_off(row: Source, now: datetime) -> None:
    """Our own network is down: that is no word about the source, whose outcome stays what it was."""
    row.cut_off_since = row.cut_off_since or now
    row.lease_until = None
    row.due_at = rhythm.after_outage(now, _chance())


def read(row: Source, reading: Reading, seen: int, new: int, now: datetime) -> None:
    """What the document says of itself, and whether items may have been lost since the last one: `seen` are in it, `new` of them."""
    row.wishes = Wishes(reading.ttl, reading.skip_hours, reading.skip_days).as_json()
    if reading.degraded or not reading.whole:
        return
    # A feed that holds nothing we know has rolled over, and more than once for all we know.
    if not is_list(row.kind) and row.last_count and seen and seen == new:
        row.gap_at = now
    row.last_count = seen
    _note_about(row, reading.about, now)


def _ended(row: Source, outcome: str, now: datetime) -> None:
    row.outcome = outcome
    row.polled_at = now
    row.lease_until = row.cut_off_since = None


def _note_move(row: Source, answer: Answer, now: datetime) -> None:
    """Where permanent redirects lead, and since when they lead there."""
    moved_to = answer.moved_to or ""
    if moved_to != row.moved_to:
        row.moved_to, row.moved_since = moved_to, now if moved_to else None


def _note_about(row: Source, about: str, now: datetime) -> None:
    if about == row.about:
        return
    if row.about:
        row.about_before, row.about_changed_at = row.about, now
    row.about = about


def _wishes(row: Source) -> Wishes:
    return Wishes.from_json(row.wishes)


def _seconds(told: float | None) -> timedelta | None:
    return None if told is None else timedelta(seconds=told)


def _chance() -> float:
    return random()  # noqa: S311 -- spreads load, guards nothing
