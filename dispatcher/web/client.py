"""Which network a visitor comes from, for counting: a /24 or a /64, never a whole address.

A forwarding header is believed only as far as proxies of ours wrote it: anybody can send one.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface

from django.http import HttpRequest

from dispatcher import config

_Address = IPv4Address | IPv6Address


def network(request: HttpRequest) -> str:
    """`203.0.113.0/24` or `2001:db8:1:2::/64`; empty if it cannot be known."""
    hops = [one for one in request.headers.get("X-Forwarded-For", "").split(",") if one.strip()]
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    while hops and address is not None and _is_proxy(address):
        address = _parsed(hops.pop())
    if address is None:
        return ""
    return str(ip_interface((address, 24 if address.version == 4 else 64)).network)


def _is_proxy(address: _Address) -> bool:
    return any(address in one for one in config.current().proxies)


def _parsed(hop: str) -> _Address | None:
    """The address in a hop, with the port that some proxies add; an IPv4 address stays one when it is wrapped in IPv6."""
    host = hop.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
