"""What every command does first: bring the rows up to topics.yaml, and learn who the agency is."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from dispatcher.config import Config
from dispatcher.errors import BadInput
from dispatcher.models import Cadence, Catalog
from dispatcher.subscribers import imports
from dispatcher.topics import load

_CONSENT = "listed in topics.yaml"


@dataclass(frozen=True, slots=True)
class Agency:
    """What doors need of the agency block. `contact` is empty until confirmed."""

    name: str
    contact: str


def _warn(problem: str) -> None:
    print(f"! {problem}", file=sys.stderr)


def refresh(settings: Config, tell: Callable[[str], None] = _warn) -> Agency:
    """Load topics.yaml if it changed. A bad file is told and the last good one stays; without one it is raised."""
    try:
        listed = load.refresh(settings.topics)
    except BadInput as wrong:
        if Catalog.latest() is None:
            raise
        tell(f"topics.yaml is not loaded, the last good one stays in force:\n{wrong}")
    else:
        imports.add(
            [imports.Entry(one.address, (one.topic,), Cadence(one.cadence), _CONSENT) for one in listed]
        )
    return _agency()


def _agency() -> Agency:
    latest = Catalog.latest()
    block = latest.agency if latest else {}
    return Agency(block.get("name", ""), (block.get("contact") or {}).get("email", ""))
