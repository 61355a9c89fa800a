"""Every command is listed, explained, and ends as promised: 0 done, 1 it failed, 2 wrong use."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import pytest
from house.tree import ROOT

from dispatcher.__main__ import COMMANDS, main

FOLDER = ROOT / "dispatcher" / "management" / "commands"
MODULES = sorted(file.stem for file in FOLDER.glob("*.py") if file.stem != "__init__")


def parsers(name: str) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """The parser of a command, then those of its verbs, each with how it is called."""
    parser = (
        import_module(f"dispatcher.management.commands.{name}").Command().create_parser("dispatcher", name)
    )
    yield (name,), parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, below in action.choices.items():
                yield (name, verb), below


def left(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    """The exit code of `dispatcher …`, run in this process."""
    monkeypatch.setattr(sys, "argv", ["dispatcher", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def unlisted(listed: dict[str, str], modules: list[str]) -> str:
    """Commands that the overview does not name, and names without a command."""
    lines = [
        f"{one}: a module without a line in dispatcher.__main__.COMMANDS → say what it is for"
        for one in modules
        if one not in listed
    ]
    return "\n".join(
        lines
        + [f"{one}: listed, but there is no module → take it away" for one in listed if one not in modules]
    )


def test_every_command_is_in_the_overview() -> None:
    problems = unlisted(COMMANDS, MODULES)
    assert not problems, problems


def test_a_command_that_nobody_lists_is_named() -> None:
    assert "new: a module" in unlisted({"run": "…"}, ["new", "run"])
    assert "old: listed" in unlisted({"old": "…"}, [])


@pytest.mark.parametrize("name", MODULES)
def test_the_readme_names_every_command(name: str) -> None:
    assert f"dispatcher {name}" in (ROOT / "README.md").read_text(), "→ the README shows each command once"


@pytest.mark.parametrize("name", MODULES)
def test_help_explains_every_verb_and_option(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for called, parser in parsers(name):
        assert left(monkeypatch, *called, "--help") == 0
        shown = capsys.readouterr().out
        assert shown.startswith("usage: dispatcher " + " ".join(called))
        assert parser.description, f"dispatcher {' '.join(called)} → one sentence of help"
        mute = [one.option_strings[0] for one in parser._actions if one.option_strings and not one.help]
        assert not mute, f"dispatcher {' '.join(called)} → help for {mute}"


@pytest.mark.parametrize("name", MODULES)
def test_wrong_use_ends_with_2(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for called, _ in parsers(name):
        assert left(monkeypatch, *called, "--no-such-option") == 2
        assert "usage:" in capsys.readouterr().err
    if len(list(parsers(name))) > 1:
        assert left(monkeypatch, name) == 2
        assert left(monkeypatch, name, "nonsense") == 2


@pytest.mark.parametrize("name", MODULES)
def test_what_prints_a_table_prints_json_too(name: str) -> None:
    for called, parser in parsers(name):
        if called[-1] in {"list", "show", "status", "report", "check", "explain", "lint"}:
            options = {option for action in parser._actions for option in action.option_strings}
            assert "--json" in options, f"dispatcher {' '.join(called)} → scripts need --json"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--help",), 0, "usage: dispatcher COMMAND"),
        (("sources", "poll", "--help"), 0, "usage: dispatcher sources poll"),
        (("nonsense",), 2, "no command 'nonsense'"),
    ],
)
def test_the_script_itself_ends_so(arguments: tuple[str, ...], code: int, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dispatcher", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code
    assert says in done.stdout + done.stderr
