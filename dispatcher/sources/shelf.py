"""The shelf: what was told lately, as far as comparing goes, so that a later sighting finds the notice it belongs to.

Read once a poll, when something is new; what the poll itself announces is put on it. Runs inside the poll's transaction, and one
poll at a time: two that met the same notice at once would each take it for news.
"""

from datetime import datetime
from functools import cached_property, lru_cache

from django.db import connection

from dispatcher.models import Bulletin, Origin, Revision
from dispatcher.sources import likeness
from dispatcher.sources.identity import named_by
from dispatcher.sources.likeness import LOOK_BACK
from dispatcher.sources.notice import Notice
from dispatcher.sources.reading import Record

_LOCK = 0x6E6F7469  # any number that no other advisory lock has


class Shelf:
    """Sightings of bulletins that came from sources, those of staff apart."""

    def __init__(self, source_id: int, now: datetime) -> None:
        self._source_id, self._now = source_id, now

    def twin(self, notice: Notice) -> Bulletin | None:
        """The bulletin that this notice already is."""
        for bulletin, one in [*self._sightings, *_at_its_address(notice, self._source_id)]:
            if likeness.same(one, notice, one_source=self._source_id in self._sources.get(bulletin.id, ())):
                return bulletin
        return None

    def original(self, notice: Notice) -> Bulletin | None:
        """The bulletin that this notice, which bears a mark, speaks of. A reminder is nobody's original."""
        earlier = sorted(
            (one for one in self._sightings if one[1].mark != "reminder"),
            key=lambda one: one[1].at,
            reverse=True,
        )
        place = likeness.original(notice, [one for _, one in earlier])
        return None if place is None else earlier[place][0]

    def add(self, bulletin: Bulletin, notice: Notice) -> None:
        """A sighting at the source of this poll."""
        self._sightings.insert(0, (bulletin, notice))
        self._sources.setdefault(bulletin.id, set()).add(self._source_id)

    @cached_property
    def _sightings(self) -> list[tuple[Bulletin, Notice]]:
        """The latest first."""
        recent = Revision.objects.filter(item__origins__bulletin__first_seen_at__gte=self._now - LOOK_BACK)
        said = {(one.item_id, one.number): one for one in recent}
        return [
            (one.bulletin, _sighting(one, said.get((one.item_id, one.revision)))) for one in self._origins
        ]

    @cached_property
    def _sources(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = {}
        for one in self._origins:
            found.setdefault(one.bulletin_id, set()).add(one.item.source_id)
        return found

    @cached_property
    def _origins(self) -> list[Origin]:
        _alone()
        recent = Origin.objects.filter(bulletin__first_seen_at__gte=self._now - LOOK_BACK)
        return list(recent.select_related("bulletin", "item").order_by("-id"))


def _sighting(origin: Origin, said: Revision | None) -> Notice:
    """A part's text is its bulletin's; of a whole item it is what the item said."""
    record = revision_record(said) if said and not origin.part else bulletin_record(origin.bulletin)
    return _notice(record, origin.bulletin.first_seen_at)


# Every poll with news compares with the same notices as the one before, and reading one for sections and phrases takes 1 ms.
@lru_cache(maxsize=2_048)
def _notice(record: Record, at: datetime) -> Notice:
    return Notice.of(record, at)


def _alone() -> None:
    """On SQLite every transaction that writes is alone."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _at_its_address(notice: Notice, source_id: int) -> list[tuple[Bulletin, Notice]]:
    """An address that names one thing does so for ever, however long ago another source showed it."""
    named = named_by(notice.link)
    if named is None:
        return []
    origins = Origin.objects.filter(item__identity=named.value, part="").exclude(item__source_id=source_id)
    return [
        (one.bulletin, Notice.of(_item_record(one), one.bulletin.first_seen_at))
        for one in origins.select_related("bulletin", "item").order_by("-id")
    ]


def _item_record(origin: Origin) -> Record:
    item = origin.item
    return Record("", item.title, item.link, origin.bulletin.body_html, item.published_at)


def bulletin_record(bulletin: Bulletin) -> Record:
    """What a bulletin says, as if just read."""
    return Record(
        "",
        bulletin.title,
        bulletin.url,
        bulletin.body_html,
        bulletin.published_at,
        tuple(bulletin.categories),
    )


def revision_record(said: Revision) -> Record:
    """What an item said once, as if just read."""
    return Record("", said.title, said.link, said.body_html, said.published_at, tuple(said.categories))
