"""`dispatcher sources`: the state of each source, polling by hand, a look at what a source would yield, what is held."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence

from dispatcher import config
from dispatcher.errors import BadInput, DispatcherError, NotFound, Unreachable
from dispatcher.formats.html import blocks
from dispatcher.management import acting, show
from dispatcher.management.command import DispatcherCommand, Options, Verbs
from dispatcher.management.commands.run import told
from dispatcher.management.topic_list import refresh
from dispatcher.models import Source
from dispatcher.models.clock import database_now
from dispatcher.permissions import Permission
from dispatcher.sources import asking, fetch, health, held, poll, promptness
from dispatcher.sources.declared import Declared
from dispatcher.sources.health import Look
from dispatcher.sources.poll import Polled

COLUMNS = {
    "slug": "SOURCE", "kind": "KIND", "state": "STATE", "last_success_at": "LAST SUCCESS", "last_new_at": "LAST NEW",
    "problem": "PROBLEM",
}  # fmt: skip

_TEXT_SHOWN = (
    200  # letters of a record's text in a preview: enough to see whether its selector found the right place
)


class Command(DispatcherCommand):
    help = "The feeds and pages that are polled."

    def declare(self, parser: ArgumentParser) -> None:
        verbs = Verbs(parser)
        verbs.add("list", _list, "state, last success, last new item and problem of each source", json=True)
        polling = verbs.add("poll", _poll, "poll now, due or not", json=True)
        polling.add_argument("slugs", nargs="*", metavar="SLUG", help="sources to poll")
        polling.add_argument("--all", action="store_true", help="every enabled source")
        preview = verbs.add("preview", _preview, "what a source would yield now; nothing is saved", json=True)
        preview.add_argument("slug", metavar="SLUG")
        release = verbs.add("release", _release, "let what is held go its way to the subscribers")
        _held_arguments(release)
        discard = verbs.add("discard", _discard, "keep what is held, but mail it to nobody")
        _held_arguments(discard)
        ack = verbs.add(
            "ack", _ack, "you have seen that it moved, fell silent, changed its scope or left a gap"
        )
        ack.add_argument("slug", metavar="SLUG")
        acting.declare(ack)


def _held_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("slug", metavar="SLUG")
    parser.add_argument("--bulletin", type=int, metavar="ID", help="only this one")
    acting.declare(parser)


def _list(options: Options) -> None:
    refresh(config.current())
    looks = health.looks(database_now())
    rows = [row(one) | _rhythm(one.source) | _promptness(one.source) for one in looks]
    if options.json:
        show.as_json(rows)
        return
    told = [one | {"usual": _usual(one), "prompt": _prompt(one)} for one in rows]
    show.table(
        told,
        COLUMNS | {"usual": "USUALLY NEW WITHIN", "prompt": "FIRST MAIL AFTER"},
        "no sources: topics.yaml declares none",
    )
    for one in looks:
        for trouble in one.troubles:
            print(f"! {one.source.slug} {trouble.state}: {trouble.remedy}")


def _rhythm(source: Source) -> dict[str, object]:
    return {"usual_gap_seconds": round(source.usual_gap.total_seconds()) if source.usual_gap else None}


def _usual(row: Mapping[str, object]) -> str | None:
    gap = row["usual_gap_seconds"]
    return show.span(gap) if isinstance(gap, int) else None


def _promptness(source: Source) -> dict[str, object]:
    found = promptness.of(source)
    taken = None if found.taken is None else round(found.taken.total_seconds())
    return {"freshness_seconds": taken, "freshness_wanted_seconds": round(found.wanted.total_seconds())}


def _prompt(row: Mapping[str, object]) -> str | None:
    """How long nearly all notices took from publication to the first message, and how long they may."""
    taken, wanted = row["freshness_seconds"], row["freshness_wanted_seconds"]
    if not isinstance(taken, int) or not isinstance(wanted, int):
        return None
    late = "!" if taken > wanted else ""
    return f"{show.span(taken)}{late} (wanted: {show.span(wanted)})"


def row(look: Look) -> dict[str, object]:
    """One source in the words of `sources list --json`."""
    source = look.source
    return {
        "slug": source.slug,
        "kind": source.kind,
        "url": source.url,
        "state": look.state,
        "last_success_at": show.iso(source.last_success_at),
        "last_new_at": show.iso(source.last_new_at),
        "problem": look.problem or None,
    }


def _poll(options: Options) -> int:
    if bool(options.slugs) == bool(options.all):
        raise BadInput("sources poll", "which?", "name sources, or say --all")
    settings = config.current()
    refresh(settings)
    for slug in options.slugs:
        if _named(slug).dropped_at:
            raise NotFound(f"topics.yaml no longer declares {slug!r}")
    wanted = options.slugs or poll.everything()
    polled = _with_busy(wanted, poll.due(settings, wanted))
    if any(one.new or one.revised for one in polled):
        _wake_a_worker()
    if options.json:
        show.as_json(
            [
                {"slug": one.slug, "outcome": one.outcome, "new": one.new, "problem": one.problem or None}
                for one in polled
            ]
        )
    else:
        for one in polled:
            print(f"{one.slug}: {told(one)}")
    return 1 if any(one.outcome in poll.FAILED for one in polled) else 0


def _with_busy(wanted: Sequence[str], polled: Sequence[Polled]) -> list[Polled]:
    left = sorted(set(wanted) - {one.slug for one in polled})
    return [*polled, *(Polled(slug, "busy", problem="being polled by another process") for slug in left)]


def _preview(options: Options) -> None:
    settings = config.current()
    refresh(settings)
    source = _named(options.slug)
    declared = Declared.of(source.kind, source.url, source.declared)
    request = fetch.Request(
        url=source.url, allow_private=declared.allow_private, user_agent=declared.user_agent
    )
    (answer,) = asking.ask([request], poll.limits(settings), poll.user_agent(settings))
    if isinstance(answer, DispatcherError):
        raise answer
    reading = poll.read(declared, answer)
    records = [
        {
            "title": one.title,
            "link": one.link,
            "published_at": show.iso(one.published_at),
            "text": show.shortened(" ".join(blocks(one.body_html)), _TEXT_SHOWN),
            "notes": list(one.notes),
        }
        for one in reading.records
    ]
    if options.json:
        show.as_json({"records": records, "degraded": list(reading.degraded)})
        return
    columns = {
        "published_at": "PUBLISHED",
        "title": "TITLE",
        "text": "TEXT BEGINS",
        "link": "LINK",
        "notes": "NOTES",
    }
    show.table(records, columns, "it yields no records")
    for reason in reading.degraded:
        print(f"degraded: {reason}")


def _wake_a_worker() -> None:
    from tasks.ring import send

    try:
        send("topics.match", queue="fan_out")
    except Unreachable as away:
        then = "the next sweep or `run --once` goes on from here"
        print(f"! the broker is away ({away}), no worker was woken: {then}", file=sys.stderr)


def _release(options: Options) -> None:
    actor = acting.acting(options, Permission.SOURCE_RELEASE)
    count = held.release(_named(options.slug), options.bulletin, actor=actor.name, facts=actor.facts)
    _must_be_held(options, count)
    if count:
        _wake_a_worker()
    print(f"released {count}; the next run matches and mails them")


def _discard(options: Options) -> None:
    actor = acting.acting(options, Permission.SOURCE_RELEASE)
    count = held.discard(_named(options.slug), options.bulletin, actor=actor.name, facts=actor.facts)
    _must_be_held(options, count)
    print(f"discarded {count}; they stay listed as dismissed")


def _must_be_held(options: Options, count: int) -> None:
    """Whoever names a bulletin means that one: a slip of the finger is no success."""
    if options.bulletin is not None and not count:
        remedy = "`dispatcher bulletins list --state held`"
        raise NotFound(f"{options.slug} holds no bulletin {options.bulletin}; see {remedy}")


def _ack(options: Options) -> None:
    actor = acting.acting(options, Permission.SOURCE_RELEASE)
    told = health.acknowledge(_named(options.slug), actor=actor.name, facts=actor.facts)
    print(f"acknowledged: {told}" if told else "there is nothing to acknowledge")


def _named(slug: str) -> Source:
    try:
        return Source.objects.get(slug=slug)
    except Source.DoesNotExist:
        known = ", ".join(Source.objects.values_list("slug", flat=True))
        raise NotFound(f"no source {slug!r}; there are: {known or 'none'}") from None
