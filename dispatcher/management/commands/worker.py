"""`dispatcher worker`: a Celery worker of this app, with the lanes it serves."""

import os
from argparse import ArgumentParser

from dispatcher.errors import BadInput
from dispatcher.management.command import DispatcherCommand, Options


class Command(DispatcherCommand):
    help = (
        "A Celery worker. Start as many as you like; at least one must serve only system and immediate mail."
    )

    def declare(self, parser: ArgumentParser) -> None:
        parser.add_argument("--lanes", metavar="A,B", help="lanes to serve (default: all)")
        parser.add_argument("--concurrency", type=int, default=2, metavar="N", help="processes (default 2)")
        parser.add_argument("--name", default="worker", help="what to call it in the log")
        parser.add_argument(
            "--log-level",
            default="INFO",
            choices=["DEBUG", "INFO", "WARNING", "ERROR"],
            help="what to say (default INFO)",
        )
        parser.set_defaults(handler=_work)


def _work(options: Options) -> None:
    from tasks.app import LANES, app

    lanes = options.lanes.split(",") if options.lanes else list(LANES)
    unknown = [lane for lane in lanes if lane not in LANES]
    if unknown:
        raise BadInput("--lanes", f"no lane {', '.join(unknown)}", f"there are {', '.join(LANES)}")
    app.worker_main(
        [
            "--quiet",  # no banner
            "worker",
            f"--queues={','.join(lanes)}",
            f"--concurrency={options.concurrency}",
            f"--hostname={options.name}-{os.getpid()}@%h",
            f"--loglevel={options.log_level}",
            "--without-gossip",
            "--without-mingle",
        ]
    )
