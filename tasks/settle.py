"""Ring: settle what came back."""

from dispatcher import config
from dispatcher.bounces import settle as bounces
from tasks.app import app
from tasks.ring import ring_if_quiet


@app.task(name="bounces.settle")
def settle() -> None:
    """Settle a batch of arrivals; ring again while there are more."""
    if bounces.pending(config.current()):
        ring_if_quiet("bounces.settle", "upkeep")
