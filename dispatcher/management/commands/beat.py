"""`dispatcher beat`: the timetable. It only says "tick"; what is due is asked of the rows."""

from argparse import ArgumentParser

from dispatcher.management.command import DispatcherCommand, Options


class Command(DispatcherCommand):
    help = "The timetable of the workers: one tick a minute. Two at once do no harm, none delays everything."

    def declare(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--log-level",
            default="INFO",
            choices=["DEBUG", "INFO", "WARNING", "ERROR"],
            help="what to say (default INFO)",
        )
        parser.set_defaults(handler=_beat)


def _beat(options: Options) -> None:
    from tasks.app import app

    app.start(["--quiet", "beat", f"--loglevel={options.log_level}", "--pidfile="])
