"""Every error of this project says whether trying again helps.

DispatcherError
├── Transient            the same call may work later; the base task and the sweeps try again
│   ├── Unreachable      no answer from outside: DNS, connection, TLS, time-out, a 5xx or a 429
│   └── Busy             somebody else holds what we need: the write gate, a poll under way
└── Permanent            nothing changes until a person (or the other side) does something
├── BadInput         what somebody wrote: names the place, the problem and the remedy
│   ├── BadSetting   an environment variable
│   ├── BadAddress   an e-mail address
│   ├── BadTicket    a link that we did not sign, or not for this purpose
│   └── Mistakes     many BadInputs at once, for a file
├── Refused          a rule of ours forbids it: an address we never fetch, a blast approved by its author
├── Unreadable       the outside answered with what we cannot read: no feed, too large
│   └── Challenged   it wants a browser or a person before it answers
└── NotFound         no row of that name
"""

from collections.abc import Sequence


class DispatcherError(Exception):
    """Root of the tree; never raised itself."""


class Transient(DispatcherError):
    """Trying again may help."""


class Unreachable(Transient):
    """The outside gave no answer, or (`answered`) one that says not now. `retry_after`: seconds it asked us to wait, if it did."""

    def __init__(self, problem: str, *, retry_after: float | None = None, answered: bool = False) -> None:
        super().__init__(problem)
        self.retry_after = retry_after
        self.answered = answered


class Busy(Transient):
    """Somebody else holds what we need."""


class Permanent(DispatcherError):
    """Trying again changes nothing."""


class BadInput(Permanent):
    """Somebody wrote something we cannot take. `place` is where (file, line, field), `remedy` what would be right."""

    def __init__(self, place: str, problem: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem} → {remedy}")
        self.place = place
        self.problem = problem
        self.remedy = remedy


class BadSetting(BadInput):
    """A setting that stops the start; `place` is the variable's name."""


class BadAddress(BadInput):
    """Not an address we can write to; `place` never holds the whole address unless the caller put it there."""


class BadTicket(BadInput):
    """Not signed by us for this purpose. Says nothing about why: whoever forges learns nothing."""

    def __init__(self) -> None:
        super().__init__("ticket", "not valid", "ask for a new link")


class Mistakes(BadInput):
    """Every mistake of one file, told at once so that nobody has to mend them one by one."""

    def __init__(self, place: str, found: Sequence[BadInput]) -> None:
        many = f"{len(found)} mistake{'s' if len(found) != 1 else ''}"
        super().__init__(place, many, "; ".join(str(one) for one in found))
        self.found = tuple(found)

    def __str__(self) -> str:
        return "\n".join(str(one) for one in self.found)


class Refused(Permanent):
    """A rule of ours forbids it."""


class Unreadable(Permanent):
    """The outside answered with something we cannot use; the message says what stood there instead."""


class Challenged(Unreadable):
    """A challenge for browsers stands in the way: a matter for operators, and no reason to pretend to be one."""


class NotFound(Permanent):
    """No row of that name."""
