"""Load: a good topics.yaml becomes rows; a bad one changes nothing.

The file is the source of truth for topics and sources; every other stage reads the rows. A topic that left the file is retired,
never deleted, and not at all while people follow it: they must be moved or told first.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path

from django.db import transaction

from dispatcher.errors import BadInput, Mistakes
from dispatcher.models import Catalog, Journal, Source, Subscription, Topic
from dispatcher.models.clock import database_now
from dispatcher.topics import catalog, places
from dispatcher.topics.catalog import CatalogFile, SourceEntry, TopicEntry


def read(path: Path) -> CatalogFile:
    """The file, checked. Raises Mistakes, or BadInput if it cannot be read at all."""
    return _parsed(_text(path), path.name)


def refresh(path: Path, *, even_if_old: bool = False) -> bool:
    """Bring the rows up to the file, if it is news here or `even_if_old`. Raises BadInput for a bad one, and changes nothing.

    False if nothing was to be done: it is in force already, or another copy has been changed since this one was.
    """
    text = _text(path)
    text_hash, place = hashlib.sha256(text.encode()).hexdigest(), places.here(path)
    latest = Catalog.latest()
    in_force = latest.hash if latest else ""
    if not places.is_news(place, text_hash, in_force) and not (even_if_old and text_hash != in_force):
        places.saw(place, text_hash, database_now())
        return False
    found = _parsed(text, path.name)
    with transaction.atomic():
        now = database_now()
        places.saw(place, text_hash, now)
        _refuse_loss(found, path.name)
        renamed = _renamed(found.topics)
        _save_topics(found.topics, now)
        _save_sources(found.sources, now)
        Catalog.objects.update_or_create(
            hash=found.hash,
            defaults={
                "text": text,
                "agency": found.agency.as_json(),
                "presets": [asdict(one) for one in found.presets],
                "loaded_at": now,
                "listed": [
                    [topic.slug, one.address, one.cadence]
                    for topic in found.topics
                    for one in topic.subscribers
                ],
                "listed_taken_at": None,
            },
        )
        Journal.append(
            at=now, actor="load", door="file", verb="load", subject="topics.yaml",
            facts={"hash": found.hash, "before": in_force or None, "renamed": renamed},
        )  # fmt: skip
    return True


def _parsed(text: str, name: str) -> CatalogFile:
    found = catalog.parse(text, name)
    today = datetime.now(UTC).date()
    early = [topic for topic in found.topics if topic.retired and topic.retired > today]
    if early:
        remedy = "write it on that day: a topic retires as soon as the file is loaded"
        raise Mistakes(
            name,
            [BadInput(f"{name} {one.slug}.retired", f"{one.retired} is to come", remedy) for one in early],
        )
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as wrong:
        raise BadInput(
            str(path), f"cannot be read: {wrong.strerror}", "set DISPATCHER_TOPICS to the topic list"
        ) from None
    except UnicodeDecodeError as wrong:
        raise BadInput(str(path), f"is not UTF-8 at byte {wrong.start}", "save it as UTF-8") from None


def _refuse_loss(found: CatalogFile, name: str) -> None:
    """A topic that people follow may not vanish from the file."""
    slugs = {topic.slug for topic in found.topics}
    followed = Subscription.objects.filter(ended_at__isnull=True).exclude(topic__slug__in=slugs)
    lost = sorted(set(followed.values_list("topic__slug", flat=True)))
    if lost:
        remedy = "put it back, with `retired:` a date if it has ended, or `replaced_by:` the topic that takes its place"
        raise Mistakes(
            name,
            [BadInput(f"{name} topics", f"{slug!r} is gone but has subscribers", remedy) for slug in lost],
        )


def _renamed(entries: Sequence[TopicEntry]) -> dict[str, list[str]]:
    """A topic may change its name, never its slug: its people stay, and the journal keeps what it was called."""
    before = dict(Topic.objects.values_list("slug", "name"))
    return {
        one.slug: [before[one.slug], one.name]
        for one in entries
        if before.get(one.slug, one.name) != one.name
    }


def _save_topics(entries: Sequence[TopicEntry], now: datetime) -> None:
    kept = [entry.slug for entry in entries]
    for position, entry in enumerate(entries):
        values = {
            "name": entry.name,
            "category": entry.category,
            "group": entry.group,
            "aliases": entry.aliases_as_json(),
            "description": entry.description,
            "contact": asdict(entry.contact),
            "sections": entry.sections_as_json(),
            "rules": entry.rules_as_json(),
            "must_deliver": entry.must_deliver,
            "letter": entry.letter,
            "position": position,
            "retired_at": datetime.combine(entry.retired, time(), UTC) if entry.retired else None,
        }
        Topic.objects.update_or_create(
            slug=entry.slug, defaults=values, create_defaults={**values, "added_at": now}
        )
    Topic.objects.exclude(slug__in=kept).filter(retired_at__isnull=True).update(retired_at=now)
    _save_successors(entries)


def _save_successors(entries: Sequence[TopicEntry]) -> None:
    for entry in entries:
        Topic.objects.get(slug=entry.slug).successors.set(Topic.objects.filter(slug__in=entry.replaced_by))


def _save_sources(entries: Sequence[SourceEntry], now: datetime) -> None:
    kept = []
    for entry in entries:
        declared = entry.as_json()
        known = Source.objects.filter(slug=entry.slug).first()
        source = known or Source(slug=entry.slug, due_at=now)
        if known and known.url != entry.url:
            # Another address is another list: what it holds now is its baseline, not news.
            source.baselined_at = None
        if known and not known.enabled and entry.enabled:
            source.due_at = now
        source.name, source.kind, source.url, source.enabled = (
            entry.name,
            entry.kind,
            entry.url,
            entry.enabled,
        )
        source.declared = declared
        source.dropped_at = None
        source.save()
        kept.append(entry.slug)
    Source.objects.exclude(slug__in=kept).filter(dropped_at__isnull=True).update(dropped_at=now)
