"""Taking people in on somebody's word: one address by command, a CSV file, the static `subscribers:` of topics.yaml.

Each needs the place where consent was given. None revives a subscription that the person ended, none lifts a suppression, and
doing it twice changes nothing.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from dispatcher.errors import BadAddress, BadInput, Mistakes
from dispatcher.formats.address import fold, parse
from dispatcher.models import Cadence, Catalog, Subscriber, Subscription, Topic
from dispatcher.models.clock import change_time, database_now

COLUMNS = ("email", "topics", "cadence", "consent")
_LISTED = "listed in topics.yaml"
_BATCH = 500
_LARGEST = 50_000_000  # bytes of CSV text


@dataclass(frozen=True, slots=True)
class Entry:
    """One person to take in: topic slugs, how often, and where consent was given."""

    address: str
    topics: tuple[str, ...]
    cadence: Cadence
    consent: str


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it: new addresses, new subscriptions, and what was left as it is because it exists or was ended."""

    subscribers: int = 0
    subscriptions: int = 0
    already: int = 0
    ended: int = 0

    def __add__(self, other: "Added") -> "Added":
        return Added(
            self.subscribers + other.subscribers,
            self.subscriptions + other.subscriptions,
            self.already + other.already,
            self.ended + other.ended,
        )


def add(entries: Sequence[Entry]) -> Added:
    """Take people in, some hundred a transaction, so that an import of thousands blocks nobody."""
    total = Added()
    for start in range(0, len(entries), _BATCH):
        with transaction.atomic():
            for entry in entries[start : start + _BATCH]:
                total += _add(entry)
    return total


def take_listed() -> Added:
    """Take in the subscribers that topics.yaml itself names, once for each version of the file."""
    catalog = Catalog.latest()
    if catalog is None or catalog.listed_taken_at is not None:
        return Added()
    added = add(
        [Entry(address, (topic,), Cadence(cadence), _LISTED) for topic, address, cadence in catalog.listed]
    )
    Catalog.objects.filter(id=catalog.id).update(listed_taken_at=database_now())
    return added


def _add(entry: Entry) -> Added:
    now = change_time()
    person, is_new = Subscriber.objects.get_or_create(
        folded=fold(entry.address), defaults={"address": entry.address, "created_at": now}
    )
    live, ended = _history(person)
    wanted = [topic for topic in Topic.objects.filter(slug__in=entry.topics) if topic.id not in live | ended]
    Subscription.objects.bulk_create(
        [
            Subscription(
                subscriber=person,
                topic=topic,
                cadence=entry.cadence,
                consent=entry.consent,
                created_at=now,
                confirmed_at=now,
            )
            for topic in wanted
        ]
    )
    asked = set(Topic.objects.filter(slug__in=entry.topics).values_list("id", flat=True))
    return Added(int(is_new), len(wanted), len(asked & live), len(asked & ended - live))


def _history(person: Subscriber) -> tuple[set[int], set[int]]:
    live: set[int] = set()
    ended: set[int] = set()
    for topic_id, ended_at in person.subscriptions.values_list("topic_id", "ended_at"):
        (live if ended_at is None else ended).add(topic_id)
    return live, ended


def read_csv(text: str, name: str) -> list[Entry]:
    """The entries of a file with the columns email, topics (`;` between, `*` = all), cadence, consent.

    Raises Mistakes, which names every bad line at once; nothing of such a file is taken in.
    """
    if len(text) > _LARGEST:
        raise BadInput(name, f"larger than {_LARGEST // 1_000_000} MB", "split it")
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    _check_header(rows.fieldnames, name)
    known = list(Topic.objects.filter(retired_at__isnull=True).values_list("slug", flat=True))
    entries: list[Entry] = []
    wrong: list[BadInput] = []
    for row in _rows(rows, name):
        try:
            entries.append(_entry(row, f"{name}:{rows.line_num}", known))
        except BadInput as mistake:
            wrong.append(mistake)
    if wrong:
        raise Mistakes(name, wrong)
    return entries


def _check_header(found: Sequence[str] | None, name: str) -> None:
    if tuple(found or ()) != COLUMNS:
        raise BadInput(
            f"{name}:1",
            f"the columns are {', '.join(found or ()) or 'missing'}",
            "the first line must be " + ",".join(COLUMNS),
        )


def _rows(rows: Iterable[dict[str, str]], name: str) -> Iterable[dict[str, str]]:
    try:
        yield from rows
    except csv.Error as wrong:
        raise BadInput(name, f"not CSV: {wrong}", "save it as comma-separated UTF-8") from None


def _entry(row: dict[str, str], place: str, known: Sequence[str]) -> Entry:
    if None in row or None in row.values():
        raise BadInput(
            place, "not four columns", "email,topics,cadence,consent; put quotes round a value with a comma"
        )
    topics = (
        tuple(known)
        if row["topics"].strip() == "*"
        else tuple(filter(None, map(str.strip, row["topics"].split(";"))))
    )
    return entry(place, row["email"], topics, row["cadence"], row["consent"], known)


def entry(
    place: str, address: str, topics: Sequence[str], cadence: str, consent: str, known: Sequence[str]
) -> Entry:
    """One checked entry. Raises BadInput with `place`."""
    unknown = [slug for slug in topics if slug not in known]
    if unknown or not topics:
        raise BadInput(
            f"{place} topics",
            f"no topic {', '.join(unknown) or 'named'}",
            f"allowed: {', '.join(known)}; or * for all",
        )
    if cadence.strip() not in Cadence.values:
        raise BadInput(f"{place} cadence", repr(cadence), f"one of {', '.join(Cadence.values)}")
    if not consent.strip():
        raise BadInput(f"{place} consent", "empty", "say where and when consent was given")
    try:
        mailable = parse(unguarded(address))
    except BadAddress as wrong:
        raise BadInput(f"{place} email", wrong.problem, wrong.remedy) from None
    return Entry(mailable, tuple(topics), Cadence(cadence.strip()), consent.strip())


def unguarded(cell: str) -> str:
    """A cell without the apostrophe that keeps spreadsheets from reading it as a formula."""
    cell = cell.strip()
    return cell[1:] if cell[:2] in {"'=", "'+", "'-", "'@"} else cell
