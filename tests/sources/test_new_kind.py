"""docs/new-kind.md tells how a kind is added; here it is done as the page says, word for word."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from dispatcher.errors import Unreadable
from dispatcher.formats.kinds import KINDS, Kind
from dispatcher.sources import child
from dispatcher.sources.questions import Question
from dispatcher.sources.reading import Reading

PAGE = (Path(__file__).parents[2] / "docs" / "new-kind.md").read_text(encoding="utf-8")
MODULE, ROW = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_module_and_the_row_of_the_page_are_all_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("dispatcher.sources.lines")
    exec(MODULE, module.__dict__)  # noqa: S102 -- our own page
    monkeypatch.setitem(sys.modules, "dispatcher.sources.lines", module)
    name, kind = re.fullmatch(r'"(\w+)": (Kind\(.*\)),\n', ROW).groups()
    answer = child.reader(eval(kind, {"Kind": Kind}))  # noqa: S307 -- as above
    found = answer(
        Question(name), b"March 6, 2024\thttps://a.example/1\tOne\nsoon\thttps://a.example/2\tTwo\n"
    )
    assert isinstance(found, Reading)
    assert [(one.title, one.link) for one in found.records] == [
        ("One", "https://a.example/1"),
        ("Two", "https://a.example/2"),
    ]
    with pytest.raises(Unreadable, match="HTML page"):
        answer(Question(name), b"<html><title>x</title></html>")


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_its_reader(name: str) -> None:
    assert callable(child.READERS[name])
