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


_SILENT = _Fate(BulletinState.DISMISSED)  # kept as a revision only, no bulletin is made
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
    changed = [one for one in identified if one[0].value in known and _says_more(known[one[0].value], *one)]
    late = {identity.value for identity, record in fresh if _is_late(record, declared, now)}
    flood = len(fresh) - len(late) + len(changed) > flood_limit
    usual = _BASELINE if baseline else _FLOOD if flood else _NEWS
    fates = [_LATE if identity.value in late and not baseline else usual for identity, _ in fresh]
    for (identity, record), fate in zip(fresh, fates, strict=True):
        _new_item(source, identity, record, now, fate)
    for identity, record in changed:
        fates.append(_revise(source, known[identity.value], identity, record, now, usual))
    if baseline and reading.whole:
        source.baselined_at = now
    held = sum(fate.state is BulletinState.HELD for fate in fates)
    return Taken(len(identified), len(fresh), held, len(changed), baseline)


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


def _says_more(item: Item, identity: Identity, record: Record) -> bool:
    """Something it never said before; what flaps between earlier versions is silent."""
    return change_hash(record, identity) not in {revision.change_hash for revision in item.revisions.all()}


def _revise(
    source: Source, item: Item, identity: Identity, record: Record, now: datetime, usual: _Fate
) -> _Fate:
    """Keep what it says now. If that matters, it becomes a bulletin, which shares the fate of one that a person held back."""
    said = list(item.revisions.all())
    revision = _revision(item, said[-1].number + 1, identity, record, now)
    item.title, item.link, item.published_at = record.title, record.link, record.published_at
    item.save(update_fields=["title", "link", "published_at"])
    if not significant(_as_record(said[-1]), record):
        return _SILENT
    bulletins = Bulletin.objects.filter(origins__item=item).order_by("id")
    latest = bulletins.last()
    kept_back = latest is not None and latest.state in {BulletinState.HELD, BulletinState.DISMISSED}
    fate = _Fate(BulletinState(latest.state), latest.held_because) if latest and kept_back else usual
    _bulletin(source, revision, fate, corrects=bulletins.first())
    return fate


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
