"""docs/interface.md holds one example of each JSON that scripts rely on; here each is run and compared, value by value."""

import io
import json
import re
import shlex
from pathlib import Path

import pytest
import scene
from calling import Call

from dispatcher.__main__ import COMMANDS

DOC = Path(__file__).parents[2] / "docs" / "interface.md"
EXAMPLE = re.compile(
    r"```console\n\$ (?:(?P<input>[^\n]+?) \| )?dispatcher (?P<command>[^\n]+)\n(?P<output>.*?)```", re.DOTALL
)
EXAMPLES = [
    (one["command"], one["input"] or "", one["output"])
    for one in EXAMPLE.finditer(DOC.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("command", "given", "expected"), EXAMPLES, ids=[one[0] for one in EXAMPLES])
def test_the_example_is_what_the_command_prints(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, given: str, expected: str
) -> None:
    scene.set_up(tmp_path)
    if command.split(maxsplit=1)[0] in {"blast", "staff"}:
        scene.hand_in()
    if command.split(maxsplit=1)[0] in {"bounces", "suppressions"}:
        scene.come_back()
    monkeypatch.setattr("sys.stdin", io.StringIO(shlex.split(given)[1] + "\n" if given else ""))
    assert json.loads(call(*shlex.split(command)).out) == json.loads(expected)


def test_every_json_of_the_interface_has_its_example() -> None:
    shown = {" ".join(command.split()[:2]) for command, _, _ in EXAMPLES}
    assert shown >= {
        "bulletins list", "topics explain", "topics list", "sources list", "mailings show", "mailings list", "mailings report", "status --json",
        "blast list", "blast show", "staff list", "bounces list", "suppressions list",
    }  # fmt: skip
    assert all(command.split()[0] in COMMANDS for command, _, _ in EXAMPLES)
