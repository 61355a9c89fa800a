"""What we never fetch: addresses inside somebody's network, and addresses dressed up as others. Pure.

`refusal` is asked about the very address a socket is about to connect to, so neither a name that resolves differently the
second time nor a literal address gets past it; `target` and `redirected` look at how a URL is written.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from dispatcher.errors import Refused, Unreadable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# `is_private` lets 100.64.0.0/10 pass, `is_global` alone lets pass half of what follows: so the ranges are written out.
_LOCAL: dict[Network, str] = {
    ip_network("10.0.0.0/8"): "private",
    ip_network("127.0.0.0/8"): "loopback",
    ip_network("172.16.0.0/12"): "private",
    ip_network("192.168.0.0/16"): "private",
    ip_network("::1/128"): "loopback",
    ip_network("fc00::/7"): "private",
}
_NEVER: dict[Network, str] = {
    ip_network("0.0.0.0/8"): "unspecified",
    ip_network("100.64.0.0/10"): "shared by a carrier's customers",
    ip_network("169.254.0.0/16"): "link-local",
    ip_network("192.0.0.0/24"): "reserved for protocols",
    ip_network("192.0.2.0/24"): "for examples",
    ip_network("192.88.99.0/24"): "a 6to4 relay",
    ip_network("198.18.0.0/15"): "for measurements",
    ip_network("198.51.100.0/24"): "for examples",
    ip_network("203.0.113.0/24"): "for examples",
    ip_network("224.0.0.0/4"): "multicast",
    ip_network("240.0.0.0/4"): "reserved",
    ip_network("2001::/23"): "reserved for protocols, Teredo among them",
    ip_network("2001:db8::/32"): "for examples",
    ip_network("2002::/16"): "6to4, which holds an IPv4 address",
    ip_network("3fff::/20"): "for examples",
}

# Of IPv6 nothing else is given to the public. Outside lie fe80::, fec0::, ff00:: and all forms that hold an IPv4 address at
# a fixed place: ::ffff:0:0/96, ::/96, 64:ff9b::/96, 64:ff9b:1::/48.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_ISATAP = (
    0x0000_5EFE,
    0x0200_5EFE,
)  # the upper half of an interface number whose lower half is an IPv4 address


def refusal(address: str | Address, *, local: bool = False) -> str | None:
    """Why we don't connect there, or None if we may. `local` lets in loopback and private networks, nothing else."""
    ip = ip_address(address)
    inside = _place(ip, _LOCAL)
    if inside:
        return None if local else f"{ip} is {inside}"
    never = _place(ip, _NEVER)
    if never:
        return f"{ip} is {never}"
    if isinstance(ip, IPv6Address) and (ip not in _PUBLIC_IPV6 or (int(ip) >> 32) & 0xFFFF_FFFF in _ISATAP):
        return f"{ip} is no public IPv6 address"
    return None


def _place(ip: Address, ranges: dict[Network, str]) -> str:
    return next((said for network, said in ranges.items() if ip in network), "")


_PORTS = {80, 443}
_AUTHORITY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)")


def target(url: str, *, own: bool = False) -> URL:
    """The URL, if it may be fetched as it is written. `own`: a server of ours, on whatever port."""
    _undisguised(url)
    try:
        whole = URL(url)
        port = whole.port
    except ValueError as wrong:
        raise Refused(f"{url!r} is no address: {wrong}") from None
    if whole.scheme not in {"http", "https"} or not whole.raw_host:
        raise Refused(f"{url!r} is no http or https address")
    if port not in _PORTS and not own:
        raise Refused(f"port {port} of {whole.raw_host}: only 80 and 443 are fetched from")
    return whole


def redirected(here: URL, location: str, home: URL | None) -> URL:
    """Where a redirect leads, checked anew. `home`: the source's own server, if that may be a local one."""
    if not location:
        raise Unreadable(f"{here.host} redirects without saying where to")
    _undisguised(location)
    try:
        there = here.join(URL(location))
    except ValueError:
        raise Refused(f"{here.host} redirects to {location!r}, which is no address") from None
    if here.scheme == "https" and there.scheme == "http":
        raise Refused(f"{here.host} redirects from https to http, where anybody could answer in its place")
    return target(str(there), own=is_own(there, home))


def is_own(url: URL, home: URL | None) -> bool:
    """The same server, or its ordinary web port."""
    return home is not None and url.host == home.host and url.port in {home.port, *_PORTS}


def _undisguised(url: str) -> None:
    """What some parsers read one way and some another: by it an address passes for a different one."""
    if any(one < " " or one in "\\\x7f" for one in url):
        raise Refused(f"{url!r} holds a backslash or a control character")
    authority = _AUTHORITY.match(url)
    if authority and "@" in authority[1]:
        raise Refused(f"an address of {authority[1].rpartition('@')[2]} holds a user name")
