"""How far a mailing is and how fast, in words and as a bar that moves. It reads what it is given and steers nothing."""

import time
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from dispatcher.management import show
from dispatcher.models import MailingState
from dispatcher.models.delivery import OPEN

_LOOKS = 1.0  # seconds between two looks: each counts the rows of the mailing
_MOVES = (MailingState.WAITING, MailingState.RUNNING)

Row = Mapping[str, object]


def done(one: Row) -> str:
    """How many of how many have ended."""
    return f"{_audience(one) - _open(one)}/{_audience(one)}"


def words(one: Row) -> str | None:
    """The measured rate and the estimated end; of a waiting mailing, when it begins."""
    if one["state"] == MailingState.WAITING:
        return f"begins {one['starts_at'] or 'when it is told to'}"
    rate = one["rate_per_second"]
    if not isinstance(rate, float) or not rate:
        return None
    return f"{rate:g} a second, about {show.span(_open(one) / rate)} to go, until {one['ends_at']}"


def follow(look: Callable[[], Row]) -> None:
    """A bar on standard error until the mailing is done, paused or cancelled."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None, done="", words="")
        while True:
            one = look()
            total = _audience(one)
            said = f"{one['key']} {one['state']}"
            bar.update(
                task,
                total=total,
                completed=total - _open(one),
                description=said,
                done=done(one),
                words=words(one) or "",
            )
            if one["state"] not in _MOVES:
                return
            time.sleep(_LOOKS)


def _audience(one: Row) -> int:
    audience = one["audience"]
    assert isinstance(audience, int)  # noqa: S101 -- the row of `mailings show`; tells the type checker
    return audience


def _open(one: Row) -> int:
    counts = one["counts"]
    assert isinstance(counts, dict)  # noqa: S101 -- as above
    return sum(counts[state] for state in OPEN)
