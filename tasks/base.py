"""The base task: binds the request to the log, keeps no stale database connection, and retries what may work later."""

import logging
import time
from typing import Any

from celery import Task
from django.db import close_old_connections

from dispatcher.errors import Transient

log = logging.getLogger("tasks")


class Doorbell(Task):  # type: ignore[type-arg]  # the stubs make Task generic, the class itself is not
    """One ring. Twice, late or never is all the same: the rows say what is owed."""

    abstract = True
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
            return super().__call__(*args, **kwargs)
        except Transient as wait:
            log.warning("%s waits: %s", self.name, wait, extra=facts)
            raise
        finally:
            log.info("%s%s %.0f ms", self.name, args, (time.monotonic() - began) * 1000, extra=facts)
            close_old_connections()
