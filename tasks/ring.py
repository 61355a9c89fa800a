"""Ringing: tell a worker that there is something to do. Best effort: if the broker is away the row still owes it, and the sweep rings."""

import logging
from typing import Any

from kombu.exceptions import OperationalError

from tasks.app import app

log = logging.getLogger("tasks")

# So many unanswered rings in a lane are enough: an outage must not leave a pile of them behind.
_ENOUGH = 4


def ring(name: str, lane: str, *ids: int | str) -> bool:
    """Ring a task. False if the broker is away. From inside a transaction, call it by `transaction.on_commit`."""
    try:
        app.send_task(name, args=ids, queue=lane)
    except (OperationalError, OSError) as away:
        log.warning("the broker is away; the sweep will ring %s again: %s", name, away)
        return False
    return True


def ring_if_quiet(name: str, lane: str, *ids: int | str) -> bool:
    """Ring unless the lane has rings enough waiting."""
    return waiting(lane) < _ENOUGH and ring(name, lane, *ids)


def waiting(lane: str) -> int:
    """Rings that wait in a lane. A lane that nobody ever rang, or a broker that is away, counts as none."""
    with app.connection_for_write() as connection:
        troubles: tuple[type[BaseException], ...] = (OperationalError, OSError)
        troubles += (*connection.connection_errors, *connection.channel_errors)
        try:
            # Not `default_channel`: that one tries for ever to reach a broker that is away.
            channel: Any = connection.channel()  # the stubs know no methods of channels
            return int(channel.queue_declare(lane, passive=True).message_count)
        except troubles as away:
            log.debug("cannot look into lane %s: %s", lane, away)
            return 0
