"""Re-keying: which record under an unknown identity is an item that we know? Publishers give new keys to what did not change. Pure.

One record must agree in two things with its item. Where most of what is unknown agrees in any one thing, the whole feed got new
keys. A title, link or text that several share tells none of them apart.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatcher.formats.html import normalised_title
from dispatcher.sources.identity import Identity, canonical, text_hash
from dispatcher.sources.likeness import alike, contradict
from dispatcher.sources.reading import Record

_MANY = 4
_MOST = 0.6
_ANOTHER_TITLE = 0.6


@dataclass(frozen=True, slots=True)
class Known:
    """An item as it was last read. `is_shown`: this fetch has it under an identity of its own."""

    id: int
    title: str
    link: str
    published_at: datetime | None
    text_hash: str
    is_shown: bool = False


def reused(identity: Identity, known: Known, record: Record) -> bool:
    """Did the publisher give the guid of one article to another?"""
    if identity.kind != "guid":
        return False
    has_moved = canonical(known.link) != canonical(record.link)
    return contradict(known.title, record.title) or (
        has_moved and alike(known.title, record.title) < _ANOTHER_TITLE
    )


def pairs(fresh: Sequence[Record], known: Sequence[Known], page_url: str) -> dict[int, int]:
    """Place of a record → id of the item that it is."""
    if all(one.is_shown for one in known):
        return {}
    read = [Known(place, r.title, r.link, r.published_at, text_hash(r)) for place, r in enumerate(fresh)]
    absent = [one for one in known if not one.is_shown]
    # So few must agree in their title, whatever else they have. 10,000 links take a second to read.
    if len(fresh) < _MANY and {_title(one) for one in read}.isdisjoint(map(_title, absent)):
        return {}
    links = Counter(_link(one) for one in [*known, *read])
    # Once among the known and once among the unknown: what else leads there is another item.
    unshared = {link for link, count in links.items() if count <= 2} - {"", canonical(page_url)}
    found = _paired(read, absent, _agreements(unshared))
    if len(fresh) < _MANY or len(found) < _MOST * len(fresh):
        found = _paired(read, absent, _agreements(unshared, at_least_two=True))
    return found


Key = Callable[[Known], Hashable]


def _title(one: Known) -> str:
    return normalised_title(one.title)


def _link(one: Known) -> str:
    return canonical(one.link)


def _agreements(unshared: set[str], *, at_least_two: bool = False) -> list[Key]:
    """What a record and its item must have in common, any of these. None: it has nothing of the kind."""
    link: Key = lambda one: found if (found := _link(one)) in unshared else None  # noqa: E731 -- one of a list of keys
    keys: list[Key] = [link, lambda one: one.text_hash or None]
    if not at_least_two:
        return [*keys, _title]
    return [_with_title(key) for key in [*keys, lambda one: one.published_at]]


def _with_title(key: Key) -> Key:
    return lambda one: None if key(one) is None else (_title(one), key(one))


def _paired(read: Sequence[Known], absent: Sequence[Known], keys: Iterable[Key]) -> dict[int, int]:
    found: dict[int, int] = {}
    for key in keys:
        named, items = _by(key, read), _by(key, absent)
        for value in named.keys() & items.keys():
            one, item = named[value], items[value]
            is_free = one.id not in found and item.id not in found.values()
            if is_free and not contradict(one.title, item.title):
                found[one.id] = item.id
    return found


def _by(key: Key, those: Sequence[Known]) -> dict[Hashable, Known]:
    """Those whose key no other has."""
    keyed = [(key(one), one) for one in those]
    counted = Counter(value for value, _ in keyed)
    return {value: one for value, one in keyed if value is not None and counted[value] == 1}
