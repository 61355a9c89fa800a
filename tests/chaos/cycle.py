"""One run of chaos, in a process of its own: real workers, timetable, Valkey and database, a sink, and what a seed does to them.

    python tests/chaos/cycle.py --seed 1 --database sqlite|postgresql --harms 8

Prints one JSON object: what was broken, how many were killed, sent, doubled, and how long what the dead held stayed with them.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
SETTLED_WITHIN = 120.0  # seconds, when nothing is harmed any more
FLOWS_WITHIN = 20.0
FEW = 60  # deliveries that are left: a few seconds


@dataclass(frozen=True)
class Options:
    """What it is called with."""

    seed: int
    database: str
    harms: int


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--harms", type=int, default=8)
    options = Options(**vars(parser.parse_args()))
    home = Path(tempfile.mkdtemp(prefix="dispatcher-chaos-"))
    with ExitStack() as stack:
        result = _run(options, home, stack)
    print(json.dumps(result))  # noqa: T201 -- read by whoever started us
    if result["broken"]:
        sys.stderr.write(f"what happened lies in {home}\n")
    else:
        shutil.rmtree(home)
    return int(bool(result["broken"]))


def _run(options: Options, home: Path, stack: ExitStack) -> dict[str, object]:
    import postgres

    server, url = None, f"sqlite:///{home}/dispatcher.sqlite3"
    if options.database == "postgresql":
        server = stack.enter_context(postgres.Server(durable=True))
        url = server.url(server.create(name="chaos"))
    _set_up(home, url)
    from chaos.history import check, doubled, parked
    from chaos.plan import Plan
    from chaos.stage import copies, read_rows, staged

    plan = Plan.draw(options.seed, options.harms, options.database)
    with staged(home, plan, url, server) as (stage, file):
        _harm(stage)
        settled = _settle(stage)
        read_rows(stage.history)
        history = stage.history
        history.copies = copies(file)
        return {
            "seed": options.seed,
            "database": options.database,
            "broken": check(history),
            "harms": [one.what for one in plan.harms],
            "kills": len(history.kills),
            "rows": len(history.rows),
            "copies": len(history.copies),
            "doubled": doubled(history),
            "parked": parked(history),
            "allowed": history.allowed,
            "departed": len(history.departed),
            "settled": round(settled, 1),
            "recovered": [round(one, 2) for one in stage.recovered],
        }


def _set_up(home: Path, url: str) -> None:
    os.environ |= {
        "DISPATCHER_DATA_DIR": str(home),
        "DISPATCHER_DATABASE_URL": url,
        "DISPATCHER_SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnop",
        "DJANGO_SETTINGS_MODULE": "dispatcher.settings",
    }
    import django

    django.setup()
    from django.core.management import call_command
    from django.core.management.commands.migrate import Command as Migrate

    call_command(Migrate(), verbosity=0)


def _harm(stage) -> None:
    """Everything that was drawn, one after the other, while mail flows."""
    import factories as make
    from chaos.harms import HARMS
    from chaos.stage import retried
    from crowd import NEW, OLD, announce, feed

    from dispatcher.models import Source

    stage.beats.append(stage.works.beat())
    stage.workers += [stage.works.worker(), stage.works.worker()]
    announce()
    news = len(stage.plan.harms) // 2
    for number, harm in enumerate(stage.plan.harms):
        _pass_time(stage, harm.after)
        _flow(stage, announce)
        if number == news:
            stage.site.pages["/feed"] = feed(NEW, OLD)
            retried(lambda: Source.objects.update(due_at=make.LONG_AGO))
        retried(lambda harm=harm: HARMS[harm.what](stage, harm))


def _flow(stage, announce) -> None:
    """Until mail is under way, and enough is left that it will be for a while: what is harmed is harmed in the middle."""
    from chaos.stage import retried

    from dispatcher.models import Bulletin, Delivery, Mailing
    from dispatcher.models.delivery import OPEN

    until = time.monotonic() + FLOWS_WITHIN
    flowing = False

    def look() -> None:
        nonlocal flowing
        begins = Bulletin.to_mail().exists() or Mailing.objects.filter(fanned_out_at=None).exists()
        if not begins and Delivery.objects.filter(state__in=OPEN).count() < FEW:
            announce()
        flowing = Delivery.objects.filter(state="sending").exists()

    retried(look)
    while not flowing and time.monotonic() < until:
        _pass_time(stage, 0.1)
        retried(look)


def _pass_time(stage, seconds: float) -> None:
    from chaos.stage import retried

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for act in (stage.look, stage.leave, stage.let_time_pass):
            retried(act)
        time.sleep(0.1)


def _settle(stage) -> float:
    """Wait until nothing is owed any more. Returns the seconds that took."""
    from chaos.harms import disarm

    from dispatcher.models import Bulletin, Mailing

    disarm(stage)
    began = time.monotonic()
    while time.monotonic() < began + SETTLED_WITHIN:
        _pass_time(stage, 0.3)
        if not Bulletin.to_mail().exists() and not Mailing.objects.exclude(state="done").exists():
            break
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
