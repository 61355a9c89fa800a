"""Intake: from the records of one poll to items and revisions, and what they say to `news`. Runs inside the poll's transaction.

Items are looked up in everything the source ever published. What the first complete poll finds is the baseline and mails nobody;
what is late or comes in a flood is held for a person. Nothing is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher.formats.html import normalised_title
from dispatcher.models import BulletinState, Item, Revision, Source
from dispatcher.sources import news
from dispatcher.sources.declared import Declared
from dispatcher.sources.identity import Identity, change_hash, identify_all, significant, text_hash
from dispatcher.sources.news import Fate
from dispatcher.sources.reading import Reading, Record
from dispatcher.sources.recall import MOST_ALIASES, Identified, recall
from dispatcher.sources.shelf import Shelf
from dispatcher.sources.sightings import revision_record

_AHEAD = timedelta(days=1)  # zones and slow clocks account for less
_FEW = 4  # of all that a source shows, fewer may well be new at once


@dataclass(frozen=True, slots=True)
class Taken:
    """How many records of a poll were seen, new, held, revised; whether it was the first poll, and whether anything was news."""

    seen: int
    new: int
    held: int
    revised: int
    baseline: bool
    is_news: bool


def take_in(
    source: Source, reading: Reading, declared: Declared, now: datetime, *, flood_limit: int
) -> Taken:
    """Save one reading. A first poll that was cut short does not finish the baseline: the next one is silent too."""
    baseline = source.baselined_at is None
    identified = identify_all(source.kind, reading.records, source.url)
    recalled = recall(source, identified, now)
    # Feeds list the newest first; bulletins count up in the order of events.
    fresh = recalled.fresh[::-1]
    changed = [one for one in recalled.known if _says_more(*one)]
    late = {identity.value for identity, record in fresh if _is_late(record, declared, now)}
    telling = sum(_matters(item, record) for item, _, record in changed)
    flood = len(fresh) - len(late) + telling > flood_limit
    usual = news.NEWS
    if baseline:
        usual = news.BASELINE
    elif flood:
        usual = news.FLOOD
    elif not recalled.known and _are_strange(source, fresh):
        usual = news.STRANGE
    shelf = Shelf(source.id, now)
    fates = []
    first = _new_items(source, fresh, now)
    for (identity, _), said in zip(fresh, first, strict=True):
        fate = news.LATE if identity.value in late and not baseline else usual
        fates.append(news.announce(said, fate, shelf))
    Revision.objects.bulk_create(first)
    for item, identity, record in changed:
        is_rekeyed = item.id in recalled.rekeyed
        fates.append(_revise(item, identity, record, now, usual, shelf, is_rekeyed=is_rekeyed))
    shelf.write_down()
    if baseline and reading.whole:
        source.baselined_at = now
    held = sum(fate.state is BulletinState.HELD for fate in fates)
    is_news = bool(fresh) or any(fate is not news.SILENT for fate in fates)
    return Taken(len(identified), len(fresh), held, len(changed), baseline, is_news)


def _is_late(record: Record, declared: Declared, now: datetime) -> bool:
    if declared.late_after is None or record.published_at is None:
        return False
    return record.published_at < now - declared.late_after


def _are_strange(source: Source, fresh: Sequence[Identified]) -> bool:
    """Old articles under new guids, rewritten besides? What came while nobody could ask is dated since then."""
    if source.last_success_at is None or len(fresh) < _FEW:
        return False
    asked = source.last_success_at - _AHEAD  # many give a day, and no hour
    return all(
        identity.kind == "guid" and (record.published_at is None or record.published_at < asked)
        for identity, record in fresh
    )


def _new_items(source: Source, fresh: Sequence[Identified], now: datetime) -> list[Revision]:
    """What they say first, not saved yet: it gets its notes when it is announced. Row by row, 500 of them took a second more."""
    items = [
        Item(
            source=source,
            identity=identity.value,
            identity_kind=identity.kind,
            title=record.title,
            link=record.link,
            published_at=record.published_at,
            text_hash=text_hash(record),
            first_seen_at=now,
            last_seen_at=now,
        )
        for identity, record in fresh
    ]
    Item.objects.bulk_create(items)
    return [_revision(item, 1, *one, now) for item, one in zip(items, fresh, strict=True)]


def _says_more(item: Item, identity: Identity, record: Record) -> bool:
    """Something it never said before; what flaps between earlier versions is silent."""
    return change_hash(record, identity) not in {revision.change_hash for revision in item.revisions.all()}


def _matters(item: Item, record: Record) -> bool:
    """A clock in every entry may change all of them at every poll: that is no flood, and holds nothing back."""
    return significant(revision_record(list(item.revisions.all())[-1]), record)


def _revise(
    item: Item,
    identity: Identity,
    record: Record,
    now: datetime,
    usual: Fate,
    shelf: Shelf,
    *,
    is_rekeyed: bool,
) -> Fate:
    """Keep what it says now. A new key brings new addresses: of what got one, only other words are a change."""
    said = list(item.revisions.all())
    before = revision_record(said[-1])
    says_the_same = _words(before) == _words(record)
    is_same = says_the_same and is_rekeyed
    revision = _revision(item, said[-1].number + 1, identity, record, now)
    if says_the_same and len(said) > MOST_ALIASES and (is_same or not significant(before, record)):
        # It has new addresses at every fetch: the latest are enough.
        revision.pk, revision.number = said[-1].pk, said[-1].number
        item.origins.filter(revision=revision.number).update(traits=0)  # it has other links now
    revision.save()
    item.title, item.link, item.published_at = record.title, record.link, record.published_at
    item.text_hash = text_hash(record)
    item.save(update_fields=["title", "link", "published_at", "text_hash"])
    return news.SILENT if is_same else news.revise(revision, before, usual, shelf)


def _words(record: Record) -> tuple[str, str]:
    return normalised_title(record.title), text_hash(record)


def _revision(item: Item, number: int, identity: Identity, record: Record, now: datetime) -> Revision:
    return Revision(
        item=item,
        number=number,
        change_hash=change_hash(record, identity),
        title=record.title,
        link=record.link,
        body_html=record.body_html,
        categories=list(record.categories),
        published_at=record.published_at,
        seen_at=now,
        notes=[*record.notes, *_too_early(record, now)],
    )


def _too_early(record: Record, now: datetime) -> list[str]:
    """A wrong date delays nothing, but a person should know that it was given."""
    is_ahead = record.published_at is not None and record.published_at > now + _AHEAD
    return ["its date is more than a day ahead"] if is_ahead else []
