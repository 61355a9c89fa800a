"""Commands run in this process, against a topic list and a database of their own."""

from functools import partial
from pathlib import Path

import pytest
import scene
from calling import Call, call_command, set_environment


@pytest.fixture
def topics(sqlite_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = scene.topics_file(tmp_path)
    set_environment(monkeypatch, TOPICS=str(file))
    return file


@pytest.fixture
def call(topics: Path, capsys: pytest.CaptureFixture) -> Call:
    return partial(call_command, capsys)
