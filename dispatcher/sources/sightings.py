"""Sightings: the rows by which a later notice finds the bulletin that it already is, and what was read at each.

An index of what was told within the look-back (`traits`), written in the transaction that tells it. What is not written yet, or in
an older grammar, is written first: after an upgrade in small transactions, and what an older process still adds with the next poll.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from django.db import connection, transaction
from django.db.models import Min, Q

from dispatcher.models import Bulletin, Origin, Revision, Titled, Trait
from dispatcher.models.clock import database_now
from dispatcher.sources import likeness, statements, traits
from dispatcher.sources.likeness import LOOK_BACK
from dispatcher.sources.notice import Notice
from dispatcher.sources.reading import Record
from dispatcher.sources.traits import GRAMMAR, KINDS

Sighting = tuple[Origin, Notice]
Value = str | int | list[int]

_LOCK = 0x6E6F7469  # any number that no other advisory lock has
_NEVER = datetime.min.replace(tzinfo=UTC)
_AT_ONCE = 100  # of those from before an upgrade: 0.2 s
_ROOM = timedelta(days=7)  # after the look-back, so that the table is gone over once a week

_LETTERS = [f"letters_{kind}" for kind in range(KINDS)]
_TITLED = f"INSERT INTO dispatcher_titled (origin_id, at, type, mark, title, length, {', '.join(_LETTERS)}) VALUES ({', '.join(['%s'] * (6 + KINDS))})"
_APART = " + ".join(f"ABS({one} - %s)" for one in _LETTERS)
# A ratio of nine tenths leaves a tenth of the letters of both.
_LIKE = (
    "SELECT origin_id, title FROM dispatcher_titled WHERE type = %s AND mark = %s AND length BETWEEN %s AND %s AND at BETWEEN %s AND %s "
    f"AND 10 * ({_APART}) <= length + %s"
)
_LISTED = {
    "sqlite": "number IN (SELECT value FROM json_each(%s))",
    "postgresql": "number = ANY(%s)",
}


def alone() -> None:
    """One poll at a time. On SQLite every transaction that writes is alone."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def found(notice: Notice) -> set[int]:
    """The ids of origins whose notice may be the same; `likeness` decides."""
    wanted, listed = traits.wanted(notice), _LISTED[connection.vendor]
    statement = f"SELECT origin_id FROM dispatcher_trait WHERE {listed}"
    either = f"{statement} UNION {statement} GROUP BY origin_id HAVING COUNT(*) >= %s"
    with connection.cursor() as cursor:
        cursor.execute(either, [_list(wanted.named), _list(wanted.runs), wanted.least])
        ids = {origin for (origin,) in cursor.fetchall()}
    return ids | (_by_title(notice) if notice.bare else set())


def _by_title(notice: Notice) -> set[int]:
    """Titles that differ in the numbers have the same letters, so they are compared before anything else is read of their notices."""
    title = traits.like(notice)
    values: list[Value] = [notice.type, notice.mark, title.shortest, title.longest, title.since, title.until]
    with connection.cursor() as cursor:
        cursor.execute(_LIKE, [*values, *title.letters, len(notice.bare)])
        return {origin for origin, one in cursor.fetchall() if likeness.same_title(_titled(one), notice)}


@lru_cache(maxsize=16_384)
def _titled(title: str) -> Notice:
    """A notice as far as its title goes."""
    return Notice(title, "", "", "", "", _NEVER)


def _list(numbers: Iterable[int]) -> Value:
    return json.dumps(list(numbers)) if connection.vendor == "sqlite" else list(numbers)


def write(sightings: Sequence[tuple[int, Notice]]) -> None:
    """Their traits, by the id of the origin."""
    numbers = sorted((number, origin) for origin, notice in sightings for number in traits.kept(notice))
    titles: list[tuple[str | int, ...]] = [
        (
            origin,
            int(one.at.timestamp()),
            one.type,
            one.mark,
            one.title,
            len(one.bare),
            *traits.letters(one.bare),
        )
        for origin, one in sightings
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_TITLED, titles)
        if connection.vendor == "sqlite":
            cursor.executemany("INSERT INTO dispatcher_trait (number, origin_id) VALUES (%s, %s)", numbers)
        else:
            columns = [list(column) for column in zip(*numbers, strict=True)] or [[], []]
            cursor.execute(
                "INSERT INTO dispatcher_trait (number, origin_id) SELECT * FROM unnest(%s::bigint[], %s::bigint[])",
                columns,
            )


def catch_up() -> None:
    """After an upgrade, write down what was told before it; and forget what nobody is compared with any more."""
    _forget()
    left = True
    while left:
        with transaction.atomic():
            left = write_missing(database_now(), most=_AT_ONCE) == _AT_ONCE


def write_missing(now: datetime, most: int | None = None) -> int:
    """How many had traits of another grammar, or none. Inside a transaction."""
    if not statements.is_unwritten(GRAMMAR):
        return 0
    others = Origin.objects.filter(Q(traits__lt=GRAMMAR) | Q(traits__gt=GRAMMAR))
    alone()
    others.exclude(bulletin__first_seen_at__gte=now - LOOK_BACK).update(traits=GRAMMAR)
    origins = list(others.select_related("bulletin", "item").order_by("id")[:most])
    ids = [one.id for one in origins]
    Trait.objects.filter(origin__in=ids).delete()
    Titled.objects.filter(origin__in=ids).delete()
    write([(one.id, notice) for one, notice in read(origins)])
    return Origin.objects.filter(id__in=ids).update(traits=GRAMMAR)


def _forget() -> None:
    eldest = Titled.objects.select_related("origin__bulletin").order_by("origin").first()
    since = database_now() - LOOK_BACK
    if eldest is None or eldest.origin.bulletin.first_seen_at > since - _ROOM:
        return
    recent = Origin.objects.filter(bulletin__first_seen_at__gte=since).aggregate(first=Min("id"))["first"]
    with transaction.atomic():
        gone = Q(origin__lt=recent) if recent else Q()
        Trait.objects.filter(gone).delete()
        Titled.objects.filter(gone).delete()


def read(origins: Sequence[Origin]) -> list[Sighting]:
    """What was said at each."""
    if not origins:  # nearly always; Django takes 0.2 ms over a question about nobody
        return []
    revisions = Revision.objects.filter(item__in={one.item_id for one in origins if not one.part})
    said = {(one.item_id, one.number): one for one in revisions}
    return [(one, sighting(one, said.get((one.item_id, one.revision)))) for one in origins]


def sighting(origin: Origin, said: Revision | None) -> Notice:
    """A part's text is its bulletin's; of a whole item it is what the item said."""
    record = revision_record(said) if said and not origin.part else bulletin_record(origin.bulletin)
    return _notice(record, origin.bulletin.first_seen_at)


# What many notices have in common, such as the page that they link to, finds the same ones again and again: each takes 1 ms to read.
@lru_cache(maxsize=2_048)
def _notice(record: Record, at: datetime) -> Notice:
    return Notice.of(record, at)


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
