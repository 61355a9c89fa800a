"""Fan out: freeze the audience of a mailing, then owe each of its people one delivery, slice by slice.

The audience is a function of the freeze time, computed from subscriptions that keep their history, so a slice may be written
again, late or by somebody else and comes out the same. It never sends and never composes.
"""

import secrets
from typing import Any

from django.db import connection, transaction

from dispatcher.failpoints import Failpoint, reach
from dispatcher.models import Bulletin, BulletinState, Kind, Lane, Mailing, MailingState, Subscriber
from dispatcher.models.clock import database_now, for_sql, freeze_time

# Who is reached: an immediate subscription to a matched topic, confirmed by the freeze and not ended by then. All topics of the
# person are reasons, whatever their cadence: one mail, every reason. `live`: whether an immediate one still holds now.
_REACHED = """
    SELECT s.subscriber_id, {topics} AS topics,
           MAX(CASE WHEN s.ended_at IS NULL AND s.cadence = 'immediate' THEN 1 ELSE 0 END) AS live
    FROM dispatcher_subscription s
    JOIN dispatcher_match m ON m.topic_id = s.topic_id AND m.bulletin_id = %(bulletin)s AND m.matched_at <= %(frozen)s
    WHERE s.confirmed_at <= %(frozen)s AND (s.ended_at IS NULL OR s.ended_at > %(frozen)s)
      AND s.subscriber_id > %(after)s AND s.subscriber_id <= %(upto)s
    GROUP BY s.subscriber_id
    HAVING MAX(CASE WHEN s.cadence = 'immediate' THEN 1 ELSE 0 END) = 1
"""
_TOPICS = {
    "sqlite": "group_concat(s.topic_id)",
    "postgresql": "string_agg(s.topic_id::text, ',' ORDER BY s.topic_id)",
}

# Everybody of the audience gets a row: the suppressed, the departed and the already told too, each with the reason.
_DELIVERIES = """
    WITH reached AS ({reached}),
    judged AS (
        SELECT r.subscriber_id, r.topics,
               CASE WHEN x.id IS NOT NULL THEN 'suppressed'
                    WHEN r.live = 0 THEN 'unsubscribed'
                    WHEN t.id IS NOT NULL THEN 'told by another mailing'
                    ELSE '' END AS reason
        FROM reached r
        JOIN dispatcher_subscriber p ON p.id = r.subscriber_id
        LEFT JOIN dispatcher_suppression x ON x.folded = p.folded AND x.lifted_at IS NULL
        LEFT JOIN dispatcher_told t ON t.subscriber_id = r.subscriber_id AND t.bulletin_id = %(bulletin)s
                                   AND t.mailing_id <> %(mailing)s
    )
    INSERT INTO dispatcher_delivery (mailing_id, subscriber_id, state, topics, due_at, reason, ended_at)
    SELECT %(mailing)s, subscriber_id,
           CASE reason WHEN '' THEN 'pending' WHEN 'suppressed' THEN 'suppressed' ELSE 'cancelled' END,
           topics, %(now)s, reason, CASE reason WHEN '' THEN NULL ELSE %(now)s END
    FROM judged WHERE true
    ON CONFLICT DO NOTHING
"""
# `WHERE true`: without a WHERE, SQLite reads ON CONFLICT as part of a join.

_TOLD = """
    INSERT INTO dispatcher_told (subscriber_id, bulletin_id, mailing_id)
    SELECT subscriber_id, %(bulletin)s, mailing_id FROM dispatcher_delivery
    WHERE mailing_id = %(mailing)s AND subscriber_id > %(after)s AND subscriber_id <= %(upto)s
      AND state <> 'suppressed' AND state <> 'cancelled'
    ON CONFLICT DO NOTHING
"""


def pending(slice_size: int) -> int:
    """Begin a mailing for every matched bulletin and write out what is owed. Returns how many mailings began."""
    begun = sum(
        begin(bulletin_id) is not None for bulletin_id in Bulletin.to_mail().values_list("id", flat=True)
    )
    for mailing_id in Mailing.to_fan_out().values_list("id", flat=True):
        while fan_out(mailing_id, slice_size):
            pass
    return begun


def begin(bulletin_id: int) -> int | None:
    """Freeze the audience of a matched bulletin and start its mailing; None if somebody else did."""
    with transaction.atomic():
        frozen = freeze_time()
        mine = Bulletin.objects.filter(id=bulletin_id, state=BulletinState.MATCHED).update(
            state=BulletinState.MAILED
        )
        if not mine:
            return None
        mailing = Mailing.objects.create(
            key=f"bulletin:{bulletin_id}",
            kind=Kind.BULLETIN,
            lane=Lane.IMMEDIATE,
            state=MailingState.RUNNING,
            bulletin_id=bulletin_id,
            created_at=frozen,
            frozen_at=frozen,
            audience=0,
            nonce=secrets.token_hex(8),
        )
        mailing.audience = _count(mailing)
        mailing.save(update_fields=["audience"])
    reach(Failpoint.AFTER_MAILING_BEFORE_ROWS)
    return mailing.id


def fan_out(mailing_id: int, slice_size: int) -> bool:
    """Write the next slice and move the cursor in one transaction. False when the cursor has reached the end."""
    with transaction.atomic():
        mailing = Mailing.objects.select_for_update().get(id=mailing_id)
        if mailing.fanned_out_at is not None or mailing.state != MailingState.RUNNING:
            return False
        upto = _end_of_slice(mailing.cursor, slice_size)
        if upto is None:
            mailing.fanned_out_at = database_now()
            mailing.save(update_fields=["fanned_out_at"])
            return False
        _write_slice(mailing, upto)
        reach(Failpoint.MID_SLICE)
        mailing.cursor = upto
        mailing.save(update_fields=["cursor"])
    reach(Failpoint.AFTER_SLICE)
    return True


def _count(mailing: Mailing) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({_reached()}) AS reached", _arguments(mailing, upto=2**62))
        (count,) = cursor.fetchone()
    return int(count)


def _end_of_slice(after: int, size: int) -> int | None:
    ids = Subscriber.objects.filter(id__gt=after).order_by("id").values_list("id", flat=True)[:size]
    return max(ids, default=None)


def _write_slice(mailing: Mailing, upto: int) -> None:
    arguments = _arguments(mailing, upto)
    with connection.cursor() as cursor:
        cursor.execute(_DELIVERIES.format(reached=_reached()), arguments)
        cursor.execute(_TOLD, arguments)


def _reached() -> str:
    return _REACHED.format(topics=_TOPICS[connection.vendor])


def _arguments(mailing: Mailing, upto: int) -> dict[str, Any]:
    return {
        "mailing": mailing.id,
        "bulletin": mailing.bulletin_id,
        "frozen": for_sql(mailing.frozen_at),
        "after": mailing.cursor,
        "upto": upto,
        "now": for_sql(database_now()),
    }
