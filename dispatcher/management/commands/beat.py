"""`dispatcher beat`: the timetable. It only says "tick"; what is due is asked of the rows."""

from argparse import ArgumentParser

from dispatcher import config
from dispatcher.management.command import DispatcherCommand, Options


class Command(DispatcherCommand):
    help = "The timetable of the workers: one tick a minute. Two at once do no harm, none delays everything."

    def declare(self, parser: ArgumentParser) -> None:
        parser.set_defaults(handler=_beat)


def _beat(_: Options) -> None:
    from tasks.app import app

    config.current().data_dir.mkdir(parents=True, exist_ok=True)
    app.start(["beat", "--loglevel=INFO", "--pidfile="])
