"""`dispatcher up`: everything on this machine, kept running until Ctrl-C. This file is the order in which it starts."""

import os
import shlex
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException
from time import monotonic
from urllib.parse import urlsplit

from django.db import connections

from dispatcher import config
from dispatcher.config import Config
from dispatcher.errors import Unreachable
from dispatcher.management.command import DispatcherCommand, Options, at_least_one
from dispatcher.management.commands import migrate
from dispatcher.management.demo.mailbox import Mailbox
from dispatcher.management.topic_list import refresh
from dispatcher.management.up import folder, ports, shell, valkey
from dispatcher.management.up.machine import Machine
from dispatcher.management.up.supervisor import Supervisor
from dispatcher.models import Catalog
from dispatcher.parsing import is_loopback

_PORT = 8000
_PATIENCE = 30  # seconds for Valkey to load what it kept


class Command(DispatcherCommand):
    help = "Everything on this machine: Valkey, a local mailbox, workers, timetable, pages. Stays; Ctrl-C ends it."

    def declare(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, help="port of the pages (default: that of PUBLIC_URL, or 8000)"
        )
        parser.add_argument(
            "--workers",
            type=at_least_one,
            metavar="N",
            help="processes for bulk mail (default 2)",
        )
        parser.set_defaults(handler=_up)


def _up(options: Options) -> int:
    settings = config.current()
    port = _port(settings.public_url) if options.port is None else options.port
    with folder.held(settings.data_dir), ExitStack() as stack:
        ports.check(port)
        _prepare(settings)
        machine = Machine(
            given=os.environ,
            data_dir=settings.data_dir,
            port=port,
            workers=options.workers,
            valkey_port=None if _broker_is_named() else ports.free(valkey.FIRST_PORT),
            smtp_url=None if settings.smtp_url else stack.enter_context(_mailbox(settings)).url,
            has_sender=_has_sender(settings),
        )
        connections.close_all()  # from here on this process only keeps others alive
        with Supervisor(_tell) as supervisor:
            _keep(supervisor, machine)
    return 1 if supervisor.killed else 0


def _port(public_url: str) -> int:
    url = urlsplit(public_url)
    return (url.port or _PORT) if is_loopback(url.hostname or "") else _PORT


def _prepare(settings: Config) -> None:
    _tell(f"data folder: {settings.data_dir}")
    migrate.prepare(verbosity=0)
    refresh(settings)
    _tell("tables and topic list are up to date")


def _broker_is_named() -> bool:
    names = ("DISPATCHER_REDIS_URL", "DISPATCHER_BROKER_URL")
    return any(os.environ.get(name + suffix) for name in names for suffix in ("", "_FILE"))


def _mailbox(settings: Config) -> Mailbox:
    _tell("no relay is named: all mail goes into the mailbox on this machine")
    return Mailbox(settings.data_dir / "mailbox")


def _has_sender(settings: Config) -> bool:
    latest = Catalog.latest()
    return bool(settings.from_ or (latest and latest.agency.get("from")))


def _keep(supervisor: Supervisor, machine: Machine) -> None:
    """Valkey, then those that need it; then only watch."""
    if machine.valkey_port:
        supervisor.start(machine.valkey(machine.valkey_port))
        if not supervisor.run(until=_valkey_answers(machine, machine.valkey_port)):
            return
        _tell(f"Valkey answers on port {machine.valkey_port}")
    for child in machine.others():
        supervisor.start(child)
    if supervisor.run(until=lambda: _pages_answer(machine.port)):
        _tell(_where_to_look(machine))
        supervisor.run()


def _valkey_answers(machine: Machine, port: int) -> Callable[[], bool]:
    began = monotonic()

    def answers() -> bool:
        if monotonic() - began > _PATIENCE:
            log = valkey.log(machine.valkey_folder)
            remedy = (
                f"its log is {log}; it keeps nothing but rings, so {machine.valkey_folder} may be removed"
            )
            raise Unreachable(f"Valkey does not answer on port {port} → {remedy}")
        return valkey.answers(port)

    return answers


def _pages_answer(port: int) -> bool:
    line = HTTPConnection(ports.HOST, port, timeout=1)
    try:
        line.request("GET", "/healthz")
        return bool(line.getresponse().status)
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


def _where_to_look(machine: Machine) -> str:
    url = machine.environment["DISPATCHER_PUBLIC_URL"]
    file = shell.write(machine.data_dir, machine.environment)
    lines = ["everything runs", f"  pages     {url}/", f"  health    {url}/readyz"]
    lines += [f"  mailbox   {url}/mailbox/   (the files: {machine.mailbox})"] if machine.mailbox else []
    lines += [f"  commands  . {shlex.quote(str(file))}; {shell.program()} status"]
    return "\n".join([*lines, "  the end   Ctrl-C; a second one hurries"])


def _tell(line: str) -> None:
    with suppress(OSError):  # the terminal may be gone; that is no reason to leave the children alone
        print(line, flush=True)
