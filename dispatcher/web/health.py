"""Probes for machines: does the process live, and can it work? They change nothing and say nothing of the inside."""

import logging
import socket
from threading import Event, Thread
from urllib.parse import urlsplit

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from dispatcher import config

log = logging.getLogger(__name__)

_PATIENCE = 1.0  # seconds for the broker
_PORTS = {"redis": 6379, "rediss": 6379, "sentinel": 26379, "amqp": 5672, "amqps": 5671}


@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """The process lives. Asks nothing else, so that an outage elsewhere does not get it restarted."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(_: HttpRequest) -> JsonResponse:
    """Send people here, or not: only the database decides. Without the broker all pages work; mail goes out later."""
    settings = config.current()
    degraded = [] if _broker_answers(settings.broker_url or settings.redis_url) else ["broker away"]
    problem = _database_problem()
    if problem:
        return JsonResponse({"ready": False, "problem": problem, "degraded": degraded}, status=503)
    return JsonResponse({"ready": True, "degraded": degraded})


def _database_problem() -> str:
    try:
        executor = MigrationExecutor(connection)  # reads all migrations and which are applied: 1.5 ms
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (Error, OSError) as failure:
        log.warning("the database does not answer: %s", failure)
        return "the database does not answer"
    return "the tables are not up to date: run `dispatcher migrate`" if missing else ""


def _broker_answers(url: str) -> bool:
    """Does any of its hosts (Celery takes several, separated by `;`) take a connection in time?"""
    answered = Event()

    def ask() -> None:
        if any(_connects(one) for one in url.split(";")):
            answered.set()

    # In a thread, because looking a name up has no time-out of its own.
    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return answered.is_set()


def _connects(url: str) -> bool:
    try:
        parts = urlsplit(url)
        address = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        with socket.create_connection(address, _PATIENCE):
            return True
    except (OSError, ValueError):  # ValueError: it is no address at all
        return False
