"""docs/interface.md holds one example of each JSON that scripts rely on; here each is run and compared, value by value."""

import io
import json
import re
import shlex
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
import scene

from dispatcher import config
from dispatcher.__main__ import COMMANDS

DOC = Path(__file__).parents[2] / "docs" / "interface.md"
EXAMPLE = re.compile(
    r"```console\n\$ (?:(?P<input>[^\n]+?) \| )?dispatcher (?P<command>[^\n]+)\n(?P<output>.*?)```", re.DOTALL
)


def examples() -> list[tuple[str, str, str]]:
    return [
        (one["command"], one["input"] or "", one["output"])
        for one in EXAMPLE.finditer(DOC.read_text(encoding="utf-8"))
    ]


@pytest.fixture
def here(sqlite_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DISPATCHER_TOPICS", str(scene.topics_file(tmp_path)))
    config.current.cache_clear()
    scene.set_up(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "given", "expected"), examples(), ids=[command for command, _, _ in examples()]
)
def test_the_example_is_what_the_command_prints(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    command: str,
    given: str,
    expected: str,
) -> None:
    arguments = shlex.split(command)
    monkeypatch.setattr("sys.stdin", io.StringIO(shlex.split(given)[1] + "\n" if given else ""))
    capsys.readouterr()
    with suppress(
        SystemExit
    ):  # `status` leaves with 1 when something needs a person; the example shows that too
        import_module(f"dispatcher.management.commands.{arguments[0]}").Command().run_from_argv(
            ["dispatcher", *arguments]
        )
    printed = capsys.readouterr().out
    assert json.loads(printed) == json.loads(expected)


def test_every_json_of_the_interface_has_its_example() -> None:
    shown = {" ".join(command.split()[:2]) for command, _, _ in examples()}
    assert shown >= {
        "bulletins list", "topics explain", "topics list", "sources list", "mailings show", "mailings list", "status --json",
    }  # fmt: skip
    assert all(command.split()[0] in COMMANDS for command, _, _ in examples())
