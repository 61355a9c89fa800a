"""Recall: which records of a fetch are items that the source published before, under whatever key, and which are new?

Looked up in everything ever seen. What got a new key is remembered under it as well, without a word. Runs inside the
poll's transaction.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatcher.formats.html import normalised_title
from dispatcher.models import Alias, Item, Source
from dispatcher.sources import rekey, statements
from dispatcher.sources.identity import Identity, text_hash
from dispatcher.sources.reading import Record
from dispatcher.sources.rekey import Known

Identified = tuple[Identity, Record]
MOST_ALIASES = 8  # of an item
_REUSED = "its guid was another article's before"


@dataclass(frozen=True, slots=True)
class Recalled:
    """`known`: what was seen before, each item once; `rekeyed`: the ids of those that just got a new key."""

    fresh: list[Identified]
    known: list[tuple[Item, Identity, Record]]
    rekeyed: frozenset[int]


def recall(source: Source, identified: Sequence[Identified], now: datetime) -> Recalled:
    """Tell what is known from what is new, and stamp what is known as seen."""
    found = _by_identity(source, [identity.value for identity, _ in identified])
    named = [_apart(source, *one, found) for one in identified]
    unknown = [one for one in named if one[0].value not in found]
    rekeyed = _rekey(source, unknown, found, now) if unknown else {}
    found |= rekeyed
    known = {item.id: (item, *one) for one in reversed(named) if (item := found.get(one[0].value))}
    if known:
        source.items.filter(id__in=known).update(last_seen_at=now)
    fresh = [one for one in unknown if one[0].value not in rekeyed]
    return Recalled(fresh, list(known.values())[::-1], frozenset(item.id for item in rekeyed.values()))


def _by_identity(source: Source, values: Iterable[str]) -> dict[str, Item]:
    wanted = list(values)
    found = {item.identity: item for item in statements.items(source, wanted)}
    if aliases := statements.aliases(source, wanted):
        named = source.items.filter(id__in=aliases.values()).prefetch_related("revisions").in_bulk()
        found = {identity: named[item] for identity, item in aliases.items()} | found
    return found


def _apart(source: Source, identity: Identity, record: Record, found: dict[str, Item]) -> Identified:
    """A record under a guid that was another article's gets a name of its own: the guid and a number, the same at each poll."""
    value, number = identity.value, 1
    while (item := found.get(identity.value)) and (
        rekey.reused(identity, _known(item, set()), record) or _is_anothers(source, item, record)
    ):
        number += 1
        identity = replace(identity, value=f"{value} ~{number}")
        found |= _by_identity(source, [identity.value])
    return identity, replace(record, notes=(*record.notes, _REUSED)) if number > 1 else record


def _is_anothers(source: Source, item: Item, record: Record) -> bool:
    """Two that shared a key were told apart by something else; now one of them stands there alone, under the key of the other."""
    title = normalised_title(record.title)
    if title == normalised_title(item.title):  # nearly always
        return False
    said = text_hash(record)
    alike = source.items.filter(text_hash=said).exclude(id=item.id)
    return any(
        normalised_title(one.title) == title and (said or one.published_at == record.published_at)
        for one in alike
    )


def _rekey(
    source: Source, unknown: Sequence[Identified], found: dict[str, Item], now: datetime
) -> dict[str, Item]:
    shown = {item.id for item in found.values()}
    known = [Known(*one, one[0] in shown) for one in statements.known(source)]
    paired = rekey.pairs([record for _, record in unknown], known, source.url)
    if not paired:  # nearly always; Django takes 1 ms over questions about nobody
        return {}
    items = {
        item.id: item for item in source.items.filter(id__in=paired.values()).prefetch_related("revisions")
    }
    renamed = {unknown[place][0].value: items[item_id] for place, item_id in paired.items()}
    Alias.objects.bulk_create(
        Alias(source=source, identity=value, item=item, added_at=now) for value, item in renamed.items()
    )
    _forget_eldest(paired.values())
    return renamed


def _forget_eldest(items: Iterable[int]) -> None:
    """A feed that makes up new guids for every fetch would add rows for ever. One that is met again is known by what it says."""
    kept: Counter[int] = Counter()
    eldest = []
    for alias, item in Alias.objects.filter(item__in=items).order_by("-id").values_list("id", "item_id"):
        kept[item] += 1
        if kept[item] > MOST_ALIASES:
            eldest.append(alias)
    if eldest:
        Alias.objects.filter(id__in=eldest).delete()


def _known(item: Item, shown: set[int]) -> Known:
    return Known(item.id, item.title, item.link, item.published_at, item.text_hash, item.id in shown)
