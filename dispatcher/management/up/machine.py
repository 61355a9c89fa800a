"""The product on one machine: which processes make it up, what each is told, and in which order they end."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from urllib.parse import urlsplit

from dispatcher.management.up import ports, valkey
from dispatcher.management.up.supervisor import Child
from dispatcher.parsing import is_loopback

# On a terminal shared by all, only what a person should look at.
_QUIET = ("--log-level", "WARNING")
# Celery warns each worker that runs as root, as everything in a container does; C_FORCE_ROOT would not silence it. No such worker takes
# pickles, and whoever starts `up` has decided as whom. `dispatcher worker` alone still warns.
_ROOT_IS_FINE = "ignore:::celery.platforms"


class Stop(IntEnum):
    """Nothing new comes in; then what is under way is finished; then the bell may go."""

    DOORS = 1
    WORKERS = 2
    VALKEY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What was given, and what this machine brings along: the pages always, the rest where nobody named something better."""

    given: Mapping[str, str] = field(
        repr=False
    )  # the environment of whoever called; there may be passwords in it
    data_dir: Path
    port: int  # of the pages
    workers: int | None  # processes for bulk mail, if somebody said how many
    valkey_port: int | None  # None: a broker was named
    smtp_url: str | None  # of the local mailbox; None: a relay was named
    has_sender: bool

    @property
    def environment(self) -> dict[str, str]:
        """What every child is told. Nothing that was given is changed; our own mailbox may be mailed, nobody else."""
        ours = {"DATA_DIR": str(self.data_dir), "PUBLIC_URL": f"http://{ports.HOST}:{self.port}"}
        if self.valkey_port:
            ours["REDIS_URL"] = f"redis://{ports.HOST}:{self.valkey_port}/0"
        if self.smtp_url:
            ours |= {"SMTP_URL": self.smtp_url, "SEND": "on"}
            ours |= {} if self.has_sender else {"FROM": "MaineCare (local) <local@notices.example.gov>"}
        missing = {f"DISPATCHER_{name}": value for name, value in ours.items()}
        return {**self.given, **{name: value for name, value in missing.items() if not self.given.get(name)}}

    @property
    def valkey_folder(self) -> Path:
        return self.data_dir / "valkey"

    @property
    def mailbox(self) -> Path | None:
        """The folder that the pages show. Whoever opens a message there can use its links, so it is shown on this machine alone."""
        public = urlsplit(self.environment["DISPATCHER_PUBLIC_URL"]).hostname or ""
        return self.data_dir / "mailbox" if self.smtp_url and is_loopback(public) else None

    def valkey(self, port: int) -> Child:
        """The bell. It starts first and ends last."""
        argv = valkey.command(self.valkey_folder, port)
        return Child(name="valkey", argv=argv, env=self.environment, stop=Stop.VALKEY)

    def others(self) -> list[Child]:
        """Workers, the timetable, the pages."""
        from tasks.app import WORKERS

        return [*(self._worker(name, lanes) for name, lanes in WORKERS.items()), self._beat(), self._web()]

    def _worker(self, name: str, lanes: tuple[str, ...]) -> Child:
        argv = [
            sys.executable,
            "-m",
            "dispatcher",
            "worker",
            "--name",
            name,
            "--lanes",
            ",".join(lanes),
            *_QUIET,
        ]
        if self.workers and name == "bulk":
            argv += ["--concurrency", str(self.workers)]
        told = self.environment
        warnings = ",".join(filter(None, [told.get("PYTHONWARNINGS"), _ROOT_IS_FINE]))
        env = told | {"PYTHONWARNINGS": warnings}
        return Child(name=f"worker-{name}", argv=tuple(argv), env=env, stop=Stop.WORKERS)

    def _beat(self) -> Child:
        argv = (sys.executable, "-m", "dispatcher", "beat", *_QUIET)
        return Child(name="beat", argv=argv, env=self.environment, stop=Stop.DOORS)

    def _web(self) -> Child:
        bind = f"{ports.HOST}:{self.port}"
        argv = [sys.executable, "-m", "gunicorn", "dispatcher.wsgi:application", "--bind", bind]
        # Threads: a browser that opens a connection ahead and says nothing would hold up a whole process. And a process with threads
        # looks every second whether its parent still lives; one without, every 15 s, and would hold the port as long.
        argv += ["--workers", "2", "--threads", "4", "--log-level", "warning"]
        argv += ["--no-control-socket"]  # it would lie in the home folder, one for all deployments of a user
        shown = {"DISPATCHER_MAILBOX": str(self.mailbox)} if self.mailbox else {}
        return Child(name="web", argv=tuple(argv), env=self.environment | shown, stop=Stop.DOORS)
