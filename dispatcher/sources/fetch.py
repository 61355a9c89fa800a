"""Fetching, with manners and on guard: the only module that speaks HTTP.

Limits hold while bytes arrive, not afterwards. Each hop of a redirect is checked like a first request, and the guard sees the
address of every socket before it connects. No proxy, no cookie, no environment, no row: what comes back is an Answer, or an
error that says whether asking again helps.
"""

import asyncio
import errno
import logging
import re
import socket
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial

import aiohttp
from yarl import URL

from dispatcher.errors import Challenged, DispatcherError, Refused, Unreachable, Unreadable
from dispatcher.sources import challenge, guard
from dispatcher.sources.body import Body
from dispatcher.sources.freshness import fresh_for, retry_after
from dispatcher.sources.hosts import host_group

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One source to ask. Validators go back byte for byte. `allow_private`: its own server may be a local one.

    `any_type`: whatever the server calls it; its reader will see what it is.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    allow_private: bool = False
    user_agent: str = ""
    any_type: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """200 with a body or 304 without. `moved_to`: where it is now, if every hop called the move permanent.

    `fresh_seconds`: for how long the server says that asking again is of no use, if it does.
    """

    status: int
    body: bytes
    content_type: str
    etag: str
    last_modified: str
    url: str
    moved_to: str | None = None
    fresh_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost, and how many go on at a time."""

    whole_seconds: float = 30
    connect_seconds: float = 5
    gap_seconds: float = 10
    body_bytes: int = 5 * 1024 * 1024
    ratio: int = 100
    redirects: int = 5
    at_once: int = 4
    pause_seconds: float = 2  # between two requests to one host group; a local server needs none


Result = Answer | DispatcherError

_PERMANENT_MOVES = frozenset({301, 308})
_REDIRECTS = _PERMANENT_MOVES | {302, 303, 307}
_ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/html;q=0.8, */*;q=0.1"
_LONGEST_REFUSAL = 64 * 1024  # bytes of an answer that is no document, read to see whether it is a challenge
# Text, or what servers call a feed that they have no name for.
_READABLE = re.compile(
    r"|text/.+|application/(?:.+\+)?(?:xml|json|rss)|application/octet-stream", re.IGNORECASE
)


def fetch_all(requests: Sequence[Request], limits: Limits, user_agent: str) -> list[Result]:
    """Ask every source, a few at a time and one at a time within a host group. Results stand in the order of requests."""
    return _run(_fetch_groups(requests, limits, user_agent))


def _run(work: Coroutine[None, None, list[Result]]) -> list[Result]:
    try:
        import uvloop
    except ImportError:  # it has no build for every platform
        return asyncio.run(work)
    return uvloop.run(work)


async def _fetch_groups(requests: Sequence[Request], limits: Limits, user_agent: str) -> list[Result]:
    groups: dict[str, list[int]] = defaultdict(list)
    for number, request in enumerate(requests):
        groups[host_group(request.url)].append(number)
    results: dict[int, Result] = {}
    turn = asyncio.Semaphore(limits.at_once)

    async def ask(group: list[int], sessions: _Sessions) -> None:
        for number in group:
            request = requests[number]
            if number != group[0] and not request.allow_private:
                await asyncio.sleep(limits.pause_seconds)
            async with turn:
                results[number] = await _settled(request, sessions, limits, request.user_agent or user_agent)

    async with _session(limits, local=False) as public, _session(limits, local=True) as local:
        await asyncio.gather(*(ask(group, _Sessions(public, local)) for group in groups.values()))
    return [results[number] for number in range(len(requests))]


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Two pools of connections, for a socket that may lead to a local server must never be used for anybody else."""

    public: aiohttp.ClientSession
    local: aiohttp.ClientSession


def _session(limits: Limits, *, local: bool) -> aiohttp.ClientSession:
    made = partial(_socket, local=local)
    patience = aiohttp.ClientTimeout(total=None, connect=limits.connect_seconds, sock_read=limits.gap_seconds)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=made, use_dns_cache=False),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=patience,
    )


def _socket(info: aiohttp.AddrInfoType, *, local: bool) -> socket.socket:
    """Asked for each address that a name has, and for literal ones, which no resolver of ours would ever see."""
    family, kind, protocol, _, address = info
    refusal = guard.refusal(address[0], local=local)
    if refusal:
        _refusals.get().append(refusal)
        # Anything but an OSError is lost where several addresses race, and ends there in an IndexError.
        raise PermissionError(errno.EACCES, refusal)
    return socket.socket(family, kind, protocol)


# Of the request under way: the library only says that nobody could be reached.
_refusals: ContextVar[list[str]] = ContextVar("refusals")


async def _settled(request: Request, sessions: _Sessions, limits: Limits, user_agent: str) -> Result:
    try:
        async with asyncio.timeout(limits.whole_seconds):
            return await _fetch(request, sessions, limits, user_agent)
    except TimeoutError:
        return Unreachable(f"no whole answer within {limits.whole_seconds:g} s")
    except DispatcherError as failure:
        return failure
    except Exception as strange:  # one odd server must not cost us the answers of all others
        log.exception("fetching failed in an unforeseen way", extra={"url": request.url})
        return Unreadable(f"an answer nobody foresaw: {type(strange).__name__}: {strange}")


async def _fetch(request: Request, sessions: _Sessions, limits: Limits, user_agent: str) -> Answer:
    url = guard.target(request.url, own=request.allow_private)
    home = url if request.allow_private else None
    headers = _headers(request, user_agent)
    moves: list[int] = []
    while True:
        session = sessions.local if guard.is_own(url, home) else sessions.public
        async with _hop(session, url, headers) as response:
            if response.status not in _REDIRECTS:
                moved_to = str(url) if moves and _PERMANENT_MOVES.issuperset(moves) else None
                return await _answer(request, response, limits, moved_to)
            moves.append(response.status)
            if len(moves) > limits.redirects:
                raise Unreadable(f"more than {limits.redirects} redirects, the last to {url.host}")
            url = guard.redirected(url, response.headers.get("Location", "").strip(), home)


def _headers(request: Request, user_agent: str) -> dict[str, str]:
    accept = "*/*" if request.any_type else _ACCEPT
    headers = {"User-Agent": user_agent, "Accept": accept, "Accept-Encoding": "gzip"}
    if request.etag:
        headers["If-None-Match"] = request.etag
    if request.last_modified:
        headers["If-Modified-Since"] = request.last_modified
    return headers


@asynccontextmanager
async def _hop(
    session: aiohttp.ClientSession, url: URL, headers: Mapping[str, str]
) -> AsyncIterator[aiohttp.ClientResponse]:
    """One request; the library's errors become ours."""
    refusals: list[str] = []
    _refusals.set(refusals)
    try:
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            yield response
    except (aiohttp.ClientError, OSError) as failure:
        raise _translated(failure, url, refusals) from failure


def _translated(failure: Exception, url: URL, refusals: list[str]) -> DispatcherError:
    told = f"{url.host}: {failure}" if str(failure) else f"{url.host}: {type(failure).__name__}"
    if refusals and isinstance(failure, aiohttp.ClientConnectorError):
        return Refused(f"{url.host} leads to an address we never fetch from: {refusals[0]}")
    if isinstance(failure, aiohttp.InvalidURL):
        return Refused(f"{url.host} is no host to fetch from")
    if isinstance(failure, aiohttp.ClientPayloadError):
        return Unreachable(f"{url.host} broke off in the middle of its answer")
    if isinstance(failure, aiohttp.ClientResponseError):
        return Unreadable(f"{url.host} does not speak proper HTTP: {failure.message}")
    return Unreachable(told)


async def _answer(
    request: Request, response: aiohttp.ClientResponse, limits: Limits, moved_to: str | None
) -> Answer:
    await _refuse_failures(request, response, limits)
    etag, last_modified = _opaque(response, "ETag"), _opaque(response, "Last-Modified")
    body = b""
    if response.status == 304:
        etag, last_modified = etag or request.etag, last_modified or request.last_modified
    else:
        body = await _read(request, response, limits)
    return Answer(
        status=response.status,
        body=body,
        content_type=response.headers.get("Content-Type", ""),
        etag=etag,
        last_modified=last_modified,
        url=str(response.url),
        moved_to=moved_to,
        fresh_seconds=fresh_for(response.headers, time.time()),
    )


async def _refuse_failures(request: Request, response: aiohttp.ClientResponse, limits: Limits) -> None:
    status, host, wait = response.status, response.url.host, retry_after(response.headers, time.time())
    if status == 304 and not (request.etag or request.last_modified):
        raise Unreadable(f"{host} says that nothing changed, though it was not asked that")
    if status in {200, 304}:
        return
    told = f"{host} answers {status} {(response.reason or '')[:60]}".rstrip()
    if await _is_challenge(response, limits):
        raise Challenged(f"{told}, with a challenge for browsers")
    if status == 429 or status >= 500 or (status == 403 and wait is not None):
        raise Unreachable(told, retry_after=wait, answered=True)
    raise Unreadable(told)


async def _is_challenge(response: aiohttp.ClientResponse, limits: Limits) -> bool:
    if response.headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    if response.status not in {401, 403, 429, 503}:
        return False
    try:
        said = await _whole(response, replace(limits, body_bytes=_LONGEST_REFUSAL))
        return challenge.stands_in(said)
    except (DispatcherError, aiohttp.ClientError):  # the status alone says enough
        return False


def _opaque(response: aiohttp.ClientResponse, name: str) -> str:
    """A validator as it came. One that no text column could keep counts as none."""
    value = response.headers.get(name, "")
    return "" if re.search(r"[\ud800-\udfff]", value) else value


async def _read(request: Request, response: aiohttp.ClientResponse, limits: Limits) -> bytes:
    host = response.url.host
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if not request.any_type and not _READABLE.fullmatch(kind):
        raise Unreadable(f"{host} answers with {kind[:60]}, neither a feed nor a page")
    if (response.content_length or 0) > limits.body_bytes:
        raise Unreadable(f"{host} announces {response.content_length} bytes, more than {limits.body_bytes}")
    whole = await _whole(response, limits)
    if not whole.strip():
        raise Unreadable(f"{host} answers 200 with nothing in it")
    if challenge.stands_in(whole):
        raise Challenged(f"{host} answers 200, but with a challenge for browsers")
    return whole


async def _whole(response: aiohttp.ClientResponse, limits: Limits) -> bytes:
    body = Body(response.headers.get("Content-Encoding", ""), most=limits.body_bytes, ratio=limits.ratio)
    async for chunk in response.content.iter_any():
        body.add(chunk)
    return body.whole()
