"""The timetable, as Celery's beat keeps it: every entry is due at once when it starts, and an outage of the broker is told once.

It remembers nothing: what is due is asked of the rows, so after a pause of any length one tick is right, and at once.
"""

import logging
from datetime import timedelta
from typing import Any

from celery.beat import ScheduleEntry, Scheduler

from dispatcher.errors import Unreachable
from tasks.ring import send

log = logging.getLogger("tasks")

_LONG_AGO = timedelta(days=1)  # longer than any tick


class Timetable(Scheduler):
    """Rings as doors do, each entry on a line of its own: beat's own line would try for ever, and tell each entry with a traceback."""

    producer = None  # type: ignore[assignment]  # the stubs expect one; Celery only hands it on to `apply_entry`
    _away = False

    def setup_schedule(self) -> None:
        """Celery would wait for one whole tick before the first ring."""
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at = self.app.now() - _LONG_AGO

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:  # noqa: ARG002 -- Celery's signature
        """Ring one entry. Nothing that goes wrong with it ends the timetable."""
        try:
            send(str(entry.task), *(entry.args or ()), **(entry.options or {}))
        except Unreachable as away:
            self._tell_away(away)
        except Exception:
            log.exception("cannot ring %s", entry.name)
        else:
            self._tell_rung(entry)

    def _tell_away(self, away: Unreachable) -> None:
        level = logging.DEBUG if self._away else logging.WARNING
        log.log(level, "the broker is away, nobody is rung: %s", away)
        self._away = True

    def _tell_rung(self, entry: ScheduleEntry) -> None:
        if self._away:
            log.info("the broker is back")
            self._away = False
        log.info("due task %s", entry.name)
