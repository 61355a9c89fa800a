"""Fan out: freeze the audience of a mailing, then owe each of its people one delivery, slice by slice.

A slice may be written again, late or by somebody else, and comes out the same. It never sends and never composes.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Q

from dispatcher.config import Config
from dispatcher.database.copying_back import copying_back
from dispatcher.errors import Transient
from dispatcher.failpoints import Failpoint, reach
from dispatcher.mailings import answers, audience, digest, keywords, parts, several, start
from dispatcher.models import DIGESTS, Bulletin, BulletinState, Kind, Lane, Mailing, MailingState, Subscriber
from dispatcher.models.clock import change_time, database_now, for_sql, frozen_now, time_alone

log = logging.getLogger(__name__)

# Everybody of the audience gets a row: the suppressed, the departed and the already told too, each with the reason.
_DELIVERIES = """
    WITH reached AS ({reached}),
    judged AS (
        SELECT r.subscriber_id, r.topics,
               CASE WHEN %(cancelled)s = 1 THEN 'mailing cancelled'
                    WHEN x.id IS NOT NULL THEN 'suppressed'
                    WHEN r.live = 0 THEN 'unsubscribed'
                    {told}
                    ELSE '' END AS reason
        FROM reached r CROSS JOIN dispatcher_subscriber p
        LEFT JOIN dispatcher_suppression x ON x.folded = p.folded AND x.lifted_at IS NULL
        WHERE p.id = r.subscriber_id AND p.id > %(after)s AND p.id <= %(upto)s
        LIMIT 4611686018427387904
    )
    INSERT INTO dispatcher_delivery (mailing_id, subscriber_id, state, topics, due_at, reason, ended_at)
    SELECT %(mailing)s, subscriber_id,
           CASE reason WHEN '' THEN 'pending' WHEN 'suppressed' THEN 'suppressed' ELSE 'cancelled' END,
           topics, %(now)s, reason, CASE reason WHEN '' THEN NULL ELSE %(now)s END
    FROM judged WHERE true
    ON CONFLICT DO NOTHING
"""
# Left out of the first mailing that carries a bulletin, as nearly every one is: of whom nobody can have been told, nobody need be asked.
_TOLD_BEFORE = """
    WHEN (SELECT t.id FROM dispatcher_told t
          WHERE t.subscriber_id = r.subscriber_id AND t.bulletin_id = %(bulletin)s
            AND t.mailing_id <> %(mailing)s) IS NOT NULL THEN 'told by another mailing'
"""
# CROSS JOIN and LIMIT leave SQLite no choice but to hand on one person after the other: a fifth less than through tables of its own, and
# without LIMIT either database works out `reason` anew wherever it stands. The bounds of `p` spare PostgreSQL a look by key for each.
# Told is asked person by person: as a join, PostgreSQL reads in each slice all who were told of the bulletin before, more every time.
# `WHERE true`: without a WHERE, SQLite reads ON CONFLICT as part of a join.

_TOLD = """
    INSERT INTO dispatcher_told (subscriber_id, bulletin_id, mailing_id)
    SELECT subscriber_id, %(bulletin)s, mailing_id FROM dispatcher_delivery
    WHERE mailing_id = %(mailing)s AND subscriber_id > %(after)s AND subscriber_id <= %(upto)s
      AND state <> 'suppressed' AND state <> 'cancelled'
    ON CONFLICT DO NOTHING
"""

# No transaction should be open for more than half a second, and on a busy machine a slice like the last one may take thrice as long.
_SLICE_SECONDS = 0.15
_FIRST, _FEWEST = 2_000, 100
_FREEZES = 3

# A cancelled mailing is written out too: everybody of its audience has a row that says why they got nothing.
_WRITTEN_OUT = (MailingState.RUNNING, MailingState.CANCELLED)


def pending(config: Config) -> int:
    """Begin what matched and what was approved, and write out what is owed; then the digests that are due. Returns how many began.

    In this order: what comes at once and stands in a digest too is told once, and by itself.
    """
    begun = _begin_what_matched() + start.pending(config)
    _write_out(config)
    digests = digest.pending(config)
    if digests:
        _write_out(config)
    return begun + digests


def _write_out(config: Config) -> None:
    for mailing_id in Mailing.to_fan_out().values_list("id", flat=True):
        _write_out_or_pause(mailing_id, config.slice_size)


def _begin_what_matched() -> int:
    """The notices of one e-mail message begin together, every other bulletin by itself."""
    matched = list(Bulletin.to_mail().values_list("id", flat=True))
    riding = parts.together(matched)
    alone = [one for one in matched if one not in {rider for riders in riding.values() for rider in riders}]
    begun = sum(_begin_or_hold(riders, partial(parts.begin, key, riders)) for key, riders in riding.items())
    return begun + sum(_begin_or_hold([one], partial(begin, one)) for one in alone)


def _begin_or_hold(bulletin_ids: list[int], begin: Callable[[], int | None]) -> bool:
    """Bulletins whose mailing cannot begin wait for a person. When they are released they are matched again, so their stamp goes."""
    try:
        return begin() is not None
    except (OperationalError, Transient):
        raise  # the database is busy or away: the bulletins are as good as before
    except Exception as failure:
        log.exception(
            "a mailing cannot begin: what it would carry is held", extra={"bulletins": bulletin_ids}
        )
        why = f"its mailing cannot begin: {type(failure).__name__}: {failure}"[:1000]
        Bulletin.objects.filter(id__in=bulletin_ids, state=BulletinState.MATCHED).update(
            state=BulletinState.HELD, held_because=why, matched_at=None
        )
        return False


def _write_out_or_pause(mailing_id: int, slice_size: int) -> None:
    """One mailing that cannot be written out is paused, visibly; resumed, it goes on at its cursor."""
    size = min(_FIRST, slice_size)
    try:
        with copying_back() as copied_back:
            while (seconds := fan_out(mailing_id, size)) is not None:
                size = next_size(size, seconds, slice_size)
                copied_back()
    except (OperationalError, Transient):
        raise  # as above
    except Exception as failure:
        log.exception("mailing paused: it cannot be written out", extra={"mailing": mailing_id})
        why = f"it cannot be written out: {type(failure).__name__}: {failure}"[:1000]
        Mailing.objects.filter(id=mailing_id, state=MailingState.RUNNING).update(
            state=MailingState.PAUSED, why=why
        )


def begin(bulletin_id: int) -> int | None:
    """Freeze the audience of a matched bulletin and start its mailing; None if somebody else did.

    It is counted between two short transactions: what the audience was at the freeze can be told at any time after it, and a count of
    a million people (1 s) would hold up every other writer. Only what matched may change meanwhile; then it is frozen anew. If it
    goes on changing, or matched in the future because the clock was put back, the next sweep comes here again.
    """
    looked = keywords.look(bulletin_id)
    for _ in range(_FREEZES):
        frozen, whom = frozen_now(), audience.of_bulletin(bulletin_id)
        counted = audience.count(whom, frozen)
        with transaction.atomic():
            mine = Bulletin.objects.filter(id=bulletin_id, state=BulletinState.MATCHED).update(
                state=BulletinState.MAILED
            )
            if not mine:
                return None
            mailing = _create(bulletin_id, frozen, counted)
            keywords.pass_over(mailing, bulletin_id, looked)
            narrowed = audience.of(mailing)
            if replace(narrowed, narrowed=None) == audience.of_bulletin(bulletin_id) == whom:
                mailing.audience -= audience.passed_over(narrowed, frozen)
                mailing.save(update_fields=["audience"])
                break
            transaction.set_rollback(True)
    else:
        return None
    reach(Failpoint.AFTER_MAILING_BEFORE_ROWS)
    return mailing.id


def _create(bulletin_id: int, frozen: datetime, counted: int) -> Mailing:
    return Mailing.objects.create(
        key=f"bulletin:{bulletin_id}",
        kind=Kind.BULLETIN,
        lane=Lane.IMMEDIATE,
        state=MailingState.RUNNING,
        bulletin_id=bulletin_id,
        created_at=frozen,
        frozen_at=frozen,
        audience=counted,
        nonce=secrets.token_hex(8),
    )


def fan_out(mailing_id: int, slice_size: int) -> float | None:
    """Write the next slice and move the cursor in one transaction. The seconds it was open; None when the cursor has reached the end."""
    # SQLite would look for the mailing, the bulletin and the person of each row once more, a third of the time of a slice. It need not:
    # the rows are joined from these in this transaction, and there is no other writer. PostgreSQL checks at the commit.
    with connection.constraint_checks_disabled(), transaction.atomic():
        began = time.monotonic()
        mailing = Mailing.objects.select_for_update().get(id=mailing_id)
        if mailing.fanned_out_at is not None or mailing.state not in _WRITTEN_OUT:
            return None
        upto = _end_of_slice(mailing.cursor, slice_size)
        if upto is None:
            mailing.fanned_out_at = database_now()
            mailing.save(update_fields=["fanned_out_at"])
            return None
        _write_slice(mailing, upto)
        reach(Failpoint.MID_SLICE)
        mailing.cursor = upto
        mailing.save(update_fields=["cursor"])
    seconds = time.monotonic() - began
    reach(Failpoint.AFTER_SLICE)
    return seconds


def next_size(size: int, seconds: float, most: int) -> int:
    """How many people the next slice has, after one of `size` that took so long. It may double or halve, not more: one slow commit says little."""
    fitting = size * _SLICE_SECONDS / max(seconds, 0.001)
    return min(most, max(_FEWEST, round(min(2 * size, max(size / 2, fitting)))))


def _end_of_slice(after: int, size: int) -> int | None:
    """The last of so many subscribers; that of all that are left, if they are fewer."""
    rest = Subscriber.objects.filter(id__gt=after).order_by("id").values_list("id", flat=True)
    return rest[size - 1 : size].first() or rest.last()


def _write_slice(mailing: Mailing, upto: int) -> None:
    arguments: dict[str, Any] = {
        "mailing": mailing.id,
        "bulletin": mailing.bulletin_id,
        "frozen": for_sql(mailing.frozen_at),
        "after": mailing.cursor,
        "upto": upto,
        "now": for_sql(time_alone() if mailing.kind in DIGESTS else change_time()),
        "cancelled": int(mailing.state == MailingState.CANCELLED),
    }
    if mailing.carries_several:
        several.write(mailing, arguments)
        return
    told = _TOLD_BEFORE if _others_carry(mailing) else ""
    with connection.cursor() as cursor:
        cursor.execute(
            _DELIVERIES.format(reached=audience.reached(audience.of(mailing)), told=told), arguments
        )
        cursor.execute(_TOLD, arguments)
    answers.write(mailing, arguments)


def _others_carry(mailing: Mailing) -> bool:
    """Asked with the audience locked, for whose lock digests wait until we are done; no two other mailings carry the same bulletin.

    What a mailing carries is fixed before it tells anybody.
    """
    about = Q(bulletin=mailing.bulletin_id) | Q(carried__bulletin=mailing.bulletin_id)
    return Mailing.objects.filter(about).exclude(id=mailing.id).exists()
