"""Intake: from the records of one poll to items, revisions and bulletins. Runs inside the poll's transaction.

Items are looked up in everything the source ever published. What the first complete poll finds is the baseline and mails nobody;
what is late or comes in a flood is held for a person. Nothing is dropped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dispatcher.models import Bulletin, BulletinState, Item, Origin, Revision, Source
from dispatcher.sources.declared import Declared
from dispatcher.sources.identity import Identity, change_hash, identify_all, lifecycle, significant
from dispatcher.sources.reading import Reading, Record


@dataclass(frozen=True, slots=True)
class Taken:
    """How many records of a poll were seen, new, held, revised; and whether it was the first poll."""

    seen: int
    new: int
    held: int
    revised: int
    baseline: bool


@dataclass(frozen=True, slots=True)
class _Fate:
    """The state that a bulletin begins in, and why if it is held."""

    state: BulletinState
    why: str = ""


_BASELINE = _Fate(BulletinState.BASELINE)
_NEWS = _Fate(BulletinState.UNMATCHED)
_LATE = _Fate(BulletinState.HELD, "late: published long before we first saw it")
_FLOOD = _Fate(BulletinState.HELD, "flood: more new items in one poll than this source ever has")


def take_in(
    source: Source, reading: Reading, declared: Declared, now: datetime, *, flood_limit: int
) -> Taken:
    """Save one reading. A first poll that was cut short does not finish the baseline: the next one is silent too."""
    baseline = source.baselined_at is None
    identified = identify_all(source.kind, reading.records, source.url)
    known = _known(source, (identity for identity, _ in identified), now)
    # Feeds list the newest first; bulletins count up in the order of events.
    fresh = [one for one in reversed(identified) if one[0].value not in known]
    late = [_is_late(record, declared, now) for _, record in fresh]
    news = _BASELINE if baseline else _FLOOD if late.count(False) > flood_limit else _NEWS
    fates = [_LATE if is_late and not baseline else news for is_late in late]
    for (identity, record), fate in zip(fresh, fates, strict=True):
        _new_item(source, identity, record, now, fate)
    revised = [
        _revise(source, known[i.value], i, record, now) for i, record in identified if i.value in known
    ]
    if baseline and reading.whole:
        source.baselined_at = now
    held = sum(fate.state is BulletinState.HELD for fate in fates)
    return Taken(len(identified), len(fresh), held, sum(revised), baseline)


def _known(source: Source, identities: Iterable[Identity], now: datetime) -> dict[str, Item]:
    items = source.items.filter(identity__in=[identity.value for identity in identities])
    items.update(last_seen_at=now)
    return {item.identity: item for item in items.prefetch_related("revisions")}


def _is_late(record: Record, declared: Declared, now: datetime) -> bool:
    if declared.late_after is None or record.published_at is None:
        return False
    return record.published_at < now - declared.late_after


def _new_item(source: Source, identity: Identity, record: Record, now: datetime, fate: _Fate) -> None:
    item = Item.objects.create(
        source=source,
        identity=identity.value,
        identity_kind=identity.kind,
        title=record.title,
        link=record.link,
        published_at=record.published_at,
        first_seen_at=now,
        last_seen_at=now,
    )
    _bulletin(source, _revision(item, 1, identity, record, now), fate)


def _revise(source: Source, item: Item, identity: Identity, record: Record, now: datetime) -> bool:
    """True if the item says something it never said before; what flaps between earlier versions is silent."""
    said = list(item.revisions.all())
    if change_hash(record, identity) in {revision.change_hash for revision in said}:
        return False
    revision = _revision(item, said[-1].number + 1, identity, record, now)
    item.title, item.link, item.published_at = record.title, record.link, record.published_at
    item.save(update_fields=["title", "link", "published_at"])
    if significant(_as_record(said[-1]), record):
        first = Bulletin.objects.filter(origins__item=item).order_by("id").first()
        _bulletin(source, revision, _BASELINE if source.baselined_at is None else _NEWS, corrects=first)
    return True


def _as_record(revision: Revision) -> Record:
    return Record(
        guid="",
        title=revision.title,
        link=revision.link,
        body_html=revision.body_html,
        published_at=revision.published_at,
        categories=tuple(revision.categories),
    )


def _revision(item: Item, number: int, identity: Identity, record: Record, now: datetime) -> Revision:
    return Revision.objects.create(
        item=item,
        number=number,
        change_hash=change_hash(record, identity),
        title=record.title,
        link=record.link,
        body_html=record.body_html,
        categories=list(record.categories),
        published_at=record.published_at,
        seen_at=now,
        notes=list(record.notes),
    )


def _bulletin(source: Source, said: Revision, fate: _Fate, *, corrects: Bulletin | None = None) -> None:
    bulletin = Bulletin.objects.create(
        title=said.title,
        url=said.link,
        body_html=said.body_html,
        type=lifecycle(said.title, said.body_html),
        state=fate.state,
        held_because=fate.why,
        source=source,
        categories=said.categories,
        published_at=said.published_at,
        first_seen_at=said.seen_at,
        corrects=corrects,
    )
    Origin.objects.create(bulletin=bulletin, item=said.item, revision=said.number, part="")
