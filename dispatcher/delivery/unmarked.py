"""What becomes of a row whose content may not leave after all, because since it was claimed somebody left, paused or cancelled.

Each move is one UPDATE whose WHERE names the state it leaves, the attempt, and the living lease. Whoever dies before it leaves a claimed
row, which comes by here again.
"""

from django.db import connection, transaction

from dispatcher.models.clock import change_time, for_sql

# Who asks for a link after bounces gets that one message: if it arrives and is confirmed, the address is alive. After a complaint, none.
SUPPRESSED = """EXISTS (SELECT 1 FROM dispatcher_suppression x JOIN dispatcher_subscriber p ON p.folded = x.folded
                       JOIN dispatcher_mailing k ON k.id = dispatcher_delivery.mailing_id
                       WHERE p.id = dispatcher_delivery.subscriber_id AND x.lifted_at IS NULL
                         AND (k.kind <> 'system' OR x.reason = 'complaint'))"""
# Of the mailing `m`: the person still subscribes to what brought the copy, with the cadence that it came by.
WANTED = """(m.kind = 'system' OR EXISTS (
               SELECT 1 FROM dispatcher_subscription s WHERE s.subscriber_id = dispatcher_delivery.subscriber_id
                 AND s.ended_at IS NULL AND s.confirmed_at IS NOT NULL
                 AND (dispatcher_delivery.topics = ''
                      OR ',' || dispatcher_delivery.topics || ',' LIKE '%,' || s.topic_id || ',%' AND (
                           s.cadence = 'immediate' OR m.kind IN ('daily', 'weekly') OR EXISTS (
                             SELECT 1 FROM dispatcher_match f WHERE f.topic_id = s.topic_id AND f.must_deliver
                               AND (f.bulletin_id = m.bulletin_id OR f.bulletin_id IN (
                                    SELECT c.bulletin_id FROM dispatcher_carried c WHERE c.mailing_id = m.id)))))))"""
_UNWANTED = f"NOT EXISTS (SELECT 1 FROM dispatcher_mailing m WHERE m.id = dispatcher_delivery.mailing_id AND {WANTED})"
_MAILING_STATE = "(SELECT state FROM dispatcher_mailing WHERE id = dispatcher_delivery.mailing_id)"
# The state it leaves, the state it gets, the reason, and when: in the order in which people would want to be told. What is left after
# these was fenced out and is not ours to touch. A row that was marked and is withdrawn comes by here again with its next claim. Where no
# reason holds any more, somebody has resumed the mailing or come back since the mark was refused: the copy is owed as before.
_MOVES = (
    ("sending", "pending", "", "true"),
    ("claimed", "cancelled", "suppressed", SUPPRESSED),
    ("claimed", "pending", "", f"{_MAILING_STATE} IN ('paused', 'waiting')"),
    ("claimed", "cancelled", "mailing cancelled", f"{_MAILING_STATE} <> 'running'"),
    ("claimed", "cancelled", "unsubscribed", _UNWANTED.replace("%", "%%")),
    ("claimed", "pending", "", "true"),
)


def settle(delivery_id: int, attempt: int) -> None:
    """Move the row whose mark failed to where it belongs."""
    with transaction.atomic(), connection.cursor() as cursor:
        now = for_sql(change_time())
        for before, after, reason, when in _MOVES:
            cursor.execute(
                "UPDATE dispatcher_delivery SET state = %s, reason = %s, ended_at = %s, lease_until = NULL "
                f"WHERE id = %s AND attempt = %s AND state = %s AND lease_until > %s AND {when}",
                [after, reason, None if after == "pending" else now, delivery_id, attempt, before, now],
            )
            if cursor.rowcount == 1:
                if after == "cancelled":
                    _untell(delivery_id)
                return


def _untell(delivery_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM dispatcher_told WHERE mailing_id = (SELECT mailing_id FROM dispatcher_delivery WHERE id = %s)
               AND subscriber_id = (SELECT subscriber_id FROM dispatcher_delivery WHERE id = %s)""",
            [delivery_id, delivery_id],
        )
