"""`dispatcher subscribers`: take people in with their consent, and show what we hold and sent."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from dispatcher import config
from dispatcher.errors import BadAddress, BadInput, NotFound
from dispatcher.formats.address import fold, mask, parse
from dispatcher.mailings.report import NEWS
from dispatcher.management import acting, show
from dispatcher.management.command import DispatcherCommand, Options, Verbs
from dispatcher.management.topic_list import refresh
from dispatcher.models import Because, Cadence, Delivery, DeliveryState, Subscriber, Suppression, Topic
from dispatcher.subscribers import imports
from dispatcher.subscribers.imports import Added, Entry


class Command(DispatcherCommand):
    help = "The people who asked to be told."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        adding = verbs.add(
            "add", _add, "take in one address; it counts as confirmed with the consent you name"
        )
        adding.add_argument("address", metavar="ADDRESS")
        adding.add_argument("--topics", required=True, metavar="A,B", help="topic slugs, or * for all")
        adding.add_argument(
            "--cadence", choices=Cadence.values, default="immediate", help="how often (default immediate)"
        )
        adding.add_argument(
            "--consent", required=True, metavar="WHERE", help="where and when consent was given"
        )
        importing = verbs.add(
            "import",
            _import,
            "take in a CSV file: email,topics,cadence,consent (topics with ; between, * = all)",
        )
        importing.add_argument("file", metavar="FILE.csv", help="- for standard input")
        importing.add_argument("--dry-run", action="store_true", help="check the file, change nothing")
        showing = verbs.add("show", _show, "what we hold about an address and what we sent it", json=True)
        showing.add_argument("address", metavar="ADDRESS")


def _topics() -> list[str]:
    refresh(config.current())
    return list(Topic.objects.filter(retired_at__isnull=True).values_list("slug", flat=True))


def _add(options: Options) -> None:
    known = _topics()
    topics = (
        known
        if options.topics.strip() == "*"
        else [one.strip() for one in options.topics.split(",") if one.strip()]
    )
    entry = imports.entry("subscribers add", options.address, topics, options.cadence, options.consent, known)
    print(told(_take_in([entry])))


def _import(options: Options) -> None:
    _topics()
    entries = imports.read_csv(_text(options.file), options.file)
    if options.dry_run:
        print(f"{len(entries)} lines are good; nothing was changed")
        return
    print(told(_take_in(entries)))


def _take_in(entries: Sequence[Entry]) -> Added:
    return imports.add(entries, actor=f"{acting.DOOR}:{acting.account()}", door=acting.DOOR)


def _text(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as wrong:
        raise BadInput(
            name, f"cannot be read: {wrong.strerror}", "name a CSV file that you may read"
        ) from None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as wrong:
        line = raw[: wrong.start].count(b"\n") + 1
        raise BadInput(f"{name}:{line}", "not UTF-8", "save the file as CSV in UTF-8") from None


def told(added: Added) -> str:
    """What an import did, in words."""
    parts = [f"{added.subscribers} new subscribers", f"{added.subscriptions} new subscriptions"]
    if added.already:
        parts.append(f"{added.already} already there")
    if added.ended:
        parts.append(f"{added.ended} left alone, because the person ended them")
    return ", ".join(parts)


def _show(options: Options) -> None:
    person = _found(options.address)
    facts: dict[str, object] = {
        "id": str(person.id),
        "address": person.address,
        "plain_text": person.plain_text,
        "suppressed": _suppressed(person),
        "subscriptions": [
            {
                "topic": one.topic.slug, "cadence": one.cadence, "keywords": [word.phrase for word in one.keywords.all()], "consent": one.consent, "confirmed_at": show.iso(one.confirmed_at),
                "ended_at": show.iso(one.ended_at), "ended_because": one.ended_because or None,
            }
            for one in person.subscriptions.select_related("topic").prefetch_related("keywords").order_by("id")
        ],
        "deliveries": [_delivery(one) for one in person.deliveries.select_related("mailing").order_by("-id")[:100]],
    }  # fmt: skip
    if options.json:
        show.as_json(facts)
        return
    _print(person, facts)


def _delivery(one: Delivery) -> dict[str, object]:
    attempts = [
        {"attempt": a.attempt, "verdict": a.verdict, "code": a.code, "reply": a.reply}
        for a in one.attempts.all()
    ]
    events = [
        {
            "kind": e.kind, "verdict": e.verdict or None, "status": e.status or None, "words": e.words or None,
            "proven": e.proven, "received_at": show.iso(e.received_at),
        }
        for e in one.events.order_by("id")
    ]  # fmt: skip
    return {
        "mailing": one.mailing.key, "state": one.state, "news": _news(one), "events": events, "reason": one.reason or None, "code": one.code, "reply": one.reply or None,
        "relay": one.relay or None, "attempt": one.attempt, "ended_at": show.iso(one.ended_at), "attempts": attempts,
    }  # fmt: skip


def _news(one: Delivery) -> str | None:
    """What we heard since the relay took it, in the words of `mailings report`."""
    if one.state != DeliveryState.ACCEPTED:
        return None
    kinds = {event.kind for event in one.events.all()}
    return next(words for kind, words in NEWS.items() if kind in kinds or not kind)


def _suppressed(person: Subscriber) -> dict[str, object] | None:
    held = Suppression.objects.filter(folded=person.folded, lifted_at__isnull=True).first()
    if held is None:
        return None
    meaning = Because(held.reason).label
    return {
        "reason": held.reason,
        "meaning": meaning,
        "evidence": held.evidence,
        "since": show.iso(held.since),
    }


def _print(person: Subscriber, facts: dict[str, object]) -> None:
    print(f"subscriber {person.id}: {person.address}")
    if facts["suppressed"]:
        print("suppressed since {since}: {meaning}: {evidence}".format(**_told(facts["suppressed"])))
    for key, columns in _TABLES.items():
        rows = facts[key]
        assert isinstance(rows, list)  # noqa: S101 -- built above; tells the type checker
        print()
        show.table(rows, columns, f"no {key}")


def _told(suppressed: object) -> dict[str, object]:
    assert isinstance(suppressed, dict)  # noqa: S101 -- built above; tells the type checker
    return suppressed


_TABLES = {
    "subscriptions": {
        "topic": "TOPIC",
        "cadence": "CADENCE",
        "keywords": "ONLY WITH",
        "confirmed_at": "CONFIRMED",
        "ended_at": "ENDED",
        "consent": "CONSENT",
    },
    "deliveries": {
        "mailing": "MAILING",
        "state": "STATE",
        "news": "NEWS",
        "reason": "REASON",
        "code": "CODE",
        "reply": "REPLY",
        "ended_at": "AT",
    },
}


def _found(address: str) -> Subscriber:
    try:
        folded = fold(parse(address))
    except BadAddress as wrong:
        raise BadInput("subscribers show", wrong.problem, wrong.remedy) from None
    person = Subscriber.objects.filter(folded=folded).first()
    if person is None:
        raise NotFound(f"nobody subscribed as {mask(folded)}")
    return person
