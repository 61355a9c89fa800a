"""`dispatcher worker`: a Celery worker of this app, with the lanes it serves."""

import os
import socket
import warnings
from argparse import ArgumentParser

from dispatcher.errors import BadInput
from dispatcher.management.command import DispatcherCommand, Options, at_least_one


class Command(DispatcherCommand):
    help = (
        "A Celery worker. Start as many as you like; at least one must serve only system and immediate mail."
    )

    def declare(self, parser: ArgumentParser) -> None:
        parser.add_argument("--lanes", metavar="A,B", help="lanes to serve (default: all)")
        parser.add_argument(
            "--concurrency", type=at_least_one, default=2, metavar="N", help="processes (default 2)"
        )
        parser.add_argument("--name", default="worker", help="what to call it in the log")
        parser.add_argument(
            "--log-level",
            default="INFO",
            choices=["DEBUG", "INFO", "WARNING", "ERROR"],
            help="what to say (default INFO)",
        )
        parser.set_defaults(handler=_work)


def _work(options: Options) -> int:
    from tasks.app import LANES, app

    lanes = options.lanes.split(",") if options.lanes else list(LANES)
    unknown = [lane for lane in lanes if lane not in LANES]
    if unknown:
        raise BadInput("--lanes", f"no lane {', '.join(unknown)}", f"there are {', '.join(LANES)}")
    # Not `app.worker_main`: it drops the exit code, and whoever keeps us alive would take a crash for an orderly end.
    worker = app.Worker(
        queues=lanes,
        concurrency=options.concurrency,
        hostname=f"{options.name}-{os.getpid()}@{socket.gethostname()}",
        loglevel=options.log_level,
        without_gossip=True,
        without_mingle=True,
        quiet=True,  # no banner
    )
    # Told anew at each loss of the broker, of a setting that tasks/app.py states: nothing to decide. Here, because making the worker
    # switches such warnings on.
    warnings.filterwarnings("ignore", r"\s*In Celery 5\.1 we introduced", PendingDeprecationWarning)
    worker.start()
    return 1 if worker.exitcode is None else int(worker.exitcode)  # None: cut off in the middle
