"""Which network a visitor is counted under: what a stranger writes into a header moves nobody to another."""

import pytest
from calling import set_environment
from django.test import RequestFactory

from dispatcher import config
from dispatcher.web import client

PROXIES = "10.0.0.0/8 fd00::/8"


def network(peer: str, forwarded: str = "") -> str:
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return client.network(RequestFactory().get("/", REMOTE_ADDR=peer, **headers))


@pytest.fixture(autouse=True)
def proxies(monkeypatch: pytest.MonkeyPatch):
    set_environment(monkeypatch, PROXIES=PROXIES)
    yield
    config.current.cache_clear()


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", ""),
        ("garbage", ""),
        ("203.0.113.999", ""),
    ],
)
def test_a_visitor_is_counted_by_network(peer: str, counted: str) -> None:
    assert network(peer) == counted


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("10.0.0.5", "203.0.113.77", "203.0.113.0/24"),
        ("10.0.0.5", "198.51.100.1, 203.0.113.77", "203.0.113.0/24"),  # the left part is anybody's word
        ("10.0.0.5", "198.51.100.1, 203.0.113.77, 10.1.1.1", "203.0.113.0/24"),
        ("fd00::5", "2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.5", "203.0.113.77:50123", "203.0.113.0/24"),
        ("10.0.0.5", "[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        ("10.0.0.5", "10.1.1.1", "10.1.1.0/24"),
        ("10.0.0.5", "", "10.0.0.0/24"),
        ("10.0.0.5", "unknown", ""),
        ("10.0.0.5", "203.0.113.77, <img onerror>", ""),
        ("203.0.113.77", "198.51.100.1", "203.0.113.0/24"),  # no proxy of ours: not believed
    ],
)
def test_only_proxies_of_ours_are_believed(peer: str, forwarded: str, counted: str) -> None:
    assert network(peer, forwarded) == counted
