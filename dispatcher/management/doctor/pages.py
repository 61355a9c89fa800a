"""The pages as people see them: asked at PUBLIC_URL, through whatever stands in front of them."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from dispatcher.config import Config
from dispatcher.errors import Unreachable
from dispatcher.management.doctor.findings import Finding, ok, problem, warning

_PATIENCE = 4
_UNSET = next(one.metadata["default"] for one in fields(Config) if one.name == "public_url")
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and headers; header names in lower case."""

    status: int
    headers: Mapping[str, str]


def look(public_url: str) -> Iterator[Finding]:
    """`/healthz`: that it answers, that its headers arrive, and that nobody stays on plain HTTP."""
    if public_url == _UNSET:
        yield ok("pages", "not asked: DISPATCHER_PUBLIC_URL is not set")
        return
    address = urlsplit(public_url)
    try:
        answer = _get(address)
    except Unreachable as away:
        yield warning(
            "pages", f"{public_url} does not answer from here: {away}", "is it up, and may this host ask it?"
        )
        return
    if answer.status != 200:
        yield problem("pages", f"{public_url}/healthz answers {answer.status}", "does the proxy lead here?")
        return
    yield ok("pages", f"{public_url} answers")
    yield from headers(answer.headers, https=address.scheme == "https")
    if address.scheme == "https" and address.port is None:
        yield redirect(address._replace(scheme="http"))


def headers(found: Mapping[str, str], *, https: bool) -> Iterator[Finding]:
    """Those that the pages send; a proxy may drop them."""
    wanted = {
        "Content-Security-Policy": "default-src",
        "X-Content-Type-Options": "nosniff",
        **({"Strict-Transport-Security": "max-age="} if https else {}),
    }
    missing = [name for name, word in wanted.items() if word not in found.get(name.lower(), "")]
    if missing:
        yield problem("pages", f"without {', '.join(missing)}", "let the proxy pass our headers on")
    else:
        yield ok("pages", "their security headers arrive")


def redirect(plain: SplitResult) -> Finding:
    """Whoever asks without encryption is led to where there is one, or finds nothing."""
    try:
        answer = _get(plain)
    except Unreachable:
        return ok("pages", f"nothing listens for plain HTTP on {plain.netloc}")
    to = urlsplit(answer.headers.get("location", ""))
    if answer.status in _REDIRECTS and (to.scheme, to.hostname) == ("https", plain.hostname):
        return ok("pages", "plain HTTP leads to HTTPS")
    return warning(
        "pages", f"plain HTTP answers {answer.status} and does not lead to HTTPS", "let the proxy redirect"
    )


def _get(address: SplitResult) -> Answer:
    """By hand: no redirect is followed, no proxy of the environment asked."""
    host, path = address.hostname or "", f"{address.path}/healthz"
    line = (
        HTTPSConnection(host, address.port, timeout=_PATIENCE, context=ssl.create_default_context())
        if address.scheme == "https"
        else HTTPConnection(host, address.port, timeout=_PATIENCE)
    )
    try:
        line.request("GET", path)
        answer = line.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()})
    except (OSError, HTTPException) as away:
        raise Unreachable(str(away) or type(away).__name__) from away
    finally:
        line.close()
