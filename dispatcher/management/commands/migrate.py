"""`dispatcher migrate`: the tables, and the secret key of this deployment."""

import os
import secrets
from argparse import ArgumentParser

from django.core.management import call_command
from django.core.management.commands.migrate import Command as DjangoMigrate

from dispatcher import config
from dispatcher.management.command import DispatcherCommand


class Command(DispatcherCommand):
    autodetector = DjangoMigrate.autodetector  # Django asks whatever is called `migrate` for it
    help = "Create or update the tables, and make the secret key if there is none. Doing it again changes nothing."

    def declare(self, parser: ArgumentParser) -> None:
        parser.set_defaults(handler=lambda _: prepare(verbosity=1))


def prepare(*, verbosity: int) -> None:
    """The folder, the key, the tables. `verbosity` is Django's: 0 says nothing of the tables."""
    settings = config.current()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not settings.secret_key:
        _make_key(settings)
    call_command(DjangoMigrate(), interactive=False, verbosity=verbosity)


def _make_key(settings: config.Config) -> None:
    # Two starts at once: O_EXCL lets one write, the other finds the file.
    try:
        file = os.open(settings.secret_key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(file, "w") as key:
        key.write(secrets.token_urlsafe(48))
    print(
        f"made a secret key: {settings.secret_key_file} (keep it: links in mails already sent are signed with it)"
    )
