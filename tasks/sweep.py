"""The sweep: every look is at state, never at a window of time, so that no outage is too long for it."""

import logging
from datetime import timedelta

from dispatcher import config, suppression
from dispatcher.delivery import leases
from dispatcher.errors import Permanent
from dispatcher.mailings import digest, progress
from dispatcher.models import Arrival, Bulletin, LinkRequest, Mailing, Turn
from dispatcher.models.clock import database_now
from dispatcher.sources import alert
from dispatcher.subscribers import imports, moves
from dispatcher.topics import load
from tasks.ring import ring_if_quiet

log = logging.getLogger("tasks")


def sweep() -> bool:
    """One sweep. False if another one is under way."""
    # No longer than a lease: what died while it swept may not keep others from finding what died with it.
    if not Turn.take("sweep", timedelta(seconds=config.current().lease_seconds)):
        return False
    try:
        _refresh_topics()
        recovered = leases.recover()
        if recovered:
            log.warning("recovered %d deliveries that a worker left", recovered)
        suppression.pending()
        progress.cancel_rest()
        progress.finish()
        _ring_what_is_owed()
        alert.tell(config.current())
    finally:
        Turn.give_back("sweep")
    return True


def _refresh_topics() -> None:
    try:
        load.refresh(config.current().topics)
    except Permanent as wrong:
        log.error("topics.yaml is not loaded, the last good one stays in force: %s", wrong)  # noqa: TRY400 -- the file is at fault, a traceback tells nobody anything
    moves.follow()
    imports.take_listed()


def _ring_what_is_owed() -> None:
    now = database_now()
    if Bulletin.to_match(now).exists():
        ring_if_quiet("topics.match", "fan_out")
    owed = (Bulletin.to_mail(), Mailing.to_start(now), Mailing.to_fan_out())
    if any(one.exists() for one in owed) or digest.due(config.current()):
        ring_if_quiet("mailings.fan_out", "fan_out")
    if LinkRequest.to_answer().exists():
        ring_if_quiet("subscribers.answer", "system")
    if Arrival.to_settle().exists():
        ring_if_quiet("bounces.settle", "upkeep")
    for lane in Mailing.lanes_with_mail(now):
        ring_if_quiet("delivery.deliver", lane, lane)
