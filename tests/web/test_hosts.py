"""A page elsewhere must not read ours by giving this machine a name of its own."""

from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:9000", "[::1]:8000"])
def test_whoever_works_on_this_machine_may_use_its_names(host: str, mailbox: Path) -> None:
    assert Client(headers={"host": host}).get("/mailbox/").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "10.0.0.7:8000", "127.0.0.1.evil.example", "a b", ""])
@pytest.mark.parametrize("asked", ["/mailbox/", "/mailbox/1/raw", "/nothing"])
def test_any_other_name_is_refused(host: str, asked: str, mailbox: Path) -> None:
    assert Client(headers={"host": host}).get(asked).status_code == 400


@pytest.mark.parametrize("asked", ["/healthz", "/readyz"])
def test_load_balancers_may_probe_by_bare_address(asked: str, sqlite_db: str) -> None:
    assert Client(headers={"host": "10.0.0.7:8000"}).get(asked).status_code == 200


def test_a_missing_slash_is_added(mailbox: Path, visitor: Client) -> None:
    assert visitor.get("/mailbox").headers["Location"] == "/mailbox/"


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCHER_PUBLIC_URL", "https://notices.example.gov")


@pytest.mark.slow
@pytest.mark.parametrize(("host", "status"), [("notices.example.gov", 200), ("www.example.gov", 400)])
def test_a_server_answers_under_its_public_name(public: None, served: str, host: str, status: int) -> None:
    line = HTTPConnection(urlsplit(served).netloc, timeout=10)
    line.request("GET", "/mailbox/", headers={"Host": host})
    assert line.getresponse().status == status
    line.close()
