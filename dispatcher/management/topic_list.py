"""What every command does first: bring the rows up to topics.yaml."""

import sys
from collections.abc import Callable

from dispatcher.config import Config
from dispatcher.errors import BadInput
from dispatcher.models import Catalog
from dispatcher.subscribers import imports, moves
from dispatcher.topics import load


def _warn(problem: str) -> None:
    print(f"! {problem}", file=sys.stderr)


def refresh(settings: Config, tell: Callable[[str], None] = _warn) -> None:
    """Load topics.yaml if it changed. A bad file is told and the last good one stays; without one it is raised."""
    try:
        load.refresh(settings.topics)
    except BadInput as wrong:
        if Catalog.latest() is None:
            raise
        tell(f"topics.yaml is not loaded, the last good one stays in force:\n{wrong}")
    moves.follow()
    imports.take_listed()
