"""Commands called in this process, and what they answered."""

import json
from collections.abc import Callable
from importlib import import_module

import pytest

from dispatcher import config

Call = Callable[..., "Answer"]


class Answer:
    """Exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


def call_command(capsys: pytest.CaptureFixture, *arguments: str) -> Answer:
    """As the script would call it."""
    capsys.readouterr()
    code = 0
    try:
        command = import_module(f"dispatcher.management.commands.{arguments[0]}").Command()
        command.run_from_argv(["dispatcher", *arguments])
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    printed = capsys.readouterr()
    return Answer(code, printed.out, printed.err)


def set_environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Settings of this deployment, from now on."""
    for name, value in values.items():
        monkeypatch.setenv(f"DISPATCHER_{name}", value)
    config.current.cache_clear()
