"""Slices of a mailing that carries several bulletins: each person gets one copy, with those that concern them.

Like `fan_out`, which calls it: written again, late or by somebody else, a slice comes out the same. Never sends and never composes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from dispatcher.models import DIGESTS, Mailing
from dispatcher.models.clock import for_sql

_END = 2**62  # behind the last subscriber
_LIST = {
    "sqlite": "group_concat(DISTINCT {})",
    "postgresql": "string_agg(DISTINCT CAST({} AS text), ',')",
}

# Who is reached by one notice that they want at once is told all that concern them, whatever the cadence: one mail, every reason.
# What another mailing told them already is left out; if that is all of it, they get a row that says so.
_PEOPLE = """
    pairs AS MATERIALIZED (
        SELECT s.subscriber_id, s.topic_id, m.bulletin_id,
               CASE WHEN s.cadence = 'immediate' OR m.must_deliver THEN 1 ELSE 0 END AS at_once,
               CASE WHEN s.ended_at IS NULL THEN 1 ELSE 0 END AS stays
        FROM ({carried}) c
        JOIN dispatcher_match m ON m.bulletin_id = c.bulletin_id AND m.matched_at <= %(frozen)s
        JOIN dispatcher_subscription s ON s.topic_id = m.topic_id
        WHERE s.confirmed_at <= %(frozen)s AND (s.ended_at IS NULL OR s.ended_at > %(frozen)s)
          AND s.subscriber_id > %(after)s AND s.subscriber_id <= %(upto)s
          AND NOT EXISTS (SELECT 1 FROM dispatcher_passedover o
                          WHERE o.mailing_id = %(mailing)s AND o.subscription_id = s.id AND o.bulletin_id = m.bulletin_id)
          {among}
    ),
    people AS (
        SELECT r.subscriber_id, {topics} AS topics, {bulletins} AS bulletins, MAX(r.at_once * r.stays) AS live
        FROM pairs r
        LEFT JOIN dispatcher_told t ON t.subscriber_id = r.subscriber_id AND t.bulletin_id = r.bulletin_id
                                   AND t.mailing_id <> %(mailing)s
        GROUP BY r.subscriber_id HAVING MAX(r.at_once) > 0
    )
"""
_CARRIED = "SELECT bulletin_id FROM dispatcher_carried WHERE mailing_id = %(carrier)s"
# Those whom the mailing passes over for some of what it carries.
_NARROWED = """AND s.subscriber_id IN (
    SELECT n.subscriber_id FROM dispatcher_passedover q JOIN dispatcher_subscription n ON n.id = q.subscription_id
    WHERE q.mailing_id = %(carrier)s)"""
_NOBODY = 0  # a mailing that passes nobody over

_DELIVERIES = """
    WITH {people},
    judged AS (
        SELECT r.subscriber_id, r.topics, COALESCE(r.bulletins, '') AS bulletins,
               CASE WHEN %(cancelled)s = 1 THEN 'mailing cancelled'
                    WHEN x.id IS NOT NULL THEN 'suppressed'
                    WHEN NOT {live} THEN 'unsubscribed'
                    WHEN r.bulletins IS NULL THEN 'told by another mailing'
                    ELSE '' END AS reason
        FROM people r CROSS JOIN dispatcher_subscriber p
        LEFT JOIN dispatcher_suppression x ON x.folded = p.folded AND x.lifted_at IS NULL
        WHERE p.id = r.subscriber_id AND p.id > %(after)s AND p.id <= %(upto)s
        LIMIT 4611686018427387904
    )
    INSERT INTO dispatcher_delivery (mailing_id, subscriber_id, state, topics, bulletins, due_at, reason, ended_at)
    SELECT %(mailing)s, subscriber_id,
           CASE reason WHEN '' THEN 'pending' WHEN 'suppressed' THEN 'suppressed' ELSE 'cancelled' END,
           topics, bulletins, %(now)s, reason, CASE reason WHEN '' THEN NULL ELSE %(now)s END
    FROM judged WHERE true
    ON CONFLICT DO NOTHING
"""
# LIMIT: as in `fan_out`; without it PostgreSQL looked four times a person whether they want it still.

# Whether they want one of these now, be it by another row: who left since the freeze and took it back is not lost. Nearly everybody's own
# rows say so.
_LIVE = """(r.live = 1 OR EXISTS (
    SELECT 1 FROM dispatcher_carried c
    JOIN dispatcher_match m ON m.bulletin_id = c.bulletin_id AND m.matched_at <= %(frozen)s
    JOIN dispatcher_subscription n ON n.topic_id = m.topic_id
    WHERE c.mailing_id = %(mailing)s AND n.subscriber_id = r.subscriber_id AND n.ended_at IS NULL AND n.confirmed_at IS NOT NULL
      AND (n.cadence = 'immediate' OR m.must_deliver)))"""

_TOLD = """
    INSERT INTO dispatcher_told (subscriber_id, bulletin_id, mailing_id)
    SELECT d.subscriber_id, c.bulletin_id, d.mailing_id
    FROM dispatcher_delivery d
    JOIN dispatcher_carried c ON c.mailing_id = d.mailing_id AND ',' || d.bulletins || ',' LIKE '%%,' || c.bulletin_id || ',%%'
    WHERE d.mailing_id = %(mailing)s AND d.subscriber_id > %(after)s AND d.subscriber_id <= %(upto)s
      AND {whom}
    ON CONFLICT DO NOTHING
"""
_AT_ONCE = "d.state <> 'suppressed' AND d.state <> 'cancelled'"
# The suppressed are told by a row that says why nothing came: else each digest would have to say it again, and all of it would come at once
# when the suppression is lifted.
_BY_DIGEST = "d.state <> 'cancelled'"


# What a digest owes: matched when it was due, while the person followed the topic, at whatever cadence, and not told yet. Who wants the
# topic at once by now has a last digest, of the cadence they had, with what matched before they changed.
OWED = """m.matched_at <= %(due)s AND m.matched_at >= COALESCE(s.followed_since, s.confirmed_at)
    AND s.ended_at IS NULL AND (s.cadence = %(cadence)s OR (
        s.cadence = 'immediate' AND m.matched_at < s.confirmed_at AND EXISTS (
            SELECT 1 FROM dispatcher_subscription e WHERE e.topic_id = s.topic_id AND e.subscriber_id = s.subscriber_id
              AND e.ended_at = s.confirmed_at AND e.cadence = %(cadence)s)))
    AND NOT EXISTS (SELECT 1 FROM dispatcher_told t WHERE t.subscriber_id = s.subscriber_id AND t.bulletin_id = m.bulletin_id)
    AND NOT EXISTS (SELECT 1 FROM dispatcher_passedover o WHERE o.subscription_id = s.id AND o.bulletin_id = m.bulletin_id)"""
_READERS = f"""
    owed AS MATERIALIZED (
        SELECT DISTINCT s.subscriber_id, m.bulletin_id
        FROM dispatcher_carried c
        JOIN dispatcher_match m ON m.bulletin_id = c.bulletin_id
        JOIN dispatcher_subscription s ON s.topic_id = m.topic_id
        WHERE c.mailing_id = %(mailing)s AND s.subscriber_id > %(after)s AND s.subscriber_id <= %(upto)s AND {OWED}
    ),
    people AS (
        SELECT r.subscriber_id, {{topics}} AS topics, {{bulletins}} AS bulletins
        FROM owed r
        JOIN dispatcher_match w ON w.bulletin_id = r.bulletin_id AND w.matched_at <= %(due)s
        JOIN dispatcher_subscription l ON l.topic_id = w.topic_id AND l.subscriber_id = r.subscriber_id
                                      AND l.ended_at IS NULL AND l.confirmed_at IS NOT NULL
        GROUP BY r.subscriber_id
    )
"""


def count(bulletin_ids: Sequence[int], frozen: datetime) -> int:
    """How many people these are for, before anybody is passed over. In no transaction: of a million it takes long."""
    carried = "SELECT id AS bulletin_id FROM dispatcher_bulletin WHERE id IN ({})".format(
        ", ".join(str(int(one)) for one in bulletin_ids)
    )
    return _count(_people(carried), {"mailing": _NOBODY, "frozen": for_sql(frozen)})


def passed_over(mailing: Mailing) -> int:
    """How many of those counted get nothing by this mailing, because nothing that it carries has their words."""
    people = _people(among=_NARROWED)
    arguments = {"carrier": mailing.id, "frozen": for_sql(mailing.frozen_at)}
    return _count(people, arguments | {"mailing": _NOBODY}) - _count(
        people, arguments | {"mailing": mailing.id}
    )


def _count(people: str, arguments: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {people} SELECT COUNT(*) FROM people", {"after": 0, "upto": _END, **arguments})
        (found,) = cursor.fetchone()
    return int(found)


def write(mailing: Mailing, arguments: dict[str, Any]) -> None:
    """One slice: the deliveries, and what they promise to tell. `arguments` are those of `fan_out`."""
    with connection.cursor() as cursor:
        if mailing.kind not in DIGESTS:
            arguments |= {"carrier": mailing.id}
            cursor.execute(_DELIVERIES.format(people=_people(), live=_LIVE), arguments)
            cursor.execute(_TOLD.format(whom=_AT_ONCE), arguments)
            return
        readers = _readers()
        arguments |= {"cadence": mailing.kind, "due": for_sql(mailing.starts_at or mailing.frozen_at)}
        # What was told before changes from one moment to the next, so the audience of a digest is counted slice by slice, while nobody else
        # tells anybody anything; whoever is not owed a digest any more needs no row that says so.
        cursor.execute(f"WITH {readers} SELECT COUNT(*) FROM people", arguments)
        mailing.audience += cursor.fetchone()[0]
        mailing.save(update_fields=["audience"])
        cursor.execute(_DELIVERIES.format(people=readers, live="(1 = 1)"), arguments)
        cursor.execute(_TOLD.format(whom=_BY_DIGEST), arguments)


def _people(carried: str = _CARRIED, among: str = "") -> str:
    listed = _LIST[connection.vendor]
    bulletins = f"{listed.format('r.bulletin_id')} FILTER (WHERE t.id IS NULL)"
    topics = listed.format("r.topic_id")
    return _PEOPLE.format(topics=topics, bulletins=bulletins, carried=carried, among=among)


def _readers() -> str:
    listed = _LIST[connection.vendor]
    return _READERS.format(topics=listed.format("l.topic_id"), bulletins=listed.format("r.bulletin_id"))
