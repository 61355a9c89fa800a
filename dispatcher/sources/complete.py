"""Complete: before a poll is saved, fetch e-mail messages in full whose feed holds only their beginning, or nothing of them.

What cannot be fetched is kept back for the next polls, for an hour at most; then it goes out with its title and its link, and says
so in its notes. What is known already, or is there at a first poll, is not fetched.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dispatcher.errors import DispatcherError
from dispatcher.models import Revision, Source, Waiting
from dispatcher.models.clock import database_now
from dispatcher.sources import asking, reader, statements
from dispatcher.sources.declared import Declared
from dispatcher.sources.fetch import Limits, Result
from dispatcher.sources.identity import canonical, named_by
from dispatcher.sources.questions import Question
from dispatcher.sources.reading import Reading, Record
from dispatcher.sources.texts import blocks

PATIENCE = timedelta(hours=1)
RETRY = timedelta(minutes=10)  # while something waits, however rarely its source is asked otherwise

_AT_ONCE = 5  # one host, one at a time: no more than the lease of a poll leaves time for
_WITHOUT_TEXT = "its page could not be fetched: title and link alone"

Body = str | None  # None: not to be had now


def whole(source: Source, reading: Reading, declared: Declared, limits: Limits, agent: str) -> Reading:
    """The reading with every message in full, and without those that wait."""
    is_baseline = source.baselined_at is None or source.read_hash != declared.read_hash
    cut = {
        name: one for one in reading.records if (name := _message(one)) and _is_cut(one) and not is_baseline
    }
    known = _known(source, list(cut))
    missing = {name: record for name, record in cut.items() if name not in known}
    found = known | _fetched(source, missing, limits, agent)
    waited = _waited(source, [name for name in missing if found[name] is None], database_now())
    records = tuple(_completed(reading.records, cut, found, waited))
    waiting = len(reading.records) - len(records)
    notes = (f"{waiting} messages wait for their whole text",) if waiting else ()
    return replace(reading, records=records, degraded=(*reading.degraded, *notes))


def _message(record: Record) -> str:
    """The identity of an e-mail message; nothing for other records."""
    named = named_by(canonical(record.link))
    return named.value if named and named.kind == "govdelivery" else ""


def _is_cut(record: Record) -> bool:
    text = blocks(record.body_html)
    return not text or text[-1].rstrip(" ])").endswith(("…", "..."))


def _known(source: Source, names: Sequence[str]) -> dict[str, Body]:
    """What known messages said last: the beginning that the feed holds is no news."""
    if not names:
        return {}
    said = Revision.objects.filter(item__source=source, item__identity__in=names).order_by("number")
    return {one.item.identity: one.body_html for one in said.select_related("item")}


def _waited(source: Source, names: Sequence[str], now: datetime) -> dict[str, timedelta]:
    """For how long each does; what no longer waits is forgotten."""
    if not names and not statements.waits(source):
        return {}
    source.waiting.exclude(identity__in=names).delete()
    Waiting.objects.bulk_create(
        [Waiting(source=source, identity=name, since=now) for name in names], ignore_conflicts=True
    )
    waited = {one.identity: now - one.since for one in source.waiting.all()}
    source.waiting.filter(since__lte=now - PATIENCE).delete()  # they go out now
    return waited


def _fetched(source: Source, missing: Mapping[str, Record], limits: Limits, agent: str) -> dict[str, Body]:
    names = list(missing)[:_AT_ONCE]
    if not names:
        return {}
    requests = [asking.for_link(source, canonical(missing[name].link)) for name in names]
    answers = asking.ask(requests, limits, agent)
    return dict.fromkeys(missing, None) | {
        name: _text(answer, missing[name].link) for name, answer in zip(names, answers, strict=True)
    }


def _text(answer: Result, link: str) -> Body:
    if isinstance(answer, DispatcherError):
        return None
    try:
        (message,) = reader.read(Question("message", answer.content_type, link), answer.body).records
    except DispatcherError:
        return None
    return message.body_html


def _completed(
    records: Sequence[Record],
    cut: Mapping[str, Record],
    found: Mapping[str, Body],
    waited: Mapping[str, timedelta],
) -> Iterator[Record]:
    for record in records:
        name = _message(record)
        body = found.get(name)
        if name not in cut or not _is_cut(record):
            yield record
        elif body is not None:
            yield replace(record, body_html=body)
        elif waited[name] >= PATIENCE:
            yield replace(record, notes=(*record.notes, _WITHOUT_TEXT))
