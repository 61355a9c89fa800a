"""The base task: binds the request to the log, keeps no stale database connection, and retries what may work later.

And what the worker holds of each ring: it gives it back, or finds out that the broker has gone.
"""

import logging
import time
from typing import Any

from celery import Task
from celery.worker.request import Request
from django.db import close_old_connections
from kombu.transport import virtual

from dispatcher.errors import Transient
from dispatcher.failpoints import Failpoint, reach

log = logging.getLogger("tasks")


class Rung(Request):
    """A ring, in the worker's main process."""

    def acknowledge(self) -> None:
        """Tell the broker that it is done. A broker that cannot be told is a connection lost, so the worker connects anew.

        Celery 5.7.0 only logs it. On Redis, where kombu counts what is not acknowledged, the place of this ring stays taken for good;
        once that has happened to as many rings as the worker has processes it lives, and never takes another.
        """
        if not isinstance(self.message.channel, virtual.Channel):
            super().acknowledge()  # AMQP: the broker counts, and a ring of an earlier connection can never be acknowledged
        elif not self.acknowledged:
            self.on_ack(log, ())  # no error is kept back
            self.acknowledged = True


class Doorbell(Task):  # type: ignore[type-arg]  # the stubs make Task generic, the class itself is not
    """One ring. Twice, late or never is all the same: the rows say what is owed."""

    abstract = True
    Request = "tasks.base:Rung"
    autoretry_for = (Transient,)
    max_retries = 3
    retry_backoff = 2  # seconds, doubling; all within a minute, longer waits are rows
    retry_backoff_max = 20

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task, with its name, its lane and its duration in the log."""
        close_old_connections()
        began = time.monotonic()
        facts = {
            "task": self.name,
            "request": self.request.id,
            "ids": args,
            "attempt": self.request.retries + 1,
        }
        try:
            done = super().__call__(*args, **kwargs)
        except Transient as wait:
            log.warning("%s waits: %s", self.name, wait, extra=facts)
            raise
        else:
            reach(Failpoint.AFTER_COMMIT_BEFORE_ACK)
            return done
        finally:
            log.info("%s%s %.0f ms", self.name, args, (time.monotonic() - began) * 1000, extra=facts)
            close_old_connections()
