"""Visitors of the pages, and a mailbox with something in it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keeping
import pytest
from calling import set_environment
from django.test import Client
from house.tree import ROOT

from dispatcher import config


@pytest.fixture
def visitor() -> Client:
    """Somebody at this machine."""
    return Client(headers={"host": "127.0.0.1:8000"})


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a mailbox with one message, number 1."""
    folder = tmp_path / "mailbox"
    folder.mkdir()
    keeping.keep(folder, 1, keeping.mail())
    set_environment(monkeypatch, MAILBOX=str(folder))
    yield folder
    config.current.cache_clear()


@pytest.fixture
def served(mailbox: Path) -> Iterator[str]:
    """The address of a server of its own, which shows the mailbox."""
    command = f"{sys.executable} -m gunicorn dispatcher.wsgi --bind 127.0.0.1:0 --no-control-socket"
    server = subprocess.Popen(command.split(), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert server.stderr
    lines: list[str] = []
    while not (found := re.search(r"Listening at: (http://\S+)", "".join(lines))):
        lines.append(server.stderr.readline())
        assert lines[-1], "".join(lines)
    yield found[1]
    server.terminate()
    server.communicate(timeout=20)
