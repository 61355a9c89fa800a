"""What a setting may hold: one parser a type, and the values they make. Each raises ValueError saying what is wanted."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from types import MappingProxyType
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import available_timezones


@dataclass(frozen=True, slots=True)
class SmtpUrl:
    """One relay: `smtp://`, `smtp+starttls://` or `smtps://`, as in DISPATCHER_SMTP_URL. `str()` never shows the password."""

    host: str
    port: int
    security: str  # "plain", "starttls" or "tls"
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """Where a private key lies, and the selector under which its public half is published."""

    selector: str
    file: Path


@dataclass(frozen=True, slots=True)
class Send:
    """Whom this deployment may really mail: nobody (`off`), everybody (`on`), or a list of addresses (a staging copy)."""

    everybody: bool = False
    only: tuple[str, ...] = ()

    @property
    def off(self) -> bool:
        """Delivery stays closed."""
        return not self.everybody and not self.only


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many in so many seconds."""

    most: int
    seconds: int


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}


def caps(value: str) -> tuple[Cap, ...]:
    found = [re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,3})([mhd])", one) for one in value.split()]
    if not found or not all(found):
        raise ValueError("how many in which time, several separated by spaces: 1/15m 3/1d 10/30d")
    return tuple(Cap(int(one[1]), int(one[2]) * _UNITS[one[3]]) for one in found if one)


_PER = {"s": 1, "m": 60, "h": 3_600}


def rate(value: str) -> float:
    """Messages a second; 0: no limit."""
    found = re.fullmatch(r"([1-9]\d{0,8})/([smh])", value)
    if value and not found:
        raise ValueError("how many a second, minute or hour: 50/s, 3000/m or 100000/h")
    return int(found[1]) / _PER[found[2]] if found else 0.0


def rates(value: str) -> dict[str, float]:
    return {name: rate(limit) for name, limit in _of_domains(value, "gmail.com=20/s *=50/s")}


def counts(value: str) -> dict[str, float]:
    return {name: count(1, 1_000)(limit) for name, limit in _of_domains(value, "gmail.com=4 *=10")}


def _of_domains(value: str, such_as: str) -> list[tuple[str, str]]:
    """Limits by domain; `*` is every other one."""
    found = [re.fullmatch(r"(\*|[a-z0-9-]+(?:\.[a-z0-9-]+)+)=(\S+)", one) for one in value.split()]
    if not all(found):
        raise ValueError(f"domains in lower case with a limit each, separated by spaces: {such_as}")
    return [(one[1], one[2]) for one in found if one]


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(one) for one in value.split())
    except ValueError:
        raise ValueError(
            "addresses or networks separated by spaces, such as 10.0.0.5 192.168.7.0/24"
        ) from None


def text(value: str) -> str:
    return value


def count(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return parse


def path(value: str) -> Path:
    return Path(value).expanduser().resolve()


def path_or_none(value: str) -> Path | None:
    return path(value) if value else None


def folder(value: str) -> Path:
    wanted = path(value)
    if any(one.exists() and not one.is_dir() for one in (wanted, *wanted.parents)):
        raise ValueError("a folder; a file is in its place")
    return wanted


def zone(value: str) -> str:
    if value and value not in available_timezones():
        raise ValueError("a zone name such as America/New_York")
    return value


def digest_time(value: str) -> time:
    wanted = "a time of the day such as 07:00, not from 01:00 to 03:00"
    if not re.fullmatch(r"\d{2}:\d{2}", value):
        raise ValueError(wanted)
    try:
        found = time.fromisoformat(value)
    except ValueError:
        raise ValueError(wanted) from None
    if time(1) <= found <= time(3):
        raise ValueError(wanted)
    return found


def weekday(value: str) -> int:
    if value.lower() not in DAYS:
        raise ValueError(f"one of {', '.join(DAYS)}")
    return DAYS.index(value.lower())


def sender(value: str) -> str:
    if value and not re.fullmatch(r"[^\x00-\x1f\x7f<>]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+", value):
        raise ValueError("an address, or a name and an address: MaineCare <notices@example.gov>")
    return value


def domain(value: str) -> str:
    if value and not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", value):
        raise ValueError("a domain in lower case, such as bounces.example.gov")
    return value


def dkim_keys(value: str) -> tuple[DkimKey, ...]:
    pairs = [one.partition("=") for one in value.split()]
    if not all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", selector) and file for selector, _, file in pairs):
        raise ValueError("`selector=/path/to/private.pem`, several separated by spaces")
    if len({selector for selector, _, _ in pairs}) < len(pairs):
        raise ValueError("a selector of its own for each key")
    return tuple(DkimKey(selector, Path(file)) for selector, _, file in pairs)


def secret_key(value: str) -> str:
    if value and (len(value) < 32 or len(set(value)) < 8 or "change" in value.lower()):
        raise ValueError(
            "at least 32 random characters; `python -c 'import secrets; print(secrets.token_urlsafe(48))'` makes some"
        )
    return value


def secret_keys(value: str) -> tuple[str, ...]:
    return tuple(secret_key(one) for one in value.split())


def is_loopback(host: str) -> bool:
    """Does this host name mean this machine?"""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


# It stands in mails and in headers as it is written here, so it holds nothing that would have to be escaped in either.
_PUBLIC_URL = re.compile(
    r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?"
)


def public_url(value: str) -> str:
    wanted = "the address people see, such as https://notices.example.gov; other letters than a-z as punycode, xn--…"
    if not _PUBLIC_URL.fullmatch(value):
        raise ValueError(wanted)
    url = _split(value, wanted)
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        raise ValueError("https; plain http only for this machine (127.0.0.1)")
    return value.rstrip("/")


def _split(value: str, wanted: str) -> SplitResult:
    """The parts of a URL. The library's own complaint would repeat a piece of it, and that may be a password."""
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        raise ValueError(wanted) from None
    return url


def database_url(value: str) -> str:
    wanted = "sqlite:////path/to/file.sqlite3 or postgresql://user:password@host:port/name"
    url = _split(value, wanted)
    name = url.path.removeprefix("/")
    file = value.startswith("sqlite:///") and name != ":memory:" and not (url.query or url.fragment)
    server = url.scheme in {"postgresql", "postgres"} and value.startswith(f"{url.scheme}://")
    if value and not ((file or server) and name and not name.endswith("/")):
        raise ValueError(wanted)
    return value


# Whose webhooks we can read; `dispatcher.bounces.webhooks` knows how.
PROVIDERS = ("amazon-ses", "brevo", "mailgun", "mailjet", "postmark", "sparkpost")
_SIGNING = frozenset({"mailgun"})  # these sign with a key; the others show user and password


def webhooks(value: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for one in value.split():
        provider, _, secret = one.partition("=")
        if provider not in PROVIDERS or provider in found:
            raise ValueError(
                f"provider=secret, separated by spaces, each provider once: {', '.join(PROVIDERS)}"
            )
        if len(secret) < 24 or (provider not in _SIGNING and not re.fullmatch(r"[^:]+:[^:@/]+", secret)):
            raise ValueError(
                "as secret user:password, as it stands in the address that the provider was told, or Mailgun's signing key; at least 24 characters"
            )
        found[provider] = secret
    return MappingProxyType(found)


_SCHEMES = {"smtp": ("plain", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}


def smtp_urls(value: str) -> tuple[SmtpUrl, ...]:
    return tuple(_smtp_url(one) for one in value.split())


def _smtp_url(value: str) -> SmtpUrl:
    wanted = "smtp://host:port, smtp+starttls://user:password@host:port or smtps://…"
    url = _split(value, wanted)
    if url.scheme not in _SCHEMES or not url.hostname or url.path.strip("/") or url.query:
        raise ValueError(wanted)
    security, default_port = _SCHEMES[url.scheme]
    if url.password and security == "plain":
        raise ValueError("smtp+starttls:// or smtps://: no password travels over plain smtp://")
    return SmtpUrl(
        url.hostname,
        url.port or default_port,
        security,
        unquote(url.username or ""),
        unquote(url.password or ""),
    )


def send(value: str) -> Send:
    if value in {"", "off"}:
        return Send()
    if value == "on":
        return Send(everybody=True)
    addresses = tuple(value.replace(",", " ").split())
    if not all("@" in one for one in addresses):
        raise ValueError("off, on, or a list of addresses")
    return Send(only=addresses)


def failpoint(value: str) -> tuple[str, int] | None:
    if not value:
        return None
    name, _, nth = value.partition(":")
    if not name or not re.fullmatch("[1-9][0-9]{0,8}", nth):
        raise ValueError("the name of a failpoint and at which arrival, such as after_claim:1")
    return name, int(nth)
