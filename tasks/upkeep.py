"""Ring: upkeep. The sweep finds by query what is owed, whatever was lost; the canary proves that a lane is served."""

from dispatcher.models import Pulse
from tasks.app import app
from tasks.sweep import sweep as sweep_once


@app.task(name="upkeep.sweep")
def sweep() -> None:
    """Give back what dead workers left, finish what is done, ring what is owed."""
    sweep_once()


@app.task(name="upkeep.canary")
def canary(lane: str) -> None:
    """A worker serves this lane."""
    Pulse.beat(lane)
