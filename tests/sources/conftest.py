"""A web server, and what makes its certificate good enough."""

from collections.abc import Iterator

import aiohttp.connector
import pytest
import webserver


@pytest.fixture
def web() -> Iterator[webserver.Web]:
    with webserver.running() as server:
        yield server


@pytest.fixture
def trusted() -> None:
    """What aiohttp trusts is built when it is imported; the test's certificate is added to it, for `localhost` alone."""
    aiohttp.connector._SSL_CONTEXT_VERIFIED.load_verify_locations(webserver.CERTIFICATE)
