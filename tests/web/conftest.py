"""Visitors of the pages, and a mailbox with something in it."""

import os
from collections.abc import Iterator
from pathlib import Path

import browser
import keeping
import pytest
from calling import set_environment
from django.test import Client
from serving import serving

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
    with serving() as server:
        yield server.url


@pytest.fixture
def chromium() -> Iterator[browser.Browser]:
    """A browser of its own."""
    if absent := browser.missing():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must look at the pages: {absent}")
        pytest.skip(absent)
    with browser.Browser() as running:
        yield running
