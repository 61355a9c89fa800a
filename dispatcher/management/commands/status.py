"""`dispatcher status`: one screen. Is anything stuck, failing or silent? Exit 1 if so, with the next step for each."""

from argparse import ArgumentParser
from datetime import datetime, timedelta

from django.db.models import Count, Min

from dispatcher import config
from dispatcher.errors import BadInput
from dispatcher.management import show
from dispatcher.management.command import DispatcherCommand, Options, add_json
from dispatcher.management.commands.mailings import row as mailing_row
from dispatcher.management.commands.sources import COLUMNS as SOURCE_COLUMNS
from dispatcher.management.commands.sources import row as source_row
from dispatcher.models import (
    Bulletin,
    BulletinState,
    Cadence,
    Catalog,
    Delivery,
    Lane,
    Mailing,
    MailingState,
    Relay,
    Source,
    Subscription,
)
from dispatcher.models.clock import database_now
from dispatcher.models.delivery import OPEN
from dispatcher.topics import load

# Mail that is due and has not left for this long is stuck: retries are not due, so this is somebody not working.
_STUCK = timedelta(minutes=15)
_FAILURES_TOLD = 3
_DAY = 86_400
_SHOWN = 10

Problem = dict[str, str]


class Command(DispatcherCommand):
    help = "One screen: is anything stuck, failing or silent? Exit 1 if so, with the next step for each."

    def declare(self, parser: ArgumentParser) -> None:
        add_json(parser)
        parser.set_defaults(handler=_status)


def _status(options: Options) -> int:
    settings = config.current()
    now = database_now()
    lanes = [_lane(lane, now) for lane in Lane]
    problems = [
        *_topics(settings),
        *_sources(now),
        *_bulletins(now),
        *_relays(),
        *_mailings(),
        *_deliveries(settings, now),
        *_digests(),
    ]
    facts = {
        "healthy": not problems,
        "problems": problems,
        "sources": [source_row(one) for one in Source.objects.filter(dropped_at__isnull=True)],
        "lanes": lanes,
        "mailings": [mailing_row(one) for one in Mailing.objects.all()[:_SHOWN]],
    }
    if options.json:
        show.as_json(facts)
    else:
        _print(facts, problems)
    return 1 if problems else 0


def _lane(lane: Lane, now: datetime) -> dict[str, object]:
    open_rows = Delivery.objects.filter(
        mailing__lane=lane, mailing__state=MailingState.RUNNING, state__in=OPEN
    )
    facts = open_rows.aggregate(count=Count("id"), oldest=Min("due_at"))
    oldest = facts["oldest"]
    overdue = (now - oldest).total_seconds() if oldest and oldest < now else 0
    doubtful = open_rows.filter(doubts__gt=0).count()
    return {
        "lane": lane.value,
        "open": facts["count"],
        "oldest_overdue_seconds": round(overdue),
        "in_doubt": doubtful,
    }


def _problem(where: str, what: str, remedy: str) -> Problem:
    return {"where": where, "what": what, "remedy": remedy}


def _topics(settings: config.Config) -> list[Problem]:
    try:
        load.read(settings.topics)
    except BadInput as wrong:
        return [
            _problem(
                "topics.yaml",
                str(wrong).splitlines()[0],
                "`dispatcher topics lint` tells every mistake; the last good list stays in force",
            )
        ]
    if Catalog.latest() is None:
        return [_problem("topics.yaml", "not loaded yet", "`dispatcher run --once` loads it")]
    return []


def _sources(now: datetime) -> list[Problem]:
    found = []
    for source in Source.objects.filter(enabled=True, dropped_at__isnull=True):
        if (
            source.failures >= _FAILURES_TOLD
            or source.outcome == "degraded"
            or (source.failures and not source.last_success_at)
        ):
            found.append(
                _problem(
                    f"source {source.slug}",
                    f"{source.state}: {source.problem}",
                    f"`dispatcher sources preview {source.slug}`",
                )
            )
        elif source.due_at < now - timedelta(hours=1):
            waited = show.span((now - source.due_at).total_seconds())
            found.append(
                _problem(
                    f"source {source.slug}",
                    f"due for {waited} and not polled",
                    "is `dispatcher run --once` still called?",
                )
            )
    return found


def _bulletins(now: datetime) -> list[Problem]:
    waiting = list(Bulletin.to_look_at())
    held = [one for one in waiting if one.state == BulletinState.HELD]
    # A day for somebody to look before it counts as trouble; what is held waits for a decision at once.
    unmatched = [one for one in waiting if one.state != BulletinState.HELD and one.age(now) > _DAY]
    found = []
    if held:
        found.append(
            _problem(
                "bulletins",
                f"{len(held)} held, the oldest for {show.span(held[0].age(now))}",
                "`dispatcher bulletins list --state held`, then `sources release` or `discard`",
            )
        )
    if unmatched:
        found.append(
            _problem(
                "bulletins",
                f"{len(unmatched)} matched no topic, the oldest for {show.span(unmatched[0].age(now))}",
                "`dispatcher bulletins list --state unmatched`",
            )
        )
    return found


def _relays() -> list[Problem]:
    return [
        _problem(f"relay {one.name}", f"{'refuses us' if one.our_fault else 'down'} since {show.iso(one.down_since)}: {one.problem}",
                 "check user, password and sender" if one.our_fault else "it is probed until it answers; nobody is lost")
        for one in Relay.objects.filter(down_since__isnull=False)
    ]  # fmt: skip


def _mailings() -> list[Problem]:
    return [
        _problem(
            f"mailing {one.key}", f"paused: {one.why or 'by staff'}", f"`dispatcher mailings show {one.id}`"
        )
        for one in Mailing.objects.filter(state=MailingState.PAUSED)
    ]


def _deliveries(settings: config.Config, now: datetime) -> list[Problem]:
    running = Mailing.objects.filter(state=MailingState.RUNNING)
    stuck = Delivery.objects.filter(mailing__in=running, state__in=OPEN, due_at__lt=now - _STUCK).count()
    if not stuck:
        return []
    what = f"{stuck} due for more than {show.span(_STUCK.total_seconds())}"
    if settings.send.off:
        return [_problem("deliveries", what, "DISPATCHER_SEND is off: set it to `on` when all is checked")]
    if settings.send.only:
        return [
            _problem("deliveries", what, "DISPATCHER_SEND lists the only addresses that may be written to")
        ]
    return [_problem("deliveries", what, "is `dispatcher run --once` still called?")]


def _digests() -> list[Problem]:
    waiting = Subscription.objects.filter(ended_at__isnull=True).exclude(cadence=Cadence.IMMEDIATE).count()
    if not waiting:
        return []
    return [
        _problem(
            "digests",
            f"{waiting} subscriptions ask for a daily or weekly digest, which this version does not send yet",
            "tell them, or import them as immediate",
        )
    ]


def _print(facts: dict[str, object], problems: list[Problem]) -> None:
    print("healthy" if facts["healthy"] else f"{len(problems)} problems")
    for one in problems:
        print(f"! {one['where']}: {one['what']}\n    → {one['remedy']}")
    tables = {
        "sources": (SOURCE_COLUMNS, "no sources"),
        "lanes": (
            {
                "lane": "LANE",
                "open": "OPEN",
                "oldest_overdue_seconds": "OLDEST OVERDUE (s)",
                "in_doubt": "IN DOUBT",
            },
            "no lanes",
        ),
        "mailings": (
            {"id": "ID", "key": "MAILING", "state": "STATE", "audience": "AUDIENCE", "counts": "COUNTS"},
            "no mailings yet",
        ),
    }
    for key, (columns, empty) in tables.items():
        rows = facts[key]
        assert isinstance(rows, list)  # noqa: S101 -- built above; tells the type checker
        print()
        show.table(rows, columns, empty)
