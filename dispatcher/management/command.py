"""What all commands share: quiet `--help`, exit codes, verbs below a noun, one way to say what went wrong."""

import os
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, HelpFormatter, Namespace
from collections.abc import Callable
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, ProgrammingError, connections

from dispatcher.errors import BadInput, DispatcherError

# The parsed arguments; which there are is for each command to know.
Options = Namespace
Handler = Callable[[Options], int | None]


class _Help(HelpFormatter):
    """Argparse's, a little wider."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=100)


class DispatcherCommand(BaseCommand):
    """A command, or a noun with verbs below it. The handler returns the exit code; None is 0."""

    requires_system_checks: list[str] = []
    # Django's own options are of no use to our people, and hide ours in --help.
    suppressed_base_arguments: set[str] = {
        "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color", "--force-color", "--skip-checks",
    }  # fmt: skip

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """As Django's, in our width."""
        return super().create_parser(prog_name, subcommand, formatter_class=_Help, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the command declare its arguments, or its verbs."""
        self.declare(parser)

    def declare(self, parser: ArgumentParser) -> None:
        """Arguments of this command; a command without verbs calls `set_defaults(handler=…)`."""
        raise NotImplementedError  # each command says its own; the help test walks all of them

    def handle(self, *_: object, **options: Any) -> None:
        """Call the handler and leave with its exit code."""
        handler = cast("Handler", options.pop("handler"))
        code = _guarded(lambda: handler(_readable(Options(**options))))
        connections.close_all()
        if code:
            sys.exit(code)


def _readable(options: Options) -> Options:
    """The arguments, if they are text. Bytes that are not UTF-8 arrive as lone surrogates, which no table can hold."""
    for name, value in vars(options).items():
        given = value if isinstance(value, list) else [value]
        if any(isinstance(one, str) and re.search("[\ud800-\udfff]", one) for one in given):
            raise BadInput(name, "not UTF-8", "say it in UTF-8")
    return options


def _guarded(work: Callable[[], int | None]) -> int:
    try:
        return work() or 0
    except BadInput as wrong:
        return _say(str(wrong), 2)
    except DispatcherError as failure:
        return _say(str(failure), 1)
    except (OperationalError, ProgrammingError) as failure:
        return _say(f"the database: {failure} → is it there, and has `dispatcher migrate` been run?", 1)
    except BrokenPipeError:
        # Whoever read us (`| head`) has had enough; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _say(problem: str, code: int) -> int:
    print(f"dispatcher: {problem}", file=sys.stderr)
    return code


class Verbs:
    """The verbs below a noun."""

    def __init__(self, parser: ArgumentParser) -> None:
        self._verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="VERB", parser_class=ArgumentParser
        )

    def add(self, name: str, handler: Handler, help: str, *, json: bool = False) -> ArgumentParser:  # noqa: A002 -- argparse's word
        """One verb; returns its parser for further arguments."""
        parser: ArgumentParser = self._verbs.add_parser(
            name, help=help, description=help, formatter_class=_Help
        )
        parser.set_defaults(handler=handler)
        if json:
            add_json(parser)
        return parser


def add_json(parser: ArgumentParser) -> None:
    """`--json`, the same everywhere."""
    parser.add_argument("--json", action="store_true", help="print JSON for scripts instead of a table")


def at_least_one(text: str) -> int:
    """Argparse's type of a number of rows."""
    if not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        raise ArgumentTypeError(f"{text!r}: a whole number from 1")
    return int(text)
