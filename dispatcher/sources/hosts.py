"""Hosts that belong together, and what it means when many fall silent at once. Pure.

When most publishers do not answer, our own network is down, and none of them is to blame.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

_FEWEST = 3  # publishers asked; with fewer, two that are down together would look like us


def host_group(url: str) -> str:
    """Hosts that belong to one publisher: nearly the registrable domain, and where not, then more of them together."""
    host = _host(url)
    try:
        return str(ip_address(host))
    except ValueError:
        return ".".join(host.split(".")[-2:])


def is_this_machine(url: str) -> bool:
    """Does it lead to a server here?"""
    host = _host(url)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_our_outage(answers: Iterable[tuple[str, bool]], *, under_way: bool) -> bool:
    """From (host group, did it answer?) of one round. `under_way`: an outage was seen before, and nobody has answered since."""
    answered: dict[str, bool] = {}
    for group, did in answers:
        answered[group] = answered.get(group, False) or did
    silent = sum(not did for did in answered.values())
    if under_way and silent == len(answered) > 0:
        return True
    return len(answered) >= _FEWEST and 2 * silent > len(answered)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:  # no address at all: the guard will say so
        return ""
