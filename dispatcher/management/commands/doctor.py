"""`dispatcher doctor`: everything outside that could be wrong, one line for each thing that was looked at. Changes nothing."""

from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict

from dispatcher import config
from dispatcher.management import show
from dispatcher.management.command import DispatcherCommand, Options, add_json


class Command(DispatcherCommand):
    help = "Look at everything outside: database, broker, relays, names, pages, clocks. No mail is sent. Exit 1 if there is a problem."

    def declare(self, parser: ArgumentParser) -> None:
        add_json(parser)
        parser.set_defaults(handler=_doctor)


def _doctor(options: Options) -> int:
    from dispatcher.management.doctor import examine  # it loads Celery

    found = examine(config.current())
    counts = Counter(one.level for one in found)
    if options.json:
        show.as_json([asdict(one) for one in found])
    else:
        for one in found:
            print(f"{one.level:8} {one.where}: {one.what}{f' → {one.remedy}' if one.remedy else ''}")
        print(f"{counts['problem']} problems, {counts['warning']} warnings")
    return 1 if counts["problem"] else 0
