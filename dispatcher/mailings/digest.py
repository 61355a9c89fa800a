"""Digest: one mailing for each window of each cadence, with what its people are owed.

Owed is what matched while they followed and was not told yet. No window of time decides it: what matched late, or was cancelled unsent,
stands in the next digest, and a missed one needs no re-run. It never sends and never composes.
"""

import logging
import secrets

from django.db import OperationalError, connection, transaction

from dispatcher.config import Config
from dispatcher.errors import Transient
from dispatcher.mailings import keywords, several, windows
from dispatcher.mailings.windows import Timetable, Window
from dispatcher.messages import editions
from dispatcher.models import Carried, Kind, Lane, Mailing, MailingState, Subscription
from dispatcher.models.clock import database_now, for_sql, frozen_now

log = logging.getLogger(__name__)

# What has a mailing of its own that was written out: who wants it at once has it by then, with all of their reasons. One that staff paused
# or cancelled is told to nobody else either. A bulletin is left as soon as one person is found who is owed it.
_CARRIED = """
    SELECT b.id FROM dispatcher_bulletin b
    WHERE b.state = 'mailed'
      AND b.id IN (
        SELECT g.bulletin_id FROM dispatcher_mailing g WHERE g.bulletin_id IS NOT NULL AND {went}
        UNION ALL
        SELECT c.bulletin_id FROM dispatcher_carried c JOIN dispatcher_mailing g ON g.id = c.mailing_id WHERE {went})
      AND EXISTS (
        SELECT 1 FROM dispatcher_match m JOIN dispatcher_subscription s ON s.topic_id = m.topic_id
        WHERE m.bulletin_id = b.id AND {owed})
    ORDER BY b.id
"""
_WENT = "g.kind IN ('bulletin', 'blast') AND g.state IN ('running', 'done') AND g.fanned_out_at IS NOT NULL"


def due(config: Config) -> list[Window]:
    """The latest window of each cadence that somebody had when it opened, unless its mailing has begun."""
    timetable = Timetable(editions.zone(config), config.digest_time, config.digest_day)
    found = windows.latest(database_now(), timetable)
    begun = set(Mailing.objects.filter(key__in=[one.key for one in found]).values_list("key", flat=True))
    return [one for one in found if one.key not in begun and _is_wanted(one)]


def _is_wanted(window: Window) -> bool:
    return Subscription.objects.filter(cadence=window.cadence, confirmed_at__lte=window.opens_at).exists()


def pending(config: Config) -> int:
    """Begin the digests that are due. Returns how many began; one that cannot begin keeps no other mail waiting."""
    return sum(_begin_or_wait(window) for window in due(config))


def _begin_or_wait(window: Window) -> bool:
    try:
        return begin(window)
    except (OperationalError, Transient):
        raise  # the database is busy or away: whatever else begins would meet the same
    except Exception:
        # Not raised: whatever broke this one, the bulletins and the other digest of this round can go out.
        log.exception(
            "a digest cannot begin; it stays due, and `status` says so", extra={"digest": window.key}
        )
        return False


def begin(window: Window) -> bool:
    """Settle what this digest carries and start its mailing; False if somebody else did. Where nothing is owed it ends at once."""
    carried = _carried(window)
    looked = {one: keywords.look(one) for one in carried}
    frozen, nonce = frozen_now(), secrets.token_hex(8)
    with transaction.atomic():
        Mailing.objects.bulk_create(
            [
                Mailing(
                    key=window.key,
                    kind=Kind(window.cadence),
                    lane=Lane.BULK,
                    state=MailingState.RUNNING if carried else MailingState.DONE,
                    created_at=frozen,
                    starts_at=window.opens_at,
                    frozen_at=frozen,
                    fanned_out_at=None if carried else frozen,
                    finished_at=None if carried else frozen,
                    audience=0,  # counted slice by slice
                    nonce=nonce,
                )
            ],
            ignore_conflicts=True,
        )
        mailing = Mailing.objects.get(key=window.key)
        if mailing.nonce != nonce:
            return False
        Carried.objects.bulk_create(Carried(mailing=mailing, bulletin_id=one) for one in carried)
        for one in carried:
            keywords.pass_over(mailing, one, looked[one])
    return True


def _carried(window: Window) -> list[int]:
    """Outside of any transaction: it looks at everything that was ever mailed.

    133,000 pairs of follower and bulletin, all told, took 0.3 s on SQLite and 1.3 s on PostgreSQL. A date to look back to would be
    quicker, and skip what a paused mailing, or an unsubscription that is taken back, owes from long ago.
    """
    arguments = {"cadence": window.cadence, "due": for_sql(window.opens_at)}
    with connection.cursor() as cursor:
        cursor.execute(_CARRIED.format(went=_WENT, owed=several.OWED), arguments)
        return [row[0] for row in cursor.fetchall()]
