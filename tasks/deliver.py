"""Ring: send what is due in a lane."""

from dispatcher import config
from dispatcher.delivery import deliver as delivery
from dispatcher.mailings import progress
from dispatcher.models import Lane
from tasks.app import app
from tasks.ring import ring_if_quiet


@app.task(name="delivery.deliver")
def deliver(lane: str) -> None:
    """Send for 45 seconds at most; ring again while something is owed. It is rung into the lane that it serves."""
    done = delivery.lane(config.current(), Lane(lane))
    progress.finish()
    if done.more:
        ring_if_quiet("delivery.deliver", lane, lane)
