"""Taking people in on somebody's word: one address by command, a CSV file, the static `subscribers:` of topics.yaml.

Each needs the place where consent was given. None revives a subscription that the person ended, none lifts a suppression, and
doing it twice changes nothing.
"""

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from dispatcher.errors import BadAddress, BadInput, Mistakes
from dispatcher.formats.address import fold, parse
from dispatcher.models import Cadence, Catalog, Journal, Subscriber, Subscription, Topic
from dispatcher.models.clock import change_time, database_now

COLUMNS = ("email", "topics", "cadence", "consent")
_LISTED = "listed in topics.yaml"
_BATCH = 200  # people of one transaction, in which other writers wait
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


def add(entries: Sequence[Entry], *, actor: str, door: str) -> Added:
    """Take people in, some hundred a transaction, so that others need not wait for the whole of a large import.

    Who leaves or confirms at that moment waits for one transaction at most, and then both hold. The journal keeps the counts.
    """
    topics = dict(Topic.objects.values_list("slug", "id"))
    total = Added()
    for start in range(0, len(entries), _BATCH):
        total += _take_in(entries[start : start + _BATCH], topics)
    if entries:
        facts = {"lines": len(entries), **asdict(total)}
        Journal.append(
            at=database_now(), actor=actor, door=door, verb="import", subject="subscribers", facts=facts
        )
    return total


def take_listed() -> Added:
    """Take in the subscribers that topics.yaml itself names, once for each version of the file."""
    catalog = Catalog.latest()
    if catalog is None or catalog.listed_taken_at is not None:
        return Added()
    added = add(
        [Entry(address, (topic,), Cadence(cadence), _LISTED) for topic, address, cadence in catalog.listed],
        actor="take_listed",
        door="file",
    )
    Catalog.objects.filter(id=catalog.id).update(listed_taken_at=database_now())
    return added


def _take_in(entries: Sequence[Entry], topics: Mapping[str, int]) -> Added:
    """One transaction."""
    with transaction.atomic():
        now = change_time()
        people, new = _people(entries, now)
        live, ended = _histories(people.values())
        begun: list[Subscription] = []
        already = left = 0
        for entry in entries:
            person = people[fold(entry.address)]
            asked = {(person, topics[slug]) for slug in entry.topics if slug in topics}
            already += len(asked & live)
            left += len(asked & ended - live)
            wanted = asked - live - ended
            begun += [_subscription(entry, *one, now) for one in sorted(wanted)]
            live |= wanted
        Subscription.objects.bulk_create(begun)
    return Added(new, len(begun), already, left)


def _people(entries: Sequence[Entry], now: datetime) -> tuple[dict[str, int], int]:
    """Everybody's id by folded address, and how many are new; they are held, so nobody changes their subscriptions meanwhile."""
    addresses = {fold(entry.address): entry.address for entry in reversed(entries)}
    known = set(Subscriber.objects.filter(folded__in=addresses).values_list("folded", flat=True))
    # In the same order for everybody: two imports of the same people wait for each other in one direction only.
    missing = sorted(addresses.keys() - known)
    Subscriber.objects.bulk_create(
        [Subscriber(folded=one, address=addresses[one], created_at=now) for one in missing],
        ignore_conflicts=True,
    )
    held = Subscriber.objects.filter(folded__in=addresses).order_by("id").select_for_update(no_key=True)
    rows = list(held.values_list("folded", "id", "created_at"))
    new = sum(created_at == now for folded, _, created_at in rows if folded not in known)
    return {folded: person for folded, person, _ in rows}, new


_Pairs = set[tuple[int, int]]  # person and topic


def _histories(people: Collection[int]) -> tuple[_Pairs, _Pairs]:
    """What is live, and what was ended at any time."""
    live: _Pairs = set()
    ended: _Pairs = set()
    rows = Subscription.objects.filter(subscriber__in=people)
    for person, topic, ended_at in rows.values_list("subscriber", "topic", "ended_at"):
        (live if ended_at is None else ended).add((person, topic))
    return live, ended


def _subscription(entry: Entry, person: int, topic: int, now: datetime) -> Subscription:
    return Subscription(
        subscriber_id=person,
        topic_id=topic,
        cadence=entry.cadence,
        consent=entry.consent,
        created_at=now,
        confirmed_at=now,
    )


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
