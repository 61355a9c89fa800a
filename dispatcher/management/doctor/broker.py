"""The broker: does it answer, what waits in it, and is a Redis or Valkey kept so that it forgets nothing by itself."""

from collections.abc import Iterator

from dispatcher.errors import Unreachable
from dispatcher.management.doctor.findings import Finding, ok, problem, warning
from tasks import broker
from tasks.broker import BrokerFacts, RedisFacts

_LOWEST = (6, 2)
_SLOW = 200  # milliseconds for one answer
_PILE = 100  # rings; of its own accord the sweep leaves no more than a few in a lane


def look(url: str, *, named: bool) -> Iterator[Finding]:
    """Everything that `tasks.broker` sees. One that nobody named is missed by nobody: cron does without."""
    try:
        facts = broker.look(url)
    except Unreachable as away:
        what = f"does not answer: {away}"
        if named:
            yield problem("broker", what, "does it run, and is DISPATCHER_REDIS_URL (or BROKER_URL) right?")
        else:
            yield warning(
                "broker", what, "name one in DISPATCHER_REDIS_URL, unless cron calls `dispatcher run --once`"
            )
        return
    yield latency(facts.latency_ms)
    if facts.redis:
        yield from kept(facts.redis)
    yield queues(facts)


def latency(milliseconds: float) -> Finding:
    """Whether it is near enough to be rung at each click."""
    what = f"answers in {milliseconds:g} ms"
    if milliseconds <= _SLOW:
        return ok("broker", what)
    return warning(
        "broker", what, "whoever signs up waits for it: is it far away, or busy with something else?"
    )


def kept(facts: RedisFacts) -> Iterator[Finding]:
    """How it is set up, and whether it is ours alone."""
    wanted = ".".join(map(str, _LOWEST))
    if facts.version < _LOWEST:
        yield problem(
            "broker", f"{facts.name} is older than {wanted}", f"Redis {wanted} or later, or any Valkey"
        )
    else:
        yield ok("broker", f"it is {facts.name}")
    yield _setting(
        "maxmemory-policy", facts.policy, "noeviction", "any other may throw queues away when memory is short"
    )
    yield _setting("appendonly", facts.appendonly, "yes", "without it every ring is lost when it restarts")
    if facts.strangers:
        remedy = "give us a database number of our own: whoever empties theirs empties ours"
        yield warning("broker", f"{facts.strangers} keys of somebody else in our database", remedy)


def _setting(name: str, value: str, wanted: str, why: str) -> Finding:
    if value == wanted:
        return ok("broker", f"{name} is {value}")
    if not value:
        return warning("broker", f"{name} cannot be asked", f"see to it yourself that it is {wanted}: {why}")
    return problem("broker", f"{name} is {value}", f"set it to {wanted}: {why}")


def queues(facts: BrokerFacts) -> Finding:
    """What waits. Rings without work do no harm, but a pile of them means that nobody takes any."""
    total = sum(facts.waiting.values())
    taken = "" if facts.unacked is None else f", {facts.unacked} taken and not yet answered (unacked)"
    waiting = ", ".join(f"{lane} {count}" for lane, count in facts.waiting.items() if count)
    what = f"{total} rings wait{f' ({waiting})' if waiting else ''}{taken}"
    if total > _PILE:
        return warning(
            "broker", what, "do workers run for these lanes? `dispatcher status` says when each was served"
        )
    return ok("broker", what)
