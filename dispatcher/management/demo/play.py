"""Play the demo: real feeds over HTTP, the whole path in processes of its own, real SMTP into a mailbox on this machine.

Nothing leaves the machine. What is printed at the end comes from the product's own commands and from what the mailbox counted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dispatcher import config
from dispatcher.errors import Permanent, Unreachable
from dispatcher.management.demo.mailbox import Mailbox, Received
from dispatcher.management.demo.site import Samples, Site
from dispatcher.management.demo.works import running_valkey, running_worker

_PATIENCE = 45.0  # seconds for the worker to be done with one poll
_PAUSE = 0.5  # each look is a process of its own: without a rest they take the processor from the worker that they wait for
BUNDLED = Path(__file__).parent / "samples"

# Who subscribes in the demo: one person with two topics (and one mail for both), one on every list, one who hears of nothing new.
PEOPLE = {
    "pat.pharmacist@example.com": ("pharmacy", "340b"),
    "hal.hospital@example.com": ("hospital",),
    "pia.pnmi@example.com": ("private-non-medical-institutions",),
    "dee.dentist@example.com": ("dental",),
    "ben.billing@example.com": ("pharmacy", "hospital", "340b", "all-rulemaking"),
    "rae.rules@example.com": ("all-rulemaking",),
    "hope.homehealth@example.com": ("home-health",),
}

Step = Callable[[str], None]


@dataclass(slots=True)
class Played:
    """What the demo showed, as the product's own commands told it."""

    folder: Path
    bulletins: list[dict[str, Any]]
    mailings: list[dict[str, Any]]
    evidence: dict[str, list[dict[str, Any]]]
    received: list[Received] = field(default_factory=list)


def play(folder: Path | None, step: Step) -> Played:
    """Play all polls of a folder of samples. `step` hears what is being done, for people to watch."""
    home = Path(tempfile.mkdtemp(prefix="dispatcher-demo-"))
    shipped = yaml.safe_load(config.bundled("topics.yaml").read_text(encoding="utf-8"))
    samples = Samples.of(folder or BUNDLED, frozenset(source["slug"] for source in shipped["sources"]))
    step("starting Valkey, a mailbox and a site with the samples")
    with running_valkey(home) as redis_url, Site(samples) as site, Mailbox(home / "mailbox") as mailbox:
        run = _Runner(home, _topics(shipped, site, home), redis_url, mailbox.url)
        step("preparing a database and subscribers")
        run("migrate")
        run("subscribers", "import", str(_people(home)))
        with running_worker(run.environment, home / "worker.log"):
            for number in range(1, samples.count + 1):
                step(f"poll {number} of {samples.count}; the Celery worker matches, fans out and delivers")
                site.poll = number
                run("sources", "poll", "--all")
                _wait_until_quiet(run)
        step("asking what happened")
        bulletins = run.json("bulletins", "list")
        evidence = {
            one["id"]: run.json("bulletins", "show", one["id"])["matches"]
            for one in bulletins
            if one["topics"]
        }
        return Played(home, bulletins, run.json("mailings", "list"), evidence, mailbox.received)


def _wait_until_quiet(run: "_Runner") -> None:
    """Until no lane owes anything; the samples' own sources are polled by hand, so that lane does not count."""
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        lanes = run.json("status")["lanes"]
        if not any(lane["owed"] for lane in lanes if lane["lane"] != "poll"):
            return
        time.sleep(_PAUSE)
    raise Unreachable(f"the worker did not finish within {_PATIENCE:g} s; {run.home / 'worker.log'} says why")


def _topics(shipped: dict[str, Any], site: Site, home: Path) -> Path:
    """The shipped topic list, its sources pointed at the samples: same slugs, selectors and rules."""
    sources = [source for source in shipped["sources"] if source["slug"] in site.samples.polls]
    for source in sources:
        source.pop("reason", None)
        # Samples bear the dates they were made at: with the limit on, all of them would be held as late.
        source.update(enabled=True, allow_private=True, late_after_days=0, url=site.url(source["slug"]))
    file = home / "topics.yaml"
    file.write_text(
        yaml.safe_dump(shipped | {"sources": sources}, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    return file


def _people(home: Path) -> Path:
    lines = ["email,topics,cadence,consent"]
    lines += [
        f"{address},{';'.join(topics)},immediate,made up for the demo" for address, topics in PEOPLE.items()
    ]
    file = home / "subscribers.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


class _Runner:
    """Runs commands of the product as a person would, in a deployment of its own."""

    def __init__(self, home: Path, topics: Path, redis_url: str, smtp_url: str) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith(config.PREFIX)}
        self.environment = kept | {
            "DISPATCHER_DATA_DIR": str(home),
            "DISPATCHER_TOPICS": str(topics),
            "DISPATCHER_REDIS_URL": redis_url,
            "DISPATCHER_SMTP_URL": smtp_url,
            "DISPATCHER_SEND": "on",
            "DISPATCHER_FROM": "MaineCare (demo) <demo@notices.example.gov>",
        }

    def __call__(self, *arguments: str, fine: tuple[int, ...] = (0,)) -> str:
        command = [sys.executable, "-m", "dispatcher", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command, no shell
        if done.returncode not in fine:
            raise Permanent(f"`dispatcher {' '.join(arguments)}` failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json", fine=(0, 1) if arguments == ("status",) else (0,)))
