"""Rules about size and silence: files and functions stay short, and whoever silences a tool says why on the line."""

import io
import re
import tokenize
from collections.abc import Iterator

import pytest
from house.tree import Breach, Source, sources, told

LONGEST_FILE = 300
LONGEST_FUNCTION = 40

# What is longer, with the reason: a path, or path:function. The list shrinks quietly and grows only in review.
LONG: dict[str, str] = {
    "dispatcher/config.py": "one table: every setting, with its default and its help",
    "tests/topics/test_catalog.py": "one table: a broken file for each mistake that can be made",
}


def sizes(source: Source) -> Iterator[Breach]:
    """Files and functions that are too long to be read in one sitting."""
    lines = source.text.count("\n") + (not source.text.endswith("\n"))
    if lines > LONGEST_FILE:
        yield Breach(source.path, lines, f"{lines} lines, more than {LONGEST_FILE}", source.path)
    for one in source.functions:
        length = (one.end_lineno or one.lineno) - one.lineno + 1
        if length > LONGEST_FUNCTION:
            problem = f"{one.name} has {length} lines, more than {LONGEST_FUNCTION}"
            yield Breach(source.path, one.lineno, problem, f"{source.path}:{one.name}")


def test_files_and_functions_stay_short() -> None:
    found = (one for source in sources("dispatcher", "tasks", "tests", "benchmarks") for one in sizes(source))
    problems = told(found, LONG, "split it where a second reason to change shows, or give the reason in LONG")
    assert not problems, problems


@pytest.mark.parametrize(
    ("text", "excuses"),
    [
        ("x = 1\n" * 300, []),
        ("x = 1\n" * 301, ["sample.py"]),
        ("def f():\n" + " x = 1\n" * 39, []),
        ("async def f():\n" + " x = 1\n" * 40, ["sample.py:f"]),
    ],
)
def test_what_is_too_long_is_seen(text: str, excuses: list[str]) -> None:
    assert [one.excuse for one in sizes(Source("sample.py", text))] == excuses


def test_an_exception_that_nothing_needs_any_more_is_named() -> None:
    assert "take it off the list" in told([], {"sample.py": "it was long"}, "split it")


_SILENCE = re.compile(r"#\s*(noqa|type:\s*ignore)", re.IGNORECASE)
_REASONED = re.compile(r"#\s*(noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* -- \S|type: ignore\[[\w, -]+\]\s+(#|--) \S)")


def silences(source: Source) -> Iterator[Breach]:
    """Comments that silence a tool without naming what, or without the reason."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            asked, reasoned = len(_SILENCE.findall(token.string)), len(_REASONED.findall(token.string))
            if asked > reasoned:
                yield Breach(source.path, token.start[0], token.string[:60])


def test_whoever_silences_a_tool_says_why() -> None:
    found = (
        one for source in sources("dispatcher", "tasks", "tests", "benchmarks") for one in silences(source)
    )
    problems = told(found, {}, "`# noqa: CODE -- reason` or `# type: ignore[code]  # reason`")
    assert not problems, problems


@pytest.mark.parametrize(
    ("comment", "seen"),
    [
        ("# noqa", True),
        ("# noqa: S101", True),
        ("# noqa: S101, BLE001 -- built above", False),
        ("# type: ignore", True),
        ("# type: ignore[misc]", True),
        ("# type: ignore[misc]  # mypy cannot see it", False),
        ("# type: ignore[misc]  # noqa: E501", True),
        ("# nothing is silenced", False),
    ],
)
def test_a_silence_without_a_reason_is_seen(comment: str, seen: bool) -> None:
    assert bool(list(silences(Source("sample.py", f"x = 1  {comment}\n")))) == seen
