"""Ring: owe each person of an audience one delivery."""

from dispatcher import config
from dispatcher.mailings import fan_out as mailings
from dispatcher.models import Mailing
from dispatcher.models.clock import database_now
from tasks.app import app
from tasks.ring import ring_if_quiet


@app.task(name="mailings.fan_out")
def fan_out() -> None:
    """Begin mailings for what matched and write out what they owe; ring the lanes that now have something to send."""
    mailings.pending(config.current())
    for lane in Mailing.lanes_with_mail(database_now()):
        ring_if_quiet("delivery.deliver", lane, lane)
