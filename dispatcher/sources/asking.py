"""Asking: fetch, while no other worker asks the same hosts. Whose turn it is at a host group stands in rows, since Redis may vanish.

What somebody else is asking, or has asked a moment ago, is not waited for longer than the pause between two requests: it comes back as
Busy, and its due time brings it up again. A local server of ours needs no such manners.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from dispatcher.errors import Busy
from dispatcher.models import HostTurn, Source
from dispatcher.sources import fetch
from dispatcher.sources.declared import Declared
from dispatcher.sources.fetch import Limits, Request, Result
from dispatcher.sources.hosts import host_group, is_this_machine

_SLACK = timedelta(seconds=30)


def ask(requests: Sequence[Request], limits: Limits, agent: str) -> list[Result]:
    """An answer or an error for each, in their order. Busy: it was not asked."""
    wanted = {host_group(one.url) for one in requests if not one.allow_private}
    with _turns(requests, wanted, limits) as taken:
        refused = wanted - taken.keys()
        free = [one for one in requests if one.allow_private or host_group(one.url) not in refused]
        answers = iter(fetch.fetch_all(free, limits, agent))
    asked = {id(one) for one in free}
    return [next(answers) if id(one) in asked else _busy(one) for one in requests]


def for_link(source: Source, link: str, *, any_type: bool = False) -> Request:
    """What a document of the source links to. That the source may be a local server says nothing about other hosts.

    Where it stands on this very machine, everything is looked for there: in a demo nothing leaves the machine.
    """
    declared = Declared.of(source.kind, source.url, source.declared)
    here = declared.allow_private and is_this_machine(source.url)
    url = urljoin(source.url, _place(link)) if here else link
    own = here or (declared.allow_private and urlsplit(link).netloc == urlsplit(source.url).netloc)
    return Request(url=url, allow_private=own, user_agent=declared.user_agent, any_type=any_type)


def _place(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _busy(request: Request) -> Busy:
    return Busy(f"somebody else is asking {host_group(request.url)} at this moment")


@contextmanager
def _turns(requests: Sequence[Request], groups: set[str], limits: Limits) -> Iterator[Mapping[str, datetime]]:
    """Group → until when it is ours. Given back whatever happens; who is killed loses them when the lease ends."""
    pause = timedelta(seconds=limits.pause_seconds)
    taken: dict[str, datetime] = {}
    try:
        for group in sorted(groups):
            if until := _take(group, _lease(group, requests, limits), pause):
                taken[group] = until
        yield taken
    finally:
        for group, until in taken.items():
            HostTurn.give_back(group, until, pause)


def _lease(group: str, requests: Sequence[Request], limits: Limits) -> timedelta:
    """As long as its requests may take, one after the other."""
    count = sum(host_group(one.url) == group for one in requests)
    return timedelta(seconds=count * (limits.whole_seconds + limits.pause_seconds)) + _SLACK


def _take(group: str, lease: timedelta, pause: timedelta) -> datetime | None:
    until = HostTurn.take(group, lease)
    if until is None and (wait := HostTurn.wait(group)) <= pause:
        time.sleep(wait.total_seconds())
        until = HostTurn.take(group, lease)
    return until
