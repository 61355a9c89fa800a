"""The shelf: what was told lately, as far as comparing goes, so that a later sighting finds the notice it belongs to.

An index finds the few that a notice may be; what the poll itself announces is put beside it, and saved together: row by row, 25 notices
took twice as long. Runs inside the poll's transaction, and one poll at a time: two that met the same notice at once would each take it
for news.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property

from django.db.models import QuerySet

from dispatcher.models import Bulletin, LinkedDocument, Origin, Revision
from dispatcher.sources import likeness, sightings
from dispatcher.sources.identity import named_by
from dispatcher.sources.likeness import LOOK_BACK
from dispatcher.sources.notice import Notice
from dispatcher.sources.reading import Record
from dispatcher.sources.sightings import Sighting


class Shelf:
    """Sightings of bulletins that came from sources, those of staff apart."""

    def __init__(self, source_id: int, now: datetime) -> None:
        self._source_id, self._now = source_id, now
        self._is_open = False
        self._added: list[Sighting] = []
        self._added_as: dict[str, list[Sighting]] = defaultdict(list)
        self._published: list[Bulletin] = []
        self._unsaved: list[Origin] = []
        self._owed: list[LinkedDocument] = []
        self._unwritten: list[Sighting] = []

    def twin(self, notice: Notice) -> Bulletin | None:
        """The bulletin that this notice already is. It is saved."""
        self._open()
        for one, other in reversed(self._added_as[notice.name]):  # of one source: no other name is the same
            if likeness.same(other, notice, one_source=True):
                return self._saved(one.bulletin)
        for one, other, is_here in self._told(notice):
            if likeness.same(other, notice, one_source=is_here):
                return one.bulletin
        return None

    def original(self, notice: Notice) -> Bulletin | None:
        """The bulletin, saved, that this notice, which bears a mark, speaks of. A reminder is nobody's original.

        Marks are rare, and what a correction has in common with its original is loose: this goes over all of them.
        """
        self._open()
        all_of_them = [*reversed(self._added), *self._earlier]
        earlier = sorted(
            (one for one in all_of_them if one[1].mark != "reminder"), key=lambda one: one[1].at, reverse=True
        )
        place = likeness.original(notice, [one for _, one in earlier])
        return None if place is None else self._saved(earlier[place][0].bulletin)

    def publish(self, bulletin: Bulletin) -> None:
        """It is told by its first sighting, and saved with that."""
        self._published.append(bulletin)

    def owe(self, documents: Sequence[LinkedDocument]) -> None:
        """What is to be fetched for a bulletin."""
        self._owed += documents

    def add(self, origin: Origin, notice: Notice, said: Revision) -> None:
        """A sighting at the source of this poll, to be saved with its bulletin."""
        self._unsaved.append(origin)
        self._added.append((origin, notice))
        self._added_as[notice.name].append((origin, notice))
        # What the next poll will read: of a part the words of its bulletin, of what has no date the day when that was first seen.
        is_as_read = not origin.part and (said.published_at or origin.bulletin.first_seen_at == said.seen_at)
        self._unwritten.append((origin, notice if is_as_read else sightings.sighting(origin, said)))

    def save(self) -> None:
        """What was added since the last time, in the order of events. Whoever asks the tables about this poll does this first."""
        Bulletin.objects.bulk_create(self._published)
        Origin.objects.bulk_create(self._unsaved)
        LinkedDocument.objects.bulk_create(self._owed, ignore_conflicts=True)
        self._published, self._unsaved, self._owed = [], [], []

    def write_down(self) -> None:
        """What was added, for the polls to come."""
        self.save()
        sightings.write([(origin.id, notice) for origin, notice in self._unwritten])
        self._unwritten = []

    def _saved(self, bulletin: Bulletin) -> Bulletin:
        if any(one is bulletin for one in self._published):
            self.save()
        return bulletin

    def _open(self) -> None:
        if not self._is_open:
            sightings.alone()
            sightings.write_missing(self._now)
            self._is_open = True

    def _told(self, notice: Notice) -> Iterator[tuple[Origin, Notice, bool]]:
        """What was told before this poll and may be the same, the latest first; and whether this source has shown it."""
        likely = self._lately(sightings.found(notice))
        here = self._shown_here(likely)
        for one, other in sightings.read(likely):
            yield one, other, one.bulletin_id in here
        elsewhere = _at_its_address(notice, self._source_id)
        here = self._shown_here([one for one, _ in elsewhere])
        for one, other in elsewhere:
            yield one, other, one.bulletin_id in here

    def _lately(self, ids: set[int]) -> list[Origin]:
        if not ids:
            return []
        recent = self._recent.filter(id__in=ids)
        return list(recent.select_related("bulletin", "item").order_by("-id"))

    def _shown_here(self, origins: list[Origin]) -> set[int]:
        if not origins:
            return set()
        bulletins = {one.bulletin_id for one in origins}
        shown = self._recent.filter(bulletin__in=bulletins, item__source=self._source_id)
        return set(shown.values_list("bulletin_id", flat=True)) | {one.bulletin_id for one, _ in self._added}

    @cached_property
    def _earlier(self) -> list[Sighting]:
        """All that was told before this poll, the latest first."""
        added = {one.id for one, _ in self._added}
        recent = self._recent.select_related("bulletin", "item").order_by("-id")
        return sightings.read([one for one in recent if one.id not in added])

    @property
    def _recent(self) -> QuerySet[Origin]:
        return Origin.objects.filter(bulletin__first_seen_at__gte=self._now - LOOK_BACK)


def _at_its_address(notice: Notice, source_id: int) -> list[Sighting]:
    """An address that names one thing does so for ever, however long ago another source showed it."""
    named = named_by(notice.link)
    if named is None:
        return []
    origins = Origin.objects.filter(item__identity=named.value, part="").exclude(item__source_id=source_id)
    return [
        (one, Notice.of(_item_record(one), one.bulletin.first_seen_at))
        for one in origins.select_related("bulletin", "item").order_by("-id")
    ]


def _item_record(origin: Origin) -> Record:
    item = origin.item
    return Record("", item.title, item.link, origin.bulletin.body_html, item.published_at)
