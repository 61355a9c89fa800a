"""Ringing: tell a worker that there is something to do. Best effort: if the broker is away the row still owes it, and the sweep rings.

Whoever rings has somebody waiting, a person at a door or a row that could be sent: a broker that hangs holds nobody up for longer than
a few seconds. So each ring has a line of its own, with little patience, and asks once.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.exceptions import OperationalError

from dispatcher.errors import Unreachable
from tasks.app import app

log = logging.getLogger("tasks")

# So many unanswered rings in a lane are enough: an outage must not leave a pile of them behind.
_ENOUGH = 4
_PATIENCE = 2.0  # seconds for each answer; the lines of workers have 10
_IMPATIENT = {
    "redis": {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE},
    "amqp": {"read_timeout": _PATIENCE, "write_timeout": _PATIENCE},
}


def ring(name: str, lane: str, *ids: int | str) -> bool:
    """Ring a task. False if the broker is away. From inside a transaction, call it by `transaction.on_commit`."""
    try:
        send(name, *ids, queue=lane)
    except Unreachable as away:
        return _not_rung(name, away)
    return True


def ring_if_quiet(name: str, lane: str, *ids: int | str) -> bool:
    """Ring unless the lane has rings enough waiting."""
    try:
        quiet = waiting(lane) < _ENOUGH
    except Unreachable as away:
        return _not_rung(name, away)
    return quiet and ring(name, lane, *ids)


def _not_rung(name: str, away: Unreachable) -> bool:
    log.warning("the broker is away, the sweep will ring %s again: %s", name, away)
    return False


def send(name: str, *ids: int | str, **options: Any) -> None:
    """Hand a ring to the broker, or raise Unreachable. `options` are Celery's: queue, expires."""
    with _line() as channel:
        # No second try: after a fresh connection has failed, one more only doubles the wait.
        app.send_task(name, args=ids, producer=app.amqp.Producer(channel), retry=False, **options)


def waiting(lane: str) -> int:
    """Rings that wait in a lane; Unreachable if the broker is away."""
    with _line() as channel:
        # Declared, as before each ring. Merely asking for it (`passive`) finds no lane on Redis, ever: kombu 5.7.0 forgets to put our
        # key prefix before that question.
        return int(channel.queue_declare(lane, durable=True, auto_delete=False).message_count)


@contextmanager
def _line() -> Iterator[Any]:
    """A channel to the broker; whatever goes wrong on it, for whatever broker, is Unreachable."""
    with app.connection_for_write(connect_timeout=_PATIENCE) as connection:
        impatient = _IMPATIENT.get(str(connection.transport.driver_type), {})
        connection.transport_options = {**(connection.transport_options or {}), **impatient}
        troubles: tuple[type[BaseException], ...] = (OperationalError, OSError)
        troubles += (*connection.connection_errors, *connection.channel_errors)
        try:
            # Connected by hand: what Celery and kombu would do by themselves is to try again, for seconds or for ever.
            yield connection.ensure_connection(max_retries=0).channel()
        except troubles as away:
            raise Unreachable(str(away) or type(away).__name__) from away
