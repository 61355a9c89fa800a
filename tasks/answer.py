"""Ring: answer those who asked for a link."""

from dispatcher.subscribers import sign_up
from tasks.app import app
from tasks.ring import ring_if_quiet


@app.task(name="subscribers.answer")
def answer() -> None:
    """Decide on the requests for links; ring the lane that now has mail for them."""
    if sign_up.answer():
        ring_if_quiet("delivery.deliver", "system", "system")
