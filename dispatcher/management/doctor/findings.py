"""What a look at the outside comes to, and how several looks are taken at once so that none hides another."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Literal

from django.db import connections

log = logging.getLogger(__name__)

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: how it stands, where, what was seen, and what to do about it unless all is well."""

    level: Level
    where: str
    what: str
    remedy: str = ""


def ok(where: str, what: str) -> Finding:
    return Finding("ok", where, what)


def warning(where: str, what: str, remedy: str) -> Finding:
    return Finding("warning", where, what, remedy)


def problem(where: str, what: str, remedy: str) -> Finding:
    return Finding("problem", where, what, remedy)


@dataclass(frozen=True, slots=True)
class Check:
    """One look at one thing, and how long it may take before it counts as hanging."""

    where: str
    look: Callable[[], Iterable[Finding]]
    seconds: float = 5


def together(checks: Sequence[Check]) -> list[Finding]:
    """What they all find, in their order; each in a thread of its own, since what hangs outside cannot be ended from here."""
    found: list[list[Finding]] = [[] for _ in checks]
    began = time.monotonic()
    # Daemons: the process ends, whatever still hangs.
    looks = [
        Thread(target=_look, args=(one, into), daemon=True) for one, into in zip(checks, found, strict=True)
    ]
    for look in looks:
        look.start()
    for look, one in zip(looks, checks, strict=True):
        look.join(max(0, began + one.seconds - time.monotonic()))
    return [
        finding
        for look, one, into in zip(looks, checks, found, strict=True)
        for finding in (*into, *(_unfinished(one) if look.is_alive() else ()))
    ]


def _look(check: Check, into: list[Finding]) -> None:
    try:
        for one in check.look():
            into.append(one)  # noqa: PERF402 -- at once: what was seen before it hangs or breaks is told
    except Exception as failure:
        # Whatever breaks this check, the others are to be heard; it is told as a finding.
        log.debug("the check broke", exc_info=True)
        into.append(
            problem(check.where, f"cannot be looked at: {str(failure) or type(failure).__name__}", _BROKEN)
        )
    finally:
        connections.close_all()  # those of this thread


_BROKEN = "if that is not what it says, it is a fault of this program"


def _unfinished(check: Check) -> list[Finding]:
    what = f"no end within {check.seconds:g} s"
    return [problem(check.where, what, "something there hangs: a name server, a firewall, a lock")]
