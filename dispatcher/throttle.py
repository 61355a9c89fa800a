"""Rates that all workers share: token buckets in Redis, changed by one script that nobody can come between.

While Redis is away each process keeps to its own share, in memory: fewer messages than allowed, never more. Nothing here knows what is
sent, or waits: who asks for tokens is told how many there are, and when the rest will be.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_PATIENCE = 0.5  # seconds for an answer: mail waits for it
_AWAY = 10.0  # seconds in which a Redis that gave none is not asked again
_PRESENT = 20  # seconds for which a process that asked counts as one that sends
_SENDERS = "dispatcher:senders"
_BURST = 1.0  # seconds of its rate that a bucket holds


@dataclass(frozen=True, slots=True)
class Wish:
    """So many tokens of one bucket, which gets `rate` of them a second. A negative number gives tokens back.

    `promise`: those that are not there now are kept for whoever asked, who comes back for each when it is due.
    """

    bucket: str
    rate: float
    wanted: int
    promise: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """So many now; the first of the others in `wait` seconds, each further one a step of the rate later."""

    given: int
    wait: float = 0.0


# Besides its tokens a bucket knows until when it has promised them, so that those who are sent away come back one by one and not all at
# once. The time is that of Redis: clocks of hosts may differ.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local answer = {}
for at, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[4 * at - 2]), tonumber(ARGV[4 * at - 1])
  local wanted, promise = tonumber(ARGV[4 * at]), ARGV[4 * at + 1] == '1'
  local kept = redis.call('HMGET', key, 'tokens', 'at', 'promised')
  local tokens = math.min(burst, (tonumber(kept[1]) or burst) + math.max(0, now - (tonumber(kept[2]) or now)) * rate)
  local given = math.min(wanted, math.floor(tokens))
  local from = math.max(now + (1 - (tokens - given)) / rate, promise and tonumber(kept[3]) or 0)
  redis.call('HSET', key, 'tokens', tokens - given, 'at', string.format('%.6f', now))
  if promise and wanted > given then
    redis.call('HSET', key, 'promised', string.format('%.6f', from + (wanted - given) / rate))
  end
  redis.call('EXPIRE', key, 86400)
  answer[2 * at - 1], answer[2 * at] = given, string.format('%.6f', from - now)
end
redis.call('ZREMRANGEBYSCORE', '{senders}', '-inf', now)
redis.call('ZADD', '{senders}', now + {present}, ARGV[1])
answer[#answer + 1] = redis.call('ZCARD', '{senders}')
return answer
""".replace("{senders}", _SENDERS).replace("{present}", str(_PRESENT))


class Throttle:
    """One process's way to the buckets. `senders`: how many processes send, as far as anybody has said."""

    def __init__(self, url: str, name: str, senders: int) -> None:
        self._redis = Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
        self._script = self._redis.register_script(_TAKE)
        self._name = name
        self._senders = senders
        self._present = senders
        self._own: dict[str, _Bucket] = {}
        self._asks_again = 0.0

    def take(self, wishes: Sequence[Wish]) -> list[Grant]:
        """What each bucket gives, in their order; all of it in one step. Also says that this process is sending."""
        if time.monotonic() >= self._asks_again:
            try:
                return self._shared(wishes)
            except RedisError as away:
                log.warning("rates are kept by share, Redis is away: %s", away)
                self._asks_again = time.monotonic() + _AWAY
        return [self._kept(wish) for wish in wishes]

    def share(self, allowed: float) -> int:
        """Of something that all processes may have so much of together, what is ours; at least one."""
        return max(1, int(allowed / max(1, self._present)))

    def _shared(self, wishes: Sequence[Wish]) -> list[Grant]:
        numbers = [
            (wish.rate, max(1.0, wish.rate * _BURST), wish.wanted, int(wish.promise)) for wish in wishes
        ]
        answer = self._script(
            keys=[f"dispatcher:rate:{wish.bucket}" for wish in wishes],
            args=[self._name, *(number for four in numbers for number in four)],
        )
        *grants, present = answer
        self._present = max(1, int(present))
        return [Grant(int(given), float(wait)) for given, wait in zip(grants[::2], grants[1::2], strict=True)]

    def _kept(self, wish: Wish) -> Grant:
        rate = wish.rate / max(self._senders, self._present)
        bucket = self._own.setdefault(wish.bucket, _Bucket(max(1.0, rate * _BURST)))
        return bucket.take(rate, wish.wanted, time.monotonic(), promise=wish.promise)


@dataclass(slots=True)
class _Bucket:
    """The same sums as in the script, for one process alone."""

    tokens: float
    at: float = 0.0
    promised: float = 0.0

    def take(self, rate: float, wanted: int, now: float, *, promise: bool = False) -> Grant:
        burst = max(1.0, rate * _BURST)
        tokens = min(burst, self.tokens + max(0.0, now - (self.at or now)) * rate)
        given = min(wanted, int(tokens))
        start = max(now + (1 - (tokens - given)) / rate, self.promised if promise else 0.0)
        self.tokens, self.at = tokens - given, now
        if promise and wanted > given:
            self.promised = start + (wanted - given) / rate
        return Grant(given, start - now)
