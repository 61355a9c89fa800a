"""Ring: poll what is due."""

from dispatcher import config
from dispatcher.sources import poll as sources
from tasks.app import app
from tasks.ring import ring_if_quiet


@app.task(name="sources.poll")
def poll() -> None:
    """Poll every source whose time has come; ring match if something is new. Each source is leased, so two may ring at once."""
    if any(one.new or one.revised for one in sources.due(config.current())):
        ring_if_quiet("topics.match", "fan_out")
