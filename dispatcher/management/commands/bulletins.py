"""`dispatcher bulletins`: everything that we ever told or might tell people, and why."""

from argparse import ArgumentParser

from dispatcher.errors import NotFound
from dispatcher.formats.html import to_text
from dispatcher.management import show, unmatched
from dispatcher.management.command import DispatcherCommand, Options, Verbs, at_least_one
from dispatcher.models import Bulletin, BulletinState, LinkedDocument
from dispatcher.topics import match
from dispatcher.topics.reasons import as_json

COLUMNS = {
    "id": "ID",
    "state": "STATE",
    "type": "TYPE",
    "source": "SOURCE",
    "topics": "TOPICS",
    "title": "TITLE",
}


class Command(DispatcherCommand):
    help = "What was found at the sources, and what became of it."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        listing = verbs.add("list", _list, "the newest first", json=True)
        which = listing.add_mutually_exclusive_group()
        which.add_argument("--state", choices=BulletinState.values, help="only those in this state")
        which.add_argument(
            "--unmatched",
            action="store_true",
            help="those that matched no topic, with the nearest; the oldest first",
        )
        listing.add_argument(
            "--limit", type=at_least_one, default=1000, help="at most so many (default 1000)"
        )
        showing = verbs.add(
            "show", _show, "one bulletin with its text, its origins and its matches", json=True
        )
        showing.add_argument("id", type=int)
        unmatched.declare(verbs)


def _list(options: Options) -> None:
    if options.unmatched:
        _list_unmatched(options)
        return
    bulletins = Bulletin.objects.select_related("source").prefetch_related("matches__topic", "origins")
    if options.state:
        bulletins = bulletins.filter(state=options.state)
    rows = [row(bulletin) for bulletin in bulletins[: options.limit]]
    if options.json:
        show.as_json(rows)
    else:
        show.table(rows, COLUMNS, "no bulletins")


def _list_unmatched(options: Options) -> None:
    waiting = unmatched.waiting()[: options.limit]
    found = list(zip(waiting, unmatched.nearest_of(waiting), strict=True))
    if options.json:
        show.as_json([row(one) | {"nearest": near} for one, near in found])
        return
    rows = [row(one) | {"nearest": [topic["slug"] for topic in near]} for one, near in found]
    show.table(rows, unmatched.COLUMNS, "every bulletin matched a topic, or somebody has decided")


def row(bulletin: Bulletin) -> dict[str, object]:
    """One bulletin in the words of `bulletins list --json`."""
    return {
        "id": str(bulletin.id),
        "title": bulletin.title,
        "url": bulletin.url,
        "source": bulletin.source.slug if bulletin.source else None,
        "type": bulletin.type,
        "published_at": show.iso(bulletin.published_at),
        "first_seen_at": show.iso(bulletin.first_seen_at),
        "state": bulletin.state,
        "corrects": str(bulletin.corrects_id) if bulletin.corrects_id else None,
        "topics": [one.topic.slug for one in bulletin.matches.all()],
        "items": [str(origin.item_id) for origin in bulletin.origins.all()],
    }


def _show(options: Options) -> None:
    bulletin = _found(options.id)
    matches = [
        {"topic": one.topic.slug, "name": one.topic.name, "evidence": one.evidence, "catalog": one.catalog}
        for one in bulletin.matches.select_related("topic")
    ]
    if not matches and bulletin.matched_at is None:
        matches = [
            {"topic": slug, "name": slug, "evidence": as_json(evidence), "catalog": None}
            for slug, evidence in match.explain(bulletin).topics
        ]
    if options.json:
        show.as_json(
            row(bulletin)
            | {
                "held_because": bulletin.held_because or None,
                "body_html": bulletin.body_html,
                "further_links": bulletin.further_links(),
                "reminds_of": str(bulletin.reminds_of_id) if bulletin.reminds_of_id else None,
                "changes": bulletin.changes,
                "notes": _notes(bulletin),
                "documents": [_document(one) for one in bulletin.documents.all()],
                "matches": matches,
            }
        )
        return
    _print(bulletin, matches)


def _print(bulletin: Bulletin, matches: list[dict[str, object]]) -> None:
    print(bulletin.title)
    print(
        f"{bulletin.type} · {bulletin.state}{': ' + bulletin.held_because if bulletin.held_because else ''} · {bulletin.url}"
    )
    print(
        f"published {show.iso(bulletin.published_at) or 'not known'} · first seen {show.iso(bulletin.first_seen_at)}\n"
    )
    for line in _standing(bulletin):
        print(line)
    print(to_text(bulletin.body_html) or "(no text)")
    heading = "Topics:" if bulletin.matched_at else "Topics it would match by the rules in force:"
    print(f"\n{heading}" if matches else "\nNo topic matches it.")
    for one in matches:
        print(f"  {one['name']}")
        evidence = one["evidence"]
        assert isinstance(evidence, list)  # noqa: S101 -- built above; tells the type checker
        for piece in evidence:
            print(f"    {piece['rule']}: {piece['reason']}: {piece['text']}")


def _standing(bulletin: Bulletin) -> list[str]:
    """Where else it was seen, how it stands to another bulletin, what was odd about it."""
    lines = [f"also at {link}" for link in bulletin.further_links()]
    lines += [f"corrects {bulletin.corrects_id}"] * bool(bulletin.corrects_id)
    lines += [f"reminds of {bulletin.reminds_of_id}"] * bool(bulletin.reminds_of_id)
    lines += [f"links to {one.url}: {_read_of(one)}" for one in bulletin.documents.all()]
    lines += [f"note: {one}" for one in _notes(bulletin)]
    return [*lines, ""] if lines else []


def _document(linked: LinkedDocument) -> dict[str, object]:
    return {
        "url": linked.url,
        "waits": linked.due_at is not None,
        "pages": linked.pages,
        "characters": len(linked.text),
        "note": linked.note or None,
    }


def _read_of(linked: LinkedDocument) -> str:
    if linked.due_at is not None:
        return "PDF, not read yet"
    read = f"PDF of {linked.pages} pages, {len(linked.text):,} characters" if linked.pages else "not read"
    return f"{read} ({linked.note})" if linked.note else read


def _notes(bulletin: Bulletin) -> list[str]:
    origins = bulletin.origins.prefetch_related("item__revisions")
    said = (one for origin in origins for one in origin.item.revisions.all() if one.number == origin.revision)
    return list(dict.fromkeys(note for revision in said for note in revision.notes))


def _found(bulletin_id: int) -> Bulletin:
    found = Bulletin.objects.select_related("source").filter(id=bulletin_id).first()
    if found is None:
        raise NotFound(f"no bulletin {bulletin_id}; `dispatcher bulletins list` shows those there are")
    return found
