"""Ring: match what nobody has looked at."""

from dispatcher.topics import match as topics
from tasks.app import app
from tasks.ring import ring_if_quiet


@app.task(name="topics.match")
def match() -> None:
    """Hold new bulletins against the rules; ring fan out."""
    if topics.pending():
        ring_if_quiet("mailings.fan_out", "fan_out")
