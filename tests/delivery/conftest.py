"""Event loops and trust for the SMTP tests."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
import uvloop
from relay import CERTIFICATE


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable]:
    """Both loops: uvloop sends in production, asyncio where there is none."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay's certificate is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
