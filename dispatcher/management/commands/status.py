"""`dispatcher status`: one screen. Is anything stuck, failing or silent? Exit 1 if so, with the next step for each."""

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from dispatcher import config
from dispatcher.management import show, unmatched
from dispatcher.management.command import DispatcherCommand, Options, add_json
from dispatcher.management.commands.mailings import progress
from dispatcher.management.commands.mailings import row as mailing_row
from dispatcher.management.commands.sources import COLUMNS as SOURCE_COLUMNS
from dispatcher.management.commands.sources import row as source_row
from dispatcher.management.health import Problem, problems
from dispatcher.models import Bulletin, Mailing
from dispatcher.models.clock import database_now
from dispatcher.models.lanes import lanes
from dispatcher.sources.health import looks

_SHOWN = 10  # mailings; `mailings list` has the rest
_LANE_COLUMNS = {
    "lane": "LANE",
    "owed": "OWED",
    "oldest_overdue_seconds": "OLDEST OVERDUE (s)",
    "in_doubt": "IN DOUBT",
    "canary_age_seconds": "SERVED (s ago)",
}
_MAILING_COLUMNS = {
    "id": "ID",
    "key": "MAILING",
    "state": "STATE",
    "audience": "AUDIENCE",
    "progress": "PROGRESS",
}
_UNMATCHED_COLUMNS = {"id": "ID", "age": "WAITS FOR", "title": "MATCHED NO TOPIC"}

Rows = list[dict[str, object]]


class Command(DispatcherCommand):
    help = "One screen: is anything stuck, failing or silent? Exit 1 if so, with the next step for each."

    def declare(self, parser: ArgumentParser) -> None:
        add_json(parser)
        parser.set_defaults(handler=_status)


def _status(options: Options) -> int:
    now = database_now()
    served = lanes(now)
    found = problems(config.current(), served, now)
    sources: Rows = [source_row(one) for one in looks(now)]
    mailings: Rows = [mailing_row(one) for one in Mailing.to_many()[:_SHOWN]]
    lane_rows: Rows = [asdict(one) for one in served]
    waiting = unmatched.waiting()
    if options.json:
        facts = {
            "healthy": not found,
            "problems": found,
            "sources": sources,
            "lanes": lane_rows,
            "mailings": mailings,
            "unmatched": [
                {"id": str(one.id), "title": one.title, "age_seconds": round(one.age(now))} for one in waiting
            ],
        }
        show.as_json(facts)
    else:
        _print(found, sources, lane_rows, mailings)
        _print_unmatched(waiting, now)
    return 1 if found else 0


def _print(found: Sequence[Problem], sources: Rows, lane_rows: Rows, mailings: Rows) -> None:
    print("healthy" if not found else f"{len(found)} problems")
    for one in found:
        print(f"! {one['where']}: {one['what']}\n    → {one['remedy']}")
    print()
    show.table(sources, SOURCE_COLUMNS, "no sources")
    print()
    show.table(lane_rows, _LANE_COLUMNS, "no lanes")
    print()
    show.table([one | {"progress": progress(one)} for one in mailings], _MAILING_COLUMNS, "no mailings yet")


def _print_unmatched(waiting: Sequence[Bulletin], now: datetime) -> None:
    if waiting:
        rows = [{"id": one.id, "age": show.span(one.age(now)), "title": one.title} for one in waiting]
        print()
        show.table(rows[:_SHOWN], _UNMATCHED_COLUMNS, "")
