"""`topics backtest` and `topics score`: what other rules would have done, and how well rules agree with people. Neither changes anything."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

from django.db import DatabaseError
from django.db.models import Count, Max, Q

from dispatcher import config
from dispatcher.errors import BadInput
from dispatcher.formats.address import fold
from dispatcher.management import show
from dispatcher.management.command import Options, Verbs
from dispatcher.models import Bulletin, Subscription, Suppression, Topic
from dispatcher.models.clock import database_now
from dispatcher.topics import habits, labelled, load, match
from dispatcher.topics.backtest import Effect, Followers, Kept, Named, Rehearsal, rehearse
from dispatcher.topics.habits import Habit, Warned
from dispatcher.topics.rules import Matcher, compile_rules
from dispatcher.topics.score import Score, Tally, score

SHIPPED = Path(labelled.__file__).with_name("notices.yaml")
GOOD = 0.95  # precision and recall that a list should have; below, `topics score` ends with 1
_SHOWN = 3  # titles of each kind; --json has all


def declare(verbs: Verbs) -> None:
    """The two verbs."""
    testing = verbs.add(
        "backtest", _backtest, "replay all bulletins kept through a changed topic list", json=True
    )
    testing.add_argument(
        "--since", type=_day, metavar="DATE", help="only what was first seen since then (2026-08-21)"
    )
    testing.add_argument(
        "--against", metavar="FILE", help="the changed list; without it the one of DISPATCHER_TOPICS"
    )
    scoring = verbs.add("score", _score, "hold the rules against notices that people labelled", json=True)
    scoring.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="labelled notices (docs/labelled.md); without it the ones we ship",
    )
    scoring.add_argument(
        "--against", metavar="LIST", help="another topic list than that of DISPATCHER_TOPICS"
    )


def warnings() -> list[Warned]:
    """What the rows say of the topics in use; nothing where there are none, be it for want of tables."""
    try:
        return _of_rows()
    except DatabaseError:
        return []


def _of_rows() -> list[Warned]:
    now = database_now()
    lately = Q(matches__matched_at__gt=now - habits.LOOKED_AT, matches__bulletin__source__isnull=False)
    topics = Topic.objects.filter(retired_at__isnull=True).annotate(
        last=Max("matches__matched_at"), lately=Count("matches", filter=lately)
    )
    found = {one.slug: Habit(one.added_at, one.last, one.lately) for one in topics}
    seen = Bulletin.objects.filter(source__isnull=False, matched_at__gt=now - habits.LOOKED_AT).count()
    return [*habits.warnings(found, seen, now), *_dead_contacts(topics), *_left_behind()]


def _left_behind() -> Iterator[Warned]:
    """People who follow a topic that ended with nothing in its place: they wait for what never comes."""
    live = Count("subscriptions", filter=Q(subscriptions__ended_at__isnull=True))
    ended = Topic.objects.filter(retired_at__isnull=False, successors__isnull=True).annotate(people=live)
    for one in ended.filter(people__gt=0):
        problem = f"is retired, and {one.people} people follow it still"
        yield one.slug, problem, "`replaced_by:` what takes its place, or a `blast` to them"


def _dead_contacts(topics: Iterable[Topic]) -> Iterator[Warned]:
    """Contacts at whose address nothing arrives any more: people would write to nobody."""
    addresses = {one.slug: fold(one.contact["email"]) for one in topics if one.contact.get("email")}
    dead = Suppression.objects.filter(folded__in=addresses.values(), lifted_at__isnull=True)
    reasons = dict(dead.values_list("folded", "reason"))
    for slug, address in addresses.items():
        if address in reasons:
            yield slug, f"its contact {address} gets no mail any more: {reasons[address]}", "who answers now?"


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        raise ArgumentTypeError(f"{text!r}: a date such as 2026-08-21") from None


def _candidate(given: str | None) -> Matcher:
    path = Path(given) if given else config.current().topics
    return compile_rules([one.to_rules() for one in load.read(path).topics if one.retired is None])


def _backtest(options: Options) -> None:
    done = rehearse(_kept(options.since), match.live_matcher(), _candidate(options.against), _followers())
    if options.json:
        show.as_json(_as_json(done))
    else:
        _print(done)


def _kept(since: datetime | None) -> Iterator[Kept]:
    bulletins = Bulletin.objects.filter(source__isnull=False).select_related("source").order_by("id")
    if since:
        bulletins = bulletins.filter(first_seen_at__gte=since)
    for one in bulletins.iterator(chunk_size=200):
        yield Kept(one.id, one.title, match.document(one))


def _followers() -> Followers:
    """Who follows a topic today; asked only for topics about which the two lists differ."""

    @cache
    def followers(slug: str) -> frozenset[int]:
        live = Subscription.objects.filter(
            topic__slug=slug, ended_at__isnull=True, confirmed_at__isnull=False
        )
        return frozenset(live.values_list("subscriber_id", flat=True))

    return followers


def _as_json(done: Rehearsal) -> dict[str, object]:
    return {
        "bulletins": done.bulletins,
        "topics": [
            {"slug": slug, "gained": _named(one.gained), "lost": _named(one.lost), "same": one.same}
            for slug, one in done.topics.items()
        ],
        "more": _effect(done.more),
        "less": _effect(done.less),
        "silent": done.silent,
        "unmatched": _named(done.unmatched),
        "many": [{**_name(one), "topics": list(topics)} for one, topics in done.many],
    }


def _named(bulletins: list[Named]) -> list[dict[str, str]]:
    return [_name(one) for one in bulletins]


def _name(one: Named) -> dict[str, str]:
    return {"id": str(one.id), "title": one.title}


def _effect(effect: Effect) -> dict[str, int]:
    return {"people": len(effect.people), "mails": effect.mails}


def _print(done: Rehearsal) -> None:
    if not done.bulletins:
        print("no bulletin of a source is kept from then on: nothing to replay")
        return
    print(f"{done.bulletins} bulletins replayed; nothing was changed")
    changed = {slug: one for slug, one in done.topics.items() if one.gained or one.lost}
    for slug, one in changed.items():
        print(f"\n{slug}: {len(one.gained)} gained, {len(one.lost)} lost, {one.same} the same")
        _print_some("+", one.gained)
        _print_some("-", one.lost)
    if not changed:
        print("every topic matches what it matches now")
    print(f"\nmore mail: {len(done.more.people)} people, {done.more.mails} messages")
    print(f"less mail: {len(done.less.people)} people, {done.less.mails} messages")
    print(f"\ntopics that match nothing: {', '.join(done.silent) or 'none'}")
    print(f"bulletins that match no topic: {len(done.unmatched)}")
    _print_some(" ", done.unmatched)
    if done.many:
        print(f"bulletins that match very many topics: {len(done.many)}")
        _print_some(" ", [one for one, _ in done.many])


def _print_some(sign: str, bulletins: list[Named]) -> None:
    for one in bulletins[:_SHOWN]:
        print(f"  {sign} {one.id} {show.shortened(one.title, 90)}")
    if len(bulletins) > _SHOWN:
        print(f"  {sign} and {len(bulletins) - _SHOWN} more; --json has all")


def _score(options: Options) -> int:
    path = Path(options.file) if options.file else SHIPPED
    matcher = _candidate(options.against)
    done = score(labelled.parse(_text(path), path.name, [one.slug for one in matcher.topics]), matcher)
    good = min(done.overall.precision, done.overall.recall) >= GOOD and done.cited.recall == 1
    show.as_json(_score_as_json(done)) if options.json else _print_score(done)
    return 0 if good else 1


def _text(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadInput(
            str(path),
            f"cannot be read: {wrong}",
            "name a UTF-8 file of labelled notices, or - for standard input",
        ) from None


def _score_as_json(done: Score) -> dict[str, object]:
    return {
        "notices": done.notices,
        "overall": _tally(done.overall),
        "cited": _tally(done.cited),
        "topics": [{"slug": slug, **_tally(one)} for slug, one in done.topics.items()],
        "disagreements": [asdict(one) for one in done.disagreements],
    }


def _tally(one: Tally) -> dict[str, float]:
    return {
        "precision": round(one.precision, 4), "recall": round(one.recall, 4),
        "right": one.right, "wrong": one.wrong, "missed": one.missed,
    }  # fmt: skip


def _print_score(done: Score) -> None:
    rows = [{"slug": slug, **_tally(one)} for slug, one in done.topics.items()]
    columns = {
        "slug": "TOPIC",
        "precision": "PRECISION",
        "recall": "RECALL",
        "right": "RIGHT",
        "wrong": "WRONG",
        "missed": "MISSED",
    }
    show.table(rows, columns, "no topics")
    for one in done.disagreements:
        print(f"! {one.place}: {show.shortened(one.title, 80)}")
        print(
            f"    brought though wrong: {', '.join(one.wrong) or 'none'}; missed: {', '.join(one.missed) or 'none'}"
        )
    print(
        f"{done.notices} notices: precision {done.overall.precision:.3f}, recall {done.overall.recall:.3f}; "
        f"recall of the sections that notices are about {done.cited.recall:.3f}"
    )
