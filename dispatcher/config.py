"""Every setting of the dispatcher, once: its type, its default, its help. Nothing else reads the environment.

A setting is a field of `Config`; its variable is `DISPATCHER_` and the field's name in capitals. A secret may also come from
the file named by `<variable>_FILE`. `docs/settings.md` is written from this module (`python -m dispatcher.config`) and a test
keeps it true. A wrong value stops the start and names its variable.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher import parsing
from dispatcher.errors import BadSetting
from dispatcher.parsing import Cap, DkimKey, Send, SmtpUrl

PREFIX = "DISPATCHER_"
_PACKAGE = Path(__file__).parent


def bundled(name: str) -> Path:
    """Where a file that travels with the product lies: inside the package in a wheel, at the root in a checkout."""
    inside = _PACKAGE / "bundled" / name
    return inside if inside.exists() else _PACKAGE.parent / name


def _default_data_dir() -> str:
    return str(Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share") / "dispatcher")


def _setting(
    default: str, parse: Callable[[str], Any], about: str, *, secret: bool = False, shown: str = ""
) -> Any:
    """A field of Config. `shown` stands on the settings page where the default depends on the machine."""
    metadata = {"default": default, "parse": parse, "about": about, "secret": secret}
    return field(metadata=metadata | {"shown": shown or default or "–"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one deployment, parsed and checked. Built by `load`."""

    data_dir: Path = _setting(
        _default_data_dir(),
        parsing.folder,
        "Folder for the SQLite database, the generated secret key and lock files.",
        shown="~/.local/share/dispatcher",
    )
    database_url: str = _setting(
        "",
        parsing.database_url,
        "`sqlite:////path/to/file.sqlite3` or `postgresql://user:password@host:port/name`. Unset: SQLite in DATA_DIR.",
        secret=True,
    )
    redis_url: str = _setting(
        "redis://127.0.0.1:6379/0",
        parsing.text,
        "Redis or Valkey: the bell that wakes workers, and shared rates.",
        secret=True,
    )
    broker_url: str = _setting(
        "",
        parsing.text,
        "Celery's broker, if it is not REDIS_URL: for example RabbitMQ (`amqp://…`).",
        secret=True,
    )
    smtp_url: tuple[SmtpUrl, ...] = _setting(
        "",
        parsing.smtp_urls,
        "The relay: `smtp://host:port`, `smtp+starttls://user:password@host:port` or `smtps://…`; several, separated by spaces, in order of failover.",
        secret=True,
    )
    send: Send = _setting(
        "off",
        parsing.send,
        "Whom we may really mail: `off`, `on`, or a list of addresses (for a staging copy).",
    )
    topics: Path = _setting(
        str(bundled("topics.yaml")),
        parsing.path,
        "The topic list: agency, sources, topics and their rules.",
        shown="the topics.yaml that comes with the product",
    )
    public_url: str = _setting(
        "http://127.0.0.1:8000",
        parsing.public_url,
        "The address people see in links; https, unless it is this machine.",
    )
    mailbox: Path | None = _setting(
        "",
        parsing.path_or_none,
        "Folder of a local mailbox, to be read at `/mailbox/` by whoever reaches the pages, every link included: `up` sets it for its own. Unset: no such pages.",
    )
    metrics_token: str = _setting(
        "",
        parsing.secret_key,
        "What Prometheus must show as `Authorization: Bearer …` to read `/metrics`. Unset: only this machine may, and not through a proxy.",
        secret=True,
    )
    secret_key: str = _setting(
        "",
        parsing.secret_key,
        "Signs links and sessions. Unset: the file `secret_key` in DATA_DIR, which `migrate` makes.",
        secret=True,
    )
    secret_key_fallbacks: tuple[str, ...] = _setting(
        "",
        parsing.secret_keys,
        "Earlier secret keys, separated by spaces: links signed with them still work.",
        secret=True,
    )
    from_: str = _setting(
        "", parsing.sender, "The sender of every message; overrides `agency.from` of topics.yaml."
    )
    time_zone: str = _setting(
        "", parsing.zone, "Where people read and choose times; overrides `agency.time_zone` of topics.yaml."
    )
    bounce_domain: str = _setting(
        "", parsing.domain, "The domain that bounces come back to; unset: bounces go to the sender's mailbox."
    )
    webhooks: Mapping[str, str] = _setting(
        "",
        parsing.webhooks,
        "Providers that may post to `/webhooks/<provider>/`, each with its secret: `postmark=user:password mailgun=signing-key`, also amazon-ses, brevo, mailjet, sparkpost. Whoever is not named finds nothing there.",
        secret=True,
    )
    dkim_domain: str = _setting(
        "",
        parsing.domain,
        "Whose DKIM keys sign: the sender's domain or the one above. Unset: the relay signs.",
    )
    dkim_keys: tuple[DkimKey, ...] = _setting(
        "", parsing.dkim_keys, "Private keys, as `selector=/path/to.pem selector2=…`: RSA, Ed25519, or both."
    )
    claim_size: int = _setting("500", parsing.count(1, 10_000), "Deliveries one worker takes at a time.")
    lease_seconds: int = _setting(
        "120",
        parsing.count(2, 3_600),
        "How long a claimed delivery stays with a silent worker; renewed while it lives.",
    )
    slice_size: int = _setting(
        "50000", parsing.count(1, 100_000), "Most subscribers of one fan-out transaction; fewer if slow."
    )
    smtp_connections: int = _setting(
        "16", parsing.count(1, 32), "Connections one process keeps to a relay at most; it begins with 2."
    )
    smtp_messages: int = _setting(
        "100",
        parsing.count(1, 100_000),
        "Messages after which a connection says QUIT; a smarthost of your own takes more.",
    )
    relay_rate: float = _setting(
        "",
        parsing.rate,
        "Messages that all workers together hand to a relay: `50/s`, `3000/m`, `100000/h`. Unset: as many as it takes.",
    )
    relay_connections: int = _setting(
        "0",
        parsing.count(0, 1_000),
        "Connections that all workers together keep to a relay; 0: as many as each of them may.",
    )
    domain_rate: dict[str, float] = _setting(
        "",
        parsing.rates,
        "Messages to recipients of one domain, of all workers together: `gmail.com=20/s *=50/s`; `*` is each of the others.",
    )
    domain_connections: dict[str, float] = _setting(
        "",
        parsing.counts,
        "Messages under way at once to recipients of one domain, of all workers together: `gmail.com=4 *=10`.",
    )
    senders: int = _setting(
        "1",
        parsing.count(1, 1_000),
        "Processes that send at the same time: while Redis is away, each keeps to its share of these limits.",
    )
    tick_seconds: int = _setting(
        "60",
        parsing.count(1, 3_600),
        "How often the timetable has sources polled, lost work found, lanes probed.",
    )
    deliver_seconds: int = _setting(
        "45", parsing.count(1, 600), "How long one round of delivery goes on claiming."
    )
    fetch_seconds: int = _setting(
        "30", parsing.count(1, 300), "How long one whole fetch may take, redirects included."
    )
    fetch_bytes: int = _setting(
        "5242880", parsing.count(1_024, 104_857_600), "Largest body of a feed or page, after unpacking."
    )
    flood_limit: int = _setting(
        "10",
        parsing.count(1, 1_000),
        "New items in one poll above which all are held for a person to look at.",
    )
    proxies: tuple[IPv4Network | IPv6Network, ...] = _setting(
        "",
        parsing.networks,
        "Proxies in front of the pages, by address or network: only what they say of a visitor's address is believed.",
    )
    cap_address: tuple[Cap, ...] = _setting(
        "1/15m 3/1d 10/30d",
        parsing.caps,
        "How many links (to confirm, to sign in) one address is mailed, whoever asks.",
    )
    cap_network: tuple[Cap, ...] = _setting(
        "20/1h 60/1d", parsing.caps, "How many links one network (/24, /64) may ask for."
    )
    cap_domain: tuple[Cap, ...] = _setting(
        "200/1h", parsing.caps, "How many links all addresses of one domain are mailed."
    )
    cap_all: tuple[Cap, ...] = _setting("1000/1h", parsing.caps, "How many links are mailed in all.")
    digest_time: time = _setting("07:00", parsing.digest_time, "When digests are due; not 01:00 to 03:00.")
    digest_day: int = _setting("monday", parsing.weekday, "The day on which weekly digests are due.")
    recall_seconds: int = _setting(
        "0",
        parsing.count(0, 86_400),
        "How long an approved blast waits before its first message, so that it can be called back.",
    )
    typed_count: int = _setting(
        "20000",
        parsing.count(0, 1_000_000_000),
        "Size of an audience from which author and approver of a blast must type the number of people.",
    )
    user_agent: str = _setting(
        "",
        parsing.text,
        "What we call ourselves when fetching. Unset: name, version, PUBLIC_URL and the agency's contact.",
    )
    failpoint: tuple[str, int] | None = _setting(
        "",
        parsing.failpoint,
        "For crash tests only: where this process is to kill itself, as `name:n` (`dispatcher/failpoints.py`).",
    )

    @property
    def secret_key_file(self) -> Path:
        """Where the generated key lies if none is given."""
        return self.data_dir / "secret_key"

    @property
    def zone(self) -> ZoneInfo | None:
        """TIME_ZONE, if it overrides the agency block."""
        return ZoneInfo(self.time_zone) if self.time_zone else None


def variable(name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + name.rstrip("_").upper()


def load(environ: Mapping[str, str]) -> Config:
    """Read and check all settings. Raises BadSetting, which names the variable."""
    values: dict[str, Any] = {one.name: _read(one.name, one.metadata, environ) for one in fields(Config)}
    config = Config(**values)
    if not config.secret_key and config.secret_key_file.exists():
        key = config.secret_key_file.read_text().strip()
        config = Config(**{**values, "secret_key": key})
    return config


def _read(name: str, metadata: Mapping[str, Any], environ: Mapping[str, str]) -> object:
    raw = environ.get(variable(name))
    if raw is None and metadata["secret"]:
        raw = _from_file(variable(name) + "_FILE", environ)
    try:
        return metadata["parse"](metadata["default"] if raw is None else raw.strip())
    except ValueError as wrong:
        shown = "the value given" if metadata["secret"] else repr(raw)
        raise BadSetting(variable(name), f"{shown} will not do", f"wanted: {wrong}") from None


def _from_file(name: str, environ: Mapping[str, str]) -> str | None:
    path = environ.get(name)
    if path is None:
        return None
    try:
        return Path(path).read_text()
    except OSError as wrong:
        raise BadSetting(
            name, f"cannot read {path}: {wrong.strerror}", "name a file that this user may read"
        ) from None


def unknown(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like ours and are not: most often a slip of the pen."""
    known = {variable(one.name) for one in fields(Config)}
    known |= {variable(one.name) + "_FILE" for one in fields(Config) if one.metadata["secret"]}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


@cache
def current() -> Config:
    """The settings of this process, from its environment."""
    return load(os.environ)


def page() -> str:
    """The settings page, as Markdown."""
    rows = [
        f"| `{variable(one.name)}` | {one.metadata['shown']} | {one.metadata['about']}{_file_note(one.name, one.metadata)} |"
        for one in fields(Config)
    ]
    return "\n".join([_PAGE_HEAD, *rows, ""])


def _file_note(name: str, metadata: Mapping[str, Any]) -> str:
    return f" Secret: also from the file named by `{variable(name)}_FILE`." if metadata["secret"] else ""


_PAGE_HEAD = """\
# Settings

Written by `python -m dispatcher.config` from `dispatcher/config.py`; a test keeps this page true. A wrong value stops the start
and names its variable.

| variable | default | what it does |
|---|---|---|"""

if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 -- this is the page's only writer
