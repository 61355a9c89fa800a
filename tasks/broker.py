"""A look at the broker: does it answer, what waits in it, and is it kept as our rings need it. Changes nothing and rings nobody.

Whoever looks has somebody waiting, so a look has an end: a name that is slow to resolve, or a server that takes a connection and then
says nothing, counts as away.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

from kombu.exceptions import OperationalError

from dispatcher.errors import Unreachable
from tasks.app import LANES, app

_PREFIX = str(app.conf.broker_transport_options.get("global_keyprefix", "dispatcher:"))
_REDIS = ("redis", "sentinel")  # what a URL of Redis or Valkey begins with
_KEYS_LOOKED_AT = 10_000  # a database that is ours alone holds a few dozen


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """How a Redis or Valkey is kept. `policy` and `appendonly` are empty where it will not say, as in some rented ones."""

    name: str
    version: tuple[int, ...]  # of the Redis that it is, or says it behaves as
    policy: str
    appendonly: str
    strangers: int  # keys beside ours, among the first that were looked at


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """What was seen: rings that wait in each lane, and, where there is such a thing, rings taken and not yet answered."""

    latency_ms: float
    waiting: dict[str, int]
    unacked: int | None = None
    redis: RedisFacts | None = None


def look(url: str, seconds: float = 2.0) -> BrokerFacts:
    """What there is to see within so many seconds. Raises Unreachable."""
    seen: list[BrokerFacts | Unreachable] = []

    def ask() -> None:
        try:
            seen.append(_look(url, seconds))
        except Unreachable as away:
            seen.append(away)

    # In a thread, because looking a name up has no time-out of its own, and each answer has all of the time.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    found = seen[0] if seen else Unreachable(f"no answer within {seconds:g} s")
    if isinstance(found, Unreachable):
        raise found
    return found


def _look(url: str, seconds: float) -> BrokerFacts:
    with _channel(url, seconds) as (channel, took):
        if url.startswith(_REDIS):
            return _of_redis(channel.client, channel.connection.client.channel_errors)
        declared = {
            lane: channel.queue_declare(lane, durable=True, auto_delete=False).message_count for lane in LANES
        }
        return BrokerFacts(took, declared)


@contextmanager
def _channel(url: str, seconds: float) -> Iterator[tuple[Any, float]]:
    """A channel of its own, and the milliseconds it took; whatever goes wrong on it is Unreachable."""
    troubles: tuple[type[BaseException], ...] = (OperationalError, OSError)
    began = time.monotonic()
    try:
        with app.connection_for_write(url, connect_timeout=seconds) as connection:
            impatience = _impatience(connection.transport.driver_type, seconds)
            connection.transport_options = {**(connection.transport_options or {}), **impatience}
            troubles += (*connection.connection_errors, *connection.channel_errors)
            yield connection.ensure_connection(max_retries=0).channel(), _since(began)
    except troubles as away:
        raise Unreachable(str(away) or type(away).__name__) from away
    except (ValueError, KeyError):
        # Not what it says: that may repeat a piece of the URL, and so of a password.
        raise Unreachable("its URL is of no broker that we know") from None


def _impatience(driver: str, seconds: float) -> dict[str, float]:
    names = {
        "redis": ("socket_timeout", "socket_connect_timeout"),
        "amqp": ("read_timeout", "write_timeout"),
    }
    return dict.fromkeys(names.get(driver, ()), seconds)


def _of_redis(client: Any, refusals: tuple[type[Exception], ...]) -> BrokerFacts:
    """Of all commands here the client puts our prefix before keys of LLEN and HLEN, and before nothing else."""
    began = time.monotonic()
    client.ping()
    latency = _since(began)
    about = client.info("server")
    redis = RedisFacts(
        name=f"Valkey {about['valkey_version']}"
        if "valkey_version" in about
        else f"Redis {about['redis_version']}",
        version=tuple(int(one) for one in re.findall(r"\d+", str(about["redis_version"]))),
        policy=_setting(client, "maxmemory-policy", refusals),
        appendonly=_setting(client, "appendonly", refusals),
        strangers=_strangers(client),
    )
    waiting = {lane: int(client.llen(lane)) for lane in LANES}
    return BrokerFacts(latency, waiting, int(client.hlen("unacked")), redis)


def _setting(client: Any, name: str, refusals: tuple[type[Exception], ...]) -> str:
    try:
        return str(client.config_get(name).get(name, ""))
    except refusals:
        return ""


def _strangers(client: Any) -> int:
    cursor, looked_at, strangers = 0, 0, 0
    while looked_at < _KEYS_LOOKED_AT:
        cursor, keys = client.scan(cursor, count=1000)
        looked_at += 1000
        strangers += sum(not key.startswith(_PREFIX.encode()) for key in keys)
        if not cursor:
            break
    return strangers


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
