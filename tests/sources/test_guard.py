from ipaddress import ip_address, ip_network

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yarl import URL

from dispatcher.errors import Refused
from dispatcher.sources.guard import is_own, redirected, refusal, target

REFUSED = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
]  # fmt: skip


@pytest.mark.parametrize("network", REFUSED)
def test_both_edges_of_each_range_are_refused_and_their_neighbours_are_not(network):
    inside = ip_network(network)
    first, last = inside.network_address, inside.broadcast_address
    assert refusal(first)
    assert refusal(last)
    for neighbour in (int(first) - 1, int(last) + 1):
        public = 0x01000000 <= neighbour < 0xE0000000 if inside.version == 4 else neighbour >> 125 == 1
        if public:
            assert refusal(ip_address(type(first)(neighbour))) is None, neighbour


@pytest.mark.parametrize(
    "address",
    ["::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:100.64.0.1", "::ffff:0:127.0.0.1",
     "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001::7f00:1", "fc00::1", "fdff:ffff::1", "fe80::1", "fe80::1%eth0",
     "fec0::1", "ff02::1", "1fff:ffff::1", "4000::1", "100::1", "5f00::1",
     "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:10.0.0.1"],
)  # fmt: skip
def test_ipv6_that_is_not_public_or_holds_an_ipv4_address_is_refused(address):
    assert refusal(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.0.0.0", "223.255.255.255", "100.63.255.255", "2606:4700::1111", "2620:0:1c00::"]
)
def test_public_addresses_are_let_through(address):
    assert refusal(address) is None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.255.255.255", "10.0.0.1", "172.31.255.255", "192.168.1.1", "::1", "fd00::1"]
)
def test_a_local_server_may_be_in_a_private_network(address):
    assert refusal(address, local=True) is None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 -- asked about, not bound
        "100.64.0.1",
        "224.0.0.1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "255.255.255.255",
    ],
)
def test_a_local_server_is_nowhere_else(address):
    assert refusal(address, local=True)


@given(st.ip_addresses())
@example(ip_address("192.0.0.8"))
@settings(max_examples=200)
def test_nothing_passes_that_python_itself_does_not_call_global(address):
    if refusal(address) is None:
        assert address.is_global
        assert not address.is_multicast
        assert getattr(address, "ipv4_mapped", None) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://example.com:80/x?y=//a@b",
        "https://EXAMPLE.com:443/",
        "http://[2606:4700::1]/",
        "https://example.com/mail@x",
    ],
)
def test_ordinary_addresses_may_be_fetched(url):
    assert target(url).host


def test_a_port_of_its_own_is_for_servers_of_ours():
    assert target("http://intranet.example:8080/", own=True).port == 8080
    with pytest.raises(Refused, match="8080"):
        target("http://intranet.example:8080/")


@pytest.mark.parametrize(
    "location", ["/b", "b", "?c=d", "//example.com/b", "https://example.com/b", "/b#part", "../b"]
)
def test_a_redirect_may_be_relative(location):
    assert redirected(URL("https://example.com/a/"), location, None).host == "example.com"


HOME = URL("http://intranet.example:8080/feed")


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://intranet.example:8080/", True),
        ("https://intranet.example/", True),
        ("http://intranet.example:5432/", False),
        ("http://other.example:8080/", False),
    ],
)
def test_a_sources_own_server_is_its_host_and_port_or_the_ordinary_ports(url, own):
    assert is_own(URL(url), HOME) is own
    assert not is_own(URL(url), None)
